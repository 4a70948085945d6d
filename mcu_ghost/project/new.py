# SPDX-License-Identifier: Apache-2.0
"""Makes a user's project: a folder that builds, tests itself, and knows what it may cost.

It begins with a model that works and numbers counted right here. The folder is written beside and
renamed, so there is a whole project or none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcu_ghost import boards, emulate
from mcu_ghost.boards import Board, chip
from mcu_ghost.build import apps
from mcu_ghost.build.apps import App
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.files import write_bytes, write_text
from mcu_ghost.host.templates import render
from mcu_ghost.host.text import count
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import read
from mcu_ghost.project import baseline, costs, ghost_toml, recipe_file, requirement, schemas
from mcu_ghost.project.ghost_toml import Budget, Tolerance
from mcu_ghost.sound import enhancement, keywords

RENODE_REVISION = "v1.16.1"
RECORDINGS = "recordings"
Kind = Literal["words", "speech", ""]
"""What a model hears: words, speech in noise that it cleans, or something of its maker's."""

_EXTRAS: dict[Kind, str] = {"words": "train", "speech": "train,enhancement"}

_FILES = {
    "ghost.toml": "ghost.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "recordings.md": f"{RECORDINGS}/README.md",
    "test_firmware.py": "tests/test_firmware.py",
    "firmware.yml": ".github/workflows/firmware.yml",
    "tasks.json": ".vscode/tasks.json",
}
"""Templates in `templates/project/`, and what they become."""
_SCHEMAS: dict[str, schemas.File] = {
    "ghost.schema.json": "project",
    "recipe.schema.json": "recipe",
}
"""Schemas that the first lines of `ghost.toml` and of the recipe name, for editors."""


@dataclass(frozen=True)
class NewContext:
    """What the project's templates show.

    Attributes:
        name: The project's.
        kind: What its model hears.
        bundled: Whether the model is one that comes with mcu-ghost.
        boards: What it is for.
        app: The main program.
        apps: All that there are.
        toolchain: The compiler.
        words: What the model knows.
        no_word: Folder of recordings that hold none of them.
        engines: Who runs the images, of all boards.
        renode: Boards that Renode runs.
        renode_revision: Renode's version.
        tolerance: How much worse than its baseline a project may get.
        budget: What the smallest board has.
    """

    name: str
    kind: Kind
    bundled: bool
    boards: tuple[Board, ...]
    app: App
    apps: tuple[App, ...]
    toolchain: str
    words: tuple[str, ...]
    no_word: str
    engines: tuple[str, ...]
    renode: tuple[Board, ...]
    renode_revision: str
    tolerance: Tolerance
    budget: Budget


def create(
    target: Path,
    names: Sequence[str],
    app: str | None = None,
    toolchain: str = "zig",
    tell: costs.Step = lambda step: None,
    model: Path | None = None,
) -> list[baseline.Costs]:
    """Make a project and return what its firmware costs.

    Args:
        target: The folder; its last part is the project's name.
        names: Boards.
        app: The main program's name; if None, the first that runs on all boards.
        toolchain: What the baseline is built with.
        tell: Called with what is being done.
        model: The `.tflite` that it begins with; if None, the bundled keyword model.

    Raises:
        GhostError: The model is none, the folder exists or cannot be written, a board is unknown,
            or its firmware cannot be built and run here. Nothing is left behind then.
    """
    _free(target)
    file = model or resources.default_model()
    network = read.load(file)
    context = _context(target.name, network, [boards.load(name) for name in names], app, toolchain,
                       file in resources.models().values())  # fmt: skip
    with _whole(target) as folder:
        return _fill(folder, context, file, tell)


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Yield a folder beside the target that takes its name when all went well, and is gone if not.

    Raises:
        GhostError: The folder around it cannot be written.
    """
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise GhostError(f"{target}: cannot be written ({error.strerror}).") from error
    try:
        yield beside
        beside.chmod(0o755)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _free(target: Path) -> None:
    """Refuse a name that files cannot have, and one that is taken."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", target.name):
        raise GhostError(
            f"'{target.name}' is no name for a project: take a letter, then letters, digits, -"
            " and _ (64 at most)."
        )
    if re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", target.name, re.I):
        raise GhostError(
            f"'{target.name}' is no name for a project: Windows keeps it for a device."
        )
    if f"{target.name}.toml" == ghost_toml.NAME:
        raise GhostError(f"A project cannot be called '{target.name}': its recipe would be"
                         f" {ghost_toml.NAME}.")  # fmt: skip
    if os.path.lexists(target):
        raise GhostError(f"{target}: exists already. Take another name, or remove it first.")
    if not target.parent.is_dir():
        raise GhostError(f"{target.parent}: there is no such folder to put {target.name} into.")


def _kind(network: Model) -> Kind:
    if enhancement.task_of(network) is not None:
        return "speech"
    return "words" if keywords.task_of(network) is not None else ""


def _context(
    name: str,
    network: Model,
    targets: Sequence[Board],
    app: str | None,
    toolchain: str,
    bundled: bool,
) -> NewContext:
    """Work out what the templates show.

    Raises:
        GhostError: A board lacks what the app needs, or its emulator is missing.
    """
    chosen = apps.find(app) if app else apps.fitting(network, targets)
    for board in targets:
        chosen.validate(network, board)
    engines = {emulate.choose(board) for board in targets if board.emulators.order}
    return NewContext(
        name=name,
        kind=_kind(network),
        bundled=bundled,
        boards=tuple(targets),
        app=chosen,
        apps=tuple(apps.APPS.values()),
        toolchain=toolchain,
        words=tuple(costs.words(network)),
        no_word=costs.NO_WORD,
        engines=tuple(sorted(engines)),
        renode=tuple(board for board in targets if board.emulators.renode is not None),
        renode_revision=RENODE_REVISION,
        tolerance=Tolerance(),
        budget=Budget(
            flash_bytes=min(board.flash.usable for board in targets),
            ram_bytes=min(board.ram.usable for board in targets),
        ),
    )


def _recipe(context: NewContext) -> str | None:
    """Return the recipe of another model of this kind, if we train any."""
    schema, board = "schemas/recipe.schema.json", context.boards[0].name
    if context.kind == "speech":
        return recipe_file.enhancement(
            context.name, "data/speech", ("data/noise",), schema, board=board
        )
    if context.kind == "words":
        return recipe_file.text(context.name, "data/words", board, schema)
    return None


def _fill(folder: Path, context: NewContext, file: Path, tell: costs.Step) -> list[baseline.Costs]:
    """Write all of a project, its baseline last."""
    for template, name in _FILES.items():
        text = render(f"project/{template}.jinja", context)
        if text.strip():
            write_text(folder / name, text)
    for name in ("noisy", "clean") if context.kind == "speech" else ():
        write_text(folder / RECORDINGS / name / ".gitkeep", "")
    recipe = _recipe(context)
    tell("what installs mcu-ghost")
    needed = requirement.requirement(folder)
    write_text(folder / "requirements.txt", needed.format(extra="emulate") + "\npytest>=8.2\n")
    if recipe is not None:
        write_text(folder / f"{context.name}.toml", recipe)
        extra = _EXTRAS[context.kind]
        write_text(folder / "requirements-train.txt", needed.format(extra=extra) + "\n")
    for name, what in _SCHEMAS.items():
        write_text(folder / "schemas" / name, schemas.text(what))
    model = folder / f"{context.name}.tflite"
    write_bytes(model, file.read_bytes())
    for board in context.boards:
        own = {
            "boards": boards.user_file(board.name),
            "boards/chips": chip.user_file(board.startup.family),
        }
        for place, path in own.items():
            if path is not None and path.is_file():
                write_bytes(folder / place / path.name, path.read_bytes())
    project = ghost_toml.read(folder / ghost_toml.NAME)
    here = dataclasses.replace(project, model=str(model), recordings=None, clean=None)  # none yet
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-") as build:
        network = costs.model(here)
        found = [costs.board(here, board, network, Path(build), tell) for board in context.boards]
    for entry in found:
        if entry.different_bytes:
            raise GhostError(
                f"{entry.board}: {count(entry.different_bytes, 'byte differs', 'bytes differ')}"
                " from the reference. `mcu-ghost test` says where."
            )
    baseline.write(folder / baseline.NAME, found)
    return found

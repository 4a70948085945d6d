# SPDX-License-Identifier: Apache-2.0
"""Makes a user's project: a folder that builds, tests itself, and knows what it may cost.

It begins with the bundled keyword model and numbers counted right here. The folder is written
beside and renamed, so there is a whole project or none.
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

from mcu_ghost import boards, emulate
from mcu_ghost.boards import Board, chip
from mcu_ghost.build import apps
from mcu_ghost.build.apps import App
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.files import write_bytes, write_text
from mcu_ghost.host.templates import render
from mcu_ghost.host.text import count
from mcu_ghost.project import baseline, costs, ghost_toml, recipe_file, requirement, schemas
from mcu_ghost.project.ghost_toml import Budget, Tolerance

RENODE_REVISION = "v1.16.1"
RECORDINGS = "recordings"
_FILES = {
    "ghost.toml": "ghost.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "recordings.md": f"{RECORDINGS}/README.md",
    "test_firmware.py": "tests/test_firmware.py",
    "firmware.yml": ".github/workflows/firmware.yml",
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
) -> list[baseline.Costs]:
    """Make a project and return what its firmware costs.

    Args:
        target: The folder; its last part is the project's name.
        names: Boards.
        app: The main program's name; if None, the first that runs on all boards.
        toolchain: What the baseline is built with.
        tell: Called with what is being done.

    Raises:
        GhostError: The folder exists or cannot be written, a board is unknown, or its firmware
            cannot be built and run here. Nothing is left behind then.
    """
    _free(target)
    context = _context(target.name, [boards.load(name) for name in names], app, toolchain)
    with _whole(target) as folder:
        return _fill(folder, context, tell)


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
    if f"{target.name}.toml" == ghost_toml.NAME:
        raise GhostError(f"A project cannot be called '{target.name}': its recipe would be"
                         f" {ghost_toml.NAME}.")  # fmt: skip
    if os.path.lexists(target):
        raise GhostError(f"{target}: exists already. Take another name, or remove it first.")
    if not target.parent.is_dir():
        raise GhostError(f"{target.parent}: there is no such folder to put {target.name} into.")


def _context(name: str, targets: Sequence[Board], app: str | None, toolchain: str) -> NewContext:
    """Work out what the templates show.

    Raises:
        GhostError: A board lacks what the app needs, or its emulator is missing.
    """
    network = costs.model(ghost_toml.Project(boards=()))
    chosen = apps.find(app) if app else apps.fitting(network, targets)
    for board in targets:
        chosen.validate(network, board)
    engines = {emulate.choose(board) for board in targets if board.emulators.order}
    return NewContext(
        name=name,
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


def _fill(folder: Path, context: NewContext, tell: costs.Step) -> list[baseline.Costs]:
    """Write all of a project, its baseline last."""
    for template, name in _FILES.items():
        write_text(folder / name, render(f"project/{template}.jinja", context))
    recipe = recipe_file.text(
        context.name, "data/words", context.boards[0].name, "schemas/recipe.schema.json"
    )
    write_text(folder / f"{context.name}.toml", recipe)
    tell("what installs mcu-ghost")
    needed = requirement.requirement(folder)
    write_text(folder / "requirements.txt", needed.format(extra="emulate") + "\npytest>=8.2\n")
    write_text(folder / "requirements-train.txt", needed.format(extra="train") + "\n")
    for name, file in _SCHEMAS.items():
        write_text(folder / "schemas" / name, schemas.text(file))
    model = folder / f"{context.name}.tflite"
    write_bytes(model, resources.default_model().read_bytes())
    for board in context.boards:
        own = {
            "boards": boards.user_file(board.name),
            "boards/chips": chip.user_file(board.startup.family),
        }
        for place, path in own.items():
            if path is not None and path.is_file():
                write_bytes(folder / place / path.name, path.read_bytes())
    project = ghost_toml.read(folder / ghost_toml.NAME)
    here = dataclasses.replace(project, model=str(model), recordings=None)  # of which it has none
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

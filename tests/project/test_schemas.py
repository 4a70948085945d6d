# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas for editors: they accept what is read, and refuse what is refused."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.host import schema
from mcu_ghost.host.errors import GhostError
from mcu_ghost.project import costs, new, recipe_file, requirement, schemas
from mcu_ghost.project.baseline import Costs
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.sound.data.sections import Words
from mcu_ghost.train import recipe
from mcu_ghost.train.enhancement import recipe as enhancement
from mcu_ghost.train.enhancement.recipe import NoiseFolder, Speech
from mcu_ghost.train.recipe import Recipe
from tests.cli.in_process import ghost, refusal
from tests.conftest import ROOT
from tests.project.test_baseline import changed
from tests.train import tones

VALIDATORS = {
    file: jsonschema.Draft7Validator(json.loads(schemas.text(file)))
    for file in get_args(schemas.File)
}
BOARDS = sorted(Path(boards.__file__).parent.glob("*.toml"))
HOSTILE: list[Any] = [True, -8, 0, 7, 2**32, 0.3, -21.5, 1e300, "", "x", [], [1], ["a", "a"], {}]


def valid(file: schemas.File, path: Path) -> bool:
    return bool(VALIDATORS[file].is_valid(tomllib.loads(path.read_text("utf-8"))))


@pytest.mark.parametrize("file", VALIDATORS)
def test_they_are_schemas_in_which_everything_is_explained(file: schemas.File) -> None:
    whole = VALIDATORS[file].schema
    jsonschema.Draft7Validator.check_schema(whole)
    for table in (whole, *whole.get("$defs", {}).values()):
        assert table["description"] and table["additionalProperties"] is False
        for value in table["properties"].values():
            assert value["description"] and "\n" not in value["description"]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_bundled_boards_are_valid(path: Path) -> None:
    assert valid("board", path)


def test_recipes_are_valid(tmp_path: Path) -> None:
    assert valid("recipe", ROOT / "examples" / "wake_words" / "wake_words.toml")
    assert valid("recipe", tones.write(tmp_path))


def test_a_new_project_names_its_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def board(project: object, target: Board, *rest: object) -> Costs:
        return changed(board=target.name)

    monkeypatch.setattr(costs, "board", board)
    monkeypatch.setattr(requirement, "_origin", dict)  # as from an index
    folder = tmp_path / "lamp"
    new.create(folder, ["nrf52840", "microbit"])
    kinds: tuple[tuple[str, schemas.File], ...] = (("ghost", "project"), ("lamp", "recipe"))
    for name, file in kinds:
        path = folder / f"{name}.toml"
        word, _, target = path.read_text().splitlines()[0].partition(" ")
        assert word == "#:schema" and (folder / target).read_text() == schemas.text(file)
        assert valid(file, path)


def places(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key."""
    for key, value in table.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


@pytest.mark.parametrize(
    ("file", "kind", "text"),
    [
        ("board", Board, (BOARDS[0].parent / "nrf52840.toml").read_text("utf-8")),
        pytest.param(
            *("board", Board, (BOARDS[0].parent / "stm32f4discovery.toml").read_text("utf-8")),
            marks=pytest.mark.slow,
        ),
        ("recipe", Recipe, tones.RECIPE.format(epochs=1, qat_epochs=1, more="")),
        ("project", Project, 'boards = ["a"]\n[tolerance]\nram_percent = 1\n[budget]\n'),
    ],
)
def test_editor_and_reader_agree(file: schemas.File, kind: type, text: str) -> None:
    """Every key removed, misspelt, or something else; the reader's messages say no more."""
    good = tomllib.loads(text)
    given = {"name": "x"} if file != "project" else {}
    tried = 0
    for path in places(good):
        changes: list[Any] = [*HOSTILE, KeyError, NameError]
        for change in changes:
            table = copy.deepcopy(good)
            inner = table
            for key in path[:-1]:
                inner = inner[key]
            if change is KeyError:
                del inner[path[-1]]
            elif change is NameError:
                inner[path[-1] + "s_"] = 1
            else:
                inner[path[-1]] = change
            try:
                schema.build(table, kind, "It", given)
                fits = True
            except GhostError:
                fits = False
            assert VALIDATORS[file].is_valid(table) == fits, (path, change)
            tried += 1
    assert tried > 50


def test_the_verb_prints_one() -> None:
    printed = ghost("schema", "board")
    assert printed.returncode == 0 and printed.stdout == schemas.text("board")


def test_the_page_of_recipes_for_enhancement_too() -> None:
    page = (ROOT / "docs" / "enhancement-recipe.md").read_text(encoding="utf-8")
    printed = ghost("train", "--help-recipe", "enhancement").stdout
    assert printed == schemas.page("enhancement") and page.endswith(f"\n\n{printed}")
    assert "## `[[noise]]`" in page and "| `bands` | `64` | a whole number, 8 to 513 |" in page


def test_the_recipes_page_is_what_help_prints() -> None:
    page = (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8")
    assert ghost("train", "--help-recipe").stdout == schemas.page("recipe")
    assert page.endswith(f"\n\n{schemas.page('recipe')}"), "mcu-ghost train --help-recipe"
    assert "| `units` | `144` | a whole number, 1 to 4096 | Of the recurrent layer. |" in page
    assert "## `[[negatives]]`" in page and '| `kind` | required | `"noise"`, `"speech"` |' in page


def test_a_recipe_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "my words").mkdir()
    done = ghost("train", "sub/lamp.toml", "--init", "my words", cwd=tmp_path)
    assert done.returncode == 0 and "mcu-ghost train sub/lamp.toml" in done.stdout
    written = recipe.read(tmp_path / "sub" / "lamp.toml")
    assert written == Recipe("lamp", Words(("../my words",)))
    told = refusal("train", "sub/lamp.toml", "--init", "my words", cwd=tmp_path)
    assert "exists already" in told
    assert "no such folder" in refusal("train", "a.toml", "--init", "none", cwd=tmp_path)


def test_a_recipe_for_enhancement_to_begin_with(tmp_path: Path) -> None:
    for name in ("my speech", "noise/street", 'noise/"\\'):
        (tmp_path / name).mkdir(parents=True)
    line = ["--init", "my speech", "--noise", "noise/street/", "--noise", 'noise/"\\']
    done = ghost("train", "sub/clean.toml", *line, "--noise", "noise/street", cwd=tmp_path)
    assert done.returncode == 0 and "mcu-ghost train sub/clean.toml" in done.stdout
    path = tmp_path / "sub" / "clean.toml"
    noise = NoiseFolder("../noise/street"), NoiseFolder('../noise/"\\')
    wanted = enhancement.Recipe("clean", "enhancement", Speech(("../my speech",)), noise)
    assert enhancement.read(path) == wanted and valid("enhancement", path)
    assert "exists already" in refusal("train", "sub/clean.toml", *line, cwd=tmp_path)
    first, rest = recipe_file.enhancement("clean", "s", [], "of it.json").split("\n", 1)
    assert first == "#:schema of it.json"
    assert rest == recipe_file.enhancement("clean", "s", []) and "\n[[noise]]" not in rest


def test_a_recipe_for_enhancement_without_noise(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    done = ghost("train", "c.toml", "--init", "speech", "--task", "enhancement", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert enhancement.read(tmp_path / "c.toml").noise == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--init none --noise noise", "none: there is no such folder of clean speech"),
        ("--init speech --noise none", "none: there is no such folder of noise"),
        ("--init speech --noise speech/", "speech: is named for speech and for noise"),
        ("--init speech --noise noise --task keywords", "--noise is for --task enhancement"),
        ("--noise noise", "--noise goes with --init"),
        ("--task enhancement", "--task goes with --init"),
    ],
)
def test_what_a_recipe_to_begin_with_cannot_be_made_of(
    tmp_path: Path, line: str, message: str
) -> None:
    for name in ("speech", "noise"):
        (tmp_path / name).mkdir()
    assert message in refusal("train", "c.toml", *line.split(), cwd=tmp_path)
    assert not (tmp_path / "c.toml").exists()

# SPDX-License-Identifier: Apache-2.0
"""README's lines, in order, each on what the lines before have made."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from mcu_ghost.cli import cli
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.project import requirement
from mcu_ghost.sound.data.sections import Scenes, Words
from mcu_ghost.train import recipe
from mcu_ghost.train.recipe import Network, Recipe, Training
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
JOURNEY = README.partition("## The journey")[2].partition("## What it costs")[0]
LINES = [line.partition("  #")[0].strip() for line in JOURNEY.splitlines() if line[:4] == "    "]
VERBS = [shlex.split(line) for line in LINES if line.startswith("mcu-ghost ")]
SMALLER = {"--per-word": "20"}  # the same road with fewer clips


def small(folder: Path) -> Recipe:
    """Return what `of_folder` does, for seconds instead of minutes."""
    return Recipe(
        folder.name,
        Words((folder.name,)),
        network=Network(units=12),
        scenes=Scenes(train_hours=0.04, validation_hours=0.03, noise_hours=0.02),
        training=Training(epochs=1, qat_epochs=1, streams=2),
    )


def needs_a_board(words: list[str]) -> bool:
    return words[1] in ("flash", "monitor", "verify")


def test_every_extra_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"pip install '\.\[(\w+)\]'", JOURNEY)
    assert named == ["emulate", "flash", "train"] and set(named) <= set(
        project["optional-dependencies"]
    )


@pytest.mark.toolchain
@pytest.mark.emulator
@pytest.mark.train
def test_every_line_works_on_what_the_lines_before_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for those that need a board, which say so, and training and clips, which are made
    fewer.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipe, "of_folder", small)
    monkeypatch.setattr(requirement, "_origin", dict)
    clips = resources.demo_clips()[:1]
    monkeypatch.setattr(resources, "demo_clips", lambda: clips)
    (block,) = re.findall(r"```python\n(.*?)```", JOURNEY, re.S)
    exec(compile(block, "README.md", "exec"), {})
    assert len(VERBS) == 21
    for words in VERBS:
        at = {i + 1: SMALLER[word] for i, word in enumerate(words) if word in SMALLER}
        given = [at.get(i, word) for i, word in enumerate(words)][1:]
        result = CliRunner().invoke(cli, [*given, *(["--dry-run"] if given[0] == "flash" else [])])
        if needs_a_board(words) and words[1] != "flash":
            assert isinstance(result.exception, GhostError), (words, result.output)
            assert "plugged in" in str(result.exception) or "port" in str(result.exception)
        else:
            assert result.exit_code == 0, (words, result.output, result.exception)
    for made in ("page.html", "lib/README.md", "lamp/requirements.txt", "words.tflite", "lamp.toml",
                 "mine.tflite", "mine/README.md", "again.tflite"):  # fmt: skip
        assert (tmp_path / made).is_file(), made

# SPDX-License-Identifier: Apache-2.0
"""The tutorials as a reader does them: files written, lines run by a shell, outputs as shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, need
from tests.docs.pages import TUTORIALS, blocks

MADE = {
    "docs/tutorials/clean-speech.md": ("before_after.png", "board.wav"),
    "docs/tutorials/five-minutes.md": ("hey.tflite", "hey.html"),
    "docs/tutorials/sensor.md": ("activity.tflite", "loop"),
    "docs/tutorials/your-own-model.md": ("pump.tflite",),
}


def missing(shown: str, said: str) -> str | None:
    """Return the first line of a shown output that did not come, or not in its place.

    Args:
        shown: Lines in which `…` stands for any text; alone, for any lines.
        said: What came.
    """
    lines = iter(said.splitlines())
    for line in filter(str.strip, shown.splitlines()):
        parts = [r"\s+".join(map(re.escape, part.split())) for part in line.split("…")]
        wanted = re.compile(r"\s*" + r".*?".join(parts) + r"\s*$")
        if line.strip() != "…" and not any(wanted.match(one) for one in lines):
            return line
    return None


def test_what_did_not_come_is_found() -> None:
    said = "one 1 a\ntwo 22 b\nthree  3\n"
    assert missing("one … a\n…\nthree 3\n", said) is None
    assert missing("two … c\n", said) == "two … c"
    assert missing("three 3\none 1 a\n", said) == "one 1 a"


def test_every_tutorial_is_run() -> None:
    assert set(MADE) == set(TUTORIALS)


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.toolchain
@pytest.mark.emulator
@pytest.mark.timeout(1500)  # a minute and a half of one core, which may be shared
@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_works_as_written(page: str, tmp_path: Path) -> None:
    pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
    need("espeak-ng", "espeak-ng")
    need("gcc", "gcc")
    programs, folder = tmp_path / "bin", tmp_path / "folder"
    folder.mkdir()
    programs.mkdir()
    for name, what in (("python", ""), ("mcu-ghost", "-m mcu_ghost")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {what} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    said = None
    for block in blocks(page):
        place = f"{page}:{block.line}"
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")
        elif block.language == "shell":
            command = ["bash", "-e", "-c", block.text]
            done = subprocess.run(command, cwd=folder, env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
            said = done.stdout.decode()
            assert done.returncode == 0, (place, said)
        else:
            assert block.language == "text" and said is not None, f"{place}: who runs it?"
            line = missing(block.text, said)
            assert line is None, (place, line, said)
    assert not [name for name in MADE[page] if not (folder / name).is_file()]

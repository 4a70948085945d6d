# SPDX-License-Identifier: Apache-2.0
"""The table of methods: complete, and finding what is installed."""

from __future__ import annotations

import sys
import typing
from pathlib import Path

import pytest

from mcu_ghost.boards import board
from mcu_ghost.boards.flash import flash
from mcu_ghost.boards.flash.methods import METHODS


def test_every_method_of_a_board_file_is_there() -> None:
    assert {*METHODS, "qemu"} == set(typing.get_args(board.Method))
    assert set(flash._PROCEDURES) == set(METHODS)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
def test_what_needs_a_program_says_how_to_get_it(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for tool in METHODS.values():
        assert bool(tool.program) == bool(tool.how_to_install) == (tool.through != "volume")
        assert "\n" not in tool.how_to_install


def test_the_first_program_on_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert METHODS["jlink"].find() is None and METHODS["uf2"].find() is None
    for name in ("JLink", "JLinkExe"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert METHODS["jlink"].find() == tmp_path / name

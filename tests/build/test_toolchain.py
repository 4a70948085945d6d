# SPDX-License-Identifier: Apache-2.0
"""Finding compilers, and what the generated CMake project says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import folder, toolchain
from mcu_ghost.build.apps import APPS
from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError


def test_gcc_first_then_zig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gcc = tmp_path / "arm-none-eabi-gcc"
    gcc.write_text("#!/bin/sh\necho 12.2\n")
    gcc.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert toolchain.find() == toolchain.Toolchain("gcc", gcc)
    assert toolchain.find("zig").kind == "zig"
    gcc.unlink()
    assert toolchain.find().kind == "zig"
    with pytest.raises(GhostError, match="arm-none-eabi-gcc is not installed: .*`--toolchain zig`"):
        toolchain.find("gcc")
    with pytest.raises(GhostError, match="There is no toolchain 'clang': take 'gcc' or 'zig'."):
        toolchain.find("clang")


def test_no_compiler_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GhostError, match="quickest way to one: pip install ziglang"):
        toolchain.find()


@pytest.mark.parametrize("name", boards.names())
def test_project_names_no_folder_of_this_machine(name: str, tmp_path: Path) -> None:
    board = boards.load(name)
    ctx = folder.context(board, APPS["stream"], ("model.c",), ())
    folder.write(ctx, tmp_path)
    for file in ("CMakeLists.txt", "toolchain.cmake", "linker.ld", "board.h"):
        text = (tmp_path / file).read_text()
        assert board.title in text
        assert str(tmp_path) not in text and str(Path.home()) not in text
    assert all((tmp_path / source).is_file() for source in ctx.firmware_sources)
    assert not (tmp_path / "apps" / "selftest.c").exists()


def test_writing_again_changes_no_file(tmp_path: Path) -> None:
    ctx = folder.context(boards.load("microbit"), APPS["selftest"], ("model.c",), ())
    folder.write(ctx, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    folder.write(ctx, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


@pytest.mark.parametrize("stack", [0, 100, 516, 1 << 20])
def test_impossible_stacks(stack: int) -> None:
    with pytest.raises(GhostError, match="stack"):
        folder.context(boards.load("microbit"), APPS["stream"], ("model.c",), (), stack_bytes=stack)

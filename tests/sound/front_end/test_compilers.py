# SPDX-License-Identifier: Apache-2.0
"""The front end compiles for every core, with both compilers and without a warning."""

import subprocess
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import toolchain
from mcu_ghost.build.front_end_c import SOURCES
from mcu_ghost.host import resources
from tests.conftest import WARNINGS, need
from tests.sound.front_end.host import generated
from tests.sound.front_end.oracle import WHEEL

BOARDS = ["microbit", "mps2-an385", "nrf52840", "mps2-an500", "mps2-an505", "mps3-an547"]


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("board", BOARDS)
def test_compiles(tmp_path: Path, board: str, kind: str) -> None:
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    cpu = boards.load(board).cpu
    compiler = toolchain.find(kind)
    flags = toolchain.gcc_flags(cpu) if kind == "gcc" else toolchain.zig_flags(cpu)
    command = [compiler.compiler, *["cc"] * (kind == "zig")]
    command += [word for flag in flags for word in flag.split()]
    for name, text in generated(WHEEL).items():
        (tmp_path / name).write_text(text)
    firmware = resources.folder("firmware")
    command += ["-std=gnu11", "-ffreestanding", "-fbuiltin", "-O2", *WARNINGS, "-c"]
    command += [f"-I{firmware}", "-isystem", str(firmware / "runtime" / "freestanding")]
    for source in (*(firmware / name for name in SOURCES), tmp_path / "front_end.c"):
        result = subprocess.run(
            [*command, str(source), "-o", str(tmp_path / "out.o")], capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr

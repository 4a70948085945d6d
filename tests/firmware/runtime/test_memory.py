# SPDX-License-Identifier: Apache-2.0
"""The functions that compilers call by themselves: right where they overlap, and no recursion."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import toolchain
from mcu_ghost.host import resources
from tests.conftest import WARNINGS, need

RUNTIME = resources.folder("firmware") / "runtime"
NAMES = ("memcpy", "memmove", "memset", "memcmp")
pytestmark = pytest.mark.toolchain


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3"])
def test_every_alignment_and_overlap(level: str, tmp_path: Path) -> None:
    gcc = [need("gcc", "gcc"), "-std=gnu11", level, "-g", "-fsanitize=address,undefined",
           "-fno-sanitize-recover", *WARNINGS]  # fmt: skip
    own = [f"-D{name}=ghost_{name}" for name in NAMES]
    objects = [str(tmp_path / "memory.o"), str(tmp_path / "test.o")]
    first = [*gcc, *own, "-ffreestanding", f"-I{RUNTIME / 'freestanding'}"]
    subprocess.run([*first, "-c", str(RUNTIME / "memory.c"), "-o", objects[0]], check=True)
    test = str(Path(__file__).with_name("memory.c"))
    subprocess.run([*gcc, "-c", test, "-o", objects[1]], check=True)
    subprocess.run([*gcc, *objects, "-o", str(tmp_path / "test")], check=True)
    result = subprocess.run([tmp_path / "test"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("level", ["-Os", "-O2", "-O3"])
@pytest.mark.parametrize("board", ["microbit", "nrf52840"])
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_no_loop_becomes_a_call(kind: str, board: str, level: str, tmp_path: Path) -> None:
    """Whatever the options: a memcpy that calls memcpy does not end."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    compiler, cpu = toolchain.find(kind), boards.load(board).cpu
    flags = toolchain.gcc_flags(cpu) if kind == "gcc" else ("cc", *toolchain.zig_flags(cpu))
    words = [str(compiler.compiler), *" ".join(flags).split(), level, "-std=gnu11", "-S"]
    words += ["-fno-sanitize=undefined", f"-I{RUNTIME / 'freestanding'}"]
    out = tmp_path / "memory.s"
    subprocess.run([*words, str(RUNTIME / "memory.c"), "-o", str(out)], check=True)
    code = [line.split() for line in out.read_text().splitlines() if line.startswith("\t")]
    branches = [line for line in code if line[0] in ("b", "bl", "b.w", "b.n", "blx")]
    assert len([line for line in code if line[0] == ".size"]) == len(NAMES)
    assert not [line for line in branches if line[1].startswith(("mem", "__aeabi"))]

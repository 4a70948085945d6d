# SPDX-License-Identifier: Apache-2.0
"""Compiles small images for boards."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.boards import Board
from tests.conftest import need

HERE = Path(__file__).parent
_SCRIPT = """
MEMORY {{ flash (rx) : ORIGIN = {flash:#x}, LENGTH = 128K
ram (rw) : ORIGIN = {ram:#x}, LENGTH = 12K }}
SECTIONS {{
  .text : {{ KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(8); }} > flash
  .bss (NOLOAD) : {{ *(.data*) *(.bss*) *(COMMON) }} > ram
  stack_top = {ram:#x} + 12K;
  /DISCARD/ : {{ *(.ARM.exidx*) }}
}}
"""


def board_of(name: str) -> Board:
    """Return a bundled board."""
    return boards.load(name)


def build(folder: Path, board: Board, body: str, *flags: str) -> Path:
    """Compile the C of a test for a board; no start-up code, so no initialised variables."""
    gcc = need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    script = folder / "link.ld"
    script.write_text(_SCRIPT.format(flash=board.flash.start, ram=board.ram.start))
    source = folder / "image.c"
    source.write_text(f'#include "{HERE / "prelude.h"}"\n{body}\n')
    console = board.console
    core = board.cpu.core.replace("m55", "m33")  # no low-overhead loops: start.c enables none
    cpu = [f"-mcpu={core}", "-mthumb", "-mfloat-abi=soft", "-masm-syntax-unified"]
    if console.driver == "nrf_uarte":
        cpu.append("-DNRF_UARTE")
    elif console.driver == "cmsdk_uart":
        divider = round(console.clock_hz / console.baud)
        cpu += [f"-DCMSDK={console.base:#x}", f"-DCMSDK_DIVIDER={divider}"]
    elf = folder / "image.elf"
    command = [gcc, *cpu, "-O1", "-g", "-ffreestanding", "-nostdlib", "-Wl,-e,reset"]
    command += [*flags, f"-T{script}", str(HERE / "start.c"), str(source), "-o", str(elf)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return elf

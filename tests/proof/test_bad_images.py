# SPDX-License-Identifier: Apache-2.0
"""Images that hang or crash: one clear sentence, and soon."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import on_emulator, verify

pytestmark = pytest.mark.emulator

MODEL = random_model(1, units=8, ratio=2, inputs=3)
CALL = "  ghost_gru_step_s8("


def broken(board: str, engine: str, statement: str, folder: Path) -> str:
    """Build an image whose step does something bad first; return what the user is told."""
    target = boards.load(board)
    built = build.build(MODEL, target, "stream", folder)
    source = folder / "model.c"
    source.write_text(source.read_text().replace(CALL, f"  {statement}\n{CALL}", 1))
    subprocess.run([toolchain.ninja(), "-C", folder / "build"], check=True, capture_output=True)
    shutil.copy(folder / "build" / "stream.elf", built.elf)
    with pytest.raises(GhostError) as told:
        on_emulator.run(built, verify.sequences(MODEL, 1, 3, []), engine)
    return str(told.value)


@pytest.mark.parametrize(("board", "engine"), [("nrf52840", "unicorn"), ("mps2-an386", "qemu")])
def test_a_hung_image(board: str, engine: str, tmp_path: Path) -> None:
    words = broken(board, engine, 'for (;;) __asm volatile("nop");', tmp_path)
    assert "does not answer FRAMES" in words


@pytest.mark.parametrize(
    ("board", "engine"),
    [("nrf52840", "unicorn"), ("microbit", "unicorn"), ("mps2-an505", "qemu")],
)
def test_a_crashing_image(board: str, engine: str, tmp_path: Path) -> None:
    words = broken(board, engine, "*(volatile int *)0xF0000000u = 1;", tmp_path)
    assert "crashed" in words and "pc=0x" in words


def test_an_undefined_instruction(tmp_path: Path) -> None:
    words = broken("nrf52840", "unicorn", '__asm volatile("udf #1");', tmp_path)
    assert "crashed" in words and "random_step" in words

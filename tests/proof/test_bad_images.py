# SPDX-License-Identifier: Apache-2.0
"""Images that hang or crash: one clear sentence, and soon."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import on_emulator, verify
from tests.emulate import images

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


STEP = "void random_step(void);\nvoid random_step(void) {}"
BAD = {
    "silent": ("for (;;) { }", "It printed nothing"),
    "babbles": ('console(); for (;;) send("\\xfe\\xab");', "neither packets nor text"),
    "floods": ('console(); for (;;) send("all is well ");', "all is well all is well"),
    "floods with lines": ('console(); for (;;) send("all is well\\n");', "all is well"),
    "resets": ("REG(0xE000ED0C) = 0x05FA0004; for (;;) { }", ""),
    "greets and resets": (
        'console(); send("hello\\n"); REG(0xE000ED0C) = 0x05FA0004; for (;;) { }',
        "",
    ),
    "waits for nothing": ('for (;;) __asm volatile("wfi");', "It printed nothing"),
}
RESETS = {
    "unicorn": "it reset itself 100 times in a row|does not answer HELLO",
    "qemu": "QEMU (has )?ended",
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(
    ("board", "engine"),
    [("nrf52840", "unicorn"), ("mps2-an386", "unicorn"), ("mps2-an386", "qemu")],
)
def test_an_image_that_never_answers(
    bad: str, board: str, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does instead, it is given up after a few times its patience."""
    body, words = BAD[bad]
    target = boards.load(board)
    elf = images.build(tmp_path, target, f"{STEP}\nint main(void) {{ {body} }}")
    monkeypatch.setattr(on_emulator, "patience", lambda *_: 0.01 if engine == "unicorn" else 1.0)
    built: Any = SimpleNamespace(elf=elf, board=target, model=MODEL)
    begun = time.monotonic()
    with pytest.raises(GhostError) as told:
        on_emulator.run(built, verify.sequences(MODEL, 1, 3, []), engine)
    assert time.monotonic() - begun < 60
    assert len(str(told.value)) < 1500
    if "resets" in bad:
        assert re.search(RESETS[engine], str(told.value))
    else:
        assert "does not answer HELLO" in str(told.value) and words in str(told.value)

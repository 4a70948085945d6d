# SPDX-License-Identifier: Apache-2.0
"""Images that are optimised as a whole, when they are linked, do what all others do."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate import unicorn
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof import on_emulator, verify
from mcu_ghost.proof.link.link import Link
from mcu_ghost.sound.keywords import RATE, expected
from tests.conftest import need
from tests.listeners import listener, noise

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

WORD = """
#include "apps/kws.h"
#include "runtime/text.h"
void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  (void)word; (void)sum; (void)ms;
  ghost_text("{\\"event\\":\\"mine\\"}\\n");
}
"""


def built(board: str, app: str, model: Model, kind: str, folder: Path) -> tuple[build.Built, Path]:
    """Return an image as it always is, and the one that is optimised as a whole."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    made = build.build(model, boards.load(board), app, folder, kind)
    compiler = toolchain.find(kind)
    words = ["-DGHOST_LTO=ON", f"-DGHOST_TOOLCHAIN={kind}", f"-DGHOST_COMPILER={compiler.compiler}"]
    words += ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={toolchain.ninja()}"]
    whole = folder / "whole"
    if app == "kws":
        (folder / "user").mkdir()
        (folder / "user" / "word.c").write_text(WORD)
    subprocess.run([toolchain.cmake(), "-S", folder, "-B", whole, *words], check=True)
    subprocess.run([toolchain.ninja(), "-C", whole], check=True)
    elf = whole / f"{app}.elf"
    assert elf.stat().st_size and elf.read_bytes() != made.elf.read_bytes()
    return made, elf


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("board", ["nrf52840", "microbit", "pico"])
def test_a_network_equals_the_reference(board: str, kind: str, tmp_path: Path) -> None:
    model = random_model(3, units=24, ratio=2, inputs=6, layers=2, classes=4, head_per_frame=True)
    target = boards.load(board)
    usual, elf = built(board, "stream", model, kind, tmp_path)
    work = verify.sequences(model, 1, 12, [])
    with contextlib.closing(emulate.start(target, elf, "unicorn")) as machine:
        link = Link(machine)
        report = verify.run(link, model, work, lambda done: None)
        stats = link.stats()
    assert report.mismatches == 0 and report.frames == 12
    assert stats.frames == 12 and stats.rx_overruns == 0
    if target.counter.driver != "nrf_timer":  # which counts no instructions
        apart = on_emulator.run(usual, work, "unicorn").instructions_per_frame
        # The work that is timed stays between the two reads.
        assert stats.step_total / stats.frames == pytest.approx(apart, rel=0.2)


@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_words_equal_the_pc(kind: str, tmp_path: Path) -> None:
    _, elf = built("nrf52840", "kws", listener(), kind, tmp_path)
    machine, sound = unicorn.start(boards.load("nrf52840"), elf), noise(1000)
    machine.outside.sound.play(sound)
    text = b""
    while machine.outside.sound.left:
        text += machine.read(0.1)
    machine.write(b"\n")
    while b'"status"' not in text:
        text += machine.read(0.1)
    lines = [json.loads(line) for line in text.splitlines()]
    right = expected(listener(), sound)
    assert [line for line in lines if line["event"] == "word"] == list(
        msgspec.to_builtins(right.words)
    )
    assert [line["event"] for line in lines].count("mine") == len(right.words) > 1
    status = lines[-1]
    silence = [0] * (status["ms"] * RATE // 1000 - len(sound))
    crcs = expected(listener(), np.append(sound, np.array(silence, np.int16))).crcs
    assert status["crc"] == f"{crcs[status['ms']]:08x}" and status["overruns"] == 0
    assert 0 < status["busy"]["min"] <= status["busy"]["mean"] <= status["busy"]["max"]

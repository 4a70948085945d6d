# SPDX-License-Identifier: Apache-2.0
"""A board that listens with a watchdog: bitten when it hangs, or no longer hears."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.emulate import MachineFault, unicorn
from mcu_ghost.sound.keywords import RATE, expected
from tests.listeners import listener, noise

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

BOARD = dataclasses.replace(boards.load("nrf52840"), watchdog=boards.Watchdog("nrf_wdt", 500))
HANG = """
#include "apps/kws.h"
void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  (void)word; (void)sum; (void)ms;
  for (;;) __asm volatile("wfi"); /* interrupts go on */
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("watched") / "b"
    build.build(listener(), BOARD, "kws", made)
    return made


def heard(elf: Path, ms: int, *, goes_on: bool = False) -> list[dict[str, object]]:
    """Return the lines of a board that hears noise for so long, then silence for a second."""
    machine = unicorn.start(BOARD, elf)
    machine.outside.goes_on = goes_on
    machine.outside.sound.play(noise(ms))
    text, until = b"", machine.bus.now() + (ms + 1000) * BOARD.cpu.clock_hz // 1000
    while machine.bus.now() < until:
        text += machine.read(0.1)
    return [json.loads(line) for line in text.splitlines()]


def test_it_listens_and_says_why_it_was_reset(folder: Path) -> None:
    lines = heard(folder / "firmware.elf", 1000)
    assert list(lines[0].items())[-1] == ("reset", "software")  # of the debug port, at first
    right = expected(listener(), np.pad(noise(1000), (0, RATE))).words
    assert lines[1:] == list(msgspec.to_builtins(right[: len(lines) - 1])) and len(lines) > 2


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("apps/kws.c", "    ghost_watchdog_feed();\n", ""),
        ("drivers/nrf_pdm.c", "  TASKS_START = 1u;\n", ""),  # asleep for ever
    ],
)
def test_what_is_bitten(file: str, old: str, new: str, folder: Path) -> None:
    source = folder / file
    right = source.read_text()
    assert right.count(old) == 1
    try:
        source.write_text(right.replace(old, new))
        elf = toolchain.build(folder, "kws", toolchain.find())
    finally:
        source.write_text(right)
    with pytest.raises(MachineFault, match="the watchdog was not fed for 490 ms"):
        heard(elf, 100)


def test_a_callback_that_hangs(folder: Path) -> None:
    (folder / "user").mkdir()
    (folder / "user" / "hang.c").write_text(HANG)
    elf = toolchain.build(folder, "kws", toolchain.find())
    with pytest.raises(MachineFault) as caught:
        heard(elf, 1000)
    assert caught.value.symbol.startswith("ghost_on_word")
    starts = [line for line in heard(elf, 1000, goes_on=True) if line["event"] == "start"]
    assert [line["reset"] for line in starts][:2] == ["software", "watchdog"]

# SPDX-License-Identifier: Apache-2.0
"""The counter of SysTick: never back, wherever its 24 bits wrap, interrupts on or off."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.emulate.unicorn import UnicornMachine
from mcu_ghost.host import resources
from tests.emulate.images import board_of, build

pytestmark = [pytest.mark.emulator, pytest.mark.toolchain]
pytest.importorskip("unicorn", reason="pip install 'mcu-ghost[emulate]'")

# Reads many times, and prints how often time went back, and how often it leapt.
BODY = """
#include "drivers/systick.c"
void systick(void) { ghost_counter_interrupt(); }
int main(void) {
    console();
    ghost_counter_init();
    uint32_t last = ghost_counter_now(), back = 0, far = 0;
    send("go\\n");
    for (uint32_t reads = 0; reads < READS; reads++) {
        OFF;
        uint32_t now = ghost_counter_now();
        ON;
        if (now - last >= 0x80000000u) back++;
        if (now - last >= 0x800000u) far++;
        last = now;
    }
    send_number(back);
    send_number(far);
    return 0;
}
"""
WRAPS = 40


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an385"])
@pytest.mark.parametrize("off", [False, True])
def test_no_read_is_a_wrap_behind(board: str, off: bool, tmp_path: Path) -> None:
    hold = 'for (int i = 0; i < 3; i++) __asm volatile("cpsid i")' if off else ""
    words = [f"-DOFF={hold}", '-DON=__asm volatile("cpsie i")', f"-DREADS={50 * WRAPS}u"]
    target = board_of(board)
    firmware = resources.folder("firmware")
    elf = build(tmp_path, target, BODY, *words, f"-I{firmware}")
    machine = emulate.start(target, elf, "unicorn")
    assert isinstance(machine, UnicornMachine)
    assert machine.read(1.0) == b"go\n"
    wrapped = 0
    for phase in range(WRAPS):
        value = machine._system.systick.value()
        machine.bus.pause(value - 100 - phase)  # just before the wrap, elsewhere each time
        machine.read(500 / target.cpu.clock_hz)
        wrapped += machine._system.systick.value() > value - 100_000
    text = b""
    while data := machine.read(0.2):
        text += data
    back, far = (int(word) for word in text.split())
    assert back == 0 and wrapped == WRAPS and far == WRAPS

# SPDX-License-Identifier: Apache-2.0
"""Small programs on boards that Unicorn emulates."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.emulate import MachineFault
from mcu_ghost.emulate.unicorn import UnicornMachine
from tests.emulate.images import board_of, build

LOOP = """
__attribute__((naked, noinline)) void work(uint32_t n) {
    __asm volatile("1: subs r0, #1\\n nop\\n bne 1b\\n bx lr");
}
"""


def machine(
    folder: Path, body: str, *flags: str, board: str = "nrf52840", watch: tuple[str, ...] = ()
) -> UnicornMachine:
    target = board_of(board)
    found = emulate.start(target, build(folder, target, body, *flags), "unicorn", watch=watch)
    assert isinstance(found, UnicornMachine)
    return found


def everything(running: emulate.Machine, timeout: float = 0.2) -> str:
    text = b""
    while data := running.read(timeout):
        text += data
    return text.decode()


def crash(folder: Path, body: str, *flags: str, board: str = "nrf52840") -> MachineFault:
    running = machine(folder, body, *flags, board=board)
    with pytest.raises(MachineFault) as caught:
        everything(running)
    return caught.value


def asm(*lines: str) -> str:
    """Return a main() of assembly."""
    text = "\\n".join(lines)
    return f'__attribute__((naked)) int main(void) {{ __asm volatile("{text}"); }}'

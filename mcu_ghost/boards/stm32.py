# SPDX-License-Identifier: Apache-2.0
"""The clocks that start-up makes on each family of STM32, and what a board's file must say of them.

The numbers are the families' highest, but for the H7: 400 MHz is what every revision of the silicon
reaches, at the voltage that start-up chooses and over the whole range of temperatures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcu_ghost.boards.board import Board

_APB1, _APB2, _END = 0x4000_0000, 0x4001_0000, 0x4002_0000


@dataclass(frozen=True)
class Clocks:
    """What `firmware/startup/<family>.c` sets up, in Hz.

    Attributes:
        cpu: The core.
        apb1: Bus of most serial ports.
        apb2: Bus of USART1 and USART6.
        crystal: Whether it all comes from a crystal, not from the oscillator in the chip.
    """

    cpu: int
    apb1: int
    apb2: int
    crystal: bool = False


CLOCKS = {
    "stm32f4": Clocks(168_000_000, 42_000_000, 84_000_000, crystal=True),
    "stm32f7": Clocks(216_000_000, 54_000_000, 108_000_000, crystal=True),
    "stm32h7": Clocks(400_000_000, 100_000_000, 100_000_000),
    "stm32l4": Clocks(120_000_000, 120_000_000, 120_000_000),
    "stm32u5": Clocks(160_000_000, 160_000_000, 160_000_000),
}


def check_stm32(board: Board, refuse: Callable[[str, str], None]) -> None:
    """Refuse what contradicts the start-up code of an STM32, or belongs to one only."""
    console, startup = board.console, board.startup
    clocks = CLOCKS.get(startup.family)
    if (clocks is not None) != (console.driver == "stm32_usart"):
        refuse("console.driver", f"is '{console.driver}', which no {startup.family} has.")
    if clocks is None:
        if console.alternate_function is not None:
            refuse("console.alternate_function", "is for an STM32 only.")
        if startup.hse_hz:
            refuse("startup.hse_hz", "is for an STM32 only.")
        return
    if console.alternate_function is None:
        refuse("console.alternate_function", "is missing, which an STM32 needs.")
    if not _APB1 <= console.base < _END or console.base % 0x400:
        refuse("console.base", "must be a serial port on APB1 or APB2.")
    bus = clocks.apb1 if console.base < _APB2 else clocks.apb2
    for key, given, made in (
        ("cpu.clock_hz", board.cpu.clock_hz, clocks.cpu),
        ("console.clock_hz", console.clock_hz, bus),
    ):
        if given != made:
            refuse(key, f"must be {made}, which is what start-up makes of it, not {given}.")
    if not clocks.crystal and startup.hse_hz:
        refuse("startup.hse_hz", f"is not what a {startup.family} starts from.")
    if clocks.crystal and (startup.hse_hz % 1_000_000 or not 4 <= startup.hse_hz // 10**6 <= 26):
        refuse("startup.hse_hz", f"must be whole megahertz from 4 to 26, not {startup.hse_hz} Hz.")

# SPDX-License-Identifier: Apache-2.0
"""The clocks that start-up makes on an STM32, and what a board's file must say of them.

The chip's table (`mcu_ghost.boards.chip`) says what it can do; here is what the families' clock
trees look like, and how `firmware/startup/<family>.c` uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcu_ghost.boards import chip as chips
from mcu_ghost.boards.board import Board
from mcu_ghost.boards.chip import Chip
from mcu_ghost.host.text import a

MHZ = 1_000_000
_APB1, _APB2, _END = 0x4000_0000, 0x4001_0000, 0x4002_0000


@dataclass(frozen=True)
class Family:
    """A family's tree of clocks.

    Attributes:
        oscillator: Frequency of the oscillator in the chip that start-up uses, in Hz; 0 where it
            takes the crystal at HSE.
        divide: What start-up may divide it by before the PLL; () to come to 1 MHz.
        out: What divides behind the PLL's oscillator, the preferred first.
        crystal: Least and most megahertz of the crystal.
        buses: By what the core's clock is divided for flash and the buses.
        apb: What start-up divides those by for APB1 and APB2; None for as little as the chip
            allows.
        numbered: Whether functions of pins have numbers.
        longest: Milliseconds that its watchdog can wait, of an oscillator as fast as it may be.
    """

    oscillator: int = 0
    divide: tuple[int, ...] = ()
    out: tuple[int, ...] = (2, 4, 6, 8)
    crystal: tuple[int, int] = (4, 26)
    buses: int = 1
    apb: int | None = None
    numbered: bool = True
    longest: int = 32_000


FAMILIES = {
    "stm32f1": Family(divide=(1, 2), out=(1,), crystal=(4, 16), numbered=False, longest=26_000),
    "stm32f4": Family(),
    "stm32f7": Family(),
    "stm32g4": Family(16 * MHZ, divide=(4,)),
    "stm32h7": Family(64 * MHZ, divide=(4,), buses=2, apb=2),
    "stm32l4": Family(16 * MHZ, divide=(2,)),
    "stm32u5": Family(16 * MHZ, divide=(1, 2, 4)),
}


@dataclass(frozen=True)
class Clocks:
    """What start-up sets, as `board.h` tells it.

    Attributes:
        pll_divide: What comes into the PLL is the oscillator's frequency by this.
        pll_times: What it multiplies by.
        pll_out: What it divides by behind that.
        apb1: By what the clock of the buses is divided for APB1.
        apb2: The same for APB2.
        wait_states: Of flash.
        boost: Whether the core voltage is boosted.
        voltage: What the register of the voltage's scale takes.
    """

    pll_divide: int
    pll_times: int
    pll_out: int
    apb1: int
    apb2: int
    wait_states: int
    boost: bool
    voltage: int


def clocks(board: Board) -> Clocks | None:
    """Return what start-up sets on a board whose file was checked; None where it is no STM32."""
    family = FAMILIES.get(board.startup.family)
    return None if family is None else _clocks(board, chips.of(board), family, board.cpu.clock_hz)


def _clocks(board: Board, chip: Chip, family: Family, clock: int) -> Clocks | None:
    """Return what makes a clock of the core; None where the chip's PLL cannot."""
    source = family.oscillator or board.startup.hse_hz
    pll = _pll(chip, source, family, clock)
    boost, bus = chip.boosts(clock), clock // family.buses
    wait_states = chip.wait_states(bus, boost)
    if pll is None or wait_states is None:
        return None
    apb1, apb2 = (
        family.apb or next(d for d in (1, 2, 4, 8, 16) if bus <= d * highest)
        for highest in (chip.apb1_hz, chip.apb2_hz)
    )
    voltage = chip.voltages[0].value if chip.voltages else 0
    return Clocks(*pll, apb1, apb2, wait_states, boost, voltage)


def _pll(chip: Chip, source: int, family: Family, clock: int) -> tuple[int, int, int] | None:
    """Return divider, multiplier and divider of a PLL that makes a clock within its limits."""
    (low, high), (slow, fast), (least, most) = chip.pll_in_hz, chip.pll_vco_hz, chip.pll_times
    for out in family.out:
        vco = clock * out
        for divide in family.divide or (source // MHZ,):
            into = source / divide
            times = vco / into
            if low <= into <= high and slow <= vco <= fast and least <= times <= most:
                if times.is_integer():
                    return divide, int(times), out
    return None


def validate_stm32(board: Board, refuse: Callable[[str, str], None]) -> None:
    """Refuse what contradicts the start-up code of an STM32, or belongs to one only."""
    console, startup = board.console, board.startup
    family = FAMILIES.get(startup.family)
    if (family is not None) != (console.driver == "stm32_usart"):
        refuse("console.driver", f"is '{console.driver}', which no {startup.family} has.")
    if family is None:
        if console.alternate_function is not None:
            refuse("console.alternate_function", "is for an STM32 only.")
        if startup.hse_hz:
            refuse("startup.hse_hz", "is for an STM32 only.")
        return
    if family.numbered and console.alternate_function is None:
        refuse("console.alternate_function", "is missing, which an STM32 needs.")
    if not family.numbered and console.alternate_function:
        refuse("console.alternate_function", f"is not what pins of {a(startup.family)} have.")
    if not _APB1 <= console.base < _END or console.base % 0x400:
        refuse("console.base", "must be a serial port on APB1 or APB2.")
    _validate_crystal(board, family, refuse)
    chip = chips.of(board)
    made = _clocks(board, chip, family, board.cpu.clock_hz)
    if made is None:
        below = range(board.cpu.clock_hz // MHZ, 0, -1)
        nearest = next((m for m in below if _clocks(board, chip, family, m * MHZ)), None)
        instead = f"; {nearest * MHZ} is the next below" if nearest else ""
        low, high = (hertz / 1e6 for hertz in chip.pll_vco_hz)
        refuse(
            "cpu.clock_hz",
            f"is {board.cpu.clock_hz}, which the PLL of the {chip.name} does not make{instead}: its"
            f" oscillator has {low:g} to {high:g} MHz ({chip.source}).",
        )
        return
    bus = board.cpu.clock_hz // family.buses // (made.apb1 if console.base < _APB2 else made.apb2)
    if console.clock_hz != bus:
        given = console.clock_hz
        refuse(
            "console.clock_hz", f"must be {bus}, which is what start-up makes of it, not {given}."
        )
    needed = made.wait_states * family.buses
    if board.flash.wait_states != needed:
        refuse(
            "flash.wait_states",
            f"must be {needed}, which the {chip.name} needs at {board.cpu.clock_hz} Hz and start-up"
            f" sets, not {board.flash.wait_states} ({chip.source}).",
        )


def _validate_crystal(board: Board, family: Family, refuse: Callable[[str, str], None]) -> None:
    hertz = board.startup.hse_hz
    if family.oscillator:
        if hertz:
            refuse("startup.hse_hz", f"is not what {a(board.startup.family)} starts from.")
        return
    least, most = family.crystal
    if hertz % MHZ or not least <= hertz // MHZ <= most:
        refuse(
            "startup.hse_hz",
            f"must be whole megahertz from {least} to {most}, not {hertz} Hz.",
        )

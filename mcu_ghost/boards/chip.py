# SPDX-License-Identifier: Apache-2.0
"""What a chip can do: a file per family in `chips/`, and a user's own in `./boards/chips/`.

`flashing.target` of a board says which chip it is. Start-up, the emulated chip and the check of
board files all take their numbers from here.
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mcu_ghost.boards.board import Board, Bytes, Core, Hertz, MicrophoneDriver, Word32
from mcu_ghost.boards.pins import PIN_NAMES, pin_number
from mcu_ghost.host import workspace
from mcu_ghost.host.schema import read
from mcu_ghost.host.text import a

_BUNDLED = Path(__file__).resolve().parent / "chips"
_NO_CHIP = ("mps2",)  # boards that Arm's designs are loaded into

Two = Annotated[tuple[Hertz, ...], Meta(min_length=2, max_length=2)]


@dataclass(frozen=True)
class Region:
    """Memory in one piece: first address, and bytes."""

    origin: Bytes
    size: Bytes


@dataclass(frozen=True)
class Part:
    """A size that a chip comes in.

    Attributes:
        target: The pattern of the names that `flashing.target` has for it.
        flash: Bytes at `flash_origin`.
        ram: Bytes at `ram_origin`.
    """

    target: str
    flash: Bytes
    ram: Bytes


@dataclass(frozen=True)
class Voltage:
    """A scale of the core voltage: what the register takes, and the highest clock there, in Hz."""

    value: Annotated[int, Meta(ge=0, le=7)]
    clock_hz: Hertz


@dataclass(frozen=True)
class Ficr:
    """What the factory wrote into an nRF52.

    Attributes:
        part: Its number, INFO.PART.
        family: The word by which start-up tells one chip from another.
        locks_from: The first revision whose debug port locks itself, as the word behind it counts.
    """

    part: Word32
    family: Word32
    locks_from: Word32


@dataclass(frozen=True)
class Chip:
    """A chip, or several that differ in nothing that is here.

    Attributes:
        name: What its maker calls it.
        source: Where the numbers are from.
        core: Which Cortex-M.
        fpu: Whether it has a floating-point unit.
        clock_hz: The highest clock of the core that start-up can make, in Hz; but for an STM32,
            the only one.
        parts: Its sizes; the first whose `target` fits counts.
        flash_origin: First address of flash.
        ram_origin: First address of RAM.
        more_ram: RAM elsewhere.
        ports: GPIO ports of a Nordic chip, of 32 pins each; 0 for others.
        microphones: Drivers that it has the peripheral for.
        flash_cache: Whether an nRF52 has a cache to switch on.
        ficr: What is in FICR of an nRF52.
        apb1_hz: The highest clock of the bus of most serial ports of an STM32, in Hz.
        apb2_hz: That of the bus of USART1.
        wait_state_hz: The highest clock of flash with no wait state, with one, and so on.
        boost_above_hz: The core clock above which the voltage must be boosted; 0: it never is.
        boosted_wait_state_hz: `wait_state_hz` while it is.
        voltages: Scales of the core voltage, the highest first.
        pll_in_hz: Least and most that the PLL takes.
        pll_vco_hz: Least and most that its oscillator makes.
        pll_times: Least and most that it multiplies by.
    """

    name: str
    source: str
    core: Core
    fpu: bool
    clock_hz: Hertz
    parts: tuple[Part, ...]
    flash_origin: Bytes = 0
    ram_origin: Bytes = 0x2000_0000
    more_ram: tuple[Region, ...] = ()
    ports: Annotated[int, Meta(ge=0, le=2)] = 0
    microphones: tuple[MicrophoneDriver, ...] = ()
    flash_cache: bool = False
    ficr: Ficr | None = None
    apb1_hz: Word32 = 0
    apb2_hz: Word32 = 0
    wait_state_hz: tuple[Hertz, ...] = ()
    boost_above_hz: Word32 = 0
    boosted_wait_state_hz: tuple[Hertz, ...] = ()
    voltages: tuple[Voltage, ...] = ()
    pll_in_hz: Two = (1, 2)
    pll_vco_hz: Two = (1, 2)
    pll_times: Two = (1, 2)

    def part(self, target: str) -> Part | None:
        """Return the sizes of the chip that debuggers call so, or None."""
        fitting = (p for p in self.parts if fnmatch.fnmatchcase(target, p.target))
        return next(fitting, None)

    def boosts(self, clock: int) -> bool:
        """Whether a clock of the core takes a boosted voltage."""
        return 0 < self.boost_above_hz < clock

    def wait_states(self, clock: int, boosted: bool) -> int | None:
        """Return the wait states that flash needs at a clock, or None where none are enough."""
        limits = self.boosted_wait_state_hz if boosted else self.wait_state_hz
        return next((i for i, highest in enumerate(limits) if clock <= highest), None)


@dataclass(frozen=True)
class _File:
    chips: tuple[Chip, ...] = field(default=())


def find(board: Board) -> Chip | None:
    """Return a board's chip, or None where its file names none that is known."""
    target = board.flashing.target.lower()
    return next((chip for chip in known(board.startup.family) if chip.part(target)), None)


def of(board: Board) -> Chip:
    """Return the chip of a board whose file was checked."""
    found = find(board)
    assert found is not None
    return found


def known(family: str) -> tuple[Chip, ...]:
    """Return the chips of a family, a user's own first.

    Raises:
        GhostError: A user's file is wrong.
    """
    own = user_file(family)
    return (*(_read(own) if own.is_file() else ()), *_bundled(family))


@functools.cache
def _bundled(family: str) -> tuple[Chip, ...]:
    path = _BUNDLED / f"{family}.toml"
    return _read(path) if path.is_file() else ()


def user_file(family: str) -> Path:
    """Return where a user's own chips of a family stand, if there are any."""
    return workspace.root() / "boards" / "chips" / f"{family}.toml"


def _read(path: Path) -> tuple[Chip, ...]:
    file: _File = read(path, _File)
    return file.chips


def validate_chip(board: Board, refuse: Callable[[str, str], None]) -> None:
    """Refuse what the board's chip does not have or cannot do."""
    family, target = board.startup.family, board.flashing.target
    if family in _NO_CHIP:
        return
    chip = find(board)
    if chip is None:
        names = ", ".join(chip.name for chip in known(family))
        refuse(
            "flashing.target",
            f"is {target!r}, which names no {family} whose limits are known ({names}). A file"
            f" {user_file(family)}, like that of the package, adds one.",
        )
        return
    part = chip.part(target.lower())
    assert part is not None
    says = f" ({chip.source})."
    if board.cpu.core != chip.core:
        refuse("cpu.core", f"is '{board.cpu.core}', but the {chip.name} is {a(chip.core)}{says}")
    if board.cpu.fpu and not chip.fpu:
        refuse("cpu.fpu", f"is true, but the {chip.name} has no floating-point unit{says}")
    flash = (Region(chip.flash_origin, part.flash),)
    ram = (Region(chip.ram_origin, part.ram), *chip.more_ram)
    for key, memory, regions in (("flash", board.flash, flash), ("ram", board.ram, ram)):
        start, end = memory.origin, memory.origin + memory.size
        if not any(r.origin <= start and end <= r.origin + r.size for r in regions):
            has = " and ".join(f"{r.size:#x} bytes at {r.origin:#010x}" for r in regions)
            refuse(f"{key}.size", f"ends at {end:#x}, but {target} has {has}{says}")
    if board.cpu.clock_hz > chip.clock_hz:
        highest = f"{chip.clock_hz / 1e6:g} MHz, the highest clock of the {chip.name}"
        refuse("cpu.clock_hz", f"is {board.cpu.clock_hz}, more than {highest}{says}")
    if not chip.pll_in_hz[0] > 1 and board.cpu.clock_hz != chip.clock_hz:
        refuse(
            "cpu.clock_hz",
            f"must be {chip.clock_hz}, at which start-up makes the {chip.name} run{says}",
        )
    if chip.ports:
        _validate_ports(board, chip, refuse)


def _validate_ports(board: Board, chip: Chip, refuse: Callable[[str, str], None]) -> None:
    """Refuse a pin of a port that a Nordic chip does not have."""
    size = PIN_NAMES["nrf"][3]
    for key, pin in board.pins():
        number = pin_number(pin, "nrf")
        if number is not None and number >= chip.ports * size:
            refuse(key, f"is {pin}, but the {chip.name} has no such port ({chip.source}).")

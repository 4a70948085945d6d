# SPDX-License-Identifier: Apache-2.0
"""The nRF5340's application core, where it differs from Nordic's other chips.

Addresses are those of the secure aliases (nRF5340 Product Specification 1.4, Memory map).
"""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips import nordic, nordic_wdt
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral
from mcu_ghost.emulate.chips.watchdog import Sleeper

_UNPROTECTED = 0x50FA_50FA
# What anomaly 160 wants written, and one trim value as the factory leaves it in FICR.
_UNNAMED = (0x5000_470C, 0x5000_493C, 0x5000_2118, 0x5000_2124, 0x5000_212C, 0x5010_1110,
            0x5020_12A0)  # fmt: skip
_TRIM = (0x5000_4C00, 0x2B)


def peripherals(bus: Sleeper, board: Board, outside: nordic.Outside) -> list[Peripheral]:
    """Return what an image touches, without the UART."""
    nvmc = Nvmc(bus)
    unnamed: dict[int, list[int]] = {}
    for address in (*_UNNAMED, _TRIM[0]):
        unnamed.setdefault(address & ~0xFFF, []).append(address & 0xFFF)
    return [
        Clock(bus, board, outside.causes),
        nordic_wdt.Wdt(bus, board, 0x5001_8000),  # WDT0
        Cache(bus),
        nvmc,
        Information(bus),
        nordic.UserInformation(bus, nvmc, outside.uicr, 0x00FF_8000),
        DebugPort(bus, outside.uicr),
        nordic.Gpio(bus, 2, outside.pins, 0x5084_2000),  # P0 at its offset 0x500, as elsewhere
        *(Unnamed(bus, base, tuple(offsets)) for base, offsets in unnamed.items()),
    ]


class Clock(nordic.Clock):
    """CLOCK: the crystal, and the divider of the core's clock.

    Attributes:
        divider: The core runs at 128 MHz divided by two to the power of this.
    """

    def __init__(self, bus: Bus, board: Board, causes: set[str]) -> None:
        super().__init__(bus, board, causes, 0x5000_5000)
        self.divider = 1

    def read(self, offset: int) -> int:
        """Return a register's value."""
        return self.divider if offset == 0x558 else super().read(offset)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset != 0x558:
            super().write(offset, value)
        elif value in (0, 1):
            self.divider = value
        else:
            raise Misuse(f"CLOCK.HFCLKCTRL takes 0 or 1, not {value}")


class Cache(Peripheral):
    """CACHE.

    Attributes:
        on: Whether it caches.
    """

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, 0x5000_1000)
        self.on = False

    def read(self, offset: int) -> int:
        """Return ENABLE."""
        if offset != 0x500:
            raise NoRegister
        return int(self.on)

    def write(self, offset: int, value: int) -> None:
        """Write ENABLE."""
        if offset != 0x500 or value not in (0, 1):
            raise NoRegister
        self.on = bool(value)


class Nvmc(nordic.Nvmc):
    """NVMC, without a cache of its own."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, 0x5003_9000)

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset == 0x540:
            raise NoRegister
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0x540:
            raise NoRegister
        if offset not in (0xE04, 0xE08):  # for anomaly 160
            super().write(offset, value)


class Information(Peripheral):
    """FICR of revision 1: read only, with one trim value."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, 0x00FF_0000)
        self._values = {0x130: 7, 0x134: 5, 0x20C: 0x5340, 0x300: _TRIM[0], 0x304: _TRIM[1]}
        self._values |= {0x308 + 4 * i: 0xFFFF_FFFF for i in range(62)}

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset not in self._values:
            raise NoRegister
        return self._values[offset]


class DebugPort(Peripheral):
    """CTRL-AP: firmware's half of the two locks.

    Attributes:
        disabled: What was written to the two DISABLE registers, by offset.
    """

    _OWNERS = {0x544: 0x000, 0x54C: 0x01C}  # in UICR

    def __init__(self, bus: Bus, uicr: dict[int, int]) -> None:
        super().__init__(bus, 0x5000_6000)
        self._uicr = uicr
        self.disabled = dict.fromkeys(self._OWNERS, 0)

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset not in self.disabled:
            raise NoRegister
        return self.disabled[offset]

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset not in self.disabled:
            raise NoRegister
        self.disabled[offset] = value

    def open(self) -> bool:
        """Whether a debugger gets in, secure code included."""
        halves = [*self.disabled.values(), *(self._uicr.get(o) for o in self._OWNERS.values())]
        return all(half == _UNPROTECTED for half in halves)


class Unnamed(Peripheral):
    """A page of which Nordic publishes no more than that some registers may be written.

    Attributes:
        written: What was, by offset.
    """

    def __init__(self, bus: Bus, base: int, offsets: tuple[int, ...]) -> None:
        super().__init__(bus, base)
        self._offsets = offsets
        self.written: dict[int, int] = {}

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset not in self._offsets:
            raise NoRegister
        self.written[offset] = value

# SPDX-License-Identifier: Apache-2.0
"""The STM32's independent watchdog, and the flags of resets in RCC (the families' manuals)."""

from __future__ import annotations

from typing import NamedTuple

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Misuse, NoRegister
from mcu_ghost.emulate.chips.watchdog import Sleeper, Watchdog

_KR, _PR, _RLR, _SR = 0x0, 0x4, 0x8, 0xC
_UPDATE_PERIODS = 6  # of the oscillator, until a new PR or RLR counts


class Family(NamedTuple):
    """Where a family has what.

    Attributes:
        base: Of the watchdog.
        hertz: Of its oscillator, where that is fast.
        offset: In RCC, of the register of resets.
        remove: The bit that clears them.
        causes: The bits that are set, of which one is the pin's, by cause.
    """

    base: int
    hertz: int
    offset: int
    remove: int
    causes: dict[str, int]


def _causes(power: int, pin: int, software: int, watchdog: int) -> dict[str, int]:
    bits = {"power": power, "software": 1 << software, "watchdog": 1 << watchdog}
    return {cause: bit | 1 << pin for cause, bit in bits.items()}


_OLD = Family(0x4000_3000, 47_000, 0x74, 24, _causes(1 << 25 | 1 << 27, 26, 28, 29))
_NEWER = Family(0x4000_3000, 34_000, 0x94, 23, _causes(1 << 27, 26, 28, 29))
FAMILIES = {
    "stm32f1": Family(0x4000_3000, 60_000, 0x24, 24, _causes(1 << 27, 26, 28, 29)),
    "stm32f4": _OLD,
    "stm32f7": _OLD,
    "stm32g4": _NEWER,
    "stm32h7": Family(0x5800_4800, 34_000, 0xD0, 16, _causes(1 << 21 | 1 << 23, 22, 24, 26)),
    "stm32l4": _NEWER,
    "stm32u5": Family(0x4000_3000, 34_000, 0xF4, 23, _causes(1 << 27, 26, 28, 29)),
}


class Resets:
    """The register of RCC that tells why the chip was reset, until somebody clears it."""

    def __init__(self, family: Family, causes: set[str]) -> None:
        self._family = family
        self._causes = causes
        self.offset = family.offset

    def read(self) -> int:
        """Return the register's value."""
        value = 0
        for cause in self._causes:
            value |= self._family.causes[cause]
        return value

    def write(self, value: int) -> None:
        """Write the register."""
        if value >> self._family.remove & 1:
            self._causes.clear()


class Iwdg(Watchdog):
    """IWDG: started, unlocked and fed by keys; its settings reach it some periods later."""

    def __init__(self, bus: Sleeper, board: Board) -> None:
        family = FAMILIES[board.startup.family]
        super().__init__(bus, board, family.base, 0x400)
        self._hertz = family.hertz
        self._values = {_PR: 0, _RLR: 0xFFF}
        self._running = self._unlocked = False
        self._updated = dict.fromkeys(self._values, 0)  # when each counts

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset == _SR:
            return self._updating(_PR) | self._updating(_RLR) << 1
        if offset in self._values:
            if self._updating(offset):
                raise Misuse("IWDG_PR and RLR hold no certain value while SR says so")
            return self._values[offset]
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == _KR:
            self._unlocked = value == 0x5555
            if value == 0xCCCC and not self._running:
                self._running = True
                self._reload()
            elif value == 0xAAAA:
                self._feed()
            elif value not in (0xCCCC, 0x5555):
                raise Misuse(f"IWDG_KR takes three keys, of which {value:#x} is none")
        elif offset in self._values:
            if not self._unlocked:
                raise Misuse("IWDG_PR and RLR are locked")
            if self._updating(offset):
                raise Misuse("IWDG_PR and RLR do not change while SR says so")
            if value > {_PR: 6, _RLR: 0xFFF}[offset]:
                raise Misuse(f"{value:#x} does not fit IWDG_PR or RLR")
            before = self._period()
            self._values[offset] = value
            wait = round(_UPDATE_PERIODS * self._clock / self._hertz)
            self._updated[offset] = self.bus.now() + wait
            if self._running and offset == _PR:
                self.allow(self.left() / before * self._period())
        else:
            raise NoRegister

    def _feed(self) -> None:
        if not self._running:
            raise Misuse("the watchdog is fed before it runs")
        if self._updating(_RLR):
            raise Misuse("IWDG is fed while RLR is on its way: it may take the value before")
        self.fed += 1
        self._reload()

    def _reload(self) -> None:
        self.allow((self._values[_RLR] + 1) * self._period())

    def _period(self) -> float:
        return (4 << self._values[_PR]) / self._hertz

    def _updating(self, offset: int) -> bool:
        """Whether a setting is on its way; without the oscillator, it stays there."""
        never = not self._running and self._updated[offset] > 0
        return never or self.bus.now() < self._updated[offset]

# SPDX-License-Identifier: Apache-2.0
"""The watchdog of the RP2040 and the RP2350, its tick, and what it resets (their datasheets)."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Misuse, NoRegister, Peripheral
from mcu_ghost.emulate.chips.rp2_block import Block
from mcu_ghost.emulate.chips.watchdog import Sleeper, Watchdog
from mcu_ghost.host.text import count

_CTRL, _LOAD, _REASON, _TICK = 0x00, 0x04, 0x08, 0x2C
_PAUSES, _ENABLE, _TRIGGER = 7 << 24, 1 << 30, 1 << 31
_CRYSTAL_MHZ = 12


def peripherals(chip: Sleeper, board: Board, causes: set[str]) -> list[Peripheral]:
    """Return the watchdog and what belongs to it."""
    if board.startup.family == "rp2040":
        psm = Block(chip, 0x4001_0000, {0x8: 0})
        return [psm, Timer(chip, board, causes, 0x4005_8000, psm, None, 0x1_FFFC)]
    psm, ticks = Block(chip, 0x4001_8000, {0x8: 0}), Block(chip, 0x4010_8000, {0x30: 0, 0x34: 0})
    return [psm, ticks, Timer(chip, board, causes, 0x400D_8000, psm, ticks, 0x1FF_FFF3)]


class Timer(Watchdog):
    """WATCHDOG: what it counts must be microseconds, and its bite must reset all it can."""

    def __init__(
        self,
        bus: Sleeper,
        board: Board,
        causes: set[str],
        base: int,
        psm: Block,
        ticks: Block | None,
        resets: int,
    ) -> None:
        super().__init__(bus, board, base, 0x4000)
        self._causes, self._psm, self._ticks, self._resets = causes, psm, ticks, resets
        self._values = {_CTRL: _PAUSES, _LOAD: 0} | ({} if ticks else {_TICK: 0})

    def read(self, offset: int) -> int:
        """Return a register's value."""
        offset &= 0xFFF
        if offset == _REASON:
            return int("watchdog" in self._causes)
        if offset not in self._values or offset == _LOAD:
            raise NoRegister
        return self._values[offset]

    def write(self, offset: int, value: int) -> None:
        """Write a register, or change bits of it."""
        alias, offset = offset >> 12, offset & 0xFFF
        if offset not in self._values:
            raise NoRegister
        old = self._values[offset] if alias else 0
        value = (value, old ^ value, old | value, old & ~value)[alias]
        if offset == _LOAD and not 0 < value < 1 << 24:
            raise Misuse(f"LOAD has 24 bits, {value:#x} does not fit or bites at once")
        if offset == _CTRL and value & _TRIGGER:
            raise Misuse("CTRL.TRIGGER is not here")
        before, self._values[offset] = self._values[offset], value
        if self._values[_CTRL] & _ENABLE:
            if offset == _LOAD:
                self.fed += 1
                self._begin()
            elif not before & _ENABLE:
                self._begin()
        else:
            self._deadline = None

    def _begin(self) -> None:
        """Count from LOAD on; the RP2040 counts twice (its erratum E1)."""
        tick, on = (
            (self._values[_TICK] & 0x1FF, self._values[_TICK] >> 9 & 1)
            if self._ticks is None
            else (self._ticks.values[0x34], self._ticks.values[0x30] & 1)
        )
        if not on or tick != _CRYSTAL_MHZ:
            raise Misuse(
                f"the watchdog's tick is off, or takes {count(tick, 'period')} of 12 MHz, not 12"
            )
        if self._psm.values[0x8] != self._resets:
            raise Misuse(f"PSM.WDSEL {self._psm.values[0x8]:#x} does not reset {self._resets:#x}")
        per_second = 2e6 if self._ticks is None else 1e6
        self.allow(self._values[_LOAD] / per_second)

# SPDX-License-Identifier: Apache-2.0
"""Nordic's WDT (nRF52840 Product Specification 1.7, WDT); a bite is noted in RESETREAS."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Misuse, NoRegister
from mcu_ghost.emulate.chips.watchdog import Sleeper, Watchdog

_HERTZ = 32_768 * 1.02  # the RC oscillator, not calibrated, where it is fast
_RELOAD = 0x6E52_4635
_START, _CRV, _RREN, _CONFIG, _RR = 0x000, 0x504, 0x508, 0x50C, 0x600


class Wdt(Watchdog):
    """WDT: it bites unless all reload registers that it wants are written.

    Attributes:
        running: Whether it was started; nothing but a reset stops it.
    """

    def __init__(self, bus: Sleeper, board: Board, base: int = 0x4001_0000) -> None:
        super().__init__(bus, board, base)
        self._values = {_CRV: 0xFFFF_FFFF, _RREN: 1, _CONFIG: 1}
        self._asked: set[int] = set()  # reload registers still to be written
        self.running = False

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset == 0x400:
            return int(self.running)
        if offset == 0x404:
            return sum(1 << i for i in self._asked)
        if offset not in self._values:
            raise NoRegister
        return self._values[offset]

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == _START:
            if value != 1:
                raise Misuse("a task register takes only 1")
            if not self.running:
                self.running = True
                self._pauses = not self._values[_CONFIG] & 1
                self._reload()
        elif _RR <= offset < _RR + 0x20:
            self._request((offset - _RR) // 4, value)
        elif offset in self._values:
            if self.running:
                raise Misuse("CRV, RREN and CONFIG stay as they are once the watchdog runs")
            if offset == _CRV and value < 0xF:
                raise Misuse(f"WDT.CRV is at least 15, not {value}")
            if offset == _RREN and not value & 0xFF:
                raise Misuse("a watchdog without reload registers cannot be fed")
            self._values[offset] = value
        else:
            raise NoRegister

    def _request(self, number: int, value: int) -> None:
        if not self.running:
            raise Misuse("the watchdog is fed before it runs")
        if value != _RELOAD:
            raise Misuse(f"WDT.RR takes {_RELOAD:#x} only, not {value:#x}")
        if not self._values[_RREN] >> number & 1:
            raise Misuse(f"WDT.RR[{number}] is written, which RREN does not want")
        self._asked.discard(number)
        if not self._asked:
            self.fed += 1
            self._reload()

    def _reload(self) -> None:
        self._asked = {i for i in range(8) if self._values[_RREN] >> i & 1}
        self.allow((self._values[_CRV] + 1) / _HERTZ)

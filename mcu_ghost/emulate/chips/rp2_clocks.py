# SPDX-License-Identifier: Apache-2.0
"""Crystal, PLL and clocks of the RP2040 and the RP2350 (their datasheets)."""

from __future__ import annotations

from mcu_ghost.emulate.chips.peripherals import Bus, Misuse
from mcu_ghost.emulate.chips.rp2_block import Block, Gate, Map, Resets

_CRYSTAL = 12_000_000
_RING = 6_500_000  # the ring oscillator that the chip wakes up with, about
_LOCKS_AFTER = 1000  # clocks
_SWITCHES_AFTER = 8


class Xosc(Block):
    """The crystal: it counts 256 of its periods STARTUP times before it is stable."""

    def __init__(self, bus: Bus, base: int) -> None:
        super().__init__(bus, base, {0x00: 0, 0x0C: 0xC4})
        self._stable_at: int | None = None

    def stable(self) -> bool:
        """Whether it may be used."""
        return self._stable_at is not None and self.bus.now() >= self._stable_at

    def get(self, offset: int) -> int:
        """Return a register's value."""
        if offset == 0x04:
            return self.stable() << 31 | (self._stable_at is not None) << 12
        return super().get(offset)

    def put(self, offset: int, value: int) -> None:
        """Take a register's new value."""
        if offset == 0x00:
            if value != 0xFAB_AA0:
                raise Misuse(f"XOSC.CTRL {value:#x} is not on (FAB) with up to 15 MHz (AA0)")
            if 256 * self.values[0x0C] < _CRYSTAL // 1000:
                raise Misuse("XOSC.STARTUP is less than the millisecond that the crystal takes")
            if self._stable_at is None:
                # In clocks of the core, which runs from the ring oscillator meanwhile.
                wait = 256 * self.values[0x0C] * _RING // _CRYSTAL
                self._stable_at = self.bus.now() + wait
        super().put(offset, value)


class Pll(Block):
    """PLL_SYS, fed by the crystal."""

    def __init__(self, bus: Bus, chip: Map, resets: Resets, xosc: Xosc) -> None:
        gate = Gate(resets, chip.bits["pll"], "PLL_SYS")
        super().__init__(bus, chip.pll, {0x0: 1, 0x4: 0x2D, 0x8: 0, 0xC: 0x77000}, gate)
        self._xosc = xosc
        self._locks_at: int | None = None

    def get(self, offset: int) -> int:
        """Return a register's value; the top bit of CS is the lock."""
        return super().get(offset) | (self._locked() << 31 if offset == 0x0 else 0)

    def put(self, offset: int, value: int) -> None:
        """Take a register's new value; the oscillator starts once both its parts have power."""
        on = not self.values[0x4] & 0x21
        if on and offset in (0x0, 0x8):
            raise Misuse("REFDIV and FBDIV of the PLL may only change while it is off")
        super().put(offset, value & ~(1 << 31))
        if offset == 0x4 and not value & 0x21 and not on:
            oscillator = self._oscillator()
            if not self._xosc.stable() or not 750e6 <= oscillator <= 1600e6:
                raise Misuse(f"the PLL does not lock at {oscillator / 1e6:g} MHz, or has no input")
            self._locks_at = self.bus.now() + _LOCKS_AFTER
        elif offset == 0x4 and value & 0x21:
            self._locks_at = None

    def hertz(self) -> int:
        """Return what comes out; Misuse when that is nothing steady."""
        if not self._locked() or self.values[0x4] & 0x08:
            raise Misuse("the PLL is used before it is locked and its dividers have power")
        first, second = self.values[0xC] >> 16 & 7, self.values[0xC] >> 12 & 7
        if not first or not second:
            raise Misuse("a divider of the PLL is 0")
        return self._oscillator() // first // second

    def _oscillator(self) -> int:
        return _CRYSTAL // max(1, self.values[0x0] & 0x3F) * (self.values[0x8] & 0xFFF)

    def _locked(self) -> bool:
        return self._locks_at is not None and self.bus.now() >= self._locks_at


class Clocks(Block):
    """CLOCKS: the sources of clk_ref, clk_sys and clk_peri, switched without glitches."""

    def __init__(self, bus: Bus, chip: Map, xosc: Xosc, pll: Pll) -> None:
        super().__init__(bus, chip.clocks, {0x30: 0, 0x3C: chip.sys, 0x48: 0})
        self._xosc, self._pll = xosc, pll
        self._switched = 0

    def get(self, offset: int) -> int:
        """Return a register's value; SELECTED follows the source a little later."""
        if offset in (0x38, 0x44):
            source = self.values[offset - 8] & (3 if offset == 0x38 else 1)
            return 1 << source if self.bus.now() - self._switched >= _SWITCHES_AFTER else 0
        return super().get(offset)

    def put(self, offset: int, value: int) -> None:
        """Take a register's new value."""
        old = self.values.get(offset, 0)
        if offset == 0x3C and old & value & 1 and (old ^ value) & 0xE0:
            raise Misuse("the other source of clk_sys changes while clk_sys runs from it")
        super().put(offset, value)
        self._switched = self.bus.now()
        self.core()

    def core(self) -> int:
        """Return the core's clock in Hz; Misuse where it would stop."""
        if not self.values[0x3C] & 1:
            return self._reference()
        source = self.values[0x3C] >> 5 & 7
        if source == 2:
            return _RING
        if source != 0:
            raise Misuse(f"clk_sys runs from source {source}, which is not here")
        return self._pll.hertz()

    def uart(self) -> int:
        """Return the UARTs' clock in Hz; Misuse where there is none."""
        if self.values[0x48] & 0x8E0 != 0x800:
            raise Misuse("clk_peri is off, or does not run from clk_sys")
        return self.core()

    def _reference(self) -> int:
        source = self.values[0x30] & 3
        if source == 0:
            return _RING
        if source == 2 and self._xosc.stable():
            return _CRYSTAL
        raise Misuse(f"clk_ref runs from source {source}, which gives no clock")

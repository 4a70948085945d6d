# SPDX-License-Identifier: Apache-2.0
"""Clocks, power, flash and cache of the STM32U575 and U585, without TrustZone (RM0456)."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, Peripheral
from mcu_ghost.emulate.chips.stm32 import MHZ, Bit, Gpio, Limit, Rcc, Ready, Registers, Supply
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart

_RCC, _GPIO, _PWR, _FLASH = 0x4602_0C00, 0x4202_0000, 0x4602_0800, 0x4002_2000
_ICACHE = 0x4003_0400
_PORTS = 9
_MSI_READY, _HSI_READY, _HSE_READY, _PLL1_READY = Bit(0, 2), Bit(0, 10), Bit(0, 17), Bit(0, 25)
_VOSR = 0x0C
_VOS_READY, _BOOST_READY = Bit(_VOSR, 15), Bit(_VOSR, 14)
_CLOCKS = {
    0x4001_3800: ("APB2ENR", Bit(0xA4, 14)),
    0x4000_4400: ("APB1ENR1", Bit(0x9C, 17)),
    0x4000_4800: ("APB1ENR1", Bit(0x9C, 18)),
    0x4000_4C00: ("APB1ENR1", Bit(0x9C, 19)),
    0x4000_5000: ("APB1ENR1", Bit(0x9C, 20)),
    _PWR: ("AHB3ENR", Bit(0x94, 2)),
} | {_GPIO + 0x400 * i: ("AHB2ENR1", Bit(0x8C, i)) for i in range(_PORTS)}


class U5Rcc(Rcc):
    """RCC: MSIS, HSI16 and PLL1."""

    SWITCH = (0x1C, 2, 2)
    SOURCES = {0: ("MSIS", _MSI_READY), 1: ("HSI", _HSI_READY), 2: ("HSE", _HSE_READY),
               3: ("PLL", _PLL1_READY)}  # fmt: skip
    PLL_SETTINGS = (0x28, 0x34)
    CORE, BUSES = (0x20, 0), ((0x20, 4), (0x20, 8))

    def __init__(self, bus: Bus, board: Board, pwr: Pwr, flash: Limit) -> None:
        ready = (
            Ready(0, 1 << 0, _MSI_READY, 0),
            Ready(0, 1 << 8, _HSI_READY, 16),  # 4 us of the 4 MHz there are
            Ready(0, 0, _HSE_READY, 0),  # nothing is there
            Ready(0, 1 << 24, _PLL1_READY, 200),
        )
        values = {0x00: 0x35, 0x1C: 0, 0x20: 0, 0x28: 0, 0x34: 0x0101_0280, 0x8C: 0xC000_0000,
                  0x94: 0x8000_0000, 0x9C: 0, 0xA0: 0, 0xA4: 0}  # fmt: skip
        super().__init__(bus, board, _RCC, values, ready, _CLOCKS, pwr, flash)

    def source_hertz(self, source: str) -> int:
        """Return the frequency of an oscillator."""
        return {"MSIS": 4, "HSI": 16}[source] * MHZ

    def pll_source(self) -> str:
        """Return what PLL1 and the booster run from; Misuse where that is not ready."""
        source, there = self.SOURCES.get(self.field(0x28, 0, 2) - 1, ("nothing", _HSE_READY))
        if not self.shown(there):
            raise Misuse(f"PLL1 runs from {source}, which is not ready")
        return source

    def pll_hertz(self) -> int:
        """Return what output R of PLL1 makes."""
        into = self.source_hertz(self.pll_source()) / (self.field(0x28, 8, 4) + 1)
        n, r = self.field(0x34, 0, 9) + 1, self.field(0x34, 24, 7) + 1
        low, high = (8, 16) if self.field(0x28, 2, 2) == 3 else (4, 8)
        if not low * MHZ <= into <= high * MHZ:
            raise Misuse(f"PLL1RGE is not for the {into / MHZ:g} MHz that go into PLL1")
        if not self.field(0x28, 18, 1) or (r > 1 and r % 2):
            raise Misuse(f"output R of PLL1 is off, or its divider odd ({r})")
        return self.pll_output(round(into), 1, n, r)

    def wait_states(self, hertz: int) -> int | None:
        """Return what flash needs, by the voltage's range."""
        step = {3: 32, 2: 30, 1: 24, 0: 12}[self.pwr.field(_VOSR, 16, 2)] * MHZ
        return -(-hertz // step) - 1


class Pwr(Supply):
    """PWR: ranges of the core voltage, and the booster that runs from the PLL's source."""

    def __init__(self, bus: Bus) -> None:
        ready = (Ready(_VOSR, 3 << 16, _VOS_READY, 200), Ready(_VOSR, 1 << 18, _BOOST_READY, 200))
        super().__init__(bus, _PWR, {_VOSR: 0x8000}, ready)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        super().write(offset, value)
        if self.field(_VOSR, 18, 1):
            assert isinstance(self.rcc, U5Rcc)
            divider = max(1, 2 * self.rcc.field(0x28, 12, 4))
            hertz = self.rcc.source_hertz(self.rcc.pll_source()) // divider
            if not 4 * MHZ <= hertz <= 16 * MHZ:
                raise Misuse(f"the booster takes 4 to 16 MHz, not {hertz / MHZ:g}")

    def limit(self) -> int:
        """Return the highest HCLK at this voltage, in Hz."""
        level = self.field(_VOSR, 16, 2)
        if level and not self.shown(_VOS_READY):
            level = 0
        boosted = self.field(_VOSR, 18, 1) and self.shown(_BOOST_READY)
        return min((25, 55, 110, 160)[level], 160 if boosted else 55) * MHZ


class InstructionCache(Registers):
    """ICACHE: busy for a while after a reset, emptying itself."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, _ICACHE, {0x00: 0x4, 0x04: 0})
        self._empty_at = bus.now() + 1_000  # ample: who does not wait is to be caught

    def read(self, offset: int) -> int:
        """Return a register's value."""
        return super().read(offset) | int(offset == 0x04 and self.bus.now() < self._empty_at)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0x00 and value & 1 and self.bus.now() < self._empty_at:
            raise Misuse("ICACHE was switched on while it was busy")
        super().write(offset, value)


def peripherals(bus: Bus, board: Board, console: Stm32Usart) -> list[Peripheral]:
    """Return what a U575 or U585 has besides its console, and connect that."""
    pwr, flash = Pwr(bus), Limit(bus, _FLASH, {0: 1})  # ACR
    rcc = U5Rcc(bus, board, pwr, flash)
    gpio = Gpio(bus, rcc, _GPIO, _PORTS, mode=0xFFFF_FFFF)
    console.connect(rcc, gpio)
    return [rcc, pwr, flash, gpio, InstructionCache(bus)]

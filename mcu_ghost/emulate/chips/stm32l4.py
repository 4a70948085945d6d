# SPDX-License-Identifier: Apache-2.0
"""Clocks, power, flash and pins of the STM32L4R and L4S (RM0432)."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, Peripheral
from mcu_ghost.emulate.chips.stm32 import MHZ, Bit, Gpio, Limit, Rcc, Ready, Supply
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart

_RCC, _GPIO, _PWR, _FLASH = 0x4002_1000, 0x4800_0000, 0x4000_7000, 0x4002_2000
_LPUART1 = 0x4000_8000
_PORTS, _PORT_G = 9, 6
_MSI_READY, _HSI_READY, _HSE_READY, _PLL_READY = Bit(0, 1), Bit(0, 10), Bit(0, 17), Bit(0, 25)
_CR1, _CR5 = 0x00, 0x80  # of PWR
_IOSV = Bit(0x04, 9)  # of its CR2
_CLOCKS = {
    0x4001_3800: ("APB2ENR", Bit(0x60, 14)),
    0x4000_4400: ("APB1ENR1", Bit(0x58, 17)),
    0x4000_4800: ("APB1ENR1", Bit(0x58, 18)),
    0x4000_4C00: ("APB1ENR1", Bit(0x58, 19)),
    0x4000_5000: ("APB1ENR1", Bit(0x58, 20)),
    _LPUART1: ("APB1ENR2", Bit(0x5C, 0)),
    _PWR: ("APB1ENR1", Bit(0x58, 28)),
} | {_GPIO + 0x400 * i: ("AHB2ENR", Bit(0x4C, i)) for i in range(_PORTS)}


class L4Rcc(Rcc):
    """RCC: MSI, HSI and the PLL."""

    SWITCH = (0x08, 2, 2)
    SOURCES = {0: ("MSI", _MSI_READY), 1: ("HSI", _HSI_READY), 2: ("HSE", _HSE_READY),
               3: ("PLL", _PLL_READY)}  # fmt: skip
    PLL_SETTINGS = (0x0C,)
    CORE, BUSES = (0x08, 4), ((0x08, 8), (0x08, 11))

    def __init__(self, bus: Bus, board: Board, pwr: Pwr, flash: Limit) -> None:
        ready = (
            Ready(0, 1 << 0, _MSI_READY, 0),
            Ready(0, 1 << 8, _HSI_READY, 16),  # 4 us of the 4 MHz there are
            Ready(0, 0, _HSE_READY, 0),  # nothing is there
            Ready(0, 1 << 24, _PLL_READY, 160),
        )
        values = {0x00: 0x63, 0x08: 0, 0x0C: 0x1000, 0x4C: 0, 0x58: 0x400, 0x5C: 0, 0x60: 0}
        super().__init__(bus, board, _RCC, values, ready, _CLOCKS, pwr, flash)
        self._was = (4 * MHZ, 0)  # the core's clock, and since when

    def source_hertz(self, source: str) -> int:
        """Return the frequency of an oscillator."""
        return {"MSI": 4, "HSI": 16}[source] * MHZ

    def pll_hertz(self) -> int:
        """Return what output R of the PLL makes."""
        source, there = self.SOURCES.get(self.field(0x0C, 0, 2) - 1, ("nothing", _HSE_READY))
        if not self.shown(there):
            raise Misuse(f"the PLL runs from {source}, which is not ready")
        into = self.source_hertz(source) / (self.field(0x0C, 4, 4) + 1)
        n = self.field(0x0C, 8, 7)
        if not 2.66 * MHZ <= into <= 16 * MHZ or not 64 * MHZ <= into * n <= 344 * MHZ or n < 8:
            raise Misuse(f"the PLL cannot make {into * n / MHZ:g} MHz of {into / MHZ:g} MHz")
        if not self.field(0x0C, 24, 1):
            raise Misuse("output R of the PLL is off")
        return round(into * n) // (2 * self.field(0x0C, 25, 2) + 2)

    def flash_step(self) -> int:
        """Return what a wait state is good for."""
        return (20 if self.pwr.limit() > 26 * MHZ else 8) * MHZ

    def check(self) -> None:
        """Refuse clocks that are too fast, or that became so too suddenly."""
        super().check()
        now, (before, since) = self.core(), self._was
        if now == before:
            return
        if now > 80 * MHZ:
            waited = (self.bus.now() - since) / before * MHZ  # us; all instructions took a clock
            if 2 * before < now or waited < 1:
                raise Misuse("above 80 MHz the core's clock must have had half of it for 1 us")
        self._was = (now, self.bus.now())


class Pwr(Supply):
    """PWR: range 1 of the core voltage, boosted or not, and range 2."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, _PWR, {_CR1: 0x200, _IOSV.offset: 0, _CR5: 0x100})

    def limit(self) -> int:
        """Return the highest HCLK at this voltage, in Hz."""
        if self.field(_CR1, 9, 2) != 1:
            return 26 * MHZ
        return (80 if self.field(_CR5, 8, 1) else 120) * MHZ


class L4Gpio(Gpio):
    """Ports of which G, but for its first two pins, has a supply that PWR must declare valid."""

    def function(self, pin: int) -> int | None:
        """Return the alternate function of a pin."""
        if 16 * _PORT_G + 2 <= pin < 16 * _PORT_G + 16 and not self._rcc.pwr.bit(_IOSV):
            raise Misuse(f"PG{pin % 16} is isolated: IOSV of PWR_CR2 is 0")
        return super().function(pin)


def peripherals(bus: Bus, board: Board, console: Stm32Usart) -> list[Peripheral]:
    """Return what an L4R or L4S has besides its console, and connect that."""
    pwr, flash = Pwr(bus), Limit(bus, _FLASH, {0: 0x600})  # ACR
    rcc = L4Rcc(bus, board, pwr, flash)
    gpio = L4Gpio(bus, rcc, _GPIO, _PORTS, mode=0xFFFF_FFFF)
    console.connect(rcc, gpio, parts=256 if console.base == _LPUART1 else 1)
    return [rcc, pwr, flash, gpio]

# SPDX-License-Identifier: Apache-2.0
"""Clocks, power and flash of the STM32H742, 743 and 753 (RM0433)."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, Peripheral
from mcu_ghost.emulate.chips.stm32 import (
    MHZ,
    Bit,
    Gpio,
    Limit,
    Rcc,
    Ready,
    Supply,
    bus_prescaler,
    prescaler,
)
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart

_RCC, _GPIO, _PWR, _FLASH = 0x5802_4400, 0x5802_0000, 0x5802_4800, 0x5200_2000
_PORTS = 11
_HSI_READY, _CSI_READY, _HSE_READY, _PLL1_READY = Bit(0, 2), Bit(0, 8), Bit(0, 17), Bit(0, 25)
_LOCK = 6_400  # clocks of the 64 MHz there are by then
_CLOCKS = {
    0x4001_1000: ("APB2ENR", Bit(0xF0, 4)),
    0x4001_1400: ("APB2ENR", Bit(0xF0, 5)),
    0x4000_4400: ("APB1LENR", Bit(0xE8, 17)),
    0x4000_4800: ("APB1LENR", Bit(0xE8, 18)),
    0x4000_4C00: ("APB1LENR", Bit(0xE8, 19)),
    0x4000_5000: ("APB1LENR", Bit(0xE8, 20)),
} | {_GPIO + 0x400 * i: ("AHB4ENR", Bit(0xE0, i)) for i in range(_PORTS)}


class H7Rcc(Rcc):
    """RCC: HSI and PLL1; the core has a divider of its own, all buses another behind it."""

    SWITCH = (0x10, 3, 3)
    SOURCES = {0: ("HSI", _HSI_READY), 1: ("CSI", _CSI_READY), 2: ("HSE", _HSE_READY),
               3: ("PLL", _PLL1_READY)}  # fmt: skip
    PLL_SETTINGS = (0x28, 0x2C, 0x30)
    CORE, BUSES = (0x18, 8), ((0x1C, 4), (0x1C, 8))

    def __init__(self, bus: Bus, board: Board, pwr: Pwr, flash: Limit) -> None:
        ready = (
            Ready(0, 1 << 0, _HSI_READY, 0),
            Ready(0, 1 << 7, _CSI_READY, 0),
            Ready(0, 0, _HSE_READY, 0),  # nothing is there
            Ready(0, 1 << 24, _PLL1_READY, _LOCK),
        )
        values = {0x00: 0x83, 0x10: 0, 0x18: 0, 0x1C: 0, 0x20: 0, 0x28: 0x0202_0200,
                  0x2C: 0x01FF_0000, 0x30: 0x0101_0280, 0xE0: 0, 0xE8: 0, 0xF0: 0}  # fmt: skip
        super().__init__(bus, board, _RCC, values, ready, _CLOCKS, pwr, flash)

    def source_hertz(self, source: str) -> int:
        """Return the frequency of an oscillator."""
        return 64 * MHZ if source == "HSI" else 4 * MHZ

    def pll_hertz(self) -> int:
        """Return what output P of PLL1 makes."""
        number = self.field(0x28, 0, 2)
        source, there = self.SOURCES.get(number if number < 3 else 9, ("nothing", _HSE_READY))
        if not self.shown(there):
            raise Misuse(f"PLL1 runs from {source}, which is not ready")
        m, n, p = (
            self.field(0x28, 4, 6),
            self.field(0x30, 0, 9) + 1,
            self.field(0x30, 9, 7) + 1,
        )
        made = self.pll_output(self.source_hertz(source), max(m, 1), n, p)
        into = self.source_hertz(source) / max(m, 1)
        band = self.field(0x2C, 2, 2)
        if m == 0 or not 1 << band <= into / MHZ <= 2 << band:
            raise Misuse(f"PLL1RGE {band} is not for the {into / MHZ:g} MHz that go into PLL1")
        if self.field(0x2C, 1, 1):
            raise Misuse("PLL1VCOSEL is for oscillators of 150 to 420 MHz")
        if not self.field(0x2C, 16, 1) or (p > 1 and p % 2):
            raise Misuse(f"output P of PLL1 is off, or its divider odd ({p})")
        return made

    def flash_hertz(self) -> int:
        """Return the clock of AXI, flash and AHB."""
        return self.core() // prescaler(self.field(0x18, 0, 4))

    def wait_states(self, hertz: int) -> int | None:
        """Return what flash needs: one for 70 MHz at VOS1, 55 at VOS2, 45 at VOS3."""
        step = {400: 70, 300: 55, 200: 45}[self.pwr.limit() // MHZ] * MHZ
        return -(-hertz // step) - 1

    def validate(self) -> None:
        """Refuse clocks that are too fast for flash, voltage or buses."""
        super().validate()
        if self.flash_hertz() * 2 > self.pwr.limit():
            raise Misuse("AXI and AHB take half of the core's highest clock at most")
        if self.flash_hertz() > 185 * MHZ and self.flash.field(0, 4, 2) < 2:
            raise Misuse("above 185 MHz, WRHIGHFREQ must be 2")
        dividers = [self.field(*place, 3) for place in ((0x18, 4), (0x1C, 4), (0x1C, 8), (0x20, 4))]
        for divider in dividers:
            if self.flash_hertz() // bus_prescaler(divider) > 100 * MHZ:
                raise Misuse("an APB takes 100 MHz at most")


class Pwr(Supply):
    """PWR: the supply must be chosen once before the core voltage can change."""

    _CHOSEN, _VOS_READY = Bit(0x04, 13), Bit(0x18, 13)

    def __init__(self, bus: Bus) -> None:
        ready = (
            Ready(0x0C, 1 << 1, self._CHOSEN, 640),
            Ready(0x18, 3 << 14, self._VOS_READY, 640),
        )
        super().__init__(bus, _PWR, {0x04: 0x4000, 0x0C: 0x46, 0x18: 0x4000}, ready)
        self._supply: int | None = None

    def shown(self, bit: Bit) -> bool:
        """Whether a bit that answers is set; none before the supply was chosen."""
        return self._supply is not None and super().shown(bit)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0x0C:
            if value & 7 != 2:
                raise Misuse("PWR_CR3 must choose the LDO, which is how the board is wired")
            if self._supply not in (None, value & 7):
                raise Misuse("the supply can be chosen only once")
            self._supply = value & 7
        elif offset == 0x18 and not self.shown(self._CHOSEN):
            raise Misuse("VOS cannot change before the supply is chosen in PWR_CR3")
        elif offset == 0x18 and not value >> 14 & 3:
            raise Misuse("VOS 0 is not here")
        super().write(offset, value)

    def limit(self) -> int:
        """Return the core's highest clock at this voltage, in Hz."""
        scale = self.field(0x18, 14, 2) if self.shown(self._VOS_READY) else 1
        return (100 + 100 * scale) * MHZ


def peripherals(bus: Bus, board: Board, console: Stm32Usart) -> list[Peripheral]:
    """Return what an H7 has besides its console, and connect that."""
    pwr, flash = Pwr(bus), Limit(bus, _FLASH, {0: 0x37})  # ACR
    rcc = H7Rcc(bus, board, pwr, flash)
    gpio = Gpio(bus, rcc, _GPIO, _PORTS, mode=0xFFFF_FFFF)
    console.connect(rcc, gpio)
    return [rcc, pwr, flash, gpio]

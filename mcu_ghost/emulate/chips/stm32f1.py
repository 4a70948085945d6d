# SPDX-License-Identifier: Apache-2.0
"""Clocks, flash and pins of the STM32F103 (RM0008), the oldest kind that is here."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral
from mcu_ghost.emulate.chips.stm32 import MHZ, Bit, Gpio, Limit, Rcc, Supply
from mcu_ghost.emulate.chips.stm32_crystal import CrystalRcc
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart

_RCC, _GPIO, _FLASH = 0x4002_1000, 0x4001_0800, 0x4002_2000
_NO_PWR = 0x4000_7000  # which start-up has no business with
_PORTS = 7
_CLOCKS = {
    0x4001_3800: ("APB2ENR", Bit(0x18, 14)),
    0x4000_4400: ("APB1ENR", Bit(0x1C, 17)),
    0x4000_4800: ("APB1ENR", Bit(0x1C, 18)),
    0x4000_4C00: ("APB1ENR", Bit(0x1C, 19)),
    0x4000_5000: ("APB1ENR", Bit(0x1C, 20)),
    _NO_PWR: ("APB1ENR", Bit(0x1C, 28)),
} | {_GPIO + 0x400 * i: ("APB2ENR", Bit(0x18, 2 + i)) for i in range(_PORTS)}


class F1Rcc(CrystalRcc):
    """RCC: HSI, HSE and a PLL that only multiplies."""

    SWITCH = (0x04, 2, 2)
    HSI = 8 * MHZ
    TAKES = 16_000, 1_600  # 2 ms of the 8 MHz there are by then, and 0.2 ms
    PLL_SETTINGS = ()  # they are in the register that selects, see `write`
    CORE, BUSES = (0x04, 4), ((0x04, 8), (0x04, 11))
    LATENCY_BITS = 3

    def __init__(self, bus: Bus, board: Board, pwr: Supply, flash: Limit) -> None:
        super().__init__(bus, board, _RCC, {0x04: 0, 0x18: 0, 0x1C: 0}, _CLOCKS, pwr, flash)

    def pll_hertz(self) -> int:
        """Return what the PLL makes."""
        crystal = self.field(0x04, 16, 1)
        source = self.pll_source_hertz(crystal)
        divide = self.field(0x04, 17, 1) + 1 if crystal else 2
        times = min(self.field(0x04, 18, 4) + 2, 16)
        return self.pll_output(source, divide, times, 1)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        settings = 0x3F << 16  # PLLSRC, PLLXTPRE, PLLMUL
        changed = offset == 0x04 and (value ^ self.values[0x04]) & settings
        if changed and self.bit(self.PLL_ON):
            raise Misuse("the PLL's settings may only change while it is off")
        super().write(offset, value)


class NoSupply(Supply):
    """The core voltage has one scale."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, _NO_PWR, {})

    def limit(self) -> int:
        """Return the highest HCLK at this voltage, in Hz."""
        assert self.rcc is not None
        return self.rcc.chip.clock_hz


class F1Gpio(Gpio):
    """Ports whose pins have four bits each, and no function by number."""

    def __init__(self, bus: Bus, rcc: Rcc) -> None:
        super().__init__(bus, rcc, _GPIO, _PORTS, mode=0)
        self._values = [{0x00: 0x4444_4444, 0x04: 0x4444_4444, 0x0C: 0} for _ in range(_PORTS)]

    def wrong(self, pin: int, sends: bool, wanted: int | None) -> str | None:
        """Return what a pin has instead of what a console needs; None if it has it."""
        port, bit = divmod(pin, 16)
        bits = self._values[port][4 * (bit // 8)] >> 4 * (bit % 8) & 15
        if sends:
            right = bits & 3 and bits >> 2 == 2
            return None if right else f"{bits:#x} in CRL or CRH, which is no output of a peripheral"
        return None if bits in (4, 8) else f"{bits:#x} in CRL or CRH, which is no digital input"


class F1Flash(Limit):
    """FLASH_ACR: a prefetch buffer that says whether it is on."""

    def read(self, offset: int) -> int:
        """Return a register's value."""
        value = super().read(offset)
        return value | (value & 0x10) << 1

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset != 0:
            raise NoRegister
        super().write(offset, value & 0x1F)


def peripherals(bus: Bus, board: Board, console: Stm32Usart) -> list[Peripheral]:
    """Return what an F103 has besides its console, and connect that."""
    pwr, flash = NoSupply(bus), F1Flash(bus, _FLASH, {0: 0x10})  # ACR
    rcc = F1Rcc(bus, board, pwr, flash)
    gpio = F1Gpio(bus, rcc)
    console.connect(rcc, gpio)
    return [rcc, pwr, flash, gpio]

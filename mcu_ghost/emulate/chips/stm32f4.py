# SPDX-License-Identifier: Apache-2.0
"""Clocks, power and flash of the STM32F4 (RM0090, RM0383) and F7 (RM0385), which are much alike."""

from __future__ import annotations

from mcu_ghost.boards import Board, chip
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, Peripheral
from mcu_ghost.emulate.chips.stm32 import MHZ, Bit, Gpio, Limit, Ready, Supply
from mcu_ghost.emulate.chips.stm32_crystal import CrystalRcc
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart

_RCC, _GPIO, _FLASH, _PWR = 0x4002_3800, 0x4002_0000, 0x4002_3C00, 0x4000_7000
_LOCK = 1_600  # 0.1 ms of the 16 MHz there are by then
_USARTS = {
    0x4001_1000: ("APB2ENR", Bit(0x44, 4)),
    0x4001_1400: ("APB2ENR", Bit(0x44, 5)),
    0x4000_4400: ("APB1ENR", Bit(0x40, 17)),
    0x4000_4800: ("APB1ENR", Bit(0x40, 18)),
    0x4000_4C00: ("APB1ENR", Bit(0x40, 19)),
    0x4000_5000: ("APB1ENR", Bit(0x40, 20)),
}


class F4Rcc(CrystalRcc):
    """RCC of both families."""

    SWITCH = (0x08, 2, 2)
    HSI = 16 * MHZ
    TAKES = 32_000, _LOCK  # 2 ms for the crystal
    PLL_SETTINGS = (0x04,)
    CORE, BUSES = (0x08, 4), ((0x08, 10), (0x08, 13))

    def __init__(self, bus: Bus, board: Board, pwr: Pwr, flash: Limit, ports: int) -> None:
        clocks = _USARTS | {_PWR: ("APB1ENR", Bit(0x40, 28))}
        clocks |= {_GPIO + 0x400 * i: ("AHB1ENR", Bit(0x30, i)) for i in range(ports)}
        values = {0x04: 0x2400_3010, 0x08: 0, 0x30: 0x0010_0000, 0x40: 0, 0x44: 0}
        super().__init__(bus, board, _RCC, values, clocks, pwr, flash)

    def pll_hertz(self) -> int:
        """Return SYSCLK from the PLL."""
        source = self.pll_source_hertz(self.field(0x04, 22, 1))
        m, n, p = self.field(0x04, 0, 6), self.field(0x04, 6, 9), self.field(0x04, 16, 2)
        if m < 2:
            raise Misuse(f"PLLM must be 2 to 63, not {m}")
        return self.pll_output(source, m, n, 2 * p + 2)


class Pwr(Supply):
    """PWR: the core voltage, and over-drive where there is one."""

    _ODRDY, _ODSWRDY = Bit(4, 16), Bit(4, 17)

    def __init__(self, bus: Bus, board: Board) -> None:
        self.overdrives = overdrives = board.startup.family == "stm32f7"
        self._chip = chip.of(board)
        # After a reset the second highest scale, where a chip has three; the F7 has the highest.
        scales = self._chip.voltages
        reset = scales[0 if overdrives or len(scales) == 2 else 1].value
        ready = (
            (Ready(0, 1 << 16, self._ODRDY, _LOCK), Ready(0, 1 << 17, self._ODSWRDY, _LOCK))
            if overdrives
            else ()
        )
        super().__init__(bus, _PWR, {0: reset << 14, 4: 0}, ready)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        assert self.rcc is not None
        if offset == 4:
            raise Misuse("PWR_CSR is not to be written here")
        if (value ^ self.values[0]) & 0xC000 and self.rcc.bit(self.rcc.PLL_ON):
            raise Misuse("the voltage scale may only change while the PLL is off")
        if self.overdrives and value & 1 << 17 and not self.shown(self._ODRDY):
            raise Misuse("over-drive was switched to before it was ready")
        super().write(offset, value)

    def limit(self) -> int:
        """Return the highest HCLK at this voltage, in Hz."""
        scales = {scale.value: scale.clock_hz for scale in self._chip.voltages}
        limit = scales.get(self.field(0, 14, 2), 0)
        highest = limit == self._chip.voltages[0].clock_hz
        return 216 * MHZ if highest and self.overdrives and self.shown(self._ODSWRDY) else limit


def peripherals(bus: Bus, board: Board, console: Stm32Usart) -> list[Peripheral]:
    """Return what an F4 or F7 has besides its console, and connect that."""
    newer = board.startup.family == "stm32f7"
    ports = 11 if newer else 9
    pwr, flash = Pwr(bus, board), Limit(bus, _FLASH, {0: 0})  # ACR
    rcc = F4Rcc(bus, board, pwr, flash, ports)
    gpio = Gpio(bus, rcc, _GPIO, ports, mode=0)
    console.connect(rcc, gpio)
    return [rcc, pwr, flash, gpio]

# SPDX-License-Identifier: Apache-2.0
"""Clocks, power, flash and pins of the STM32L4 (RM0351, RM0432) and G4 (RM0440)."""

from __future__ import annotations

from mcu_ghost.boards import Board, chip
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
            Ready(0, 1 << 8, _HSI_READY, 0 if pwr.newer else 16),  # 4 us of the 4 MHz there are
            Ready(0, 0, _HSE_READY, 0),  # nothing is there
            Ready(0, 1 << 24, _PLL_READY, 160),
        )
        control, configuration = (0x500, 5) if pwr.newer else (0x63, 0)
        values = {0x00: control, 0x08: configuration, 0x0C: 0x1000, 0x4C: 0, 0x58: 0x400, 0x5C: 0,
                  0x60: 0}  # fmt: skip
        super().__init__(bus, board, _RCC, values, ready, _CLOCKS, pwr, flash)
        self._was = (16 * MHZ if pwr.newer else 4 * MHZ, 0)  # the core's clock, and since when

    def source_hertz(self, source: str) -> int:
        """Return the frequency of an oscillator."""
        return {"MSI": 4, "HSI": 16}[source] * MHZ

    def pll_hertz(self) -> int:
        """Return what output R of the PLL makes."""
        source, there = self.SOURCES.get(self.field(0x0C, 0, 2) - 1, ("nothing", _HSE_READY))
        if not self.shown(there):
            raise Misuse(f"the PLL runs from {source}, which is not ready")
        if not self.field(0x0C, 24, 1):
            raise Misuse("output R of the PLL is off")
        m, n, r = self.field(0x0C, 4, 4) + 1, self.field(0x0C, 8, 7), self.field(0x0C, 25, 2)
        return self.pll_output(self.source_hertz(source), m, n, 2 * r + 2)

    def wait_states(self, hertz: int) -> int | None:
        """Return what flash needs, in range 1 or, at 8 MHz each, in range 2."""
        if self.pwr.limit() <= 26 * MHZ:
            return -(-hertz // (8 * MHZ)) - 1
        assert isinstance(self.pwr, Pwr)
        return self.chip.wait_states(hertz, self.pwr.boosted())

    def validate(self) -> None:
        """Refuse clocks that are too fast, or that became so too suddenly."""
        super().validate()
        now, (before, since) = self.core(), self._was
        if now == before:
            return
        if self.chip.boosts(now):
            waited = (self.bus.now() - since) / before * MHZ  # us; all instructions took a clock
            if 2 * before < now or waited < 1:
                above = self.chip.boost_above_hz / MHZ
                raise Misuse(
                    f"above {above:g} MHz the core's clock must have had half of it for 1 us"
                )
        self._was = (now, self.bus.now())


class G4Rcc(L4Rcc):
    """RCC of a G4: without MSI, so it starts from HSI."""

    SOURCES = {n: source for n, source in L4Rcc.SOURCES.items() if n}


class Pwr(Supply):
    """PWR: range 1 of the core voltage, boosted where the chip can be, and range 2."""

    def __init__(self, bus: Bus, board: Board) -> None:
        self.newer = board.startup.family == "stm32g4"
        self._chip = chip.of(board)
        boost = {_CR5: 0x100} if self._chip.boost_above_hz else {}
        super().__init__(bus, _PWR, {_CR1: 0x200, _IOSV.offset: 0} | boost)

    def boosted(self) -> bool:
        """Whether range 1 is."""
        return _CR5 in self.values and not self.field(_CR5, 8, 1)

    def limit(self) -> int:
        """Return the highest HCLK at this voltage, in Hz."""
        if self.field(_CR1, 9, 2) != 1:
            return 26 * MHZ
        unboosted = self._chip.boost_above_hz or self._chip.clock_hz
        return self._chip.clock_hz if self.boosted() else unboosted


class G4Flash(Limit):
    """FLASH of a G4, where a bit lets the debugger in."""

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0 and not value & 1 << 18:
            raise Misuse("FLASH_ACR.DBG_SWEN is 0: no debugger comes in any more")
        super().write(offset, value)


class L4Gpio(Gpio):
    """Ports of which G, but for its first two pins, has a supply that PWR must declare valid."""

    def function(self, pin: int) -> int | None:
        """Return the alternate function of a pin."""
        if 16 * _PORT_G + 2 <= pin < 16 * _PORT_G + 16 and not self._rcc.pwr.bit(_IOSV):
            raise Misuse(f"PG{pin % 16} is isolated: IOSV of PWR_CR2 is 0")
        return super().function(pin)


def peripherals(bus: Bus, board: Board, console: Stm32Usart) -> list[Peripheral]:
    """Return what an L4 or G4 has besides its console, and connect that."""
    pwr = Pwr(bus, board)
    flash = G4Flash(bus, _FLASH, {0: 0x4_0600}) if pwr.newer else Limit(bus, _FLASH, {0: 0x600})
    rcc = (G4Rcc if pwr.newer else L4Rcc)(bus, board, pwr, flash)
    kind, ports = (Gpio, _PORT_G + 1) if pwr.newer else (L4Gpio, _PORTS)
    gpio = kind(bus, rcc, _GPIO, ports, mode=0xFFFF_FFFF)
    console.connect(rcc, gpio, parts=256 if console.base == _LPUART1 else 1)
    return [rcc, pwr, flash, gpio]

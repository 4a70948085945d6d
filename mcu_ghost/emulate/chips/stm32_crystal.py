# SPDX-License-Identifier: Apache-2.0
"""What RCC of the STM32F1, F4 and F7 share: one control register for HSI, a crystal and the PLL."""

from __future__ import annotations

from collections.abc import Mapping

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse
from mcu_ghost.emulate.chips.stm32 import Bit, Limit, Rcc, Ready, Supply

_HSI_READY, _HSE_READY, _PLL_READY = Bit(0, 1), Bit(0, 17), Bit(0, 25)


class CrystalRcc(Rcc):
    """RCC whose PLL runs from HSI or from the crystal at HSE.

    Attributes:
        HSI: Hz of the oscillator in the chip.
        TAKES: Cycles that the crystal takes to start, and the PLL to lock.
    """

    SOURCES = {0: ("HSI", _HSI_READY), 1: ("HSE", _HSE_READY), 2: ("PLL", _PLL_READY)}
    HSI: int
    TAKES: tuple[int, int]

    def __init__(
        self,
        bus: Bus,
        board: Board,
        base: int,
        values: Mapping[int, int],
        clocks: Mapping[int, tuple[str, Bit]],
        pwr: Supply,
        flash: Limit,
    ) -> None:
        crystal, lock = self.TAKES
        ready = (
            Ready(0, 1 << 0, _HSI_READY, 0),
            Ready(0, 1 << 16, _HSE_READY, crystal),
            Ready(0, 1 << 24, _PLL_READY, lock),
        )
        super().__init__(bus, board, base, {0x00: 0x83} | dict(values), ready, clocks, pwr, flash)

    def source_hertz(self, source: str) -> int:
        """Return the frequency of an oscillator."""
        return self.HSI if source == "HSI" else self.board.startup.hse_hz

    def pll_source_hertz(self, crystal: int) -> int:
        """Return what goes into the PLL; Misuse where that is not ready."""
        source = "HSE" if crystal else "HSI"
        if not self.shown(_HSE_READY if crystal else _HSI_READY):
            raise Misuse(f"the PLL runs from {source}, which is not ready")
        return self.source_hertz(source)

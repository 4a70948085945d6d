# SPDX-License-Identifier: Apache-2.0
"""Nordic's input for digital microphones (nRF52840 Product Specification 1.7, PDM)."""

from __future__ import annotations

from mcu_ghost.emulate.chips.capture import Capture
from mcu_ghost.emulate.chips.peripherals import Misuse

_CLOCKS = {0x0800_0000: 32, 0x0840_0000: 31, 0x0880_0000: 30, 0x0980_0000: 26,
           0x0A00_0000: 25, 0x0A80_0000: 24}  # fmt: skip
_PDMCLKCTRL, _MODE, _GAINL, _GAINR, _RATIO = 0x504, 0x508, 0x518, 0x51C, 0x520


class Pdm(Capture):
    """PDM with one microphone, which is the left one; samples are as after gain."""

    NAME = "PDM"
    BEGUN, STOPPED = 0x100, 0x104
    ENDED = (0x108,)
    EVENTS = (BEGUN, STOPPED, *ENDED)
    POINTER, COUNT, MOST = 0x560, 0x564, 0x7FFF
    PINS = {0x540: "clock", 0x544: "data"}
    RESET = {_PDMCLKCTRL: 0x0840_0000, _MODE: 0, _GAINL: 0x28, _GAINR: 0x28, _RATIO: 0}

    def validate(self) -> None:
        """Refuse what this microphone does not do."""
        clock, mode, ratio = (self.values[r] for r in (_PDMCLKCTRL, _MODE, _RATIO))
        if clock not in _CLOCKS:
            raise Misuse(f"PDM.PDMCLKCTRL takes none but its listed values, not {clock:#x}")
        if mode != 1:
            raise Misuse(f"PDM.MODE must be mono, left at the falling edge (1), not {mode}")
        if ratio not in (0, 1):
            raise Misuse(f"PDM.RATIO takes 0 or 1, not {ratio}")
        for gain in (_GAINL, _GAINR):
            if self.values[gain] > 0x50:
                raise Misuse(f"a gain of PDM ends at 0x50, {self.values[gain]:#x} is too much")

    def divider(self) -> int:
        """Return the cycles of the 32 MHz clock that a sample takes."""
        return _CLOCKS[self.values[_PDMCLKCTRL]] * (80 if self.values[_RATIO] else 64)

    def samples(self) -> int:
        """Return how many samples COUNT stands for."""
        return self.values[self.COUNT]

# SPDX-License-Identifier: Apache-2.0
"""Nordic's I2S as a master that receives and may send (nRF52840 Product Specification 1.7)."""

from __future__ import annotations

from typing import Any

from mcu_ghost.boards import pin_number
from mcu_ghost.emulate.chips.capture import Capture
from mcu_ghost.emulate.chips.peripherals import Misuse

_CLOCKS = {0x8000_0000: 2, 0x5000_0000: 3, 0x4000_0000: 4, 0x3000_0000: 5, 0x2800_0000: 6,
           0x2000_0000: 8, 0x1800_0000: 10, 0x1600_0000: 11, 0x1100_0000: 15, 0x1000_0000: 16,
           0x0C00_0000: 21, 0x0B00_0000: 23, 0x0880_0000: 30, 0x0840_0000: 31, 0x0800_0000: 32,
           0x0600_0000: 42, 0x0410_0000: 63, 0x020C_0000: 125}  # fmt: skip
_RATIOS = (32, 48, 64, 96, 128, 192, 256, 384, 512)
_MODE, _RXEN, _TXEN, _MCKEN, _MCKFREQ, _RATIO = 0x504, 0x508, 0x50C, 0x510, 0x514, 0x518
_SWIDTH, _ALIGN, _FORMAT, _CHANNELS = 0x51C, 0x520, 0x524, 0x528
_TXD_PTR, _PSEL_SDOUT, _TXPTRUPD = 0x540, 0x570, 0x114
_NEEDED = {_MODE: 0, _RXEN: 1, _MCKEN: 1, _SWIDTH: 1, _ALIGN: 0, _FORMAT: 0,
           _CHANNELS: 1}  # fmt: skip


class I2s(Capture):
    """I2S, master, receiving 16 bits of the left channel; two samples share a word.

    What is sent is read from RAM meanwhile, so it may not change, and more of it must come in time.
    """

    NAME = "I2S"
    BEGUN, STOPPED = 0x104, 0x108
    ENDED = ()
    EVENTS = (BEGUN, STOPPED, _TXPTRUPD)
    POINTER, COUNT, MOST = 0x538, 0x550, 0x3FFF
    PINS = {0x564: "clock", 0x568: "word", 0x56C: "data"}
    RESET = {_MODE: 0, _RXEN: 0, _TXEN: 1, _MCKEN: 1, _MCKFREQ: 0x2000_0000, _RATIO: 6,
             _SWIDTH: 1, _ALIGN: 0, _FORMAT: 0, _CHANNELS: 0, _TXD_PTR: 0, 0x560: 0xFFFF_FFFF,
             _PSEL_SDOUT: 0xFFFF_FFFF}  # fmt: skip

    def __init__(self, *around: Any) -> None:
        super().__init__(*around)
        self._new = False  # TXD.PTR was written since it was taken over
        self._sending: tuple[int, bytes] | None = None  # address, and what was there

    def write(self, offset: int, value: int) -> None:
        """Write a register; TXD.PTR takes the next buffer while one is sent."""
        if offset != _TXD_PTR:
            if offset == _PSEL_SDOUT and self._enabled:
                raise Misuse("the pins of I2S may only change while it is disabled")
            super().write(offset, value)
            return
        if self._started is not None and self._new:
            raise Misuse("I2S: TXD.PTR was written twice before it was taken over")
        self.values[offset], self._new = value, True

    def _begin(self) -> None:
        """Take the pointers over; what was sent until now has been."""
        super()._begin()
        if not self.values[_TXEN]:
            return
        if self._sending is not None:
            address, data = self._sending
            if self.bus.memory(address, len(data)) != data:
                raise Misuse("I2S: what it sends changed meanwhile")
            self._sound.played += data
        if not self._new:
            raise Misuse("I2S: the pointer to what is sent next came too late")
        address, self._new = self.values[_TXD_PTR], False
        self._sending = (address, self.bus.memory(address, 2 * self.samples()))
        self.events.add(_TXPTRUPD)

    def validate(self) -> None:
        """Refuse what this microphone does not do."""
        for register, needed in _NEEDED.items():
            if self.values[register] != needed:
                raise Misuse(f"I2S+{register:#x} is {self.values[register]}, not {needed}")
        if self.values[_TXEN]:
            pin, chosen = pin_number(self._microphone.out_pin), self.values[_PSEL_SDOUT]
            if pin is None:
                raise Misuse("I2S.TXEN is 1, and nothing that plays is wired")
            if chosen != pin:
                raise Misuse(f"I2S sends at pin {chosen:#x}, not {pin:#x}")
            if not self._gpio.is_output(pin):
                raise Misuse("I2S: the out pin is no output")
        if self.values[_MCKFREQ] not in _CLOCKS:
            raise Misuse("I2S.MCKFREQ takes none but its listed values")
        if self.values[_RATIO] >= len(_RATIOS) or _RATIOS[self.values[_RATIO]] % 32:
            raise Misuse("I2S.RATIO must be a multiple of the 32 bits of a frame")

    def divider(self) -> int:
        """Return the cycles of the 32 MHz clock that a sample takes."""
        return _CLOCKS[self.values[_MCKFREQ]] * _RATIOS[self.values[_RATIO]]

    def samples(self) -> int:
        """Return how many samples COUNT stands for."""
        return 2 * self.values[self.COUNT]

# SPDX-License-Identifier: Apache-2.0
"""Arm's PL011 UART (Arm DDI 0183)."""

from __future__ import annotations

from collections import deque

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister
from mcu_ghost.emulate.chips.uart import ShiftingSerial
from mcu_ghost.host.text import count

_DR, _FR, _IBRD, _FBRD, _LCR_H, _CR = 0x00, 0x18, 0x24, 0x28, 0x2C, 0x30
_IFLS, _IMSC, _RIS, _MIS, _ICR = 0x34, 0x38, 0x3C, 0x40, 0x44
_ON, _TX, _RX = 1 << 0, 1 << 8, 1 << 9
_RX_BIT, _TIMEOUT_BIT, _OVERRUN_BIT = 1 << 4, 1 << 6, 1 << 10
_FIFO = 32
_LEVELS = (4, 8, 16, 24, 28)  # bytes that raise the receive interrupt, by IFLS
_TIMEOUT_BITS = 32


class Surroundings:
    """What a UART needs of its chip: here a chip where all is always there."""

    def __init__(self, board: Board) -> None:
        self._hertz = board.console.clock_hz

    def hertz(self) -> int:
        """Return the UART's clock; Misuse where it has none, or is held in reset."""
        return self._hertz

    def connected(self, pin: int) -> bool:
        """Whether pin 0, which sends, or 1, which receives, is the UART's."""
        return True


class Pl011(ShiftingSerial):
    """A PL011 with FIFOs of 32 bytes, always used with them.

    Attributes:
        around: The chip around it.
    """

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self.around = Surroundings(board)
        self._values = {_IBRD: 0, _FBRD: 0, _LCR_H: 0, _CR: _TX | _RX, _IFLS: 0x12, _IMSC: 0}
        self._divider = 0  # as of the last write to LCR_H, in 64ths
        self._raw = 0
        self._out: deque[int] = deque()
        self._in: deque[int] = deque()
        self._silent_at: int | None = None  # when the receive timeout comes

    def line(self) -> bool:
        """Whether an interrupt that is on is up."""
        return bool(self._raw & self._values[_IMSC])

    def read(self, offset: int) -> int:
        """Return a register's value; DR takes a received byte."""
        self.around.hertz()
        if offset == _DR:
            return self._take()
        if offset == _FR:
            busy = self._shifting is not None or bool(self._out)
            return (
                busy << 3
                | (not self._in) << 4
                | (len(self._out) >= _FIFO) << 5
                | (len(self._in) >= _FIFO) << 6
                | (not self._out) << 7
            )
        if offset in (_RIS, _MIS):
            return self._raw & (self._values[_IMSC] if offset == _MIS else ~0)
        if offset not in self._values:
            raise NoRegister
        return self._values[offset]

    def write(self, offset: int, value: int) -> None:
        """Write a register; DR sends."""
        self.around.hertz()
        if offset == _DR:
            self._send(value & 0xFF)
        elif offset == _ICR:
            self._raw &= ~value
        elif offset not in self._values:
            raise NoRegister
        else:
            if self._values[_CR] & _ON and offset in (_IBRD, _FBRD, _LCR_H):
                raise Misuse("divider and format of the PL011 may only change while it is off")
            if offset == _IFLS and value & 0x38 > 0x20:
                raise Misuse(f"UARTIFLS {value:#x}: there is no such level")
            self._values[offset] = value
            if offset == _LCR_H:
                self._divider = 64 * self._values[_IBRD] + self._values[_FBRD]
            if offset == _CR and not value & _ON:
                self._out.clear()

    def _send(self, byte: int) -> None:
        if self._values[_CR] & (_ON | _TX) != _ON | _TX:
            raise Misuse("UARTDR written while the transmitter is off")
        if self._values[_LCR_H] & 0x7F != 0x70:
            raise Misuse("UARTLCR_H: 8 bits, no parity, one stop bit and FIFOs are what is needed")
        if not self.around.connected(0):
            raise Misuse("UARTDR written while no pin sends")
        if len(self._out) >= _FIFO:
            raise Misuse("UARTDR written while the FIFO is full: the byte is lost")
        self._out.append(byte)
        self.shift()

    def _byte_time(self) -> int:
        if not 64 <= self._divider < 64 * 65536:
            raise Misuse(f"a divider of {self._divider / 64:g} for the PL011")
        # Ten bits of 16 ticks, counted in clocks of the core.
        return round(10 * 16 * self._divider / 64 * self._hertz / self.around.hertz())

    def shift(self) -> None:
        """Begin with the next byte, if there is one and none is being sent."""
        if self._out and self._shifting is None:
            time = self._byte_time()
            if abs(time - self._host_byte) * 32 > self._host_byte:
                raise Misuse(
                    f"a byte takes {count(time, 'clock')}, at the console's baud {self._host_byte}"
                )
            self._shifting = (self.bus.now() + time, self._out.popleft())

    def received(self, byte: int) -> None:
        """Take a byte into the FIFO, or lose it."""
        if self._values[_CR] & (_ON | _RX) != _ON | _RX or not self.around.connected(1):
            return
        if len(self._in) >= _FIFO:
            self._raw |= _OVERRUN_BIT
            return
        self._in.append(byte)
        if len(self._in) >= _LEVELS[self._values[_IFLS] >> 3 & 7]:
            self._raw |= _RX_BIT
        self._silent_at = self.bus.now() + self._host_byte * _TIMEOUT_BITS // 10

    def due(self) -> int | None:
        """Return when a byte has come in or gone out, or none has come for a while."""
        times = [time for time in (super().due(), self._silent_at) if time is not None]
        return min(times, default=None)

    def advance(self) -> None:
        """Let bytes come in and go out, and note when none came."""
        super().advance()
        if self._silent_at is not None and self._silent_at <= self.bus.now():
            self._silent_at = None
            self._raw |= _TIMEOUT_BIT

    def _take(self) -> int:
        if not self._in:
            raise Misuse("UARTDR read while the FIFO is empty: it holds nothing new")
        byte = self._in.popleft()
        if len(self._in) < _LEVELS[self._values[_IFLS] >> 3 & 7]:
            self._raw &= ~_RX_BIT
        if not self._in:
            self._raw &= ~_TIMEOUT_BIT
            self._silent_at = None
        return byte

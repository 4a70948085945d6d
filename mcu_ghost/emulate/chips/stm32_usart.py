# SPDX-License-Identifier: Apache-2.0
"""USART and LPUART of the STM32: RM0090 chapter 30 for the F4, RM0385 chapter 31 for others."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister
from mcu_ghost.emulate.chips.stm32 import MHZ, Gpio, Rcc
from mcu_ghost.emulate.chips.uart import ShiftingSerial
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count

_RE, _TE, _RXNEIE = 1 << 2, 1 << 3, 1 << 5
_ORE, _RXNE, _TC, _TXE = 1 << 3, 1 << 5, 1 << 6, 1 << 7

# Where registers are: CR1, BRR, status, clear, receive, send; and UE, the bit that enables it all.
_OLD = (0x0C, 0x08, 0x00, -1, 0x04, 0x04, 1 << 13)
_NEW = (0x00, 0x0C, 0x1C, 0x20, 0x24, 0x28, 1 << 0)


class Stm32Usart(ShiftingSerial):
    """A serial port: one byte of buffer each way, behind a clock and two pins."""

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self.size = 0x400  # the next one begins behind it
        self._board = board
        self._old = board.startup.family in ("stm32f1", "stm32f4")
        places = _OLD if self._old else _NEW
        self._cr1, self._brr, self._isr, self._icr, self._rdr, self._tdr, self._enable = places
        self._control = 0
        self._divider = 0
        self._overrun = False
        self._seen_overrun = False  # on the F1 and F4, reading SR and then DR clears it
        self._buffer: int | None = None
        self._received: int | None = None
        self._last = 0
        self._rcc: Rcc
        self._gpio: Gpio
        self._parts = 1

    def connect(self, rcc: Rcc, gpio: Gpio, parts: int = 1) -> None:
        """Say what clocks it and where its pins are; `parts` of a clock is what BRR counts.

        Raises:
            GhostError: The chip has no serial port there.
        """
        if self.base not in rcc.clocks:
            raise GhostError(f"{self._board.name} has no serial port at {self.base:#010x}.")
        self._rcc, self._gpio, self._parts = rcc, gpio, parts

    def line(self) -> bool:
        """Whether the receive interrupt is up."""
        waiting = self._received is not None or self._overrun
        return bool(self._control & _RXNEIE) and waiting

    def read(self, offset: int) -> int:
        """Return a register's value; the data register takes the received byte."""
        self._rcc.validate_clock(self.base)
        if offset == self._isr:
            self._seen_overrun = self._overrun
            status = _TXE * (self._buffer is None) | _RXNE * (self._received is not None)
            idle = self._buffer is None and self._shifting is None
            return status | _TC * idle | _ORE * self._overrun
        if offset == self._rdr:
            byte, self._received = self._received, None
            if self._old and self._seen_overrun:
                self._overrun = self._seen_overrun = False
            self._last = self._last if byte is None else byte
            return self._last
        if offset in (self._cr1, self._brr):
            return self._control if offset == self._cr1 else self._divider
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register; the data register sends."""
        self._rcc.validate_clock(self.base)
        if offset == self._cr1:
            if value & ~(self._enable | _TE | _RE | _RXNEIE):
                raise Misuse(f"CR1 {value:#x}: only UE, TE, RE and RXNEIE are here")
            if self._control & _TE and not value & _TE and self._shifting is not None:
                raise Misuse("the transmitter was switched off while it was sending")
            self._control = value
        elif offset == self._brr:
            if self._control & self._enable:
                raise Misuse("BRR may only change while the UART is disabled")
            self._divider = value
        elif offset == self._tdr:
            self._send(value & 0xFF)
        elif offset == self._icr:
            if value & _ORE:
                self._overrun = False
        else:
            raise NoRegister

    def _send(self, byte: int) -> None:
        if not (self._control & self._enable and self._control & _TE):
            raise Misuse("a byte to send while the transmitter is off")
        if self._buffer is not None:
            raise Misuse("a byte to send before TXE: the one before is lost")
        self._buffer = byte
        self.shift()

    def shift(self) -> None:
        """Begin with the next byte, if there is one and none is being sent."""
        if self._buffer is not None and self._shifting is None:
            self._validate_pin("tx_pin")
            self._shifting = (self.bus.now() + self._byte_time(), self._buffer)
            self._buffer = None

    def _byte_time(self) -> int:
        """Return the core clocks that a byte takes on the line, if the host reads it right."""
        least, bits = (0x300, 20) if self._parts > 1 else (16, 16)
        if not least <= self._divider < 1 << bits:
            raise Misuse(
                f"BRR must be {least} or more and have {count(bits, 'bit')}, not {self._divider}"
            )
        hertz, wanted = self._rcc.core(), self._board.cpu.clock_hz
        if hertz != wanted:
            raise Misuse(f"the core runs at {hertz / MHZ:g} MHz, not at {wanted / MHZ:g}")
        seconds = 10 * self._divider / self._parts / self._rcc.apb_hertz(self.base)
        time = round(seconds * hertz)
        if abs(time - self._host_byte) * 32 > self._host_byte:
            raise Misuse(f"BRR {self._divider} makes {10 / seconds:.0f} baud, not the console's")
        return time

    def _validate_pin(self, key: str) -> None:
        console = self._board.console
        name = console.tx_pin if key == "tx_pin" else console.rx_pin
        number = console.tx_pin_number if key == "tx_pin" else console.rx_pin_number
        assert number is not None
        wrong = self._gpio.wrong(number, key == "tx_pin", console.alternate_function)
        if wrong is not None:
            raise Misuse(f"{name} has {wrong}: the UART is cut off")

    def received(self, byte: int) -> None:
        """Take a byte; one that comes before the last was fetched is lost."""
        if not (self._control & self._enable and self._control & _RE):
            return
        self._validate_pin("rx_pin")
        if self._received is not None:
            self._overrun = True
        else:
            self._received = byte

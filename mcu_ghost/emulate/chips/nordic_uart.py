# SPDX-License-Identifier: Apache-2.0
"""Nordic's UARTs (nRF52840 Product Specification 1.7, nRF51 Reference Manual 3.0)."""

from __future__ import annotations

from collections import deque

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister
from mcu_ghost.emulate.chips.uart import Serial


class NrfSerial(Serial):
    """What UART and UARTE share: events, interrupts, pins, baud rate.

    Attributes:
        events: Offsets of events that have happened.
    """

    ENABLED = 0
    EVENTS: tuple[int, ...] = ()
    PLAIN: tuple[int, ...] = ()
    announces = True

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self._pins = (board.console.tx_pin_number, board.console.rx_pin_number)
        self.events: set[int] = set()
        self.enable = 0
        self.receiving = False
        self.fifo: deque[int] = deque()
        self.errors = 0
        self._interrupts = 0
        self._plain = {offset: 0 for offset in self.PLAIN}
        self._plain |= {0x508: ~0, 0x50C: ~0, 0x510: ~0, 0x514: ~0, 0x524: 0x0400_0000}

    def line(self) -> bool:
        """Whether an event with its interrupt enabled has happened."""
        return any(self._interrupts >> (event - 0x100) // 4 & 1 for event in self.events)

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset in self.EVENTS:
            return int(offset in self.events)
        if offset in (0x300, 0x304, 0x308):
            return self._interrupts
        if offset == 0x480:
            return self.errors
        if offset == 0x500:
            return self.enable
        if offset in self._plain:
            return self._plain[offset] & 0xFFFF_FFFF
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset in self.EVENTS:
            if value == 0:
                self.events.discard(offset)
            else:
                raise Misuse("an event register takes only 0")
        elif offset == 0x300:
            self._interrupts = value
        elif offset == 0x304:
            self._interrupts |= value
        elif offset == 0x308:
            self._interrupts &= ~value
        elif offset == 0x480:
            self.errors &= ~value
        elif offset == 0x500:
            if value not in (0, self.ENABLED):
                raise Misuse(f"ENABLE takes 0 or {self.ENABLED}, not {value}")
            self.enable = value
            if not value:
                self.receiving = False
                self.fifo.clear()
                self.disabled()
        elif offset in self._plain:
            if self.enable and offset in (0x508, 0x50C, 0x510, 0x514):
                raise Misuse("the pins of a UART may only change while it is disabled")
            self._plain[offset] = value
        else:
            raise NoRegister

    def disabled(self) -> None:
        """Stop what was being sent."""

    def byte_time(self) -> int:
        """Return the core clocks that a byte takes on the line."""
        if not self._plain[0x524]:
            raise Misuse("BAUDRATE is 0")
        # The register counts in 16 MHz / 2**32.
        return round(10 * self._hertz * 2**32 / (16_000_000 * self._plain[0x524]))

    def validate_ready(self, pin: int, what: str) -> None:
        """Refuse a start that would do nothing."""
        if self.enable != self.ENABLED:
            raise Misuse(f"{what} while the UART is disabled")
        wanted = self._pins[0 if pin == 0x50C else 1]
        if self._plain[pin] & 0xFFFF_FFFF != wanted:
            raise Misuse(f"{what} with PSEL {self._plain[pin] & 0xFFFF_FFFF:#x}, not {wanted}")

    def host_in_step(self) -> bool:
        """Whether both ends run at the same baud rate, to 3 %."""
        return abs(self.byte_time() - self._host_byte) * 32 < self._host_byte


class NrfUarte(NrfSerial):
    """The UART with EasyDMA of the nRF52 (PS chapter 6.34)."""

    ENABLED = 8
    ENDRX, ENDTX, TXDRDY, RXDRDY, ERROR = 0x110, 0x120, 0x11C, 0x108, 0x124
    RXSTARTED, TXSTARTED, TXSTOPPED, RXTO = 0x14C, 0x150, 0x158, 0x144
    EVENTS = (0x100, 0x104, RXDRDY, ENDRX, TXDRDY, ENDTX, ERROR, RXTO, RXSTARTED, TXSTARTED,
              TXSTOPPED)  # fmt: skip
    PLAIN = (0x200, 0x534, 0x538, 0x544, 0x548, 0x56C)
    FIFO = 4

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self._out: tuple[int, int, bytes] | None = None  # when over, address, bytes
        self._in: tuple[int, int] | None = None  # next address, bytes left
        self._amount = [0, 0]

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset in (0x53C, 0x54C):
            return self._amount[offset == 0x54C]
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        """Write a register; tasks start on 1."""
        if offset in (0x000, 0x004, 0x008, 0x00C):
            if value != 1:
                raise Misuse("a task register takes only 1")
            (self._start_rx, self._stop_rx, self._start_tx, self._stop_tx)[offset // 4]()
            return
        if offset in (0x538, 0x548) and value > 0xFFFF:
            raise Misuse(f"MAXCNT has 16 bits, {value} is too much")
        if offset == 0x200 and value & ~0x60:
            raise Misuse(f"SHORTS has no such bits: {value:#x}")
        super().write(offset, value)

    def _start_tx(self) -> None:
        self.validate_ready(0x50C, "STARTTX")
        if self._out is not None:
            raise Misuse("STARTTX while a transfer is running")
        address, size = self._plain[0x544], self._plain[0x548]
        data = self.bus.memory(address, size)
        if not self.host_in_step():
            raise Misuse(f"BAUDRATE {self._plain[0x524]:#x} is not the console's")
        self.events.add(self.TXSTARTED)
        self._out = (self.bus.now() + size * self.byte_time(), address, data)

    def _stop_tx(self) -> None:
        self.disabled()
        self.events.add(self.TXSTOPPED)

    def sending_until(self) -> int | None:
        """Return when ENDTX comes."""
        return self._out[0] if self._out else None

    def transmitted(self) -> None:
        """End the transfer."""
        assert self._out is not None
        _, address, data = self._out
        self._out = None
        if self.bus.memory(address, len(data)) != data:
            raise Misuse("the buffer changed while EasyDMA was sending it")
        self.sent += data
        self._amount[1] = len(data)
        self.events |= {self.ENDTX, self.TXDRDY} if data else {self.ENDTX}

    def disabled(self) -> None:
        """Cut off what is being sent; bytes that are through stay sent."""
        if self._out is not None:
            over, _, data = self._out
            left = -(-max(0, over - self.bus.now()) // self.byte_time())
            self.sent += data[: len(data) - left]
            self._out = None
        self._in = None

    def _start_rx(self) -> None:
        self.validate_ready(0x514, "STARTRX")
        if self._in is not None:
            raise Misuse("STARTRX while a transfer is running")
        address, size = self._plain[0x534], self._plain[0x538]
        self.bus.memory(address, size)
        self.receiving = True
        self._amount[0] = 0
        self._in = (address, size)
        self.events.add(self.RXSTARTED)
        if size == 0:
            self._end_rx()
        while self.fifo and self._in is not None:
            self._store(self.fifo.popleft())

    def _stop_rx(self) -> None:
        if self._in is not None:
            self._end_rx()
        self.receiving = False
        self.events.add(self.RXTO)

    def received(self, byte: int) -> None:
        """Take a byte: into RAM, else into the FIFO, else it is lost."""
        if not self.receiving:
            return
        self.events.add(self.RXDRDY)
        if self._in is not None:
            self._store(byte)
        elif len(self.fifo) < self.FIFO:
            self.fifo.append(byte)
        else:
            self.errors |= 1
            self.events.add(self.ERROR)

    def _store(self, byte: int) -> None:
        assert self._in is not None
        address, left = self._in
        self.bus.store(address, bytes([byte]))
        self._amount[0] += 1
        self._in = (address + 1, left - 1)
        if left == 1:
            self._end_rx()

    def _end_rx(self) -> None:
        self._in = None
        self.events.add(self.ENDRX)
        shorts = self._plain[0x200]
        if shorts & 0x20:
            self._start_rx()
        if shorts & 0x40:
            self._stop_rx()


class NrfUart(NrfSerial):
    """The UART without DMA of the nRF51 (RM chapter 29)."""

    ENABLED = 4
    RXDRDY, TXDRDY, ERROR, RXTO = 0x108, 0x11C, 0x124, 0x144
    EVENTS = (0x100, 0x104, RXDRDY, TXDRDY, ERROR, RXTO)
    PLAIN = (0x56C,)
    FIFO = 6

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self._sending = False
        self._out: tuple[int, int] | None = None  # when over, byte

    def read(self, offset: int) -> int:
        """Return a register's value; RXD takes a byte out of the FIFO."""
        if offset == 0x518:
            byte = self.fifo.popleft() if self.fifo else 0
            if self.fifo:
                self.events.add(self.RXDRDY)
            return byte
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        """Write a register; tasks start on 1."""
        if offset in (0x000, 0x004, 0x008, 0x00C):
            if value != 1:
                raise Misuse("a task register takes only 1")
            if offset in (0x000, 0x008):
                self.validate_ready(0x514 if offset == 0 else 0x50C, "a start task")
            if offset < 8:
                self.receiving = offset == 0
                if offset == 4:
                    self.events.add(self.RXTO)
            else:
                self._sending = offset == 8
        elif offset == 0x51C:
            if not self._sending:
                raise Misuse("TXD written before STARTTX: nothing is sent")
            if self._out is not None:
                raise Misuse("TXD written before TXDRDY: the byte before is lost")
            if not self.host_in_step():
                raise Misuse(f"BAUDRATE {self._plain[0x524]:#x} is not the console's")
            self._out = (self.bus.now() + self.byte_time(), value & 0xFF)
        else:
            super().write(offset, value)

    def sending_until(self) -> int | None:
        """Return when TXDRDY comes."""
        return self._out[0] if self._out else None

    def transmitted(self) -> None:
        """Send the byte."""
        assert self._out is not None
        self.sent.append(self._out[1])
        self._out = None
        self.events.add(self.TXDRDY)

    def disabled(self) -> None:
        """Cut off what is being sent."""
        self._out = None
        self._sending = False

    def received(self, byte: int) -> None:
        """Take a byte into the FIFO, or lose it."""
        if not self.receiving:
            return
        if len(self.fifo) == self.FIFO:
            self.errors |= 1
            self.events.add(self.ERROR)
            return
        self.fifo.append(byte)
        if len(self.fifo) == 1:
            self.events.add(self.RXDRDY)

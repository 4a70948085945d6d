# SPDX-License-Identifier: Apache-2.0
"""What all UARTs have in common: bytes take their time on the line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Peripheral


class Serial(Peripheral):
    """What all UARTs share: bytes take ten bit times each way.

    Attributes:
        sent: What has left the board.
    """

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board.console.base)
        self.irq = board.console.irq
        self.sent = bytearray()
        self._hertz = board.cpu.clock_hz
        self._arriving: deque[tuple[int, int]] = deque()
        self._last_arrival = 0
        self._host_byte = 10 * board.cpu.clock_hz // board.console.baud

    def take_over(self, other: Serial) -> None:
        """Take what is on the line from the console before a reset."""
        self.sent = other.sent
        self._arriving = other._arriving
        self._last_arrival = other._last_arrival

    def arrive(self, data: bytes) -> None:
        """Let bytes come in from now on, one after the other at the console's baud rate."""
        time = max(self._last_arrival, self.bus.now())
        for byte in data:
            time += self._host_byte
            self._arriving.append((time, byte))
        self._last_arrival = time

    def due(self) -> int | None:
        """Return when the next byte has come in or gone out."""
        times = [self._arriving[0][0]] if self._arriving else []
        out = self.sending_until()
        return min([*times, *([] if out is None else [out])], default=None)

    def advance(self) -> None:
        """Let bytes come in and go out."""
        now = self.bus.now()
        while self._arriving and self._arriving[0][0] <= now:
            self.received(self._arriving.popleft()[1])
        out = self.sending_until()
        while out is not None and out <= now:
            self.transmitted()
            out = self.sending_until()

    def sending_until(self) -> int | None:
        """Return when what is being sent has left."""
        return None

    def transmitted(self) -> None:
        """Take note that it has left."""

    def received(self, byte: int) -> None:
        """Take a byte from the line."""


class ShiftingSerial(Serial, ABC):
    """A UART that sends by a shift register: one byte at a time, on its own when it is free."""

    announces = True

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self._shifting: tuple[int, int] | None = None  # when over, byte

    @abstractmethod
    def shift(self) -> None:
        """Begin with the next byte, if there is one and none is being sent."""

    def sending_until(self) -> int | None:
        """Return when the byte being shifted out is through."""
        return self._shifting[0] if self._shifting else None

    def transmitted(self) -> None:
        """Send the byte and begin with the next."""
        assert self._shifting is not None
        self.sent.append(self._shifting[1])
        self._shifting = None
        self.shift()

# SPDX-License-Identifier: Apache-2.0
"""The consoles by driver, and Arm's own UART (Arm DDI 0479, CMSDK APB UART)."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.nordic_uart import NrfUart, NrfUarte
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister
from mcu_ghost.emulate.chips.pl011 import Pl011
from mcu_ghost.emulate.chips.stm32_usart import Stm32Usart
from mcu_ghost.emulate.chips.uart import Serial, ShiftingSerial


class CmsdkUart(ShiftingSerial):
    """The APB UART of the Cortex-M System Design Kit: one byte of buffer each way."""

    def __init__(self, bus: Bus, board: Board) -> None:
        super().__init__(bus, board)
        self._ratio = board.cpu.clock_hz / board.console.clock_hz
        self._control = 0
        self._divider = 0
        self._overruns = 0  # bits of STATE
        self._interrupts = 0
        self._buffer: int | None = None
        self._received: int | None = None

    def line(self) -> bool:
        """Whether the receive interrupt is up."""
        return bool(self._interrupts & 2)

    def read(self, offset: int) -> int:
        """Return a register's value; DATA takes the received byte."""
        if offset == 0x00:
            byte, self._received = self._received, None
            return byte or 0
        if offset == 0x04:
            full = self._received is not None
            return (self._buffer is not None) | full << 1 | self._overruns
        if offset in (0x08, 0x0C, 0x10):
            return (self._control, self._interrupts, self._divider)[offset // 4 - 2]
        raise NoRegister

    def write(self, offset: int, value: int) -> None:
        """Write a register; DATA sends."""
        if offset == 0x00:
            if not self._control & 1:
                raise Misuse("DATA written while the transmitter is off")
            if self._buffer is not None:
                raise Misuse("DATA written while TXFULL: the byte before is lost")
            self._buffer = value & 0xFF
            self.shift()
        elif offset == 0x04:
            self._overruns &= ~value
        elif offset == 0x08:
            if value & ~0x0B:
                raise Misuse(f"CTRL {value:#x}: only TXEN, RXEN and the receive interrupt exist")
            self._control = value
        elif offset == 0x0C:
            self._interrupts &= ~value
        elif offset == 0x10:
            if not 16 <= value < 1 << 20:
                raise Misuse(f"BAUDDIV must be 16 or more and have 20 bits, not {value}")
            self._divider = value
        else:
            raise NoRegister

    def shift(self) -> None:
        """Begin with the next byte, if there is one and none is being sent."""
        if self._buffer is not None and self._shifting is None:
            if not self._divider:
                raise Misuse("DATA written before BAUDDIV")
            time = round(10 * self._divider * self._ratio)
            if abs(time - self._host_byte) * 32 > self._host_byte:
                raise Misuse(f"BAUDDIV {self._divider} is not the console's baud rate")
            self._shifting = (self.bus.now() + time, self._buffer)
            self._buffer = None

    def received(self, byte: int) -> None:
        """Take a byte; one that was not fetched is lost."""
        if not self._control & 2:
            return
        if self._received is not None:
            self._overruns |= 8
        self._received = byte
        if self._control & 8:
            self._interrupts |= 2


CONSOLES: dict[str, type[Serial]] = {
    "nrf_uarte": NrfUarte,
    "nrf_uart": NrfUart,
    "cmsdk_uart": CmsdkUart,
    "pl011": Pl011,
    "stm32_usart": Stm32Usart,
}

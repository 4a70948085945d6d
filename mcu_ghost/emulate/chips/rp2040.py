# SPDX-License-Identifier: Apache-2.0
"""The RP2040's boot ROM, and the serial interface (SSI) through which it runs from flash."""

from __future__ import annotations

from typing import Protocol

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.peripherals import Bus, Misuse, NoRegister, Peripheral
from mcu_ghost.emulate.chips.rp2_block import Block, Map
from mcu_ghost.host.errors import GhostError

CHIP = Map(
    resets=0x4000_C000,
    clocks=0x4000_8000,
    xosc=0x4002_4000,
    pll=0x4002_8000,
    io=0x4001_4000,
    pads=0x4001_C000,
    blocks=0x01FF_FFFF,
    released=1 << 6 | 1 << 9,  # IO_QSPI, PADS_QSPI
    bits={"pll": 1 << 12, "io": 1 << 5, "pads": 1 << 8, "uart": 1 << 22},
    pins=30,
    pad=0x56,
    sys=0,
)
_STAGE, _PLACE = 256, 0x2004_1F00  # bytes of the second stage, and where it runs


class Chip(Bus, Protocol):
    """A bus whose memory can be opened and closed."""

    def permit(self, address: int, size: int, *, read: bool, write: bool, execute: bool) -> None:
        """Say what may be done with a stretch of memory, in pages of 4096."""


def boot(chip: Chip, board: Board, flash: bytes) -> tuple[int, int]:
    """Do what the boot ROM does, and return the stack pointer and where to go.

    Flash stays closed until the second stage has set up the SSI.

    Args:
        chip: The chip.
        board: The board.
        flash: What flash begins with.

    Raises:
        GhostError: The boot ROM would not take the second stage.
    """
    stage = flash[:_STAGE]
    found, wanted = int.from_bytes(stage[-4:], "little"), crc32(stage[:-4])
    if found != wanted:
        raise GhostError(
            f"{board.name}: the boot ROM does not start this image: the CRC of its second stage,"
            f" the first 256 bytes of flash, is {wanted:#010x}, but {found:#010x} stands there."
        )
    chip.store(_PLACE, stage)
    chip.permit(_PLACE & ~0xFFF, 0x1000, read=True, write=True, execute=True)
    window = board.flash
    chip.permit(window.origin, window.size, read=False, write=False, execute=False)
    return _PLACE, _PLACE | 1


def crc32(data: bytes) -> int:
    """Return the boot ROM's CRC-32: polynomial 0x04C11DB7, from all ones on, nothing reflected."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C1_1DB7 if crc >> 31 else 0)) & 0xFFFF_FFFF
    return crc


def peripherals(chip: Chip, board: Board) -> list[Peripheral]:
    """Return what the second stage touches."""
    pads = {4 * i: value for i, value in enumerate((0, 0x56, 0x52, 0x52, 0x52, 0x52, 0x5A))}
    return [Ssi(chip, board), Block(chip, 0x4002_0000, pads)]


class Ssi(Peripheral):
    """The SSI with a W25Q flash: one way to set it up is known, that of the second stage."""

    _OFF_ONLY = (0x00, 0x04, 0x14, 0xF0, 0xF4)  # CTRLR0, CTRLR1, BAUDR, RX_SAMPLE_DLY, SPI_CTRLR0
    _QUAD = 2 << 21 | 31 << 16 | 3 << 8  # four lines, 32 bits, command then read
    _FIRST = 2 << 8 | 4 << 11 | 8 << 2 | 1  # command on one line, address and mode on four
    _WINDOW = 0xA0 << 24 | 4 << 11 | 8 << 2 | 2  # no command: the mode bits promise none

    def __init__(self, chip: Chip, board: Board) -> None:
        super().__init__(chip, 0x1800_0000)
        self._chip, self._flash = chip, board.flash
        self._values = dict.fromkeys(self._OFF_ONLY, 0) | {0x08: 1, 0x10: 1}
        self._sent: list[int] = []
        self._busy_until = 0
        self._continuous = False  # the flash expects an address, not a command

    def read(self, offset: int) -> int:
        """Return a register's value."""
        if offset == 0x28:  # SR: BUSY, TFNF, TFE
            return 3 if self._busy() else 6 if not self._sent else 2
        if offset not in self._values:
            raise NoRegister
        return self._values[offset]

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == 0x60:
            self._push(value)
            return
        if offset not in self._values:
            raise NoRegister
        if self._busy():
            raise Misuse("the SSI is set up while it is busy")
        if self._values[0x08] and offset in self._OFF_ONLY:
            raise Misuse("the SSI ignores settings while it is on")
        self._values[offset] = value
        if offset == 0x08:
            self._sent.clear()
            window = bool(value) and self._continuous and self._ready(self._WINDOW)
            self._chip.permit(
                self._flash.origin, self._flash.size, read=window, write=False, execute=window
            )

    def _ready(self, transfer: int) -> bool:
        divider = self._values[0x14]
        return (
            self._values[0x00] == self._QUAD
            and self._values[0xF4] == transfer
            and divider >= 2
            and divider % 2 == 0
        )

    def _push(self, value: int) -> None:
        """Take a word to send: the command, then address and mode, which start the transfer."""
        if not self._values[0x08] or not self._ready(self._FIRST) or self._continuous:
            raise Misuse("the flash does not understand what is sent")
        self._sent.append(value)
        if len(self._sent) == 2:
            command, address = self._sent
            if command != 0xEB:
                raise Misuse(f"the flash has no command {command:#x} on one and four lines")
            self._continuous = address & 0x30 == 0x20
            self._busy_until = self.bus.now() + (8 + 8 + 4 + 8) * self._values[0x14]
            self._sent.clear()

    def _busy(self) -> bool:
        return self.bus.now() < self._busy_until

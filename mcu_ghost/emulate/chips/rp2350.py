# SPDX-License-Identifier: Apache-2.0
"""The RP2350's boot ROM: it starts an image that says what it is (datasheet, Bootrom)."""

from __future__ import annotations

import struct

from mcu_ghost.boards import Board
from mcu_ghost.emulate.chips.rp2_block import Map
from mcu_ghost.host.errors import GhostError

CHIP = Map(
    resets=0x4002_0000,
    clocks=0x4001_0000,
    xosc=0x4004_8000,
    pll=0x4005_0000,
    io=0x4002_8000,
    pads=0x4003_8000,
    blocks=0x1FFF_FFFF,
    released=1 << 7 | 1 << 10,  # IO_QSPI, PADS_QSPI
    bits={"pll": 1 << 14, "io": 1 << 6, "pads": 1 << 9, "uart": 1 << 26},
    pins=48,
    pad=0x116,
    sys=0x41,
)
_BEGIN, _END = 0xFFFF_DED3, 0xAB12_3579
_IMAGE_TYPE, _LAST = 0x42, 0xFF
_ARM_SECURE = 0x1021  # executable, secure, Arm, RP2350
_SEARCHED = 4096


def boot(board: Board, flash: bytes) -> tuple[int, int]:
    """Find the IMAGE_DEF as the boot ROM does, and return the stack pointer and where to go.

    Args:
        board: The board.
        flash: What flash begins with, 4096 bytes at least.

    Raises:
        GhostError: The boot ROM would not start this image.
    """
    words = struct.unpack_from(f"<{_SEARCHED // 4}I", flash)
    problem = "there is no IMAGE_DEF in the first 4096 bytes of flash"
    for start in (i for i, word in enumerate(words) if word == _BEGIN):
        problem = _problem(words, start)
        if not problem:
            return words[0], words[1]
    raise GhostError(f"{board.name}: the boot ROM does not start this image: {problem}.")


def _problem(words: tuple[int, ...], start: int) -> str:
    """Return what is wrong with the block that begins at a word; "" where nothing is."""
    at = start + 1
    types: list[int] = []
    while at + 2 < len(words):
        kind, size = words[at] & 0xFF, words[at] >> 8 & 0xFF
        if kind == _LAST:
            if words[at] >> 8 & 0xFFFF != at - start - 1:
                return "the last item of its block does not give the size of those before it"
            if words[at + 1] != 0:
                return "its block is followed by others"
            if words[at + 2] != _END:
                return "its block does not end as one"
            return "" if types == [_ARM_SECURE] else "its IMAGE_DEF is not for Arm, secure"
        if kind == _IMAGE_TYPE:
            types.append(words[at] >> 16)
        if not size:
            break
        at += size
    return "its block has no last item"

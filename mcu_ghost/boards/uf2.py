# SPDX-License-Identifier: Apache-2.0
"""UF2, the file for a bootloader with a drive: 512-byte blocks that each say where they belong.

Source: https://github.com/microsoft/uf2
"""

from __future__ import annotations

import struct

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

PAGE = 256  # bytes of flash in a block
_BLOCK = 512
_HEAD = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_END = struct.pack("<I", 0x0AB16F30)
_NOT_FLASH, _CONTAINER, _FAMILY = 0x1, 0x1000, 0x2000


def encode(data: bytes, address: int, family: int) -> bytes:
    """Return a UF2 file of whole pages; what of a page is not data reads as erased flash.

    Args:
        data: What is programmed.
        address: Where it begins.
        family: The number that the bootloader expects.
    """
    before = address % PAGE
    data = b"\xff" * before + data
    data += b"\xff" * (-len(data) % PAGE)
    count = len(data) // PAGE
    blocks = []
    for n in range(count):
        at = address - before + n * PAGE
        head = _HEAD.pack(*_MAGIC, _FAMILY, at, PAGE, n, count, family)
        page = data[n * PAGE : (n + 1) * PAGE]
        blocks.append((head + page).ljust(_BLOCK - len(_END), b"\0") + _END)
    return b"".join(blocks)


def decode(content: bytes, family: int) -> list[tuple[int, bytes]]:
    """Return the address and the bytes of every block that a board of that family programs.

    Raises:
        GhostError: Not a UF2 file, not whole, or none of it is for that family.
    """
    if not content or len(content) % _BLOCK:
        raise GhostError(f"{text.count(len(content), 'byte')} is no whole number of UF2 blocks.")
    found, numbers, total, other = [], [], 0, set()
    for at in range(0, len(content), _BLOCK):
        block = content[at : at + _BLOCK]
        first, second, flags, address, size, number, count, own = _HEAD.unpack_from(block)
        if (first, second) != _MAGIC or block[-4:] != _END or size > _BLOCK - 36:
            raise GhostError(f"byte {at} begins no UF2 block.")
        if flags & (_NOT_FLASH | _CONTAINER):
            continue
        if not flags & _FAMILY or own != family:
            other.add(own if flags & _FAMILY else 0)
            continue
        numbers.append(number)
        total = count
        found.append((address, block[_HEAD.size : _HEAD.size + size]))
    if not found:
        listed = ", ".join(f"{own:#010x}" for own in sorted(other)) or "none"
        raise GhostError(f"its blocks are for family {listed}, not {family:#010x}.")
    if total != len(numbers) or sorted(numbers) != list(range(total)):
        raise GhostError(f"{len(numbers)} of {text.count(total, 'UF2 block')} are there.")
    return found

# SPDX-License-Identifier: Apache-2.0
"""Image files made by hand: an ELF of one segment, a note and build attributes."""

from __future__ import annotations

import struct
from pathlib import Path

from intelhex import IntelHex

from mcu_ghost.boards import Board

ARM, X86_64 = 40, 62


def program(board: Board, size: int = 5000) -> bytes:
    """Return bytes that begin with a vector table for the board, or what must stand before it."""
    stack, reset = board.ram.origin + board.ram.size, board.flash.start + 0x101
    before = b"\xaa" * (0x100 if board.startup.family == "rp2040" else 0)
    head = before + struct.pack("<II", stack, reset)
    return (head + bytes(range(256)) * (size // 256 + 1))[:size]


def elf(
    path: Path, board: Board, data: bytes, name: str = "", machine: int = ARM, arch: int = 11
) -> Path:
    """Write a linked image that holds `data` where the board's images begin."""
    note = struct.pack("<III", 10, len(name) + 1, 1) + b"mcu-ghost\0\0\0" + name.encode() + b"\0"
    tags = bytes([6, arch])  # Tag_CPU_arch, one byte of ULEB128
    file_part = b"\x01" + struct.pack("<I", 5 + len(tags)) + tags
    attributes = b"A" + struct.pack("<I", 4 + 6 + len(file_part)) + b"aeabi\0" + file_part
    names = b"\0.text\0.note.mcu-ghost\0.ARM.attributes\0.shstrtab\0"
    parts = [data, note, attributes, names]
    offsets, at = [], 52 + 32
    for part in parts:
        offsets.append(at)
        at += len(part) + -len(part) % 4
    kinds = [(1, 1, 2), (7, 7, 0), (23, 0x70000003, 0), (39, 3, 0)]  # name, type, flags
    table = struct.pack("<10I", *[0] * 10)
    for (label, kind, flags), part, offset in zip(kinds, parts, offsets, strict=True):
        where = board.flash.start if kind == 1 else 0
        table += struct.pack("<10I", label, kind, flags, where, offset, len(part), 0, 0, 4, 0)
    magic = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    head = magic + struct.pack(
        "<HHIIIIIHHHHHH", 2, machine, 1, board.flash.start, 52, at, 0x05000000, 52, 32, 1, 40, 5, 4
    )
    start = board.flash.start
    load = struct.pack("<8I", 1, offsets[0], start, start, len(data), len(data), 5, 4)
    body = b"".join(part + b"\0" * (-len(part) % 4) for part in parts)
    path.write_bytes(head + load + body + table)
    return path


def hex_file(path: Path, *pieces: tuple[int, bytes]) -> Path:
    """Write Intel HEX of pieces at addresses."""
    content = IntelHex()
    for address, data in pieces:
        content.frombytes(data, address)
    content.write_hex_file(str(path))
    return path

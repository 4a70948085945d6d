# SPDX-License-Identifier: Apache-2.0
"""A linked image: its segments, its symbols, and the HEX and BIN made from them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from intelhex import IntelHex

from mcu_ghost.boards import Board, Memory
from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError


@dataclass(frozen=True)
class Segment:
    """Bytes that are programmed.

    Attributes:
        address: Where they are stored.
        data: What is stored.
    """

    address: int
    data: bytes


@dataclass(frozen=True)
class Image:
    """An ELF file as the board sees it.

    Attributes:
        segments: What is programmed, by address.
        ram_bytes: RAM taken by variables and stack.
        symbols: Address and size of every named object and function.
    """

    segments: tuple[Segment, ...]
    ram_bytes: int
    symbols: dict[str, tuple[int, int]]

    @property
    def flash_bytes(self) -> int:
        """Flash from the first to the last programmed byte."""
        last = self.segments[-1]
        return last.address + len(last.data) - self.segments[0].address

    def place(self, address: int) -> str:
        """Return the symbol that covers an address, and the offset in it; "" where none does."""
        for name, (start, size) in self.symbols.items():
            if start <= address < start + size:
                return f"{name}+{address - start:#x}"
        return ""


def read(elf: Path, board: Board) -> Image:
    """Read a linked image.

    Raises:
        GhostError: Not an ELF file, or nothing of it lies in the board's flash.
    """
    try:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            loads = file.iter_segments("PT_LOAD")
            segments = [
                Segment(s["p_paddr"], s.data())
                for s in loads
                if s["p_filesz"] and _inside(s["p_paddr"], board.flash)
            ]
            variables = [
                s
                for s in file.iter_sections()
                if s["sh_flags"] & SH_FLAGS.SHF_ALLOC and _inside(s["sh_addr"], board.ram)
            ]
            table = file.get_section_by_name(".symtab")
            symbols = {
                s.name: (s["st_value"] & ~(s["st_info"]["type"] == "STT_FUNC"), s["st_size"])
                for s in (table.iter_symbols() if table else [])
                if s.name
            }
            ram_bytes = sum(s["sh_size"] for s in variables)
    except (OSError, ELFError) as error:
        raise GhostError(f"{elf}: not a linked image ({error}).") from error
    if not segments:
        raise GhostError(f"{elf}: nothing in it is for the flash of {board.name}.")
    segments.sort(key=lambda s: s.address)
    return Image(tuple(segments), ram_bytes, symbols)


def _inside(address: int, memory: Memory) -> bool:
    return memory.origin <= address < memory.origin + memory.size


def as_hex(segments: Iterable[Segment]) -> bytes:
    """Return Intel HEX."""
    content = IntelHex()
    for segment in segments:
        content.frombytes(segment.data, segment.address)
    text = io.StringIO()
    content.write_hex_file(text)
    return text.getvalue().encode()


def write_hex(image: Image, path: Path) -> None:
    """Write Intel HEX."""
    files.write_bytes(path, as_hex(image.segments))


def write_bin(image: Image, path: Path) -> None:
    """Write a flat binary from the first programmed byte on; gaps read as erased flash."""
    start = image.segments[0].address
    flat = bytearray(b"\xff" * image.flash_bytes)
    for segment in image.segments:
        offset = segment.address - start
        flat[offset : offset + len(segment.data)] = segment.data
    files.write_bytes(path, bytes(flat))


def write_map(image: Image, path: Path) -> None:
    """Write every named object and function with address and size, in address order."""
    rows = sorted((address, size, name) for name, (address, size) in image.symbols.items() if size)
    lines = [f"0x{address:08x} {size:8d} {name}\n" for address, size, name in rows]
    files.write_bytes(path, ("address        size name\n" + "".join(lines)).encode())

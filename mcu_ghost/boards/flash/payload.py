# SPDX-License-Identifier: Apache-2.0
"""What is written: the bytes of an image file, whatever its format, and where they go."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from intelhex import IntelHex, IntelHexError

from mcu_ghost.boards import Board, uf2
from mcu_ghost.boards.flash.methods import Format
from mcu_ghost.boards.image import Segment, as_hex
from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError

LARGEST_GAP = 4096  # filled as erased flash; a page of most chips
_HEARS = "ghost_microphone_interrupt"  # is linked into what listens, and into nothing else
_NOTE = "mcu-ghost"  # the name of the note that firmware/startup/vectors.c puts into an ELF file
_LARGEST_FILE = 64 << 20
_PLAIN = re.compile(r"[\w./~][\w./:~+ -]*")


@dataclass(frozen=True)
class Payload:
    """The content of an image file.

    Attributes:
        path: The file.
        segments: What is programmed, by address, adjacent ones joined.
        board: Name of the board that it was built for; "" where the file does not say.
        machine: The ELF file's machine, for example "EM_ARM"; "" for other formats.
        arch: Tag_CPU_arch of the ELF file; None where it does not say.
        hears: Whether an ELF file is of an app that listens to a microphone.
    """

    path: Path
    segments: tuple[Segment, ...]
    board: str = ""
    machine: str = ""
    arch: int | None = None
    hears: bool = False

    @property
    def start(self) -> int:
        """Address of the first byte."""
        return self.segments[0].address

    @property
    def size(self) -> int:
        """Bytes from the first to the last, gaps included."""
        last = self.segments[-1]
        return last.address + len(last.data) - self.start

    def flat(self) -> bytes:
        """Return all bytes from the first to the last; gaps read as erased flash.

        Raises:
            GhostError: A gap is so large that filling it would erase what lies there.
        """
        content, end = bytearray(), self.start
        for segment in self.segments:
            if segment.address - end > LARGEST_GAP:
                raise GhostError(
                    f"{self.path}: nothing is between {end:#x} and {segment.address:#x}; images"
                    " in several pieces cannot be flashed."
                )
            content += b"\xff" * (segment.address - end) + segment.data
            end = segment.address + len(segment.data)
        return bytes(content)


def read(path: Path, board: Board) -> Payload:
    """Read an image: .elf, .hex, .uf2, or a .bin that begins where the board's images do.

    Raises:
        GhostError: Unreadable, empty, or not what its name says.
    """
    readers = {".elf": _elf, ".axf": _elf, ".hex": _hex, ".ihex": _hex, ".bin": _bin, ".uf2": _uf2}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise GhostError(f"{path}: an image is one of {', '.join(readers)}.")
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise GhostError(f"{path}: too long for an image.")
        payload = reader(path, board)
    except OSError as error:
        raise GhostError(f"{path}: cannot be read: {error.strerror}.") from error
    if not payload.segments:
        raise GhostError(f"{path}: nothing in it is to be programmed.")
    return payload


def provide(payload: Payload, board: Board, kind: Format, folder: Path) -> Path:
    """Return a file of that format with exactly this payload.

    It is the image itself, or what the build left beside it; else it is written into a folder. So
    is one with a path that commands of a program could take for something else.
    """
    beside = payload.path.with_suffix(f".{kind}")
    plain = _PLAIN.fullmatch(beside.as_posix()) is not None
    if beside == payload.path and plain:
        return beside
    if kind == "hex":
        content = as_hex(payload.segments)
    elif kind == "bin":
        content = payload.flat()
    else:
        content = uf2.encode(payload.flat(), payload.start, board.flashing.uf2_family)
    if plain and beside.is_file() and beside.read_bytes() == content:
        return beside
    made = folder / f"{board.name}.{kind}"
    files.write_bytes(made, content)
    return made


def _joined(pieces: list[tuple[int, bytes]], path: Path) -> tuple[Segment, ...]:
    """Sort and join; bytes that are given twice are an error."""
    joined: list[Segment] = []
    for address, data in sorted(piece for piece in pieces if piece[1]):
        end = joined[-1].address + len(joined[-1].data) if joined else -1
        if address < end:
            raise GhostError(f"{path}: says twice what belongs at {address:#x}.")
        if address == end:
            joined[-1] = Segment(joined[-1].address, joined[-1].data + data)
        else:
            joined.append(Segment(address, data))
    return tuple(joined)


def _elf(path: Path, board: Board) -> Payload:
    try:
        file = ELFFile(io.BytesIO(path.read_bytes()))  # sizes in it may be any
        pieces = []
        for segment in file.iter_segments("PT_LOAD"):
            pieces.append((segment["p_paddr"], segment.data()))
            if len(pieces[-1][1]) != segment["p_filesz"]:
                raise ValueError("the file is cut short")
        name, arch = "", None
        for section in file.iter_sections():
            if section["sh_type"] == "SHT_NOTE":
                for note in section.iter_notes():
                    if note["n_name"] == _NOTE:
                        name = bytes(note["n_descdata"]).rstrip(b"\0").decode("utf-8", "replace")
            if section["sh_type"] == "SHT_ARM_ATTRIBUTES":
                for part in section.iter_subsections("aeabi"):
                    for subpart in part.iter_subsubsections("TAG_FILE"):
                        tags = {a.tag: a.value for a in subpart.iter_attributes()}
                        arch = tags.get("TAG_CPU_ARCH")
        machine, symbols = str(file["e_machine"]), file.get_section_by_name(".symtab")
        hears = symbols is not None and bool(symbols.get_symbol_by_name(_HEARS))
    except (ELFError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise GhostError(f"{path}: not a linked image ({error}).") from error
    return Payload(path, _joined(pieces, path), name, machine, arch, hears)


def _hex(path: Path, board: Board) -> Payload:
    try:
        content = IntelHex(str(path))
        pieces = [(a, content.tobinstr(a, size=b - a)) for a, b in content.segments()]
    except (IntelHexError, ValueError) as error:
        raise GhostError(f"{path}: not Intel HEX ({error}).") from error
    return Payload(path, _joined(pieces, path))


def _bin(path: Path, board: Board) -> Payload:
    return Payload(path, _joined([(board.flash.start, path.read_bytes())], path))


def _uf2(path: Path, board: Board) -> Payload:
    try:
        return Payload(
            path, _joined(uf2.decode(path.read_bytes(), board.flashing.uf2_family), path)
        )
    except GhostError as error:
        raise GhostError(f"{path}: not a UF2 file for {board.name}: {error}") from error

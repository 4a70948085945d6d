# SPDX-License-Identifier: Apache-2.0
"""What an image's symbols and DWARF say about its code: functions, source lines, data."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from mcu_ghost.host.errors import GhostError


@dataclass(frozen=True)
class Function:
    """A function of an image, its literals included.

    Attributes:
        name: As in the symbol table; static functions of two files may share one.
        start: First instruction.
        end: Behind its last byte.
    """

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Code:
    """A stretch of instructions: a function, or part of one up to its literals."""

    start: int
    data: bytes


@dataclass(frozen=True)
class DebugInfo:
    """What is known about the code of an image.

    Attributes:
        functions: By address; none overlap.
        code: By address.
        lines: First address of each row of the line tables, by address, with "file:line", the file
            relative to the image's folder; "" where code without source begins.
    """

    functions: tuple[Function, ...]
    code: tuple[Code, ...]
    lines: tuple[tuple[int, str], ...]

    def function(self, address: int) -> Function | None:
        """Return the function that an address is in."""
        at = bisect.bisect_right(self.functions, address, key=lambda f: f.start) - 1
        found = self.functions[at] if at >= 0 else None
        return found if found is not None and address < found.end else None

    def line(self, address: int) -> str:
        """Return "file:line" of an instruction; "" where there is none."""
        at = bisect.bisect_right(self.lines, address, key=lambda row: row[0]) - 1
        return self.lines[at][1] if at >= 0 else ""


def read(elf: Path) -> DebugInfo:
    """Read a linked image.

    Raises:
        GhostError: Not an ELF file, or one without symbols.
    """
    try:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            table = file.get_section_by_name(".symtab")
            if table is None:
                raise GhostError(f"{elf}: has no symbols; build it without stripping.")
            code, functions = list[Code](), list[Function]()
            symbols = sorted(table.iter_symbols(), key=lambda s: s["st_value"])
            for index, section in enumerate(file.iter_sections()):
                if not section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR or not section["sh_size"]:
                    continue
                inside = [s for s in symbols if s["st_shndx"] == index]
                found = _functions(inside, section["sh_addr"] + section["sh_size"])
                functions += found
                code += _code(inside, found, section["sh_addr"], section.data())
            lines = tuple(_lines(file, elf.resolve().parent)) if file.has_dwarf_info() else ()
    except (OSError, ELFError) as error:
        raise GhostError(f"{elf}: not a linked image ({error}).") from error
    return DebugInfo(tuple(functions), tuple(code), lines)


def _functions(symbols: list[Any], end: int) -> list[Function]:
    """Return the functions of a section; assembly's plain labels where no function is."""
    found: dict[int, tuple[str, int]] = {}
    for symbol in symbols:
        if symbol["st_info"]["type"] == "STT_FUNC":
            found.setdefault(symbol["st_value"] & ~1, (symbol.name, symbol["st_size"]))
    covered = [(start, start + size) for start, (_, size) in found.items()]
    for symbol in symbols:
        at = symbol["st_value"]
        label = symbol["st_info"]["type"] == "STT_NOTYPE" and not symbol.name.startswith("$")
        if label and symbol.name and not any(a <= at < b for a, b in covered):
            found.setdefault(at, (symbol.name, 0))
    starts = sorted(found)
    functions = []
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        name, size = found[start]
        functions.append(Function(name, start, min(start + size, following) if size else following))
    return functions


def _code(symbols: list[Any], functions: list[Function], start: int, data: bytes) -> Iterator[Code]:
    """Yield what functions hold besides what the mapping symbol $d calls data."""
    marks = [(s["st_value"] & ~1, s.name[1]) for s in symbols if s.name[:2] in ("$t", "$d")]
    for function in functions:
        inside = [(at, kind) for at, kind in marks if function.start <= at < function.end]
        bounds = [(function.start, "t"), *inside, (function.end, "")]
        for (at, kind), (end, _) in itertools.pairwise(bounds):
            if kind == "t" and end > at:
                yield Code(at, data[at - start : end - start])


def _lines(file: ELFFile, root: Path) -> Iterator[tuple[int, str]]:
    """Yield the rows of all line tables by address, the last one of those at the same address."""
    rows: dict[int, str] = {}
    info = file.get_dwarf_info()
    for unit in info.iter_CUs():
        program = info.line_program_for_CU(unit)
        if program is None:
            continue
        names = _files(program, root)
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if state.end_sequence:
                rows.setdefault(state.address, "")
            else:
                # Line 0 is what compilers give to code that is of no line.
                place = f"{names.get(state.file, '?')}:{state.line}"
                rows[state.address] = place if state.line else ""
    return iter(sorted(rows.items()))


def _files(program: Any, root: Path) -> dict[int, str]:
    """Return the path of each file number of a line program, relative to the build folder.

    Compilers are told to leave the folder out; assemblers know no such option.
    """
    header = program.header
    five = header.version >= 5  # counts from 0, and folder 0 is the unit's own
    folders = [f.decode() for f in header.include_directory]
    folders = folders if five else ["", *folders]
    names = {}
    for number, entry in enumerate(header.file_entry, 0 if five else 1):
        folder = folders[entry.dir_index] if entry.dir_index else ""
        path = Path(folder) / entry.name.decode()
        names[number] = str(path.relative_to(root) if path.is_relative_to(root) else path)
    return names

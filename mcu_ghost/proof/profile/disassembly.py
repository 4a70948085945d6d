# SPDX-License-Identifier: Apache-2.0
"""Instructions in words, and what kind each is. Capstone, used here only, knows MVE from 6 on."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

from mcu_ghost.emulate import thumb
from mcu_ghost.host import tools
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof.profile.debug_info import Code

Kind = Literal["load", "store", "multiply", "branch", "other"]
KINDS: tuple[Kind, ...] = ("load", "store", "multiply", "branch", "other")

_CONDITION = "(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al)?"
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("branch", re.compile(rf"(b|bl|bx|blx|cbn?z|tb[bh]|le|letp|wls|wlstp){_CONDITION}$")),
    ("load", re.compile(r"v?(ldr|ldm|pop|ld[24])")),
    ("store", re.compile(r"v?(str|stm|push|st[24])")),
    ("multiply", re.compile(r"mul|ml[as]|sm|um|vfn?m|vn?c?[qr]*d?m(u|l)")),
)


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        address: Where it is.
        size: 2 or 4 bytes.
        mnemonic: What it does, for example "ldrsb" or "vmladava.s8", without a width.
        operands: On what, for example "r0, [r1, #4]".
    """

    address: int
    size: int
    mnemonic: str
    operands: str

    @property
    def text(self) -> str:
        """The instruction as assembly."""
        return f"{self.mnemonic} {self.operands}".strip()

    @property
    def kind(self) -> Kind:
        """What it counts as; several words at once are one load, and one into pc is a load too."""
        name = self.mnemonic.split(".")[0]
        return next((kind for kind, pattern in _PATTERNS if pattern.match(name)), "other")


def missing() -> str | None:
    """Return how to install the disassembler, or None when it is there."""
    return tools.missing("capstone")


def disassemble(code: tuple[Code, ...]) -> dict[int, Instruction]:
    """Return the instructions by address.

    What Capstone does not know is `.inst`, with the encoding for operands.

    Raises:
        GhostError: Capstone is not installed.
    """
    hint = missing()
    if hint is not None:
        raise GhostError(hint)
    import capstone

    modes = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
    engine = capstone.Cs(capstone.CS_ARCH_ARM, modes)
    engine.skipdata = True
    found = {}
    for stretch in code:
        # Go on behind the whole of an instruction that it does not know.
        engine.skipdata_setup = (".byte", functools.partial(_skip, stretch.data), None)
        known = {
            address: (size, mnemonic, operands)
            for address, size, mnemonic, operands in engine.disasm_lite(stretch.data, stretch.start)
        }
        for raw in thumb.instructions(stretch.data):
            address, size = stretch.start + raw.offset, 2 if raw.second is None else 4
            length, mnemonic, operands = known.get(address, (0, "", ""))
            if length != size or mnemonic.startswith(".byte"):
                halves = [raw.first] if raw.second is None else [raw.first, raw.second]
                mnemonic, operands = ".inst", " ".join(f"{half:04x}" for half in halves)
            mnemonic = mnemonic.removesuffix(".w").removesuffix(".n")
            found[address] = Instruction(address, size, mnemonic, operands)
    return found


def _skip(data: bytes, _: object, __: int, offset: int, ___: object) -> int:
    """Return the size of what is at an offset."""
    return 2 if next(thumb.instructions(data[offset:])).second is None else 4

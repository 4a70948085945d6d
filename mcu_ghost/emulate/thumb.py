# SPDX-License-Identifier: Apache-2.0
"""As much of the Thumb encoding as counting and strictness need (Armv7-M ARM, chapter A5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcu_ghost.boards import Cpu

SP, PC = 13, 15


@dataclass(frozen=True)
class Instruction:
    """One instruction: its offset in the code and its one or two halfwords."""

    offset: int
    first: int
    second: int | None


def instructions(code: bytes) -> Iterator[Instruction]:
    """Yield the instructions of a straight run of code."""
    at = 0
    while at + 2 <= len(code):
        first = int.from_bytes(code[at : at + 2], "little")
        if first >> 11 < 0x1D:
            yield Instruction(at, first, None)
            at += 2
        else:
            yield Instruction(at, first, int.from_bytes(code[at + 2 : at + 4], "little"))
            at += 4


def word_base(instruction: Instruction) -> int | None:
    """Return the base register of an access that must be word aligned on every core.

    These are LDM, STM, LDRD, STRD, LDREX, STREX and the loads and stores of FPU registers. Their
    offsets are multiples of four, so the base decides. SP and PC are aligned by themselves.
    """
    first, second = instruction.first, instruction.second
    if second is None:
        return first >> 8 & 7 if first & 0xF000 == 0xC000 else None
    base = first & 15
    if base in (SP, PC):
        return None
    if first & 0xFE40 == 0xE800:  # LDM, STM
        return base
    if first & 0xFE40 == 0xE840:  # LDRD, STRD; without P and W: exclusives, table branches
        return None if first & 0x01A0 == 0x0080 else base
    if first & 0xFE00 == 0xEC00 and second & 0x0E00 == 0x0A00 and first & 0xFFE0 != 0xEC40:
        return base  # VLDR, VSTR, VLDM, VSTM
    return None


_ALL = frozenset(range(16))


def written(instruction: Instruction) -> frozenset[int]:
    """Return the registers that an instruction may write, all of them where it is not looked at.

    The base of an access of words is left out, unless it is loaded too.
    """
    first, second = instruction.first, instruction.second
    if second is None:
        if first & 0xF000 != 0xC000:
            return _ALL
        return _listed(first & 0xFF) if first & 0x0800 else frozenset()
    if first & 0xFF80 == 0xFB00 or first & 0xFF00 == 0xFA00:  # multiplies, extensions, parallel
        return frozenset({second >> 8 & 15})
    if word_base(instruction) is not None and not uses_fpu(instruction):
        if not first & 0x0010:
            return frozenset()
        return frozenset({second >> 12, second >> 8 & 15}) if first & 0x0040 else _listed(second)
    return _ALL


def _listed(bits: int) -> frozenset[int]:
    return frozenset(i for i in range(16) if bits >> i & 1)


def unmasks(instruction: Instruction) -> bool:
    """Whether it may switch interrupts on: CPSIE i, MSR PRIMASK."""
    first, second = instruction.first, instruction.second
    if second is None:
        return first == 0xB662
    return first & 0xFFE0 == 0xF380 and second & 0xFF == 0x10


def masks_by_priority(instruction: Instruction) -> bool:
    """Whether it writes BASEPRI or FAULTMASK."""
    first, second = instruction.first, instruction.second
    if second is None:
        return first & 0xFFEF != 0xB662 and first & 0xFFE8 == 0xB660
    return first & 0xFFE0 == 0xF380 and second & 0xFF in (0x11, 0x12, 0x13)


def divisor(instruction: Instruction) -> int | None:
    """Return the register that SDIV or UDIV divides by."""
    if instruction.second is None or instruction.first & 0xFFD0 != 0xFB90:
        return None
    return instruction.second & 15


def links(instruction: Instruction) -> bool:
    """Whether it leaves a return address: BL, BLX."""
    first, second = instruction.first, instruction.second
    if second is None:
        return first & 0xFF87 == 0x4780
    return first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000


def uses_fpu(instruction: Instruction) -> bool:
    """Whether it belongs to coprocessors 10 and 11, the floating-point unit."""
    first, second = instruction.first, instruction.second
    return second is not None and first & 0xEC00 == 0xEC00 and second & 0x0E00 == 0x0A00


def undefined(instruction: Instruction, cpu: Cpu) -> bool:
    """Whether a core lacks an instruction that the emulator would let pass."""
    first, second = instruction.first, instruction.second
    if second is None:
        it = first & 0xFF00 == 0xBF00 and first & 15 != 0
        return cpu.armv6m and (it or first & 0xF500 == 0xB100)  # CBZ, CBNZ
    return cpu.core == "cortex-m3" and _dsp(first, second)


def _dsp(first: int, second: int) -> bool:
    """Whether it is of the DSP extension (Armv7E-M), which the M3 lacks."""
    group = first & 0xFFF0
    low = second >> 4 & 15
    if first & 0xFF80 == 0xFB00:  # multiplies; MLA, MLS and MUL are the plain ones
        return group != 0xFB00
    if group in (0xFBC0, 0xFBD0):
        return low != 0
    if group == 0xFBE0:
        return low == 6
    if first & 0xFF80 == 0xFA00 and second & 0xF080 == 0xF080:  # extend and add
        return first & 15 != 15 or group in (0xFA20, 0xFA30)
    if first & 0xFF80 == 0xFA80 and second & 0xF000 == 0xF000:  # parallel, saturating, SEL
        plain = group in (0xFA90, 0xFAB0) and low in (8, 9, 10, 11)  # REV…, CLZ
        return not plain or (group == 0xFAB0 and low != 8)
    return group == 0xEAC0  # PKHBT, PKHTB

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


_LR = 14
_ALL = 0xFFFF


def moves(instruction: Instruction) -> int:
    """Return the registers that may hold a multiple of four before an instruction, not after it.

    Bit i stands for register i; all are set where an instruction is not looked at.
    """
    first, second = instruction.first, instruction.second
    return _narrow(first) if second is None else _wide(first, second)


def _narrow(code: int) -> int:
    low, middle = 1 << (code & 7), 1 << (code >> 8 & 7)
    loads = bool(code & 0x0800)
    match code >> 12:
        case 0 | 1:  # shifts, ADD, SUB
            return low
        case 2:  # MOV, CMP
            return 0 if loads else middle
        case 3:  # ADD, SUB
            return middle if code & 3 else 0
        case 4 if not loads and not code & 0x0400:  # all but TST, CMP, CMN write
            return 0 if code >> 6 & 15 in (8, 10, 11) else low
        case 4 if not loads:  # ADD, CMP, MOV of any registers; BX, BLX
            high = 1 << (code & 7 | code >> 4 & 8)
            return (high, 0, high, 1 << _LR)[code >> 8 & 3]
        case 4 | 10:  # LDR of a literal, ADR, ADD of SP
            return middle
        case 5:  # by a register: the three stores come first
            return 0 if code >> 9 & 7 < 3 else low
        case 6 | 7 | 8:
            return low if loads else 0
        case 9:
            return middle if loads else 0
        case 11 if code & 0x0500 == 0x0100 or code & 0x0F00 == 0x0F00:  # CBZ, CBNZ, IT, hints
            return 0
        case 11 if code & 0x0F00 == 0x0200:  # extensions
            return low
        case 12:
            return code & 0xFF if loads else 0
        case 13 if code & 0x0E00 != 0x0E00:
            return 0
        case 14:
            return 0
    return _ALL


def _wide(first: int, second: int) -> int:
    d, t, base = 1 << (second >> 8 & 15), 1 << (second >> 12), 1 << (first & 15)
    loads = bool(first & 0x0010)
    if first & 0xF800 == 0xF000 and second & 0x8000:
        if second & 0x5000:  # B, BL
            return 1 << _LR if second & 0x4000 else 0
        return 0 if first & 0x0380 != 0x0380 else _ALL  # B where a condition holds; MSR and such
    if first & 0xFE00 == 0xEA00 or first & 0xF800 == 0xF000:
        return d  # data processing; a comparison writes PC here
    if first & 0xFF80 == 0xFB00 or first & 0xFF00 == 0xFA00:  # multiplies, shifts, parallel
        return d
    if first & 0xFF80 == 0xFB80:  # long multiplies, divisions
        return d | t
    if first & 0xFE40 == 0xE800:  # LDM, STM
        return second if loads else 0
    if first & 0xFE40 == 0xE840 and first & 0x0120:  # LDRD, STRD, not exclusives
        return d | t if loads else 0
    single = first & 0xFE00 == 0xF800 and first & 0x0060 != 0x0060 and first & 0xFF10 != 0xF900
    if single:  # one, two or four bytes
        indexed = not first & 0x0080 and first & 15 != PC and second & 0x0900 == 0x0900
        return (t if loads else 0) | (base if indexed and second & 3 else 0)
    return _ALL


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

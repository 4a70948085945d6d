# SPDX-License-Identifier: Apache-2.0
"""What is checked for alignment: a base when code is entered, and again once it may have moved."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.emulate import strictness, thumb

LDRD_R3_R12_R1 = "e8f1 3c02"  # ldrd r3, r12, [r1], #8
LDM_R0 = "c8f0"  # ldmia r0!, {r4-r7}
SMLAD_R8 = "fb24 8803"  # smlad r8, r4, r3, r8
ADD_R1 = "3101"  # adds r1, #1
ADD_R1_8 = "3108"
LDRD_R1_R2_R1 = "e9d1 1200"  # ldrd r1, r2, [r1]
SMLAD_R0 = "fb24 8003"  # smlad r0, r4, r3, r8
LDM_R1_R2 = "e891 0006"  # ldm.w r1, {r1, r2}
STRD_R4_R5_R1 = "e9c1 4500"  # strd r4, r5, [r1]


def run(*code: str) -> list[thumb.Instruction]:
    words = [int(word, 16) for word in " ".join(code).split()]
    return list(thumb.instructions(struct.pack(f"<{len(words)}H", *words)))


@pytest.mark.parametrize(
    ("code", "needs", "alone", "each"),
    [
        ((LDRD_R3_R12_R1, LDM_R0, SMLAD_R8, LDRD_R3_R12_R1, LDM_R0), {0, 1}, [2], [0, 1, 2]),
        ((LDRD_R3_R12_R1, ADD_R1, LDRD_R3_R12_R1), {1}, [1, 2], [0, 1, 2]),
        ((LDRD_R3_R12_R1, ADD_R1_8, LDRD_R3_R12_R1), {1}, [1], [0, 1]),
        ((LDM_R0, SMLAD_R0, LDM_R0, LDM_R0), {0}, [1, 2], [0, 1, 2]),
        ((ADD_R1, LDRD_R3_R12_R1), set(), [0, 1], [0, 1]),
        ((LDRD_R1_R2_R1, LDRD_R3_R12_R1), {1}, [1], [0, 1]),
        ((LDM_R1_R2, LDRD_R3_R12_R1), {1}, [1], [0, 1]),
        ((STRD_R4_R5_R1, LDRD_R3_R12_R1), {1}, [], [0]),
    ],
)
def test_a_base_stays_aligned_until_it_is_written(
    code: tuple[str, ...], needs: set[int], alone: list[int], each: list[int]
) -> None:
    cpu = boards.load("nrf52840").cpu
    watch = strictness.Strictness(cpu, lambda _: int, lambda *_: None, lambda: None)
    instructions = run(*code)
    entered, by_itself = (watch.straight(instructions, one) for one in (False, True))
    assert entered.needs == sum(1 << i for i in needs) and by_itself.needs == 0
    assert entered.alone == [instructions[i] for i in alone]
    assert by_itself.alone == [instructions[i] for i in each]


def test_no_instruction_moves_a_register_unseen() -> None:
    """Random ones, as Capstone reads them; only a base moves by words unnoticed."""
    capstone = pytest.importorskip("capstone")
    mode = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
    reader = capstone.Cs(capstone.CS_ARCH_ARM, mode)
    reader.detail = True
    names = [*(f"R{i}" for i in range(13)), "SP", "LR", "PC"]
    numbers = {getattr(capstone.arm, f"ARM_REG_{name}"): i for i, name in enumerate(names)}
    rng, seen, few = np.random.default_rng(1), 0, 0
    halves = [(int(a), int(b)) for a, b in rng.integers(0, 1 << 16, (10000, 2))]
    halves += [(int(a) & 0x1FFF | 0xE000, int(b)) for a, b in rng.integers(0, 1 << 16, (20000, 2))]
    for first, second in halves:
        code = struct.pack("<2H", first, second)
        for found in reader.disasm(code, 0x1000, 1):
            (one, *_) = thumb.instructions(code)
            assert found.size == (2 if one.second is None else 4)
            written = {numbers[r] for r in found.regs_access()[1] if r in numbers}
            moves = thumb.moves(one)
            missed = {i for i in written if not moves >> i & 1 and i < thumb.SP}
            base = thumb.word_base(one)
            if len(missed) == 1 and missed != {base}:
                (of,) = missed  # which an access has moved, or an addition, by words
                amount = re.search(r"#-?(?:0x)?([0-9a-f]+)]?!?$", found.op_str)
                assert amount and int(amount[1], 16) % 4 == 0, (found.mnemonic, found.op_str)
                assert found.mnemonic.startswith(("ldr", "str", "add", "sub", "pld")), found
                missed -= {of}
            assert missed <= {base}, (hex(first), hex(second), found.mnemonic, found.op_str)
            seen, few = seen + 1, few + (moves != 0xFFFF)
    assert few > 7000 and seen > 13000

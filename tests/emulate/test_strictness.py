# SPDX-License-Identifier: Apache-2.0
"""Which instructions of a straight run are checked for alignment: each once it may have moved."""

from __future__ import annotations

import struct

import pytest

from mcu_ghost import boards
from mcu_ghost.emulate import strictness, thumb

LDRD_R3_R12_R1 = "e8f1 3c02"  # ldrd r3, r12, [r1], #8
LDM_R0 = "c8f0"  # ldmia r0!, {r4-r7}
SMLAD_R8 = "fb24 8803"  # smlad r8, r4, r3, r8
SXTB16_R4 = "fa2f f484"
ADD_R1 = "3101"  # adds r1, #1
LDRD_R1_R2_R1 = "e9d1 1200"  # ldrd r1, r2, [r1]
SMLAD_R0 = "fb24 8003"  # smlad r0, r4, r3, r8
LDM_R1_R2 = "e891 0006"  # ldm.w r1, {r1, r2}
STRD_R4_R5_R1 = "e9c1 4500"  # strd r4, r5, [r1]


def doubtful(*code: str) -> list[int]:
    words = [int(word, 16) for word in " ".join(code).split()]
    data = struct.pack(f"<{len(words)}H", *words)
    run = list(thumb.instructions(data))
    watch = strictness.Strictness(
        boards.load("nrf52840").cpu, lambda _: int, lambda *_: None, lambda: None
    )
    found = list(watch.doubtful(run))
    return [i for i, instruction in enumerate(run) if instruction in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ((LDRD_R3_R12_R1, LDM_R0, SMLAD_R8, SXTB16_R4, LDRD_R3_R12_R1, LDM_R0), [0, 1, 2, 3]),
        ((LDRD_R3_R12_R1, ADD_R1, LDRD_R3_R12_R1), [0, 1, 2]),
        ((LDM_R0, SMLAD_R0, LDM_R0, LDM_R0), [0, 1, 2]),
        ((LDRD_R1_R2_R1, LDRD_R3_R12_R1), [0, 1]),
        ((LDM_R1_R2, LDRD_R3_R12_R1), [0, 1]),
        ((STRD_R4_R5_R1, LDRD_R3_R12_R1), [0]),
    ],
)
def test_a_base_stays_aligned_until_it_is_written(
    code: tuple[str, ...], expected: list[int]
) -> None:
    assert doubtful(*code) == expected

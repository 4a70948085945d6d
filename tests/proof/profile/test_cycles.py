# SPDX-License-Identifier: Apache-2.0
"""The estimate against cycles worked out by hand from the manual's table."""

from __future__ import annotations

import dataclasses

import pytest

from mcu_ghost import boards
from mcu_ghost.emulate import Call, RunCount, Spent
from mcu_ghost.proof.profile import cycles
from mcu_ghost.proof.profile.disassembly import Instruction

PATH = (Call(0x100, 0x50),)


def run(*lines: str, size: int = 2) -> list[Instruction]:
    """Return instructions in a row, from address 0x100 on."""
    words = [(*line.split(" ", 1), "")[:2] for line in lines]
    return [Instruction(0x100 + size * n, size, *pair) for n, pair in enumerate(words)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["add r0, r1", "eor r2, r3", "nop"], 3),
        (["ldr r0, [r1]"], 2),
        (["ldr r0, [r1]", "ldr r2, [r3]", "ldrsb r4, [r5, #1]"], 2 + 1 + 1),
        (["ldr r0, [r1, r2]", "str r0, [r3, #0x14]"], 2 + 1),
        (["ldr r0, [r1]", "ldr r2, [r0]"], 2 + 2),  # the address is what is being loaded
        (["ldr r0, [r1], #4", "ldr r2, [r3]"], 2 + 2),  # the write-back keeps it busy
        (["add r1, r1, #4", "ldr r0, [r1]"], 1 + 3),  # no forwarding to addresses
        (["smull r4, r5, r6, r7", "ldr r0, [r5]"], 1 + 3),
        (["cmp r1, #4", "ldr r0, [r1]"], 1 + 2),
        (["str r0, [r1, #4]"], 1),
        (["str r0, [r1, r2]"], 2),
        (["ldrd r4, r5, [r0], #8"], 1 + 2),
        (["ldm r0!, {r1, r2, r3, r4}"], 1 + 4),
        (["push {r4, r5, lr}"], 1 + 3),
        (["pop {r4-r7, pc}"], 1 + 5),
        (["vldm r0!, {s0-s3}"], 1 + 4),
        (["mul r0, r1, r2", "mla r0, r1, r2, r3", "smmulr r0, r1, r2", "smlad r0, r1, r2, r3"], 4),
        (["sdiv r0, r1, r2"], 12),
        (["cmp r0, #1", "ite eq", "moveq r0, #1", "movne r0, #2"], 3),
        (["ite eq", "moveq r0, #1", "movne r0, #2"], 3),  # nothing to fold into
        (["b 0x100"], 1),
        (["tbb [pc, r0]"], 2),
        # Sixteen multiplications of packed weights: LDRD, LDM, then SMLAD, SXTB16, SMLAD each.
        (
            ["ldrd r4, r5, [r0], #8", "ldm r1!, {r6, r7, r8, r9}"]
            + ["smlad r2, r6, r4, r2", "sxtb16 r6, r6", "smlad r3, r6, r4, r3"] * 4,
            20,
        ),
    ],
)
def test_the_manuals_table(lines: list[str], expected: int) -> None:
    assert cycles.cost(run(*lines)) == expected


def test_a_loop_on_the_nrf52840() -> None:
    """Ten times round: ldr, ldr, subs, bne, all short; then bx."""
    code = {i.address: i for i in run("ldr r1, [r2]", "ldr r3, [r4]", "subs r0, #1", "bne 0x100",
                                      "bx lr")}  # fmt: skip
    spent = Spent(PATH, {(0x100, 4): RunCount(10, 9), (0x108, 1): RunCount(1, 1)}, 20)
    board = boards.load("nrf52840")
    found = cycles.estimate([spent], code, board, 1)
    assert found is not None
    base = 10 * (2 + 1 + 1 + 1) + 1
    assert (found.fastest, found.cycles, found.slowest) == (base + 10, base + 20, base + 30)
    # Ten bytes of code in three words, once each; twenty words of data, each from flash.
    assert found.wait_states == 2
    assert found.with_wait_states == base + 20 + 2 * (3 + 20)
    uncached = dataclasses.replace(board, flash=dataclasses.replace(board.flash, code_cache=0))
    found = cycles.estimate([spent], code, uncached, 1)
    assert found is not None
    assert found.with_wait_states == base + 20 + 2 * (10 * 2 + 1 + 20)
    assert any("each time it is fetched" in sentence for sentence in found.assumptions)


def test_where_an_emulator_cuts_a_run_costs_nothing() -> None:
    """As it does at the end of a page of memory; where a branch is taken nothing leads on."""
    lines = ["ldr r1, [r2]", "ldr r3, [r4]", "cmp r1, #0", "it eq", "moveq r0, #1", "add r5, #4"]
    code = {i.address: i for i in run(*lines, "ldr r6, [r5]", "bx lr")}
    board = boards.load("mps2-an386")

    def found(*runs: tuple[int, int, int, int]) -> float:
        spent = Spent(PATH, {(at, n): RunCount(count, taken) for at, n, count, taken in runs}, None)
        estimate = cycles.estimate([spent], code, board, 1)
        assert estimate is not None
        return estimate.cycles

    whole = found((0x100, 8, 6, 6))
    for cut in range(1, 8):
        assert found((0x100, cut, 6, 0), (0x100 + 2 * cut, 8 - cut, 6, 6)) == whole
    # The second load overlaps with the first only where it comes behind it.
    assert found((0x100, 1, 6, 6), (0x102, 7, 6, 6)) == whole + 6 * (1 + 2)


def test_means_are_per_frame() -> None:
    code = {i.address: i for i in run("ldr r1, [r2]", "bx lr")}
    spent = Spent(PATH, {(0x100, 2): RunCount(7, 7)}, 7)
    found = cycles.estimate([spent], code, boards.load("nrf52840"), 7)
    assert found is not None
    assert (found.cycles, found.with_wait_states) == (2 + 1 + 2, 5 + 2 * (1 / 1 + 1))


def test_what_cannot_be_told_is_not_made_up() -> None:
    code = {i.address: i for i in run("bx lr")}
    spent = Spent(PATH, {(0x100, 1): RunCount(1, 1)}, None)
    for name in ("mps2-an385", "mps2-an505", "microbit", "mps3-an547"):
        assert cycles.estimate([spent], code, boards.load(name), 1) is None
    slow = cycles.estimate([spent], code, boards.load("nrf52840"), 1)
    assert slow is not None and slow.with_wait_states is None
    fast = cycles.estimate([spent], code, boards.load("mps2-an386"), 1)
    assert fast is not None and fast.with_wait_states == fast.cycles == 3

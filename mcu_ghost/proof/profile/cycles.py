# SPDX-License-Identifier: Apache-2.0
"""Estimates the cycles of a Cortex-M4 from what it executed: documented timings, no measurement.

The numbers are those of the Cortex-M4 Technical Reference Manual (Arm DDI 0439, section 3.3, with
"Load/store timings"), for memory without wait states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcu_ghost.boards import Board
from mcu_ghost.emulate import Spent
from mcu_ghost.host.text import count
from mcu_ghost.proof.profile.disassembly import Instruction

CORE = "cortex-m4"
REFILL = (1, 2, 3)  # cycles that a taken branch adds: at best, as estimated, at worst
_DIVIDE = 12  # of 2 to 12, by operands
_FLOAT = {"vdiv": 14, "vsqrt": 14, "vmla": 3, "vmls": 3, "vfma": 3, "vfms": 3}

_REGISTER = re.compile(r"\b(?:r\d+|sp|lr|pc|s\d+|d\d+)\b")
_SEVERAL = re.compile(r"v?(ldm|stm|push|pop)|ldrd|strd")
_NO_RESULT = re.compile(r"cmp|cmn|tst|teq|nop|it|v|d[ms]b|isb")


@dataclass(frozen=True)
class Estimate:
    """Estimated cycles of one frame.

    Attributes:
        cycles: Memory without wait states.
        fastest: Likewise, every pipeline refill as short as it can be.
        slowest: Likewise, every refill as long as it can be.
        wait_states: Of the board's flash.
        with_wait_states: `cycles` and what waiting for flash adds; None where the emulator does
            not tell loads from flash.
        assumptions: What this stands on, a sentence each.
    """

    cycles: float
    fastest: float
    slowest: float
    wait_states: int
    with_wait_states: float | None
    assumptions: tuple[str, ...]


def estimate(
    spent: Sequence[Spent], code: Mapping[int, Instruction], board: Board, frames: int
) -> Estimate | None:
    """Return the estimate for a frame, or None for another core than the Cortex-M4.

    Args:
        spent: What ran in all frames.
        code: The image's instructions by address.
        board: The board.
        frames: How many frames these were.
    """
    if board.cpu.core != CORE:
        return None
    base = branches = fetched = 0
    touched: set[int] = set()
    for part in spent:
        for (start, length), run in part.runs.items():
            instructions = straight(code, start, length)
            base += run.executions * cost(instructions)
            base += (run.executions - run.taken) * _led_on(code, instructions[-1])
            branches += run.taken
            words = {at // 4 for i in instructions for at in (i.address, i.address + i.size - 2)}
            fetched += run.executions * len(words)
            touched |= words
    best, usual, worst = ((base + refill * branches) / frames for refill in REFILL)
    flash = board.flash
    loads = [part.flash_words for part in spent]
    waiting: float | None = None
    if flash.wait_states == 0:
        waiting = usual
    elif None not in loads:
        fetches = len(touched) if flash.code_cache else fetched / frames
        per_frame = fetches + sum(n or 0 for n in loads) / frames
        waiting = usual + flash.wait_states * per_frame
    return Estimate(
        usual, best, worst, flash.wait_states, waiting, _assumptions(board, 4 * len(touched))
    )


def straight(code: Mapping[int, Instruction], start: int, length: int) -> list[Instruction]:
    """Return the instructions of a straight run."""
    found = []
    for _ in range(length):
        found.append(code[start])
        start += found[-1].size
    return found


def cost(run: Sequence[Instruction]) -> int:
    """Return the cycles of a straight run, without the refill where it is left by a branch."""
    return sum(_cost(i, before) for i, before in zip(run, [None, *run[:-1]], strict=True))


def _led_on(code: Mapping[int, Instruction], last: Instruction) -> int:
    """Return what the instruction behind a run costs more because it follows the run's last one.

    Emulators also end a run at the end of a page of memory.
    """
    behind = code.get(last.address + last.size)
    return _cost(behind, last) - _cost(behind, None) if behind else 0


def _cost(instruction: Instruction, before: Instruction | None) -> int:
    """Return the cycles of an instruction that follows another."""
    name = instruction.mnemonic.split(".")[0]
    if name.startswith("it"):  # folded into a short instruction before it
        return int(before is None or before.size != 2)
    if name.startswith(("sdiv", "udiv")):
        return _DIVIDE
    if name in ("tbb", "tbh"):
        return 2
    if name in _FLOAT:
        return _FLOAT[name]
    if instruction.kind not in ("load", "store"):
        return 1
    address = _address(instruction)
    computed = set(_results(before)) & set(address)
    stall = int(bool(computed) and before is not None and before.kind in ("multiply", "other"))
    if _SEVERAL.match(name):
        return 1 + _registers(instruction) + stall
    if before is not None and _overlaps(before) and not computed:
        return 1  # its address goes out while the load before it gets its data
    # A store cannot send two registers for its address and one for its data at once.
    return 2 + stall if instruction.kind == "load" or len(address) > 1 else 1 + stall


def _overlaps(before: Instruction) -> bool:
    """Whether the load or store behind an instruction can overlap with it."""
    single = before.kind == "load" and not _SEVERAL.match(before.mnemonic)
    return single and before.operands.endswith("]")  # and without write-back


def _results(before: Instruction | None) -> list[str]:
    """Return the registers that an instruction computes or loads, one by one."""
    if before is None or before.kind in ("store", "branch") or _NO_RESULT.match(before.mnemonic):
        return []
    several = re.match(r"[su](mull|mlal|maal)|ldrd", before.mnemonic)
    return _REGISTER.findall(before.operands)[: 2 if several else 1]


def _address(access: Instruction) -> list[str]:
    """Return the registers that an address is made of."""
    brackets = access.operands.partition("[")[2].partition("]")[0]
    return _REGISTER.findall(brackets) or _REGISTER.findall(access.operands)[:1]


def _registers(instruction: Instruction) -> int:
    """Return how many registers a load or store of several moves."""
    if instruction.mnemonic.startswith(("ldrd", "strd")):
        return 2
    total = 0
    for part in instruction.operands.partition("{")[2].partition("}")[0].split(","):
        first, _, last = part.strip().partition("-")
        total += 1 if not last else int(last[1:]) - int(first[1:]) + 1
    return total


def _assumptions(board: Board, code_bytes: int) -> tuple[str, ...]:
    flash = board.flash
    found = [
        "An estimate from the timings in the Cortex-M4 Technical Reference Manual (Arm DDI 0439),"
        " not a measurement.",
        f"A taken branch costs 1 + {count(REFILL[1], 'cycle')}; the manual says 1 + 1 to 3,"
        " the range given. Which branches were taken is counted.",
        "A load takes 2 cycles, or 1 right behind a single load without write-back whose result is"
        " not its address; a store 1, or 2 with a register for an offset; N registers take 1 + N.",
        "An address computed by the instruction just before costs 1 more.",
        f"Multiplications take 1 cycle, divisions {_DIVIDE} of 2 to 12, IT behind a short"
        " instruction none; skipped conditional instructions cost as if they ran.",
    ]
    if flash.wait_states:
        code = (
            f"each of the frame's {count(code_bytes, 'byte')} of code misses the cache of"
            f" {count(flash.code_cache, 'byte')} once per frame and then hits"
            if flash.code_cache
            else "each word of code waits each time it is fetched"
        )
        found.append(
            f"With {count(flash.wait_states, 'wait state')}: {code}; each word that a load reads"
            " from flash (weights, tables, literals) waits every time."
        )
    return tuple(found)

# SPDX-License-Identifier: Apache-2.0
"""Counts instructions by straight runs of code: a Python call for each run, none for each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcu_ghost.emulate import direct, thumb
from mcu_ghost.emulate.calls import Calls
from mcu_ghost.emulate.strictness import Strictness

# A block is a list, for speed: instructions, executions, bytes, whether it is watched, address; for
# traces: how often it was left for elsewhere, and what of both counts a trace knows already; and
# `Straight`'s needs and keeps.
_Block = list[int]
TAKEN, KNOWN, KNOWN_TAKEN, NEEDS, KEEPS = 5, 6, 7, 8, 9


class Blocks:
    """The blocks of one machine.

    Args:
        uc: The engine.
        unicorn: Its module.
        arm: Its names for registers.
        calls: Told when a watched block begins.
        checks: Asked for what new code needs.

    Attributes:
        tally: Instructions executed, and the number at which to stop before the next block.
        held: Whether the engine was stopped before a block, not within one.
        problem: An exception from within a hook, to be raised where the engine was called.
    """

    def __init__(self, uc: Any, unicorn: Any, arm: Any, calls: Calls, checks: Strictness) -> None:
        self._uc = uc
        self._unicorn = unicorn
        self._arm = arm
        self._calls = calls
        self._checks = checks
        self._blocks: dict[int, _Block] = {}
        self._current: _Block = [0] * 10
        self._aligned = [0]  # registers known to hold multiples of four, a bit each
        self._each: set[int] = set()  # blocks that were entered while one did not
        self._left = True  # the current block has been left already, or by no branch
        self._checked: set[int] = set()
        self._lefts: dict[tuple[int, int, int], int] = {}
        self.tally = [0, 0]
        self.held = False
        self.problem: BaseException | None = None

    def counts(self) -> Mapping[int, tuple[int, int]]:
        """Return executions and instructions of every block that has run, by address."""
        return {address: (b[1], b[0]) for address, b in self._blocks.items() if b[1]}

    def left(self, pc: int) -> int:
        """Return how many instructions of the current block begin at or after an address in it."""
        _, _, size, _, start = self._current[:5]
        if not start <= pc < start + size:
            return 0
        key = (start, size, pc)
        left = self._lefts.get(key)
        if left is None:
            code = bytes(self._uc.mem_read(start, size))
            left = sum(1 for i in thumb.instructions(code) if start + i.offset >= pc)
            self._lefts[key] = left
        return left

    def hook(self, traced: bool = False) -> None:
        """Have the engine call before each block: nearly all the time goes into this."""
        tally, blocks, look, aligned = self.tally, self._blocks, self._look, self._aligned
        needs, keeps = NEEDS, KEEPS

        def on_block(_: Any, address: int, size: int, __: Any) -> None:
            block = blocks.get(address)
            if (
                block is None
                or tally[0] >= tally[1]
                or block[2] != size
                or block[3]
                or block[needs] & ~aligned[0]
            ):
                block = look(address, size)
                if block is None:
                    return
            aligned[0] &= block[keeps]
            tally[0] += block[0]
            block[1] += 1
            self._current = block

        def on_traced_block(_: Any, address: int, size: int, __: Any) -> None:
            last, before = self._current, tally[0]
            if not self._left:
                last[TAKEN] += address != last[4] + last[2]
                self._left = True  # counted, even if this block has to wait
            on_block(_, address, size, __)
            if tally[0] != before:
                self._left = False

        kind = self._unicorn.UC_HOOK_BLOCK
        hooked = on_traced_block if traced else on_block
        direct.add_hook(self._uc, self._unicorn, kind, hooked)

    def all(self) -> Mapping[int, _Block]:
        """Return the blocks by address, as they are and will be."""
        return self._blocks

    def begin(self) -> None:
        """The engine is about to run, from registers that others may have written."""
        self.held = False
        self._aligned[0] = 0

    def jumped(self) -> None:
        """An exception begins or ends: what runs next is not where the last block led to."""
        self._left = True

    def _look(self, address: int, size: int) -> _Block | None:
        """Take the slow way into a block; None when it is not to run now."""
        try:
            block = self._blocks.get(address)
            if block is None or block[2] != size:
                block = self._first_seen(address, size)
            if block is not None and block[NEEDS] & ~self._aligned[0]:
                if self._checks.misaligned(block[NEEDS]):
                    self._each.add(address)
                    block = self._first_seen(address, size)
                else:
                    self._aligned[0] |= block[NEEDS]
            if block is None or self.tally[0] >= self.tally[1]:
                self.held = True
                self._uc.emu_stop()
                return None
            if block[3]:
                back = self._calls.at(address, self.tally[0], self._uc, self._arm)
                if back in self._blocks:
                    self._blocks[back][3] = 1
            return block
        except BaseException as problem:
            self.problem = self.problem or problem
            self._uc.emu_stop()
            return None

    def _first_seen(self, address: int, size: int) -> _Block | None:
        """Look at new code once: its length, and what it needs checked each time."""
        code = list(thumb.instructions(bytes(self._uc.mem_read(address, size))))
        fresh = False
        straight = self._checks.straight(code, address in self._each)
        for instruction in straight.alone:
            at = address + instruction.offset
            if at in self._checked:
                continue
            check = self._checks.before(instruction, at)
            if check is not None:
                kind = self._unicorn.UC_HOOK_CODE
                direct.add_hook(self._uc, self._unicorn, kind, check, at, at)
                self._checked.add(at)
                fresh = True
        if fresh:  # translate it anew, with the checks in it
            self._uc.ctl_remove_cache(address, address + size)
            return None
        old = self._blocks.get(address)
        wanted = self._calls.wants(address)
        before = old or [0] * 10
        block = [len(code), before[1], size, wanted, address, *before[TAKEN:NEEDS], *straight[:2]]
        self._blocks[address] = block
        return block

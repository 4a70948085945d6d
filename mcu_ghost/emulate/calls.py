# SPDX-License-Identifier: Apache-2.0
"""Counts what watched functions execute, from entry to return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcu_ghost.emulate import BlockCount, Counts, FunctionCount
from mcu_ghost.errors import GhostError, did_you_mean


class Calls:
    """The calls under way of some functions, seen from the blocks that are entered.

    Args:
        watch: Names of functions.
        symbols: Address and size of every symbol.
    """

    def __init__(self, watch: Sequence[str], symbols: Mapping[str, tuple[int, int]]) -> None:
        self._entries: dict[int, str] = {}
        for name in watch:
            if name not in symbols:
                raise GhostError(
                    f"The image has no function {name!r}.{did_you_mean(name, symbols)}"
                    " A static function may have been inlined."
                )
            self._entries[symbols[name][0] & ~1] = name
        self._watch = tuple(watch)
        self._under_way: list[tuple[str, int, int, int]] = []  # name, return address, sp, start
        self._returns: set[int] = set()
        self._found: dict[str, FunctionCount] = {}
        self._interrupted = 0  # instructions spent in handlers
        self._since: int | None = None

    def wants(self, address: int) -> int:
        """Whether a block's start is worth a call of `at`."""
        return int(address in self._entries or address in self._returns)

    def at(self, address: int, executed: int, uc: Any, arm: Any) -> int | None:
        """Take note that a block begins; return a new address to watch for, if any."""
        in_handler = self._since is not None
        spent = executed if in_handler else executed - self._interrupted
        stack = uc.reg_read(arm.UC_ARM_REG_SP)
        while self._under_way:
            name, back, level, start = self._under_way[-1]
            if back != address or level != stack:
                break
            self._under_way.pop()
            taken = spent - start
            old = self._found.get(name, FunctionCount(0, 0, taken, taken))
            self._found[name] = FunctionCount(
                old.calls + 1, old.total + taken, min(old.min, taken), max(old.max, taken)
            )
        if address not in self._entries:
            return None
        back = uc.reg_read(arm.UC_ARM_REG_LR) & ~1
        name = self._entries[address]
        if self._under_way and self._under_way[-1][:3] == (name, back, stack):
            return None  # a loop that goes back to the function's first instruction
        self._under_way.append((name, back, stack, spent))
        self._returns.add(back)
        return back

    def forget(self) -> None:
        """The chip was reset: nothing is under way any more."""
        self._under_way.clear()
        self._since = None

    def interrupted(self, executed: int) -> None:
        """A handler begins; nested ones belong to the first."""
        if self._since is None:
            self._since = executed

    def resumed(self, executed: int) -> None:
        """The last handler has ended."""
        if self._since is not None:
            self._interrupted += executed - self._since
            self._since = None

    def counts(self, executed: int, blocks: Mapping[int, tuple[int, int]]) -> Counts:
        """Return what has been counted so far."""
        functions = {n: self._found.get(n, FunctionCount(0, 0, 0, 0)) for n in self._watch}
        return Counts(executed, functions, {a: BlockCount(*b) for a, b in blocks.items()})

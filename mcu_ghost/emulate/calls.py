# SPDX-License-Identifier: Apache-2.0
"""Counts what watched functions execute, from entry to return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from mcu_ghost.emulate import BlockCount, Call, Counts, FunctionCount, Spent
from mcu_ghost.host.errors import GhostError, did_you_mean

_POLL = 16  # instructions of the longest loop that counts as polling a register


class Tracer(Protocol):
    """What is told each time the calls under way change; see `mcu_ghost.emulate.trace`."""

    def charge(self, path: tuple[Call, ...]) -> None:
        """Charge what has run since the last time to these calls."""

    def spent(self) -> Sequence[Spent]:
        """Return what has been charged."""


class _UnderWay(NamedTuple):
    entry: int
    back: int
    level: int  # the stack pointer at entry
    start: int  # instructions spent by then


class Calls:
    """The calls under way of some functions, seen from the blocks that are entered.

    Args:
        watch: Names of functions.
        symbols: Address and size of every symbol.
        follow: First instructions of functions to tell apart while a watched one is under way.

    Attributes:
        trace: Told of every change, if there is one.
        polled: Instructions spent waiting for a register to change.
    """

    def __init__(
        self,
        watch: Sequence[str],
        symbols: Mapping[str, tuple[int, int]],
        follow: Sequence[int] = (),
    ) -> None:
        self._entries: dict[int, str] = {}
        for name in watch:
            if name not in symbols:
                raise GhostError(
                    f"The image has no function {name!r}.{did_you_mean(name, symbols)}"
                    " A static function may have been inlined."
                )
            self._entries[symbols[name][0] & ~1] = name
        self._watch = tuple(watch)
        self._follow = frozenset(follow) - set(self._entries)
        self._under_way: list[_UnderWay] = []
        self._returns: set[int] = set()
        self._found: dict[str, FunctionCount] = {}
        self._before: dict[str, int] = {}
        self._reset = 0  # when the chip was reset last
        self._interrupted = 0  # instructions spent in handlers
        self._since: int | None = None
        self.trace: Tracer | None = None
        self.polled = 0
        self._read = ((0, 0, 0), 0)  # what was read last, and when

    def read(self, read: tuple[int, int, int], executed: int) -> bool:
        """Take the instructions since the same read with the same answer for waiting.

        Args:
            read: Where in the code, the register, and its answer.
            executed: Instructions so far.

        Returns:
            Whether they were: the core polls a register.
        """
        last, when = self._read
        polls = read == last and executed - when <= _POLL
        if polls:
            self.polled += executed - when
        self._read = (read, executed)
        return polls

    def wants(self, address: int) -> int:
        """Whether a block's start is worth a call of `at`."""
        return int(address in self._entries or address in self._returns or address in self._follow)

    def at(self, address: int, executed: int, uc: Any, arm: Any) -> int | None:
        """Take note that a block begins; return a new address to watch for, if any."""
        in_handler = self._since is not None
        spent = executed if in_handler else executed - self._interrupted
        stack = uc.reg_read(arm.UC_ARM_REG_SP)
        calls, ended = self._under_way, list[_UnderWay]()
        while calls and calls[-1].back == address and calls[-1].level == stack:
            ended.append(calls[-1])
            calls = calls[:-1]
        back = None
        if address in self._entries or (calls and not in_handler and address in self._follow):
            call = _UnderWay(address, uc.reg_read(arm.UC_ARM_REG_LR) & ~1, stack, spent)
            # Unless a loop goes back to the function's first instruction.
            if not calls or calls[-1][:3] != call[:3]:
                calls = [*calls, call]
                back = call.back
                self._returns.add(back)
        if calls is not self._under_way:
            self._charge()
            for call in ended:
                self._count(call, spent)
            self._under_way = calls
            if back is not None and address in self._entries:
                self._before.setdefault(
                    self._entries[address], executed - self.polled - self._reset
                )
        return back

    def _count(self, call: _UnderWay, spent: int) -> None:
        """Add a call that has returned to its function's count."""
        name = self._entries.get(call.entry)
        if name is None:
            return
        taken = spent - call.start
        old = self._found.get(name, FunctionCount(0, 0, taken, taken))
        self._found[name] = FunctionCount(
            old.calls + 1, old.total + taken, min(old.min, taken), max(old.max, taken)
        )

    def _charge(self) -> None:
        """Tell the trace whose the instructions since the last change were."""
        if self.trace is not None:
            calls = self._under_way if self._since is None else []
            self.trace.charge(tuple(Call(c.entry, c.back) for c in calls))

    def forget(self, executed: int) -> None:
        """The chip was reset: nothing is under way any more."""
        self._charge()
        self._before.clear()
        self._reset = executed - self.polled
        self._under_way = []
        self._since = None

    def interrupted(self, executed: int) -> None:
        """A handler begins; nested ones belong to the first."""
        if self._since is None:
            self._charge()
            self._since = executed

    def resumed(self, executed: int) -> None:
        """The last handler has ended."""
        if self._since is not None:
            self._charge()
            self._interrupted += executed - self._since
            self._since = None

    def counts(self, executed: int, blocks: Mapping[int, tuple[int, int]]) -> Counts:
        """Return what has been counted so far."""
        self._charge()
        functions = {n: self._found.get(n, FunctionCount(0, 0, 0, 0)) for n in self._watch}
        return Counts(
            executed,
            functions,
            {a: BlockCount(*b) for a, b in blocks.items()},
            dict(self._before),
            self.trace.spent() if self.trace is not None else (),
        )

# SPDX-License-Identifier: Apache-2.0
"""Tells whose instructions are whose: what ran, by the chain of calls that was under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcu_ghost.boards import Memory
from mcu_ghost.emulate import Call, RunCount, Spent, direct
from mcu_ghost.emulate.blocks import KNOWN, KNOWN_TAKEN, TAKEN

Path = tuple[Call, ...]


class Trace:
    """Charges what blocks have counted since the last look to a chain of calls.

    Args:
        blocks: The blocks of the machine by address.
        uc: The engine.
        unicorn: Its module.
        arm: Its names of registers.
        flash: Where loads are slow on silicon.
    """

    def __init__(
        self, blocks: Mapping[int, list[int]], uc: Any, unicorn: Any, arm: Any, flash: Memory
    ) -> None:
        self._blocks = blocks
        self._runs: dict[Path, dict[tuple[int, int], list[int]]] = {}
        self._flash_words: dict[Path, int] = {}
        words = self._words = [0]
        forget = direct.forgetter(uc, arm)

        def on_load(_: Any, __: int, address: int, size: int, *___: Any) -> None:
            words[0] += (address % 4 + size + 3) // 4
            forget()

        direct.add_read_hook(uc, unicorn, on_load, flash.origin, flash.origin + flash.size - 1)

    def charge(self, path: Path) -> None:
        """Charge what has run since the last call of this; an empty path means nobody."""
        runs = self._runs.setdefault(path, {}) if path else None
        for address, block in self._blocks.items():
            executions, taken = block[1] - block[KNOWN], block[TAKEN] - block[KNOWN_TAKEN]
            if not executions and not taken:
                continue
            block[KNOWN], block[KNOWN_TAKEN] = block[1], block[TAKEN]
            if runs is not None:
                run = runs.setdefault((address, block[0]), [0, 0])
                run[0] += executions
                run[1] += taken
        if path:
            self._flash_words[path] = self._flash_words.get(path, 0) + self._words[0]
        self._words[0] = 0

    def spent(self) -> tuple[Spent, ...]:
        """Return what has been charged so far."""
        return tuple(
            Spent(path, {at: RunCount(*run) for at, run in runs.items()}, self._flash_words[path])
            for path, runs in self._runs.items()
        )

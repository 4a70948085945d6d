# SPDX-License-Identifier: Apache-2.0
"""What a hop of sound costs a board, by part, against the time that it has.

Instructions are emulated and exact; cycles are estimates (see `mcu_ghost.proof.profile.cycles`)
for the board's flash with its wait states.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from mcu_ghost.build.build import Built
from mcu_ghost.emulate import Counts
from mcu_ghost.proof.profile import cycles, debug_info, disassembly

NETWORK = "network"
"""The name of the item that is the network's step."""


@dataclass(frozen=True)
class Item:
    """A part of the work.

    Attributes:
        name: What.
        instructions: Per hop, the mean over all; emulated.
        cycles: Likewise, estimated; None where the core is not one that they are estimated for.
    """

    name: str
    instructions: float
    cycles: float | None


@dataclass(frozen=True)
class CpuLoad:
    """What a hop costs.

    Attributes:
        hops: How many the means are over.
        hop_ms: Milliseconds of a hop.
        available: Cycles that the core has for one.
        items: Front end, network, detector.
        worst: Instructions of the costliest hop, interrupts and lines on the console included.
        worst_cycles: Likewise, estimated from the cycles per instruction of `items`.
    """

    hops: int
    hop_ms: int
    available: float
    items: tuple[Item, ...]
    worst: int
    worst_cycles: float | None

    @property
    def instructions(self) -> float:
        """Of all items, per hop."""
        return sum(item.instructions for item in self.items)

    @property
    def cycles(self) -> float | None:
        """Of all items, per hop."""
        known = [item.cycles for item in self.items if item.cycles is not None]
        return sum(known) if len(known) == len(self.items) else None


class Watch:
    """Which functions of an image to watch, and what to make of their counts.

    Args:
        built: A `kws` image.

    Attributes:
        functions: Names of what to count.
        trace: First instructions to follow where cycles are to be estimated; none where they
            cannot be.
    """

    def __init__(self, built: Built) -> None:
        self._board = board = built.board
        self._items = {
            "front end": ("ghost_front_end_hop", "ghost_quantize_features"),
            NETWORK: (f"{built.model.name}_step",),
            "detector": ("ghost_detector_step",),
        }
        self.functions = tuple(name for names in self._items.values() for name in names)
        self.trace: tuple[int, ...] = ()
        if board.cpu.core == cycles.CORE and disassembly.missing() is None:
            info = debug_info.read(built.elf)
            self._code = disassembly.disassemble(info.code)
            self._entries = {f.name: f.start for f in info.functions}
            self.trace = tuple(self._entries.values())

    def load(self, counts: Counts, traced: Counts | None, hop_ms: int, worst: int) -> CpuLoad:
        """Return what a hop costs.

        Args:
            counts: Of a run.
            traced: Of another, or a part of it, with traces, for the cycles.
            hop_ms: Milliseconds of a hop.
            worst: Instructions of the costliest hop.
        """
        hops = counts.functions["ghost_front_end_hop"].calls
        items = []
        for name, functions in self._items.items():
            instructions = sum(counts.functions[f].total for f in functions)
            per_hop = None
            if traced is not None:
                per_call = (self._cycles(f, traced) * counts.functions[f].calls for f in functions)
                per_hop = sum(per_call) / hops
            items.append(Item(name, instructions / hops, per_hop))
        available = self._board.cpu.clock_hz * hop_ms / 1000
        cpu_load = CpuLoad(hops, hop_ms, available, tuple(items), worst, None)
        if cpu_load.cycles is None:
            return cpu_load
        scaled = worst * cpu_load.cycles / cpu_load.instructions
        return dataclasses.replace(cpu_load, worst_cycles=scaled)

    def _cycles(self, function: str, traced: Counts) -> float:
        """Return the estimated cycles of one call."""
        calls = traced.functions[function].calls
        entry = self._entries[function]
        spent = [part for part in traced.spent if part.path[0].entry == entry]
        guess = cycles.estimate(spent, self._code, self._board, max(1, calls))
        assert guess is not None  # for this core there is one
        return guess.with_wait_states or guess.cycles

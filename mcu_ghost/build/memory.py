# SPDX-License-Identifier: Apache-2.0
"""Where every tensor of a model lives while it runs, and how many bytes that takes."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.build.kernels.constants import align
from mcu_ghost.build.pack import Packed
from mcu_ghost.network.model import Model


@dataclass(frozen=True)
class Part:
    """A line of the memory table: what takes how many bytes."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Plan:
    """The memory of one model.

    Attributes:
        offsets: Byte offset in the scratch arena of each tensor that lives there.
        passing: Likewise of the variables that live as long as a step runs through frames, by its
            output and their role.
        kernel_offset: Offset of the kernels' own working memory, behind the tensors.
        scratch_bytes: Size of the arena; at least 1, since C has no empty arrays.
        least_scratch_bytes: What no arena can be smaller than: what lives at a time.
        state_bytes: Recurrent state, carries included.
    """

    offsets: dict[int, int]
    passing: dict[tuple[int, str], int]
    kernel_offset: int
    scratch_bytes: int
    least_scratch_bytes: int
    state_bytes: int


def plan(model: Model, packed: list[Packed]) -> Plan:
    """Place tensors greedily by first use, sharing bytes between those that never meet.

    Inputs, outputs and recurrent states have homes of their own and take no scratch.
    """
    homes = set(model.inputs) | set(model.outputs) | set(model.schedule.kept)
    homes |= {step.op.output for step in model.steps if step.is_variable}
    lives: dict[int | tuple[int, str], _Life] = {}
    for time, step in enumerate(model.steps):
        for tensor in {*step.op.inputs, step.op.output} - homes:
            first = lives[tensor].first if tensor in lives else time
            lives[tensor] = _Life(first, time, align(model.tensors[tensor].size))
        for v in step.passing:
            lives[step.op.output, v.role] = _Life(time, time, align(v.bytes))
    offsets: dict[int | tuple[int, str], int] = {}
    for key, life in sorted(lives.items(), key=lambda item: item[1]):
        offset = 0
        for other, start in sorted(offsets.items(), key=lambda item: item[1]):
            stop = start + lives[other].size
            if lives[other].meets(life) and offset < stop and start < offset + life.size:
                offset = stop
        offsets[key] = offset
    end = max((offset + lives[key].size for key, offset in offsets.items()), default=0)
    kernels = max((p.scratch_bytes or 0 for p in packed), default=0)
    times = range(len(model.steps))
    live = (sum(x.size for x in lives.values() if x.first <= time <= x.last) for time in times)
    least = max(1, max(live, default=0) + kernels)
    tensors = {key: at for key, at in offsets.items() if isinstance(key, int)}
    passing = {key: at for key, at in offsets.items() if not isinstance(key, int)}
    return Plan(tensors, passing, end, max(1, end + kernels), least, model.state_bytes)


@dataclass(frozen=True, order=True)
class _Life:
    """From the step that writes something to the last one that reads it, and its bytes."""

    first: int
    last: int
    size: int

    def meets(self, other: _Life) -> bool:
        """Return whether both live at a time."""
        return self.first <= other.last and other.first <= self.last

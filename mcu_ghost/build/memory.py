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
        kernel_offset: Offset of the kernels' own working memory, behind the tensors.
        scratch_bytes: Size of the arena; at least 1, since C has no empty arrays.
        state_bytes: Recurrent state, carries included.
    """

    offsets: dict[int, int]
    kernel_offset: int
    scratch_bytes: int
    state_bytes: int


def plan(model: Model, packed: list[Packed]) -> Plan:
    """Place tensors greedily by first use, sharing bytes between those that never meet.

    Inputs, outputs and recurrent states have homes of their own and take no scratch.
    """
    homes = set(model.inputs) | set(model.outputs) | {layer.output for layer in model.layers}
    lifetimes: dict[int, tuple[int, int]] = {}
    for time, op in enumerate(model.operators):
        for tensor in (op.input, op.output):
            first, _ = lifetimes.get(tensor, (time, time))
            lifetimes[tensor] = (first, time)
    offsets: dict[int, int] = {}
    end = 0
    for tensor, (first, last) in sorted(lifetimes.items(), key=lambda item: item[1]):
        if tensor in homes:
            continue
        size, offset = align(model.tensors[tensor].size), 0
        for other, start in sorted(offsets.items(), key=lambda item: item[1]):
            meets = lifetimes[other][0] <= last and first <= lifetimes[other][1]
            stop = start + align(model.tensors[other].size)
            if meets and offset < stop and start < offset + size:
                offset = stop
        offsets[tensor] = offset
        end = max(end, offset + size)
    kernels = max((p.scratch_bytes or 0 for p in packed), default=0)
    return Plan(offsets, end, max(1, end + kernels), model.state_bytes)

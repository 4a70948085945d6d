# SPDX-License-Identifier: Apache-2.0
"""Convolutions in strips of rows, each of which is pooled before the next is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.windows import image
from mcu_ghost.network.schedule import Step

LEAST_MACS = 12_288
"""Of a turn, whose two calls cost some 130 instructions."""


@dataclass(frozen=True)
class Strip:
    """How a convolution and the pool behind it take turns.

    Attributes:
        turns: How many.
        rows: Of the convolution's output, which one makes.
        pooled: Rows of the pool's output, made of these.
        bytes: What the rows of the convolution's output take.
    """

    turns: int
    rows: int
    pooled: int
    bytes: int


def possible(model: Model) -> dict[int, tuple[Strip, ...]]:
    """Return by the convolution's place among the steps how it could run, low strips first."""
    found = {}
    read = Counter(i for step in model.steps for i in step.op.inputs)
    read.update((*model.outputs, *model.schedule.kept))
    for time, (one, behind) in enumerate(zip(model.steps, model.steps[1:], strict=False)):
        together = one.clock == behind.clock and time + 1 != len(model.body)
        alone = behind.op.inputs == (one.op.output,) and read[one.op.output] == 1
        ways = _ways(one, behind) if together and alone else ()
        if ways:
            found[time] = ways
    return found


def _ways(one: Step, behind: Step) -> tuple[Strip, ...]:
    """Return how a step and the one behind it can take turns; nothing if they can't."""
    made, seen, answer = (image(tensor.shape) for tensor in (one.y, behind.xs[0], behind.y))
    if not (one.op.in_strips and behind.op.pooled and made == seen):
        return ()
    row_bytes, height = made[1] * made[2], answer[0]
    return tuple(
        Strip(height // pooled, rows, pooled, rows * row_bytes)
        for pooled, rows in ((n, n * behind.op.pooled) for n in range(1, height))
        if height % pooled == 0 and one.macs * pooled // height >= LEAST_MACS
    )

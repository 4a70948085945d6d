# SPDX-License-Identifier: Apache-2.0
"""Keeps the frames of a window: what the planner puts where an operator needs all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcu_ghost.network.ops.operator import State, Tensors
from mcu_ghost.network.ops.planned import Planned
from mcu_ghost.network.tensor import Ints, Tensor, Variable


@dataclass(frozen=True)
class Collect(Planned):
    """Puts each frame behind the ones before; a full one stays as it is.

    Attributes:
        size: Values of a frame.
        frames: How many there is room for.
        scale: Real value of one step.
        before: Frames of padding that stand before the first.
        fill: What they hold.
    """

    kind: ClassVar[str] = "collect"

    size: int
    frames: int
    scale: float
    before: int = 0
    fill: int = 0

    @property
    def variables(self) -> tuple[Variable, ...]:
        """How many are there, and the frames."""
        return (
            Variable("count", 1, "int16", 1.0),
            Variable("", self.size * self.frames, "int8", self.scale, self.fill),
        )

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Put a frame behind the others."""
        count, kept = state
        at = self.before + int(count.flat[0])  # all sequences side by side have come as far
        if at < self.frames:
            kept = kept.copy()
            frame = values[0].reshape(*kept.shape[:-1], self.size)
            kept[..., at * self.size : (at + 1) * self.size] = frame
            count = count + 1
        return kept.reshape(*kept.shape[:-1], *y.shape), (count, kept)

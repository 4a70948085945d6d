# SPDX-License-Identifier: Apache-2.0
"""Keeps the last frames of a stream: what the planner puts before an operator that looks back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcu_ghost.network.ops.operator import State, Tensors
from mcu_ghost.network.ops.planned import Planned
from mcu_ghost.network.tensor import Ints, Tensor, Variable


@dataclass(frozen=True)
class Ring(Planned):
    """Lets the oldest frame go and puts the new one behind the others.

    Attributes:
        size: Values of a frame.
        length: Frames.
        scale: Real value of one step.
        fill: What stands there before the first frame.
    """

    kind: ClassVar[str] = "ring"

    size: int
    length: int
    scale: float
    fill: int

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The frames, the oldest first."""
        return (Variable("", self.size * self.length, "int8", self.scale, self.fill),)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Move on by a frame; return as many as `y` has, the oldest first."""
        (kept,) = state
        frame = values[0].reshape(*kept.shape[:-1], self.size)
        kept = np.concatenate([kept[..., self.size :], frame], axis=-1)
        return kept[..., : y.size].reshape((*kept.shape[:-1], *y.shape)), (kept,)

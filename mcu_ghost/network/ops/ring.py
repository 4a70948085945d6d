# SPDX-License-Identifier: Apache-2.0
"""Keeps the last frames of a stream: what the planner puts before an operator that looks back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from mcu_ghost.network.ops.operator import Operator, State, Tensors
from mcu_ghost.network.tensor import Ints, Tensor, Variable
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True)
class Ring(Operator):
    """Lets the oldest frame go and puts the new one behind the others.

    Attributes:
        size: Values of a frame.
        length: Frames.
        scale: Real value of one step.
        fill: What stands there before the first frame.
    """

    kind: ClassVar[str] = "ring"
    codes: ClassVar[dict[int | str, int]] = {}  # no file has it

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

    @classmethod
    def read(cls, file: Tables, op: Any) -> NoReturn:
        """Refuse: no file has it."""
        raise NotImplementedError

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> NoReturn:
        """Refuse: no file has it."""
        raise NotImplementedError

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> NoReturn:
        """Refuse: it belongs to a plan, not to a network."""
        raise NotImplementedError

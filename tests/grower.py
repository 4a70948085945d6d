# SPDX-License-Identifier: Apache-2.0
"""An int8 graph that grows at random: what moves put operators behind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcu_ghost.network.graph import Graph
from mcu_ghost.network.ops import KINDS
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.tensor import Tensor

MOST = 400  # values of a tensor


@dataclass(frozen=True)
class Wish:
    """What graphs are drawn.

    Attributes:
        own: Whether they may have operators that TFLite Micro lacks.
        breaks: How likely a move is that needs a whole sequence.
        frames: Of the inputs; 0 for any number.
        moves: The most.
    """

    own: bool = True
    breaks: float = 0.1
    frames: int = 0
    moves: int = 7


class Grower:
    """A graph that grows.

    Attributes:
        rng: Where randomness comes from.
        tensors: Whole ones.
        operators: So far.
        timed: Tensors whose first axis is time.
    """

    def __init__(self, seed: int, wish: Wish) -> None:
        self.wish = wish
        self.rng = np.random.default_rng([seed, 3])
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.timed: set[int] = set()
        frames = wish.frames or int(self.rng.integers(1, 13))
        for number in range(int(self.rng.choice([1, 1, 1, 2, 3]))):
            self._input(number, frames)
        self.inputs = tuple(range(len(self.tensors)))

    def _input(self, number: int, frames: int) -> None:
        shape = tuple(int(n) for n in self.rng.integers(1, 6, int(self.rng.choice([1, 1, 2]))))
        scale = float(np.float32(10 ** self.rng.uniform(-2.5, -0.5)))
        zero_point = int(self.rng.integers(-128, 128))
        self.tensors.append(Tensor(f"x{number}", (frames, *shape), "int8", scale, zero_point))
        self.timed.add(number)

    def put(self, op: Operator, y: Tensor) -> int:
        """Add an operator and what it writes; return the index of that."""
        if y.size > MOST or not y.shape or len(y.shape) > 3:
            raise ValueError("too large")
        index = len(self.tensors)
        self.tensors.append(replace(y, name=f"{op.kind}_{index}"))
        self.operators.append(replace(op, output=index))
        return index

    def add(self, kind: str, source: int, **options: Any) -> int:
        """Add a random operator of a kind."""
        return self.put(*KINDS[kind].random(self.rng, self.tensors[source], source, **options))

    def reshape(self, source: int, *shape: int) -> int:
        """Return a tensor in another shape; itself if that is its own."""
        x = self.tensors[source]
        if x.shape == shape:
            return source
        return self.put(Reshape((source,), 0), replace(x, shape=shape))

    def image(self, source: int) -> int:
        """Return a tensor as (height, width, channels); time is the height."""
        shape = self.tensors[source].shape
        return self.reshape(source, shape[0], *(1,) * (3 - len(shape)), *shape[1:])

    def vectors(self, source: int) -> int:
        """Return a tensor as (frames, values)."""
        frames = self.tensors[source].shape[0]
        return self.reshape(source, frames, self.tensors[source].size // frames)

    def like(self, source: int, other: int) -> int:
        """Return a tensor at the scale and zero point of another."""
        x, y = self.tensors[source], self.tensors[other]
        if (x.scale, x.zero_point) == (y.scale, y.zero_point):
            return source
        return self.put(Elementwise((source,), 0, "quantize"), replace(y, shape=x.shape))

    def graph(self, outputs: tuple[int, ...]) -> Graph:
        """Return what there is."""
        return Graph(tuple(self.tensors), self.inputs, outputs, tuple(self.operators))

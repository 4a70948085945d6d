# SPDX-License-Identifier: Apache-2.0
"""Nodes that move numbers and compute none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mcu_ghost.convert.nodes.node import Node, Reals, Shape


@dataclass(frozen=True, eq=False)
class Reverse(Node):
    """The values in reverse order along an axis."""

    axis: int = 0

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        if not 0 <= self.axis < len(shapes[0]):
            raise self.refuse(f"its input of shape {shapes[0]} has no axis {self.axis}")
        return shapes[0]

    def run(self, *values: Reals) -> Reals:
        """Turn round."""
        return np.flip(values[0], self.axis + 1)


@dataclass(frozen=True, eq=False)
class Repeat(Node):
    """A vector, n times: (k,) to (n, k)."""

    n: int

    def infer(self, *shapes: Shape) -> Shape:
        """Return (n, k)."""
        self.check_rank(shapes[0], (1,))
        return (self.n, *shapes[0])

    def run(self, *values: Reals) -> Reals:
        """Repeat."""
        return np.repeat(values[0][:, None], self.n, axis=1)


@dataclass(frozen=True, eq=False)
class UpSample(Node):
    """Each value several times: `size` is (times,) on (T, C) and (rows, columns) on (H, W, C)."""

    size: tuple[int, ...]

    def infer(self, *shapes: Shape) -> Shape:
        """Return the larger shape."""
        self.check_rank(shapes[0], (len(self.size) + 1,))
        return (
            *(n * times for n, times in zip(shapes[0], self.size, strict=False)),
            shapes[0][-1],
        )

    def run(self, *values: Reals) -> Reals:
        """Repeat along each axis."""
        (x,) = values
        for axis, times in enumerate(self.size, start=1):
            x = np.repeat(x, times, axis)
        return x


@dataclass(frozen=True, eq=False)
class Pad(Node):
    """Zeros around: (before, after) for each axis."""

    padding: tuple[tuple[int, int], ...]

    def infer(self, *shapes: Shape) -> Shape:
        """Return the larger shape."""
        self.check_rank(shapes[0], (len(self.padding),))
        return tuple(n + sum(pad) for n, pad in zip(shapes[0], self.padding, strict=True))

    def run(self, *values: Reals) -> Reals:
        """Put zeros around."""
        return np.pad(values[0], ((0, 0), *self.padding))


@dataclass(frozen=True, eq=False)
class Slice(Node):
    """Every `step`th value from `begin` to before `end`, along each axis; none is negative."""

    begin: tuple[int, ...]
    end: tuple[int, ...]
    step: tuple[int, ...]

    def infer(self, *shapes: Shape) -> Shape:
        """Return the smaller shape."""
        self.check_rank(shapes[0], (len(self.begin),))
        result = tuple(
            len(range(b, min(e, n), s))
            for b, e, s, n in zip(self.begin, self.end, self.step, shapes[0], strict=True)
        )
        if 0 in result:
            raise self.refuse(f"takes nothing of its input of shape {shapes[0]}")
        return result

    def run(self, *values: Reals) -> Reals:
        """Take them."""
        taken = (slice(*s) for s in zip(self.begin, self.end, self.step, strict=True))
        return values[0][:, *taken]


@dataclass(frozen=True, eq=False)
class Permute(Node):
    """Axes in another order: output axis i is input axis axes[i]."""

    axes: tuple[int, ...]

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape in the new order."""
        if sorted(self.axes) != list(range(len(shapes[0]))):
            raise self.refuse(f"cannot order the axes of {shapes[0]} as {self.axes}")
        return tuple(shapes[0][axis] for axis in self.axes)

    def run(self, *values: Reals) -> Reals:
        """Move the axes."""
        return np.transpose(values[0], (0, *(axis + 1 for axis in self.axes)))


@dataclass(frozen=True, eq=False)
class Reshape(Node):
    """The same values in order, in another shape."""

    shape: Shape

    def infer(self, *shapes: Shape) -> Shape:
        """Return the new shape."""
        if math.prod(shapes[0]) != math.prod(self.shape):
            raise self.refuse(f"cannot make the shape {self.shape} of {shapes[0]}")
        return self.shape

    def run(self, *values: Reals) -> Reals:
        """Reshape."""
        return values[0].reshape(len(values[0]), *self.shape)

# SPDX-License-Identifier: Apache-2.0
"""Nodes that bring values together: several inputs, or many numbers, become one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mcu_ghost.convert.nodes.node import Node, Reals, Shape

MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "average": np.add,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
REDUCTIONS: dict[str, Callable[..., Any]] = {"mean": np.mean, "max": np.max, "sum": np.sum}


@dataclass(frozen=True, eq=False)
class Merge(Node):
    """Its inputs, number by number; an axis of length 1 goes with every other length."""

    function: Literal["add", "subtract", "multiply", "average", "maximum", "minimum"]

    @property
    def kind(self) -> str:
        """What it is called in messages."""
        return self.function

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape that all inputs broadcast to."""
        if len({len(shape) for shape in shapes}) == 1:
            try:
                return np.broadcast_shapes(*shapes)
            except ValueError:
                pass
        raise self.refuse(f"its inputs have shapes that do not fit: {_listed(shapes)}")

    def run(self, *values: Reals) -> Reals:
        """Go through the inputs in order."""
        result = functools.reduce(MERGES[self.function], values)
        return result / np.float32(len(values)) if self.function == "average" else result


@dataclass(frozen=True, eq=False)
class Concat(Node):
    """Its inputs one behind the other along an axis."""

    axis: int

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape, which is longer along the axis."""
        rest = {(*shape[: self.axis], *shape[self.axis + 1 :]) for shape in shapes}
        same_rank = len({len(shape) for shape in shapes}) == 1
        if not (same_rank and len(rest) == 1 and 0 <= self.axis < len(shapes[0])):
            raise self.refuse(
                f"its inputs' shapes do not fit along axis {self.axis}: {_listed(shapes)}"
            )
        joined = list(shapes[0])
        joined[self.axis] = sum(shape[self.axis] for shape in shapes)
        return tuple(joined)

    def run(self, *values: Reals) -> Reals:
        """Join them; a constant has a batch of 1."""
        batch = max(map(len, values))
        wide = [np.broadcast_to(value, (batch, *value.shape[1:])) for value in values]
        return np.concatenate(wide, self.axis + 1)


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """A value that is always the same; it has no inputs."""

    value: Reals

    def infer(self, *shapes: Shape) -> Shape:
        """Return the value's shape."""
        return self.value.shape

    def run(self, *values: Reals) -> Reals:
        """Return the value for a batch of 1, which goes with any other."""
        return self.value[None]


@dataclass(frozen=True, eq=False)
class Reduce(Node):
    """The mean, largest value or sum over some axes: global pooling."""

    function: Literal["mean", "max", "sum"]
    axes: tuple[int, ...]
    keepdims: bool = False

    @property
    def kind(self) -> str:
        """What it is called in messages."""
        return f"{self.function} over axes {self.axes}"

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape without the axes, or with 1 in their places."""
        if not all(0 <= axis < len(shapes[0]) for axis in self.axes):
            raise self.refuse(f"its input of shape {shapes[0]} does not have the axes {self.axes}")
        if self.keepdims:
            return tuple(1 if i in self.axes else n for i, n in enumerate(shapes[0]))
        return tuple(n for i, n in enumerate(shapes[0]) if i not in self.axes)

    def run(self, *values: Reals) -> Reals:
        """Reduce."""
        axes = tuple(axis + 1 for axis in self.axes)
        reduced = REDUCTIONS[self.function](values[0], axis=axes, keepdims=self.keepdims)
        return np.asarray(reduced, np.float32)


def _listed(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(map(str, shapes))

# SPDX-License-Identifier: Apache-2.0
"""The file's values as they are in the graph, and how the axes of both correspond.

A file orders the axes as its framework likes, and has the batch among them: (T, batch, d) for
recurrent layers, (batch, C, H, W) for convolutions. The network is read as that of one sample, so
the batch is an axis of length 1; an axis of length 1 needs no counterpart in the graph. Transpose,
Squeeze, Unsqueeze and most of Reshape therefore only change how axes correspond.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.convert.nodes import Shape

Array = npt.NDArray[np.generic]
Axes = tuple[int | None, ...]


@dataclass(frozen=True)
class Value:
    """A value of the graph, as the file sees it.

    Attributes:
        name: In the graph.
        shape: In the graph, without a batch.
        axes: For each of the file's axes that of the graph, or None for one of length 1 that the
            graph does not have. The graph's axes that are not among them have length 1.
        whole: Whether its numbers are indices.
    """

    name: str
    shape: Shape
    axes: Axes
    whole: bool = False

    @property
    def full(self) -> Shape:
        """Its shape in the file, for a batch of one."""
        return tuple(1 if axis is None else self.shape[axis] for axis in self.axes)

    @property
    def rank(self) -> int:
        """Number of the file's axes."""
        return len(self.axes)


@dataclass(frozen=True)
class Stack:
    """Values one behind the other along an axis of the file, which none of them has itself.

    So a bidirectional layer's outputs come, and mostly they are taken apart or joined again.

    Attributes:
        parts: All of one shape and with the same axes.
        axis: The file's; each part has None there.
    """

    parts: tuple[Value, ...]
    axis: int

    @property
    def full(self) -> Shape:
        """Its shape in the file."""
        shape = list(self.parts[0].full)
        shape[self.axis] = len(self.parts)
        return tuple(shape)


def squeezed(full: Shape) -> tuple[Shape, Axes]:
    """Return the shape without axes of length 1, at least one axis, and how they correspond."""
    kept = [i for i, n in enumerate(full) if n != 1]
    axes = tuple(kept.index(i) if i in kept else None for i in range(len(full)))
    return tuple(full[i] for i in kept) or (1,), axes


def widened(axes: Axes, rank: int) -> Axes:
    """Return the axes with as many in front as make this rank, as broadcasting does."""
    return (None,) * (rank - len(axes)) + axes


def groups(before: Shape, after: Shape) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the smallest sets of neighbouring axes which hold the same numbers in two shapes.

    Args:
        before: A shape; its axes of length 1 are left out.
        after: Another one for as many numbers.
    """
    left = [i for i, n in enumerate(before) if n != 1]
    right = [i for i, n in enumerate(after) if n != 1]
    while left:
        a, b = [left.pop(0)], [right.pop(0)]
        while (m := math.prod(before[i] for i in a)) != (n := math.prod(after[i] for i in b)):
            if m < n:
                a.append(left.pop(0))
            else:
                b.append(right.pop(0))
        yield a, b


def fitted(x: Value, constant: Array) -> Array | None:
    """Return a constant in the graph's order of axes, with as many axes as x has there.

    None if it is longer along some axis than x.
    """
    full = x.full
    if constant.ndim > x.rank:
        return constant.reshape((1,) * len(x.shape)) if constant.size == 1 else None
    constant = constant.reshape((1,) * (x.rank - constant.ndim) + constant.shape)
    if any(n not in (1, m) for n, m in zip(constant.shape, full, strict=True)):
        return None
    shape = [1] * len(x.shape)
    for axis, n in zip(x.axes, constant.shape, strict=True):
        if axis is not None:
            shape[axis] = n
    order = sorted(range(x.rank), key=lambda i: -1 if x.axes[i] is None else x.axes[i] or 0)
    return constant.transpose(order).reshape(shape)


def ascending(numbers: Sequence[int]) -> bool:
    """Whether each is larger than the one before."""
    return all(a < b for a, b in zip(numbers, numbers[1:], strict=False))


def leads_to_last(x: Value) -> bool:
    """Whether the first of the file's axes, and no other, has another place: it is the last."""
    there = [axis for axis, n in zip(x.axes, x.full, strict=True) if axis is not None and n != 1]
    every = len(there) == len(x.shape) > 1
    return every and there == [len(there) - 1, *range(len(there) - 1)]

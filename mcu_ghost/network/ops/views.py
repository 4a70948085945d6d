# SPDX-License-Identifier: Apache-2.0
"""Operators whose output is another view of the input's values: slices, transposed tensors, …."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.ops import axes
from mcu_ghost.network.ops.operator import Operator, State, Tensors
from mcu_ghost.network.tensor import Ints, Tensor

Array = npt.NDArray[Any]

AXES = 5  # of the boxes that kernels copy

Box = tuple[tuple[int, ...], ...]
"""Shape of a box, and its strides in each of two tensors; `AXES` numbers each."""


@dataclass(frozen=True)
class View(Operator):
    """Moves values and changes none; input and output have the same scale and zero point.

    What a kind says of axes it says from the end, so that it holds for whole tensors and for a
    frame of them.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
    """

    @abc.abstractmethod
    def view(self, x: Tensor, y: Tensor, values: Array) -> Array:
        """Return (…, *shape of x) values as NumPy views them, flat the same as the output."""

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Move (…, *shape of x) values."""
        (x,) = xs
        return axes.given(x, values[0], y, self.view(x, y, values[0])), ()

    def box(self, x: Tensor, y: Tensor) -> tuple[int, Box]:
        """Return where the view starts in `x`, and its box.

        Raises:
            ValueError: A box of more axes than there are would be needed.
        """
        values = np.zeros(x.shape, np.int8)
        view = self.view(x, y, values)
        start = view.ctypes.data - values.ctypes.data
        flat = np.empty(view.shape, np.int8)
        return start, merged(view.shape, view.strides, flat.strides)


def merged(shape: tuple[int, ...], one: tuple[int, ...], other: tuple[int, ...]) -> Box:
    """Return a box whose axes are joined where both tensors go on as before.

    Raises:
        ValueError: It has more than `AXES` axes.
    """
    joined: list[tuple[int, ...]] = []
    for n, a, b in zip(shape, one, other, strict=True):
        if n == 1:
            continue
        if joined and joined[-1][1:] == (a * n, b * n):
            n *= joined.pop()[0]
        joined.append((n, a, b))
    if len(joined) > AXES:
        raise ValueError(f"it needs {len(joined)} loops, at most {AXES}")
    return tuple(zip(*[(1, 0, 0)] * (AXES - len(joined)) + joined, strict=True))

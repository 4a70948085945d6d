# SPDX-License-Identifier: Apache-2.0
"""Nodes with a window that moves: convolutions and pools.

They run on (H, W, C), and on (T, C) as if that were (T, 1, C). The window's place (i, j) sees the
padded input at rows i · dilation, i · dilation + stride, …: one array for each place, of the
output's shape, and the node adds them up or takes the largest.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mcu_ghost.convert.nodes.node import Node, Reals, Shape

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]  # ((top, bottom), (left, right))


@dataclass(frozen=True, eq=False, kw_only=True)
class Window(Node):
    """What convolutions and pools share.

    Attributes:
        strides: Along both axes; of a 1-D node the second is 1.
        dilation: The distance of neighbours under the window.
        padding: ((top, bottom), (left, right)).
    """

    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = ((0, 0), (0, 0))

    @property
    @abstractmethod
    def size(self) -> Pair:
        """Of the window."""

    def extent(self, shape: Shape) -> Shape:
        """Return the output's shape but for its channels."""
        self.check_rank(shape, (2, 3))
        sizes = shape[:-1] if len(shape) == 3 else (shape[0], 1)
        result = [
            (n + sum(pad) - (k - 1) * d - 1) // s + 1
            for n, k, s, d, pad in zip(
                sizes, self.size, self.strides, self.dilation, self.padding, strict=True
            )
        ]
        if min(result) < 1:
            raise self.refuse(
                f"its window of {self.size} is larger than its input of shape {shape}; give the"
                " network larger inputs"
            )
        return tuple(result[: len(shape) - 1])

    def places(self, x: Reals, fill: float = 0.0) -> Iterator[tuple[Pair, Reals]]:
        """Yield each place of the window and what it sees, (batch, rows, columns, channels)."""
        if x.ndim == 3:
            x = x[:, :, None, :]
        x = np.pad(x, ((0, 0), *self.padding, (0, 0)), constant_values=fill)
        (kh, kw), (sh, sw), (dh, dw) = self.size, self.strides, self.dilation
        rows = (x.shape[1] - (kh - 1) * dh - 1) // sh * sh + 1
        columns = (x.shape[2] - (kw - 1) * dw - 1) // sw * sw + 1
        for i in range(kh):
            for j in range(kw):
                yield (
                    (i, j),
                    x[:, i * dh : i * dh + rows : sh, j * dw : j * dw + columns : sw],
                )


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv(Window):
    """A convolution.

    Attributes:
        kernel: (kh, kw, channels in / groups, channels out); kw = 1 on (T, C).
        bias: (channels out,).
        groups: The channels' groups, each seen by its share of the kernel alone.
    """

    kernel: Reals
    bias: Reals
    groups: int = 1

    @property
    def size(self) -> Pair:
        """Of the window."""
        return self.kernel.shape[0], self.kernel.shape[1]

    def infer(self, *shapes: Shape) -> Shape:
        """Return (rows, columns, channels out), or without columns."""
        self.check_last(shapes[0], self.kernel.shape[2] * self.groups)
        self.check_weights("bias", self.bias, self.kernel.shape[3])
        return (*self.extent(shapes[0]), self.kernel.shape[3])

    def run(self, *values: Reals) -> Reals:
        """Add up a matrix product for each place."""
        (x,) = values
        return _squeeze(sum(self._product(seen, i, j) for (i, j), seen in self.places(x)), x) + (
            self.bias
        )

    def _product(self, seen: Reals, i: int, j: int) -> Reals:
        if self.groups == 1:
            return seen @ self.kernel[i, j]
        kernels = np.split(self.kernel[i, j], self.groups, axis=-1)
        parts = np.split(seen, self.groups, axis=-1)
        return np.concatenate([p @ k for p, k in zip(parts, kernels, strict=True)], axis=-1)


@dataclass(frozen=True, eq=False, kw_only=True)
class DepthwiseConv(Window):
    """A convolution of each channel for itself.

    Attributes:
        kernel: (kh, kw, channels, multiplier); output channel c · multiplier + m.
        bias: (channels · multiplier,).
    """

    kernel: Reals
    bias: Reals

    @property
    def size(self) -> Pair:
        """Of the window."""
        return self.kernel.shape[0], self.kernel.shape[1]

    def infer(self, *shapes: Shape) -> Shape:
        """Return (rows, columns, channels out), or without columns."""
        self.check_last(shapes[0], self.kernel.shape[2])
        self.check_weights("bias", self.bias, self.kernel.shape[2] * self.kernel.shape[3])
        return (*self.extent(shapes[0]), self.bias.shape[0])

    def run(self, *values: Reals) -> Reals:
        """Add up a product for each place."""
        (x,) = values
        total = sum(seen[..., None] * self.kernel[i, j] for (i, j), seen in self.places(x))
        total = np.asarray(total, np.float32)
        return _squeeze(total.reshape(*total.shape[:3], -1), x) + self.bias


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(Window):
    """The largest or the mean value under a window, of each channel for itself.

    Padding is never under the window's mean, as TensorFlow has it.
    """

    function: Literal["max", "average"]
    pool: Pair

    @property
    def kind(self) -> str:
        """What it is called in messages."""
        return f"{self.function} pooling"

    @property
    def size(self) -> Pair:
        """Of the window."""
        return self.pool

    def infer(self, *shapes: Shape) -> Shape:
        """Return (rows, columns, channels), or without columns."""
        return (*self.extent(shapes[0]), shapes[0][-1])

    def run(self, *values: Reals) -> Reals:
        """Return the largest or mean value."""
        (x,) = values
        if self.function == "max":
            seen = (seen for _, seen in self.places(x, fill=-np.inf))
            return _squeeze(functools.reduce(np.maximum, seen), x)
        total = sum(seen for _, seen in self.places(x))
        counted = sum(seen for _, seen in self.places(np.ones_like(x[:1])))
        return _squeeze(total / counted, x)


def _squeeze(y: object, x: Reals) -> Reals:
    """Return y without the axis that `places` gave a 1-D x."""
    result = np.asarray(y, np.float32)
    return result[:, :, 0] if x.ndim == 3 else result

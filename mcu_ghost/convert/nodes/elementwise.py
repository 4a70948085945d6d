# SPDX-License-Identifier: Apache-2.0
"""Nodes that keep the shape of what they read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcu_ghost.convert.nodes.function import Function
from mcu_ghost.convert.nodes.node import Node, Reals, Shape


@dataclass(frozen=True, eq=False)
class Activation(Node):
    """y = f(x) for every number."""

    function: Function

    @property
    def kind(self) -> str:
        """What it is called in messages."""
        return self.function.name

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        return shapes[0]

    def run(self, *values: Reals) -> Reals:
        """Apply the function."""
        return self.function(values[0])


@dataclass(frozen=True, eq=False)
class PRelu(Node):
    """y = x, or alpha · x where x is negative.

    Attributes:
        alpha: Of any shape that broadcasts to the input's; mostly one for each channel.
    """

    alpha: Reals

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        try:
            fits = np.broadcast_shapes(shapes[0], self.alpha.shape) == shapes[0]
        except ValueError:
            fits = False
        if not fits:
            raise self.refuse(f"alpha of shape {self.alpha.shape} does not fit {shapes[0]}")
        return shapes[0]

    def run(self, *values: Reals) -> Reals:
        """Scale what is negative."""
        (x,) = values
        return np.where(x >= 0, x, self.alpha * x)


@dataclass(frozen=True, eq=False)
class Softmax(Node):
    """Over the last axis."""

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        return shapes[0]

    def run(self, *values: Reals) -> Reals:
        """Return exp(x) over its sum, with the largest x taken off first."""
        (x,) = values
        e = np.exp(x - x.max(-1, keepdims=True))
        return np.asarray(e / e.sum(-1, keepdims=True), np.float32)


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """y = x · scale + offset, with one of both for each channel: (c,)."""

    scale: Reals
    offset: Reals

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        self.check_last(shapes[0], self.scale.shape[0], "scales")
        self.check_weights("offset", self.offset, self.scale.shape[0])
        return shapes[0]

    def run(self, *values: Reals) -> Reals:
        """Scale and shift."""
        return values[0] * self.scale + self.offset


@dataclass(frozen=True, eq=False)
class LayerNorm(Node):
    """y = (x - mean) / sqrt(variance + epsilon) · gamma + beta, both of the last axis."""

    gamma: Reals
    beta: Reals
    epsilon: float

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        self.check_last(shapes[0], self.gamma.shape[0])
        self.check_weights("beta", self.beta, self.gamma.shape[0])
        return shapes[0]

    def run(self, *values: Reals) -> Reals:
        """Normalise."""
        (x,) = values
        x = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(self.epsilon))
        return np.asarray(x / deviation * self.gamma + self.beta, np.float32)

# SPDX-License-Identifier: Apache-2.0
"""Nodes that look at one vector at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcu_ghost.convert.nodes.node import Node, Reals, Shape


@dataclass(frozen=True, eq=False)
class Dense(Node):
    """y = x · kernel + bias on the last axis; kernel (k, n), bias (n,)."""

    kernel: Reals
    bias: Reals

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape with n in its last place."""
        self.check_last(shapes[0], self.kernel.shape[0])
        self.check_weights("bias", self.bias, self.kernel.shape[1])
        return (*shapes[0][:-1], self.kernel.shape[1])

    def run(self, *values: Reals) -> Reals:
        """Multiply and add."""
        return values[0] @ self.kernel + self.bias


@dataclass(frozen=True, eq=False)
class Embedding(Node):
    """The row of a table, (rows, n), that each input names."""

    table: Reals

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape with a last axis of n."""
        return (*shapes[0], self.table.shape[1])

    def run(self, *values: Reals) -> Reals:
        """Look up; what is no row is taken as the nearest."""
        rows = np.clip(values[0].astype(np.int64), 0, len(self.table) - 1)
        return self.table[rows]

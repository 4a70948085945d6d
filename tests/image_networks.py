# SPDX-License-Identifier: Apache-2.0
"""Networks of convolutions and of all that goes with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.add import Add
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D
from mcu_ghost.network.ops.prelu import PRelu
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.ops.transpose import Transpose
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write

CHAIN = (
    Pad, Conv2D, MaxPool2D, DepthwiseConv2D, Elementwise, Mul, PRelu, AveragePool2D, Transpose,
    StridedSlice,
)  # fmt: skip


class Growing:
    """A graph to which operators are added."""

    def __init__(self, seed: int, shape: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = [Tensor("input", shape, "int8", 0.05, int(self.rng.integers(-128, 128)))]
        self.operators: list[Operator] = []

    def add(self, kind: Any, source: int = -1, **options: Any) -> int:
        """Add a random operator of a kind that reads a tensor, the newest if none is named."""
        place = source % len(self.tensors)
        return self.put(*kind.random(self.rng, self.tensors[place], place, **options))

    def put(self, op: Operator, y: Tensor) -> int:
        """Add an operator and what it writes; return the index of that."""
        self.tensors.append(y)
        self.operators.append(replace(op, output=len(self.tensors) - 1))
        return len(self.tensors) - 1

    def model(self, metadata: dict[str, Any]) -> Model:
        """Return it with a classifier behind it, as it comes back from a file."""
        x = self.tensors[-1]
        axes = tuple(range(-len(x.shape), -1))
        flat = Tensor("mean", x.shape[-1:], "int8", x.scale, x.zero_point)
        if axes:
            self.put(Mean((len(self.tensors) - 1,), 0, axes), flat)
        self.add(FullyConnected, outputs=5)
        last = self.add(Softmax)
        graph = Graph(tuple(self.tensors), (0,), (last,), tuple(self.operators))
        return read.parse(write.serialize(Model("images", graph, metadata)), "images")


def branched(seed: int) -> Growing:
    """Return a network whose paths part, and are added and joined again."""
    graph = Growing(seed, (7, 6, 3))
    start = graph.add(Conv2D)
    scaled = graph.add(Mul, start)
    x, other = graph.tensors[start], graph.tensors[scaled]
    op, y = Add.random(graph.rng, x, start, other=other)
    both = graph.put(replace(op, inputs=(start, scaled)), y)
    wide = replace(y, shape=(*y.shape[:-1], 2 * y.shape[-1]))
    graph.put(Concatenation((both, both), 0, -1), wide)
    graph.add(AveragePool2D)
    graph.add(Conv2D)
    return graph


def series(seed: int) -> Growing:
    """Return a network over time alone, whose windows have width 1."""
    graph = Growing(seed, (12, 5))
    x = graph.tensors[0]
    graph.put(Reshape((0,), 0), replace(x, shape=(12, 1, 5)))
    graph.add(Conv2D)
    y = graph.tensors[graph.add(DepthwiseConv2D)]
    graph.put(Reshape((len(graph.tensors) - 1,), 0), replace(y, shape=(y.shape[0], y.shape[2])))
    graph.add(FullyConnected, outputs=7)
    graph.add(Elementwise)
    return graph


def chained(seed: int) -> Growing:
    """Return a network of every kind, one behind the other."""
    graph = Growing(seed, (9, 8, 2))
    for kind in CHAIN:
        graph.add(kind)
    return graph


def pooled(seed: int) -> Growing:
    """Return a network of convolutions, each with a pool behind it whose windows lie apart."""
    graph = Growing(seed, (17, 6, 3) if seed % 2 else (24, 1, 2))
    for kind in (MaxPool2D, AveragePool2D):
        x = graph.tensors[graph.add(Conv2D)]
        high, wide = (int(graph.rng.integers(1, 1 + min(n, 3))) for n in x.shape[:2])
        window = Window((high, wide), (high, int(graph.rng.integers(1, 4))))
        op, y = kind.random(graph.rng, x, len(graph.tensors) - 1)
        shape = (*window.output(x.shape), x.shape[2])
        graph.put(replace(op, window=window), replace(y, shape=shape))
    return graph

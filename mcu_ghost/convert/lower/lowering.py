# SPDX-License-Identifier: Apache-2.0
"""The int8 graph while it is made of a float one: its tensors, and which value each stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.nodes import Activation, Function, Node, Reals, Shape
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fused import Activation as Fused
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.tensor import Tensor

Range = tuple[float, float]
_RELUS: dict[tuple[float, ...], Fused] = {
    (math.inf, 0.0, 0.0): "relu",
    (6.0, 0.0, 0.0): "relu6",
}


@dataclass(frozen=True, eq=False)
class Lowered:
    """An int8 graph, and what in it is what.

    Attributes:
        graph: It.
        places: Its tensors by the names of the float values that they stand for.
        operators: Places of the operators that a layer became, by the layer.
        fused: Layers that an operator of another one computes, each with that.
        refused: Why a layer fits no operator, if it was asked to go on.
    """

    graph: Graph
    places: dict[str, int]
    operators: dict[str, list[int]]
    fused: dict[str, str]
    refused: dict[str, str]


class Lowering:
    """Makes int8 tensors and operators.

    Args:
        graph: What is lowered.
        ranges: The real values that each of its values must hold.

    Attributes:
        graph: The same.
        places: Tensors by the names of the float values that they stand for.
        constants: Values that are always the same, by name.
        layer: Whose operators are made.
    """

    def __init__(self, graph: FloatGraph, ranges: Mapping[str, Range]) -> None:
        self.graph = graph
        self.places: dict[str, int] = {}
        self.constants: dict[str, Reals] = {}
        self.refused: dict[str, str] = {}
        self.layer = ""
        self._ranges = ranges
        self._tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._done: set[str] = set()  # nodes that an operator before them computes
        self._owned: dict[str, list[int]] = {}
        self._fused: dict[str, str] = {}

    def tensor(self, index: int) -> Tensor:
        """Return a tensor that was made."""
        return self._tensors[index]

    def add(self, label: str, shape: Shape, scale: float, zero_point: int) -> int:
        """Make a tensor of this scale and zero point; return its index."""
        name = f"{label}_{len(self._tensors)}" if self._tensors else label
        tensor = Tensor(name, shape, "int8", float(np.float32(scale)), zero_point)
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def ranged(self, label: str, value: str, shape: Shape | None = None) -> int:
        """Make a tensor that holds the range of a float value."""
        scale, zero_point = quantisation(*self._ranges[value])
        return self.add(label, self.graph.shapes[value] if shape is None else shape, scale,
                        zero_point)  # fmt: skip

    def like(self, label: str, index: int, shape: Shape) -> int:
        """Make a tensor with the scale and zero point of another one."""
        other = self._tensors[index]
        return self.add(label, shape, other.scale, other.zero_point)

    def emit(self, operator: Operator) -> int:
        """Append an operator; return the tensor that it writes."""
        self._owned.setdefault(self.layer, []).append(len(self._operators))
        self._operators.append(operator)
        return operator.output

    def shaped(self, index: int, shape: Shape) -> int:
        """Return the tensor in another shape."""
        if self._tensors[index].shape == shape:
            return index
        return self.emit(Reshape((index,), self.like("reshape", index, shape)))

    def rescaled(self, index: int, scale: float, zero_point: int) -> int:
        """Return the tensor with another scale and zero point."""
        tensor = self._tensors[index]
        if (tensor.scale, tensor.zero_point) == (float(np.float32(scale)), zero_point):
            return index
        y = self.add("quantize", tensor.shape, scale, zero_point)
        return self.emit(Elementwise((index,), y, "quantize"))

    def fused(self, node: Node) -> tuple[Fused, str]:
        """Return the activation that a node's operator computes too, and the value behind it."""
        readers = self.graph.readers[node.output]
        if len(readers) == 1 and node.output not in self.graph.outputs:
            (reader,) = readers
            kind = rectifier(reader.function) if isinstance(reader, Activation) else None
            if kind is not None:
                self._done.add(reader.output)
                if reader.name != node.name:
                    self._fused[reader.name] = node.name
                return kind, reader.output
        return "none", node.output

    def is_done(self, node: Node) -> bool:
        """Return whether an operator before it computes a node."""
        return node.output in self._done

    def finish(self) -> Lowered:
        """Return the graph, and what in it is what."""
        inputs = tuple(self.places[entry.name] for entry in self.graph.inputs)
        outputs: list[int] = []
        for name in self.graph.outputs:
            place = self.places[name]
            outputs.append(self._copied(place) if place in (*inputs, *outputs) else place)
        ends = [(i, entry.name) for i, entry in zip(inputs, self.graph.inputs, strict=True)]
        called = self.graph.output_names or self.graph.outputs
        for side in (ends, list(zip(outputs, called, strict=True))):
            for place, name in side if len(side) > 1 else ():
                self._tensors[place] = replace(self._tensors[place], name=name)
        operators = tuple(self._operators)
        graph = Graph(tuple(self._tensors), inputs, tuple(outputs), operators)
        return Lowered(graph, self.places, self._owned, self._fused, self.refused)

    def _copied(self, index: int) -> int:
        """Return a tensor of the same values that is another one."""
        copy = self.like("quantize", index, self._tensors[index].shape)
        return self.emit(Elementwise((index,), copy, "quantize"))


def rectifier(function: Function) -> Fused | None:
    """Return TFLite's name of a function if it is a ReLU that operators fuse."""
    if function.name != "relu":
        return None
    given = function.parameters
    return _RELUS.get((*given, *(math.inf, 0.0, 0.0)[len(given) :]))


def quantisation(low: float, high: float) -> tuple[float, int]:
    """Return scale and zero point of int8 that holds a range, and 0.0 exactly."""
    scale = float(np.float32((high - low) / 255)) or 1.0 / 255
    return scale, int(np.clip(np.floor(-128 - low / scale + 0.5), -128, 127))

# SPDX-License-Identifier: Apache-2.0
"""Nodes on single values: activations, sums and the like, reductions, normalisation."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcu_ghost.convert.lower.lowering import Lowering, quantisation, rectifier
from mcu_ghost.convert.nodes import Activation, Constant, LayerNorm, Merge, PRelu, Reduce, Softmax
from mcu_ghost.network.ops.add import Add, Sub
from mcu_ghost.network.ops.binary import Binary, Fixed
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.extremum import Maximum, Minimum
from mcu_ghost.network.ops.layer_norm import LayerNorm as LayerNormOperator
from mcu_ghost.network.ops.lookup import Lookup, tabulate
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.prelu import PRelu as PReluOperator
from mcu_ghost.network.ops.reduce import Mean, ReduceMax, Sum
from mcu_ghost.network.ops.reduce import Reduce as ReduceOperator
from mcu_ghost.network.ops.softmax import Softmax as SoftmaxOperator
from mcu_ghost.network.tensor import Tensor

_BINARY: dict[str, type[Binary]] = {
    "add": Add,
    "subtract": Sub,
    "multiply": Mul,
    "maximum": Maximum,
    "minimum": Minimum,
}
_REDUCTIONS: dict[str, type[ReduceOperator]] = {"mean": Mean, "max": ReduceMax, "sum": Sum}


def activation(node: Activation, to: Lowering) -> None:
    """Make TFLite's operator where it has one, else a table of answers."""
    source = to.places[node.inputs[0]]
    shape, name = to.graph.shapes[node.output], node.function.name
    if name == "sigmoid":
        target = to.add("logistic", shape, 1 / 256, -128)
        made: Elementwise | Lookup = Elementwise((source,), target, "logistic")
    elif name == "tanh":
        target = to.add("tanh", shape, 1 / 128, 0)
        made = Elementwise((source,), target, "tanh")
    elif rectifier(node.function) == "relu":
        target = to.ranged("relu", node.output)
        made = Elementwise((source,), target, "relu")
    else:
        target = to.ranged("lookup", node.output)

        def function(x: np.ndarray) -> np.ndarray:
            return node.function(x.astype(np.float32)).astype(np.float64)

        made = Lookup((source,), target, tabulate(function, to.tensor(source), to.tensor(target)))
    to.places[node.output] = to.emit(made)


def softmax(node: Softmax, to: Lowering) -> None:
    """Make a SOFTMAX."""
    target = to.add("softmax", to.graph.shapes[node.output], 1 / 256, -128)
    to.places[node.output] = to.emit(SoftmaxOperator((to.places[node.inputs[0]],), target))


def prelu(node: PRelu, to: Lowering) -> None:
    """Make a PRELU."""
    source, target = to.places[node.inputs[0]], to.ranged("prelu", node.output)
    shape = node.alpha.shape
    while shape and shape[0] == 1 and len(shape) > 1:
        shape = shape[1:]
    scale = float(np.float32(np.abs(node.alpha).max(initial=0.0) / 127)) or 1.0
    alpha = np.round(node.alpha.reshape(shape) / scale).astype(np.int8)
    to.places[node.output] = to.emit(PReluOperator((source,), target, alpha, scale, 0))


def layer_norm(node: LayerNorm, to: Lowering) -> None:
    """Make our own operator."""
    source, target = to.places[node.inputs[0]], to.ranged("layer_norm", node.output)
    gamma, beta = node.gamma.astype(np.float64), node.beta.astype(np.float64)
    made = LayerNormOperator.quantized(
        to.tensor(source), to.tensor(target), gamma, beta, node.epsilon,
        inputs=(source,), output=target,
    )  # fmt: skip
    to.places[node.output] = to.emit(made)


def reduce(node: Reduce, to: Lowering) -> None:
    """Make a MEAN, REDUCE_MAX or SUM."""
    source = to.places[node.inputs[0]]
    shape = to.graph.shapes[node.output]
    rank = len(to.tensor(source).shape)
    axes = tuple(axis - rank for axis in node.axes)
    if node.function == "max":
        target = to.like("reduce_max", source, shape)
    else:
        target = to.ranged(node.function, node.output)
    made = _REDUCTIONS[node.function]((source,), target, axes, node.keepdims)
    to.places[node.output] = to.emit(made)


def merge(node: Merge, to: Lowering) -> None:
    """Make an operator of two values, or of one and a constant."""
    first, second = node.inputs
    kind = _BINARY[node.function]
    activation, value = to.fused(node) if kind not in (Maximum, Minimum) else ("none", node.output)
    target = to.ranged(kind.kind, value)
    y = to.tensor(target)
    if first in to.constants or second in to.constants:
        name, still = (second, first) if first in to.constants else (first, second)
        fixed = _fixed(to.constants[still], y if kind in (Maximum, Minimum) else None)
        fixed = dataclasses.replace(fixed, first=still == first)
        places: tuple[int, ...] = (to.places[name],)
    else:
        fixed, places = None, (to.places[first], to.places[second])
    if kind in (Maximum, Minimum):
        places = tuple(to.rescaled(i, y.scale, y.zero_point) for i in places)
    to.places[value] = to.emit(kind(places, target, activation, fixed))


def constant(node: Constant, to: Lowering) -> None:
    """Keep the values for the operators that read them."""
    to.constants[node.output] = node.value


def _fixed(value: np.ndarray, like: Tensor | None) -> Fixed:
    """Return an operand that stands in the file, with the scale of a tensor or one of its own."""
    scale, zero_point = (
        (like.scale, like.zero_point)
        if like
        else quantisation(min(0.0, float(value.min())), max(0.0, float(value.max())))
    )
    tensor = Tensor("constant", value.shape, "int8", scale, zero_point)
    return Fixed(tensor, tensor.quantize(value))

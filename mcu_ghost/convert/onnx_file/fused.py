# SPDX-License-Identifier: Apache-2.0
"""Finds functions that exporters write as several nodes, such as x · sigmoid(x), by their values.

Nodes that work on each number for itself, and together read one value, are a function of it. It is
computed at some places and compared with those that the graph knows, so that it does not matter how
it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Function, Reals
from mcu_ghost.convert.onnx_file.value import Array

_NODES = 12
"""How many nodes a function is looked for in."""

_ELEMENTWISE = {
    "Abs", "Add", "Cast", "CastLike", "Clip", "Div", "Elu", "Erf", "Exp", "Greater",
    "GreaterOrEqual", "HardSigmoid", "Identity", "Less", "LessOrEqual", "Log", "Max", "Min", "Mul",
    "Neg", "Pow", "Reciprocal", "Relu", "Sigmoid", "Softplus", "Sqrt", "Sub", "Sum", "Tanh",
    "Where",
}  # fmt: skip
_CANDIDATES = (
    *(Function(name) for name in (
        "relu", "sigmoid", "tanh", "swish", "hard_swish", "gelu", "gelu_tanh", "mish", "softplus",
        "softsign", "tanh_shrink", "log_sigmoid", "hard_sigmoid", "hard_tanh", "selu", "elu",
        "abs", "square", "squareplus")),
    Function("relu", (6.0,)),
    Function("hard_sigmoid", (0.2, 0.5)),
)  # fmt: skip
_PLACES = np.concatenate([np.linspace(-25, 25, 201), np.linspace(-4, 4, 161)]).astype(np.float32)


@dataclass(frozen=True)
class Fused:
    """A value which is a known function of another."""

    source: str
    function: Function


def fused(graph: Any, constants: Mapping[str, Array], opset: int) -> dict[str, Fused]:
    """Return what of a file's values is a known function in several nodes.

    Args:
        graph: The file's.
        constants: Initialisers by name.
        opset: Version of the operators.
    """
    numbers = dict(_numbers(graph, constants))
    makers = {node.output[0]: node for node in graph.node if node.output}
    sources: dict[str, list[str]] = {}
    found = {}
    for node in graph.node:
        reads = _reads(node, numbers)
        if node.op_type not in _ELEMENTWISE or len(node.output) != 1 or not reads:
            continue
        lists = [[name, *sources.get(name, [])] for name in reads]
        common = [name for name in lists[0] if all(name in other for other in lists[1:])]
        sources[node.output[0]] = common[:_NODES]
        match = _match(node, common[:_NODES], makers, numbers, opset)
        if match is not None:
            found[node.output[0]] = match
    return found


def _numbers(graph: Any, constants: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Yield constants of one number, by name."""
    from onnx import numpy_helper

    for name, array in constants.items():
        if array.size == 1:
            yield name, array.reshape(())
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].HasField("t"):
            array = numpy_helper.to_array(node.attribute[0].t)
            if array.size == 1:
                yield node.output[0], array.reshape(())


def _reads(node: Any, numbers: Mapping[str, Array]) -> list[str]:
    """Return what a node reads besides numbers."""
    return list(dict.fromkeys(name for name in node.input if name and name not in numbers))


def _match(
    node: Any, sources: list[str], makers: Mapping[str, Any], numbers: Mapping[str, Array],
    opset: int,
) -> Fused | None:  # fmt: skip
    """Return the function that a node's output is of the farthest source of which it is one."""
    for source in reversed(sources):
        nodes = _between(node, source, makers, numbers)
        joins = any(len(_reads(inner, numbers)) > 1 for inner in nodes)
        if 1 < len(nodes) <= _NODES and joins:
            values = _values(nodes, source, node.output[0], numbers, opset)
            if values is None:
                continue
            for function in _CANDIDATES:
                if np.allclose(function(_PLACES), values, rtol=1e-5, atol=2e-6):
                    return Fused(source, function)
    return None


def _between(
    node: Any, source: str, makers: Mapping[str, Any], numbers: Mapping[str, Array]
) -> list[Any]:
    """Return the nodes from a source to a node, each behind those that it reads."""
    nodes, waiting = {node.output[0]: node}, [node]
    while waiting and len(nodes) <= _NODES:
        for name in _reads(waiting.pop(), numbers):
            if name != source:
                nodes.pop(name, None)
                nodes[name] = makers[name]
                waiting.append(makers[name])
    return list(reversed(nodes.values()))


def _values(
    nodes: list[Any], source: str, output: str, numbers: Mapping[str, Array], opset: int
) -> Reals | None:
    """Return what nodes compute of the places; None if they cannot."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    used = {name: numbers[name] for node in nodes for name in node.input if name in numbers}
    infos = [helper.make_tensor_value_info(name, 0, None) for name in (source, *used)]
    result = helper.make_tensor_value_info(output, 0, None)
    model = helper.make_model(
        helper.make_graph(nodes, "function", infos, [result]),
        opset_imports=[helper.make_opsetid("", opset)],
    )
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(ReferenceEvaluator(model).run(None, {source: _PLACES, **used})[0])
    except Exception:  # types or shapes that do not fit: their importers say so
        return None
    return values if values.shape == _PLACES.shape else None

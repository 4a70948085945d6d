# SPDX-License-Identifier: Apache-2.0
"""Computes what does not depend on a network's inputs, such as shapes and initial states.

Only the operators named here are computed, by onnx' own reference implementation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcu_ghost.convert.onnx_file.value import Array
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

LARGEST = 1 << 26
"""How many numbers a constant may have."""

_SAME_SIZE = {
    "Abs", "Cast", "Ceil", "Constant", "Exp", "Floor", "Identity", "Log", "Neg", "Not",
    "Reciprocal", "Reshape", "Round", "Shape", "Size", "Slice", "Split", "Sqrt", "Squeeze",
    "Transpose", "Unsqueeze", "Flatten", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "Relu", "Sigmoid", "Tanh", "Concat", "Gather", "Dropout", "CastLike",
}  # fmt: skip
_BROADCAST = {
    "Add", "And", "Div", "Equal", "Greater", "Less", "Max", "Min", "Mod", "Mul", "Or", "Pow",
    "Sub", "Where", "GreaterOrEqual", "LessOrEqual", "Expand",
}  # fmt: skip
COMPUTED = _SAME_SIZE | _BROADCAST | {"ConstantOfShape", "Range"}
"""Operators that are computed if all their inputs are constants."""


def computed(proto: Any, inputs: Sequence[Array | None], opset: int) -> list[Array]:
    """Return the outputs of a node of the file whose inputs are all constants.

    Raises:
        GhostError: They cannot be computed.
    """
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    name = proto.name or proto.output[0]
    size = _size(proto.op_type, [array for array in inputs if array is not None])
    if size > LARGEST:
        raise GhostError(
            f"Node '{name}' ({proto.op_type}): makes a constant of {text.count(size, 'number')};"
            " export the network with smaller inputs."
        )
    feeds = {key: array for key, array in zip(proto.input, inputs, strict=True) if key}
    infos = [helper.make_tensor_value_info(key, 0, None) for key in feeds]
    outputs = [helper.make_tensor_value_info(key, 0, None) for key in proto.output if key]
    graph = helper.make_graph([proto], "constant", infos, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    try:
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(None, feeds)
    except Exception as error:  # whatever NumPy says of inputs that do not fit
        raise GhostError(
            f"Node '{name}' ({proto.op_type}): cannot be computed from its constants ({error});"
            " export the network again."
        ) from error
    return [np.asarray(result) for result in results]


def _size(kind: str, inputs: list[Array]) -> int:
    """Return how many numbers an operator that can make many of few will make."""
    if kind == "ConstantOfShape":
        return math.prod(int(n) for n in inputs[0].ravel())
    if kind == "Range":
        start, limit, step = (float(array) for array in inputs)
        return int(abs((limit - start) / (step or 1)))
    if kind in _BROADCAST:
        shapes = [array.shape for array in inputs]
        if kind == "Expand":
            shapes[1] = tuple(int(n) for n in inputs[1].ravel())
        rank = max(map(len, shapes))
        wide = [(1,) * (rank - len(shape)) + shape for shape in shapes]
        return math.prod(map(max, zip(*wide, strict=True))) if rank else 1
    return sum(array.size for array in inputs)

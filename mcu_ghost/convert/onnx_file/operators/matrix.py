# SPDX-License-Identifier: Apache-2.0
"""Products with a matrix of weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Dense, Reals
from mcu_ghost.convert.onnx_file.flattened import straightened
from mcu_ghost.convert.onnx_file.operator import Operator
from mcu_ghost.convert.onnx_file.value import Value
from mcu_ghost.host import text


def _dense(operator: Operator, x: Value, axis: int, kernel: Reals, bias: Reals | None) -> Value:
    """Add the product along one of the file's axes, which stays in its place."""
    x = operator.last(x, axis)
    if x.shape[-1] != kernel.shape[0]:
        raise operator.refuse(
            f"its weights are for {text.count(kernel.shape[0], 'channel')}, but its input has the"
            f" shape {x.full}; export the network again"
        )
    name, kernel = straightened(operator.builder, x.name, kernel, operator.name)
    x = dataclasses.replace(x, name=name)
    zeros = np.zeros(kernel.shape[1], np.float32)
    kernel = np.ascontiguousarray(kernel)
    return operator.add(Dense, x, kernel=kernel, bias=zeros if bias is None else bias)


def _gemm(operator: Operator) -> Value:
    x = operator.x
    if x.rank != 2:
        raise operator.refuse(f"takes inputs with 2 axes, not {x.full}")
    axis = 0 if operator.take("transA", 0) else 1
    if axis == 0:
        x = Value(x.name, x.shape, x.axes[::-1], x.whole)
    kernel = operator.weights(1, "matrix")
    kernel = kernel.T if operator.take("transB", 0) else kernel
    kernel = kernel * np.float32(operator.take("alpha", 1.0))
    if operator.given(2) is None:
        return _dense(operator, x, 1, kernel, None)
    bias = operator.weights(2, "bias") * np.float32(operator.take("beta", 1.0))
    if bias.size != max(bias.shape, default=1) or (bias.ndim == 2 and bias.shape[0] != 1):
        raise operator.refuse(f"its bias of shape {bias.shape} differs from row to row")
    return _dense(operator, x, 1, kernel, np.broadcast_to(bias.ravel(), kernel.shape[1:]).copy())


def _matmul(operator: Operator) -> Value:
    sides = [isinstance(given, np.ndarray) for given in operator.inputs]
    if not any(sides):
        raise operator.refuse(
            "multiplies two values that both depend on the network's inputs, as attention does,"
            " which is not supported"
        )
    left = sides[0]
    matrix = operator.weights(0 if left else 1, "matrix")
    x = operator.value(1 if left else 0)
    while matrix.ndim > 2 and matrix.shape[0] == 1:
        matrix = matrix[0]
    if matrix.ndim > 2 or x.rank < 2:
        raise operator.refuse(f"a matrix of shape {matrix.shape} times {x.full} is not supported")
    if left:
        kernel = np.atleast_2d(matrix).T
        y = _dense(operator, x, x.rank - 2, kernel, None)
        return y if matrix.ndim == 2 else _without(y, y.rank - 2)
    y = _dense(operator, x, x.rank - 1, matrix.reshape(len(matrix), -1), None)
    return y if matrix.ndim == 2 else _without(y, y.rank - 1)


def _without(x: Value, axis: int) -> Value:
    """Return x without one of the file's axes, which has length 1."""
    return Value(x.name, x.shape, (*x.axes[:axis], *x.axes[axis + 1 :]), x.whole)


OPERATORS: dict[str, Callable[[Operator], Any]] = {"Gemm": _gemm, "MatMul": _matmul}
"""By name."""

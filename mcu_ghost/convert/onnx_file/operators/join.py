# SPDX-License-Identifier: Apache-2.0
"""Operators of two inputs and more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from mcu_ghost.convert.nodes import Affine, Concat, Merge, Reals
from mcu_ghost.convert.onnx_file.operator import Known, Operator
from mcu_ghost.convert.onnx_file.operators.functions import clipped
from mcu_ghost.convert.onnx_file.value import Stack, Value, fitted

Function = Literal["add", "subtract", "multiply", "average", "maximum", "minimum"]


def _merge(function: Function) -> Callable[[Operator], Value]:
    return lambda operator: _merged(operator, function)


def _merged(operator: Operator, function: Function) -> Value:
    if len(operator.inputs) == 1:
        return operator.x
    xs = operator.builder.aligned(operator.xs, operator.name)
    return operator.add(Merge, *xs, function=function)


def _affine(function: Function) -> Callable[[Operator], Value]:
    """Return the importer of an operator which is a scale or an offset with a constant."""

    def importer(operator: Operator) -> Value:
        constant = [i for i, x in enumerate(operator.inputs) if isinstance(x, np.ndarray)]
        if len(operator.inputs) != 2 or len(constant) != 1:
            return _merged(operator, function)
        (i,) = constant
        found = _channels(operator, operator.value(1 - i), operator.weights(i, "constant"))
        if found is None:
            return _merged(operator, function)
        x, c = found
        one, zero = np.ones_like(c), np.zeros_like(c)
        if function == "multiply":
            scale, offset = c, zero
        elif function == "add":
            scale, offset = one, c
        else:
            scale, offset = (one, -c) if i == 1 else (-one, c)
        return operator.add(Affine, x, scale=scale, offset=offset)

    return importer


def _divide(operator: Operator) -> Value:
    if not isinstance(operator.given(1), np.ndarray):
        raise operator.refuse(
            "divides by what depends on the network's inputs, which is not supported"
        )
    divisor = operator.weights(1, "divisor")
    if not divisor.all():
        raise operator.refuse("divides by zero")
    inverse = (operator.inputs[0], np.float32(1) / divisor)
    return OPERATORS["Mul"](dataclasses.replace(operator, inputs=inverse))


def _channels(operator: Operator, x: Value, constant: Reals) -> tuple[Value, Reals] | None:
    """Return a constant as one number for each of x's last axis, and x with that axis last.

    None if it is no such constant.
    """
    lengths = (1,) * (x.rank - constant.ndim) + constant.shape
    long = [i for i, n in enumerate(lengths) if n != 1]
    if x.rank >= 3 and long == [1] and x.full[1] == lengths[1]:
        x = operator.last(x, 1)  # a convolution's channels
    own = fitted(x, constant) if constant.ndim <= x.rank else None
    if own is None or own.size not in (1, own.shape[-1]):
        return None
    return x, np.broadcast_to(np.asarray(own, np.float32).ravel(), x.shape[-1:]).copy()


def _limit(function: Literal["maximum", "minimum"]) -> Callable[[Operator], Value]:
    """Return the importer of Max or Min; with one number it is a limit."""

    def importer(operator: Operator) -> Value:
        numbers = [x for x in operator.inputs if isinstance(x, np.ndarray) and x.size == 1]
        if len(operator.inputs) != 2 or len(numbers) != 1:
            return _merged(operator, function)
        number = float(numbers[0].item())
        x = operator.value(0 if isinstance(operator.inputs[1], np.ndarray) else 1)
        low, high = (number, np.inf) if function == "maximum" else (-np.inf, number)
        return clipped(operator, x, low, high)

    return importer


def _concat(operator: Operator) -> Known:
    first = operator.given(0)
    rank = len(first.full) if isinstance(first, Stack) else operator.x.rank
    axis = operator.axis(operator.take("axis", 0), rank)
    xs: list[Value] = []
    for i, given in enumerate(operator.inputs):
        stacked = isinstance(given, Stack) and given.axis == axis
        xs += given.parts if isinstance(given, Stack) and stacked else [operator.value(i)]
    if len(xs) == 1:
        return xs[0]
    if xs[0].axes[axis] is None and len({(x.shape, x.axes) for x in xs}) == 1:
        return Stack(tuple(xs), axis)
    xs = operator.builder.aligned(xs, operator.name, axis)
    own = xs[0].axes[axis]
    return operator.add(Concat, *xs, axis=own)


OPERATORS: dict[str, Callable[[Operator], Any]] = {
    "Add": _affine("add"),
    "Sub": _affine("subtract"),
    "Mul": _affine("multiply"),
    "Div": _divide,
    "Sum": _affine("add"),
    "Mean": _merge("average"),
    "Max": _limit("maximum"),
    "Min": _limit("minimum"),
    "Concat": _concat,
}
"""By name."""

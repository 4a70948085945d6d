# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 SPLIT and SPLIT_V: a slice for each output."""

from __future__ import annotations

import itertools
from typing import Any

import tflite

from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.tflite.tables import Tables

CODES: dict[int | str, int] = {
    tflite.BuiltinOperator.SPLIT: 2,
    tflite.BuiltinOperator.SPLIT_V: 2,
}


def read(file: Tables, op: Any) -> tuple[StridedSlice, ...]:
    """Take the slices from a `.tflite`.

    Raises:
        GhostError: The outputs do not share the input along one axis.
    """
    code, name, _ = file.code(op)
    even = code == tflite.BuiltinOperator.SPLIT
    if file.count(op.InputsLength()) != (2 if even else 3):
        raise file.error(f"{name} must have an input, an axis and perhaps sizes")
    source, axes = (op.Inputs(1), op.Inputs(0)) if even else (op.Inputs(0), op.Inputs(2))
    x, numbers, outputs = file.read(source), file.numbers(axes), op.OutputsLength()
    shape = file.tensors[x].shape
    axis = numbers[0] - len(shape) - 1 if numbers[0] >= 0 else numbers[0]
    if len(numbers) != 1 or not -len(shape) <= axis < 0:
        raise file.error(f"{name} along axis {numbers} of {[1, *shape]} is not possible")
    sizes = [shape[axis] // outputs] * outputs if even else file.numbers(op.Inputs(1))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = shape[axis] - sum(sizes) - 1
    if len(sizes) != outputs or min(sizes) < 1 or sum(sizes) != shape[axis]:
        raise file.error(f"{name} of {[1, *shape]} along axis {axis} to {sizes} is not possible")
    found = []
    for i, (first, size) in enumerate(zip(itertools.accumulate([0, *sizes]), sizes, strict=False)):
        ranges = [(0, n, 1) for n in shape]
        ranges[axis] = (first, size, 1)
        part = tuple(count for _, count, _ in ranges)
        y = file.written(op.Outputs(i), part, name)
        file.same_scale(x, y, name)
        found.append(StridedSlice((x,), y, tuple(ranges)))
    return tuple(found)

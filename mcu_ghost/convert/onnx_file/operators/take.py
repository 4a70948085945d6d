# SPDX-License-Identifier: Apache-2.0
"""Operators that take some of a value's numbers, or put zeros around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Embedding, Pad, Reverse, Slice
from mcu_ghost.convert.onnx_file.operator import Known, Operator
from mcu_ghost.convert.onnx_file.value import Stack, Value
from mcu_ghost.host import text


def taken(operator: Operator, given: Known | None, axis: int, part: range) -> Known:
    """Return the part of a value along one of the file's axes; its step may be negative."""
    if not part:
        raise operator.refuse("takes nothing of its input")
    if isinstance(given, Stack):
        if given.axis == axis:
            return _of_stack(given, part)
        given = operator.builder.joined(given, operator.name)
    assert isinstance(given, Value)
    if part == range(given.full[axis]):
        return given
    x, own = operator.own(given, axis)
    step, low, high = abs(part.step), min(part), max(part)
    begin, end, steps = [0] * len(x.shape), list(x.shape), [1] * len(x.shape)
    begin[own], end[own], steps[own] = low, high + 1, step
    if (low, high + 1, step) != (0, x.shape[own], 1):
        x = operator.add(Slice, x, begin=tuple(begin), end=tuple(end), step=tuple(steps))
    return operator.add(Reverse, x, axis=own) if part.step < 0 else x


def _of_stack(stack: Stack, part: range) -> Known:
    parts = tuple(stack.parts[i] for i in part)
    return Stack(parts, stack.axis) if len(parts) > 1 else parts[0]


def _full(operator: Operator) -> tuple[int, ...]:
    given = operator.given(0)
    return given.full if isinstance(given, Stack) else operator.x.full


def _slice(operator: Operator) -> Known | None:
    full, given = _full(operator), operator.given(0)
    starts, ends = operator.integers(1, "starts") or [], operator.integers(2, "ends") or []
    axes = operator.integers(3, "axes") or list(range(len(starts)))
    steps = operator.integers(4, "steps") or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = operator.axis(axis, len(full))
        part = range(full[axis])[start:end:step]
        given = taken(operator, given, axis, part)
    return given


def _split(operator: Operator) -> list[Known]:
    full, given = _full(operator), operator.given(0)
    axis = operator.axis(operator.take("axis", 0), len(full))
    size, count = full[axis], operator.take("num_outputs", len(operator.outputs))
    sizes = operator.integers(1, "split")
    if sizes is None:
        each = -(-size // count)
        sizes = [min(each, size - i * each) for i in range(count)]
    if sum(sizes) != size or min(sizes) < 1:
        raise operator.refuse(f"cannot split {text.count(size, 'value')} into {sizes}")
    starts = np.cumsum([0, *sizes])
    return [
        taken(operator, given, axis, range(int(start), int(start) + n))
        for start, n in zip(starts, sizes, strict=False)
    ]


def _gather(operator: Operator) -> Known:
    if isinstance(operator.given(0), np.ndarray):
        return _embedding(operator)
    full, given = _full(operator), operator.given(0)
    axis = operator.axis(operator.take("axis", 0), len(full))
    indices = operator.constant(1, "indices")
    numbers = [int(i) for i in indices.ravel()]
    places = [i + full[axis] if i < 0 else i for i in numbers]
    if any(not 0 <= i < full[axis] for i in places):
        raise operator.refuse(
            f"its indices go beyond the {text.count(full[axis], 'value')} of axis {axis}"
        )
    if indices.ndim > 1:
        raise operator.refuse("indices with several axes are not supported")
    y = taken(operator, given, axis, _range(operator, places))
    if indices.ndim == 1:
        return y
    assert isinstance(y, Value)
    shape = [n for i, n in enumerate(y.full) if i != axis]
    return _tidy(operator, y, operator.reshaped(y, shape))


def _tidy(operator: Operator, before: Value, x: Value) -> Value:
    """Return x without the axis that it has in the graph no more than in the file."""
    own = [i for i, axis in enumerate(x.axes) if axis is not None]
    own.sort(key=lambda i: x.axes[i] or 0)
    if before.shape == x.shape and 0 < len(own) < len(x.shape):
        return operator.arranged(x, own)
    return x


def _range(operator: Operator, places: list[int]) -> range:
    """Return indices as a range."""
    step = places[1] - places[0] if len(places) > 1 else 1
    part = range(places[0], places[0] + step * len(places), step or 1)
    if list(part) != places:
        raise operator.refuse(f"indices {places} are not supported, only evenly spaced ones")
    return part


def _embedding(operator: Operator) -> Value:
    table = operator.weights(0, "table")
    axis = operator.take("axis", 0)
    x = operator.value(1)
    if table.ndim != 2 or axis != 0:
        raise operator.refuse(f"a table of shape {table.shape} along axis {axis} is not supported")
    return operator.add(Embedding, x, order=(*x.axes, len(x.shape)), table=table)


def _pad(operator: Operator) -> Value:
    operator.require("mode", "constant")
    fill = operator.optional(2, "constant_value")
    if fill is not None and np.any(fill):
        raise operator.refuse(f"pads with {fill.ravel()[0]}, only zeros are supported")
    x = operator.x
    pads = operator.integers(1, "pads") or []
    axes = operator.integers(3, "axes")
    axes = [operator.axis(i, x.rank) for i in (range(x.rank) if axes is None else axes)]
    for i, axis in enumerate(axes):
        before, after = int(pads[i]), int(pads[i + len(axes)])
        if before < 0 or after < 0:
            part = range(max(-before, 0), x.full[axis] + min(after, 0))
            cut = taken(operator, x, axis, part)
            assert isinstance(cut, Value)
            x = cut
        if before > 0 or after > 0:
            x, own = operator.own(x, axis)
            around = [(0, 0)] * len(x.shape)
            around[own] = (max(before, 0), max(after, 0))
            x = operator.add(Pad, x, padding=tuple(around))
    return x


OPERATORS: dict[str, Callable[[Operator], Any]] = {
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "Pad": _pad,
}
"""By name."""

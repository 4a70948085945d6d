# SPDX-License-Identifier: Apache-2.0
"""Operators that change the shape or the order of axes, and those that do nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Reduce, Repeat, Shape, UpSample
from mcu_ghost.convert.onnx_file.constants import LARGEST
from mcu_ghost.convert.onnx_file.operator import Known, Operator
from mcu_ghost.convert.onnx_file.operators.windows import channels_last
from mcu_ghost.convert.onnx_file.value import Stack, Value
from mcu_ghost.host import text


def _transpose(operator: Operator) -> Known:
    given = operator.given(0)
    rank = len(given.full) if isinstance(given, Stack) else operator.x.rank
    order = [operator.axis(i, rank) for i in operator.take("perm", range(rank)[::-1])]
    if sorted(order) != list(range(rank)):
        raise operator.refuse(f"cannot order {rank} axes as {order}")
    if isinstance(given, Stack):
        return Stack(tuple(_moved(x, order) for x in given.parts), order.index(given.axis))
    return _moved(operator.x, order)


def _moved(x: Value, order: list[int]) -> Value:
    return dataclasses.replace(x, axes=tuple(x.axes[i] for i in order))


def _axes(operator: Operator, rank: int) -> list[int] | None:
    """Return the axes that an operator names, as an input or as an attribute."""
    axes = operator.integers(1, "axes")
    if axes is None:
        axes = operator.take("axes", None)
    return None if axes is None else [operator.axis(axis, rank) for axis in axes]


def _squeeze(operator: Operator) -> Value:
    full = operator.x.full
    axes = _axes(operator, len(full))
    if axes is None:
        axes = [i for i, n in enumerate(full) if n == 1]
    if any(full[i] != 1 for i in axes):
        raise operator.refuse(f"cannot take the axes {axes} out of {full}")
    return operator.reshaped(operator.x, [n for i, n in enumerate(full) if i not in axes])


def _unsqueeze(operator: Operator) -> Value:
    x = operator.x
    given = operator.integers(1, "axes") or []
    axes = [operator.axis(axis, x.rank + len(given)) for axis in given]
    rest = iter(x.full)
    return operator.reshaped(x, [1 if i in axes else next(rest) for i in range(x.rank + len(axes))])


def _reshape(operator: Operator) -> Value:
    x = operator.x
    target = operator.integers(1, "shape") or []
    if not operator.take("allowzero", 0):
        target = [x.full[i] if n == 0 and i < x.rank else n for i, n in enumerate(target)]
    total = math.prod(x.full)
    rest = math.prod(n for n in target if n != -1)
    if target.count(-1) == 1 and rest and total % rest == 0:
        target = [total // rest if n == -1 else n for n in target]
    if min(target, default=1) < 1 or math.prod(target) != total:
        raise operator.refuse(f"cannot make the shape {tuple(target)} of {x.full}")
    return operator.reshaped(x, target)


def _flatten(operator: Operator) -> Value:
    x = operator.x
    axis = operator.take("axis", 1)
    axis = axis + x.rank if axis < 0 else axis
    return operator.reshaped(x, [math.prod(x.full[:axis]), math.prod(x.full[axis:])])


def _identity(operator: Operator) -> Known | None:
    return operator.given(0)


def _dropout(operator: Operator) -> Known | None:
    training = operator.optional(2, "training_mode")
    if training is not None and training.any():
        raise operator.refuse("is in training; export the network for inference (model.eval())")
    return operator.given(0)


def _cast(operator: Operator) -> Value:
    from onnx import TensorProto

    x, to = operator.x, operator.take("to", TensorProto.FLOAT)
    if to == TensorProto.FLOAT:
        return dataclasses.replace(x, whole=False)
    if to not in (TensorProto.INT64, TensorProto.INT32) or not x.whole:
        raise operator.refuse(
            f"makes {TensorProto.DataType.Name(to).lower()} of what the network computes, which is"
            " not supported; export it in float32"
        )
    return x


def _cast_like(operator: Operator) -> Value:
    like = operator.given(1)
    whole = like.whole if isinstance(like, Value) else (
        isinstance(like, np.ndarray) and like.dtype != np.float32
    )  # fmt: skip
    if whole and not operator.x.whole:
        raise operator.refuse("makes integers of what the network computes; export it in float32")
    return dataclasses.replace(operator.x, whole=whole)


def _reduce(function: str) -> Callable[[Operator], Value]:
    def importer(operator: Operator) -> Value:
        x = operator.x
        axes = _axes(operator, x.rank) or []
        if not axes and operator.take("noop_with_empty_axes", 0):
            return x
        axes = axes or list(range(x.rank))
        own = sorted(axis for i in axes if (axis := x.axes[i]) is not None)
        if not own:
            return _dropped(x, axes, operator)
        keep = len(own) == len(x.shape)  # some axis must be left
        left = [axis for axis in range(len(x.shape)) if axis not in own]
        places = [None if axis is None or axis in own else left.index(axis) for axis in x.axes]
        y = operator.add(
            Reduce, x, order=tuple(places), function=function, axes=tuple(own), keepdims=keep
        )
        return _dropped(y, axes, operator)

    return importer


def _dropped(x: Value, axes: list[int], operator: Operator) -> Value:
    """Return x without axes of length 1, unless they are kept."""
    if operator.take("keepdims", 1):
        return x
    left = tuple(axis for i, axis in enumerate(x.axes) if i not in axes)
    return dataclasses.replace(x, axes=left)


def _expand(operator: Operator) -> Value:
    x = operator.x
    target = operator.integers(1, "shape") or []
    rank = max(x.rank, len(target))
    x = operator.reshaped(x, (1,) * (rank - x.rank) + x.full)
    target = [1] * (rank - len(target)) + target
    return _repeated(operator, x, [max(n, m) // n for n, m in zip(x.full, target, strict=True)])


def _tile(operator: Operator) -> Value:
    return _repeated(operator, operator.x, operator.integers(1, "repeats") or [])


def _repeated(operator: Operator, x: Value, times: list[int]) -> Value:
    """Repeat a vector, (k,) to (n, k)."""
    grown = [i for i, n in enumerate(times) if n != 1]
    if not grown:
        return x
    long = [i for i, n in enumerate(x.full) if n != 1]
    if len(grown) > 1 or len(long) > 1 or grown == long:
        raise operator.refuse(
            f"repeats its input of shape {x.full} by {times}, only a vector along one other"
            " axis is supported"
        )
    channels = long[0] if long else (x.rank - 1 if grown[0] != x.rank - 1 else 0)
    x = operator.arranged(x, (channels,))
    order: list[int | None] = [None] * x.rank
    order[grown[0]], order[channels] = 0, 1
    return operator.add(Repeat, x, order=tuple(order), n=times[grown[0]])


def _resize(operator: Operator) -> Value:
    operator.require("mode", "nearest")
    x = channels_last(operator)
    times = _times(operator, x.full)
    for n, factor in zip(x.full, times, strict=True):
        if not _repeats(operator, n, factor):
            raise operator.refuse(
                f"makes {text.count(n, 'value')} {n * factor:g} otherwise than by repeating each;"
                " use nearest with a whole factor"
            )
    if times[1] != 1:
        raise operator.refuse("resizes the channels, which is not supported")
    return operator.add(UpSample, x, size=tuple(int(factor) for factor in times[2:]))


def _times(operator: Operator, full: Shape) -> list[float]:
    """Return the factor of each axis."""
    sizes, scales = operator.optional(3, "sizes"), operator.optional(2, "scales")
    if operator.take("axes", None) is not None:
        raise operator.refuse("attribute axes is not supported; give scales for all axes")
    if sizes is not None and sizes.size:
        return [int(m) / n for m, n in zip(sizes.ravel(), full, strict=True)]
    return [float(s) for s in ([] if scales is None else scales.ravel())]


def _repeats(operator: Operator, n: int, factor: float) -> bool:
    """Whether nearest takes every value as often as the factor says, in order."""
    if not 1 <= factor <= LARGEST / n or factor != int(factor):
        return False
    places = np.arange(n * int(factor))
    mode = operator.take("coordinate_transformation_mode", "half_pixel")
    at = places / factor if mode == "asymmetric" else (places + 0.5) / factor - 0.5
    rounded = {
        "round_prefer_floor": np.ceil(at - 0.5), "round_prefer_ceil": np.floor(at + 0.5),
        "floor": np.floor(at), "ceil": np.ceil(at),
    }[operator.take("nearest_mode", "round_prefer_floor")]  # fmt: skip
    known = mode in ("asymmetric", "half_pixel", "pytorch_half_pixel")
    return known and bool((np.clip(rounded, 0, n - 1) == places // int(factor)).all())


OPERATORS: dict[str, Callable[[Operator], Any]] = {
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Identity": _identity,
    "Dropout": _dropout,
    "Cast": _cast,
    "CastLike": _cast_like,
    "ReduceMean": _reduce("mean"),
    "ReduceMax": _reduce("max"),
    "ReduceSum": _reduce("sum"),
    "Expand": _expand,
    "Tile": _tile,
    "Resize": _resize,
}
"""By name."""

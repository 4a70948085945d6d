# SPDX-License-Identifier: Apache-2.0
"""Convolutions, pools and reductions. Files have channels first, the graph has them last."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from mcu_ghost.convert.nodes import Conv, DepthwiseConv, Pad, Pool, Reduce
from mcu_ghost.convert.onnx_file.operator import Operator
from mcu_ghost.convert.onnx_file.value import Axes, Value

Pair = tuple[int, int]


def channels_last(operator: Operator) -> Value:
    """Return the input as (T, C) or (H, W, C)."""
    x = operator.x
    if x.rank not in (3, 4):
        raise operator.refuse(
            f"takes inputs of shape (batch, channels, frames) or (batch, channels, height, width),"
            f" not {x.full}"
        )
    if x.full[0] != 1:
        raise operator.refuse(
            f"works on a batch of {x.full[0]} for one sample; give it one with a first axis of 1"
        )
    return operator.arranged(x, (*range(2, x.rank), 1))


def _axes(rank: int) -> Axes:
    """Return the axes of what is (batch, C, …) in the file and (…, C) in the graph."""
    return (None, rank - 2, *range(rank - 2))


def _pair(sizes: Any, one: int = 1) -> Pair:
    """Return sizes along both axes; a 1-D operator has no second."""
    sizes = [int(n) for n in sizes]
    return sizes[0], sizes[1] if len(sizes) > 1 else one


def _options(
    operator: Operator, x: Value, size: list[int], *, ceil: bool = False
) -> dict[str, Any]:
    """Return strides, dilation and padding of a window of this size.

    Args:
        operator: The node.
        x: What the window is over.
        size: Of the window.
        ceil: Whether a window that is only partly on x gives a value too.
    """
    dimensions = x.rank - 2
    if len(size) != dimensions:
        raise operator.refuse(f"its window of {tuple(size)} does not fit its input of {x.full}")
    ones = [1] * dimensions
    strides = list(operator.take("strides", ones))
    dilation = list(operator.take("dilations", ones))
    windows = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    padding = _padding(operator, x.full[2:], windows, strides)
    if ceil:
        each = zip(x.full[2:], windows, strides, padding, strict=True)
        padding = [_ceiled(n, k, s, pad) for n, k, s, pad in each]
    return {
        "strides": _pair(strides),
        "dilation": _pair(dilation),
        "padding": tuple((*padding, (0, 0))[:2]),
    }


def _padding(
    operator: Operator, sizes: tuple[int, ...], windows: list[int], strides: list[int]
) -> list[Pair]:
    """Return (before, after) for each axis."""
    mode = operator.take("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        pairs = []
        for n, window, stride in zip(sizes, windows, strides, strict=True):
            total = max((math.ceil(n / stride) - 1) * stride + window - n, 0)
            less, more = total // 2, total - total // 2
            pairs.append((less, more) if mode == "SAME_UPPER" else (more, less))
        return pairs
    pads = [0] * (2 * len(sizes)) if mode == "VALID" else operator.take("pads", [0, 0] * len(sizes))
    if min(pads) < 0:
        raise operator.refuse("negative pads are not supported")
    return [(pads[i], pads[i + len(sizes)]) for i in range(len(sizes))]


def _ceiled(n: int, window: int, stride: int, pad: Pair) -> Pair:
    """Return the padding with as much behind as one more window needs that starts before it."""
    count = math.ceil((n + sum(pad) - window) / stride) + 1
    if (count - 1) * stride >= n + pad[0]:
        count -= 1
    return pad[0], max(pad[1], (count - 1) * stride + window - n - pad[0])


def _conv(operator: Operator) -> Value:
    weights = operator.weights(1, "kernel")  # (channels out, channels in / groups, …)
    x = channels_last(operator)
    options = _options(operator, x, list(weights.shape[2:]))
    outputs, groups = weights.shape[0], int(operator.take("group", 1))
    bias = np.zeros(outputs, np.float32)
    if operator.given(2) is not None:
        bias = operator.weights(2, "bias")
    if x.rank == 3:
        weights = weights[..., None]
    kernel = np.ascontiguousarray(weights.transpose(2, 3, 1, 0))
    if groups > 1 and groups == x.shape[-1] and kernel.shape[2] == 1:
        kernel = kernel.reshape(*kernel.shape[:2], groups, -1)
        return operator.add(
            DepthwiseConv, x, order=_axes(x.rank), kernel=kernel, bias=bias, **options
        )
    return operator.add(
        Conv, x, order=_axes(x.rank), kernel=kernel, bias=bias, groups=groups, **options
    )


def _pool(function: Literal["max", "average"]) -> Callable[[Operator], Value]:
    def importer(operator: Operator) -> Value:
        x = channels_last(operator)
        size = list(operator.take("kernel_shape", []))
        options = _options(operator, x, size, ceil=bool(operator.take("ceil_mode", 0)))
        if operator.take("count_include_pad", 0):
            counted = _options(operator, x, size)["padding"]
            x, options = _counted(operator, x, counted, options)
        return operator.add(
            Pool, x, order=_axes(x.rank), function=function, pool=_pair(size), **options
        )

    return importer


def _counted(
    operator: Operator, x: Value, counted: tuple[Pair, Pair], options: dict[str, Any]
) -> tuple[Value, dict[str, Any]]:
    """Return the input with zeros around that count, and options with the rest of the padding."""
    if not np.any(counted):
        return x, options
    each = zip(options["padding"], counted, strict=True)
    rest = tuple((a[0] - b[0], a[1] - b[1]) for a, b in each)
    around = (*counted[: x.rank - 2], (0, 0))
    return operator.add(Pad, x, padding=around), {**options, "padding": rest}


def _global(function: Literal["mean", "max"]) -> Callable[[Operator], Value]:
    def importer(operator: Operator) -> Value:
        x = channels_last(operator)
        order = (None, 0, *(None for _ in x.axes[2:]))
        return operator.add(
            Reduce, x, order=order, function=function, axes=tuple(range(x.rank - 2))
        )

    return importer


OPERATORS: dict[str, Callable[[Operator], Any]] = {
    "Conv": _conv,
    "MaxPool": _pool("max"),
    "AveragePool": _pool("average"),
    "GlobalAveragePool": _global("mean"),
    "GlobalMaxPool": _global("max"),
}
"""By name."""

# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from mcu_ghost.convert.keras_config.layer import Layer, Value
from mcu_ghost.convert.keras_config.layers.activations import activate
from mcu_ghost.convert.nodes import Conv, DepthwiseConv, Pool, Reals, Reduce, Shape

Pair = tuple[int, int]


def _pair(layer: Layer, given: Any, dimensions: int) -> Pair:
    """Return an argument for both axes; a 1-D layer's other one is 1.

    A 1-D layer on every frame is a 2-D one whose window is one frame wide.
    """
    sizes = list(given) if isinstance(given, (list, tuple)) else [given] * dimensions
    if dimensions == 2:
        return (int(sizes[0]), int(sizes[1]))
    return (1, int(sizes[0])) if layer.leading else (int(sizes[0]), 1)


def _options(layer: Layer, x: Value, size: Pair, dimensions: int) -> dict[str, Any]:
    """Return strides, dilation and padding of a window."""
    layer.require("data_format", "channels_last", None)
    layer.require("padding", "valid", "same", "causal")
    if len(x.shape) != layer.leading + dimensions + 1:
        raise layer.refuse(f"takes inputs with {dimensions + 1} axes, not {x.shape}")
    strides = layer.config.get("strides")
    strides = size if strides is None else _pair(layer, strides, dimensions)
    dilation = _pair(layer, layer.config.get("dilation_rate", 1), dimensions)
    sizes = (*x.shape[:-1], 1)[:2]
    each = zip(sizes, size, strides, dilation, strict=True)
    mode = layer.config.get("padding", "valid")
    padding = tuple(_padding(mode, n, (k - 1) * d + 1, s) for n, k, s, d in each)
    return {"strides": strides, "dilation": dilation, "padding": padding}


def _padding(mode: str, n: int, window: int, stride: int) -> Pair:
    """Return what TensorFlow puts before and after n values."""
    if mode == "valid":
        return (0, 0)
    if mode == "causal":
        return (window - 1, 0)
    total = max((-(-n // stride) - 1) * stride + window - n, 0)
    return (total // 2, total - total // 2)


def _kernel(layer: Layer, what: str, size: Pair, dimensions: int, *rest: int) -> Reals:
    """Return (kh, kw, …) of a kernel, of which a 1-D layer has but one axis."""
    own = size if dimensions == 2 else (max(size),)
    return layer.take(what, *own, *rest).reshape(*size, *rest)


def _convolution(dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        x, config = layer.x, layer.config
        size = _pair(layer, config["kernel_size"], dimensions)
        groups, filters = config.get("groups", 1), config["filters"]
        kernel = _kernel(layer, "kernel", size, dimensions, x.shape[-1] // groups, filters)
        options = _options(layer, x, size, dimensions)
        bias = layer.bias(filters)
        return activate(
            layer, layer.add(Conv, x, kernel=kernel, bias=bias, groups=groups, **options)
        )

    return importer


def _depthwise(dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        x, config = layer.x, layer.config
        size = _pair(layer, config["kernel_size"], dimensions)
        channels, multiplier = x.shape[-1], config.get("depth_multiplier", 1)
        kernel = _kernel(layer, "depthwise_kernel", size, dimensions, channels, multiplier)
        options = _options(layer, x, size, dimensions)
        bias = layer.bias(channels * multiplier)
        return activate(layer, layer.add(DepthwiseConv, x, kernel=kernel, bias=bias, **options))

    return importer


def _separable(dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        x, config = layer.x, layer.config
        size = _pair(layer, config["kernel_size"], dimensions)
        channels, multiplier = x.shape[-1], config.get("depth_multiplier", 1)
        depthwise = _kernel(layer, "depthwise_kernel", size, dimensions, channels, multiplier)
        inner, filters = channels * multiplier, config["filters"]
        pointwise = _kernel(layer, "pointwise_kernel", (1, 1), dimensions, inner, filters)
        options = _options(layer, x, size, dimensions)
        nothing = pointwise.reshape(inner, filters)[:, 0] * 0
        y = layer.add(DepthwiseConv, x, kernel=depthwise, bias=nothing, **options)
        return activate(layer, layer.add(Conv, y, kernel=pointwise, bias=layer.bias(filters)))

    return importer


def _pooling(function: Literal["max", "average"], dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        size = _pair(layer, layer.config["pool_size"], dimensions)
        options = _options(layer, layer.x, size, dimensions)
        return layer.add(Pool, layer.x, function=function, pool=size, **options)

    return importer


def _global(function: Literal["max", "mean"], dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        layer.require("data_format", "channels_last", None)
        if layer.x.mask is not None:
            raise layer.refuse("a mask reaches it; take the Masking layer away")
        axes: Shape = tuple(range(len(layer.x.shape) - 1 - dimensions, len(layer.x.shape) - 1))
        keepdims = bool(layer.config.get("keepdims"))
        return layer.add(Reduce, layer.x, function=function, axes=axes, keepdims=keepdims)

    return importer


LAYERS = {
    f"{name}{dimensions}D": importer(dimensions)
    for dimensions in (1, 2)
    for name, importer in {
        "Conv": _convolution,
        "DepthwiseConv": _depthwise,
        "SeparableConv": _separable,
        "MaxPooling": lambda n: _pooling("max", n),
        "AveragePooling": lambda n: _pooling("average", n),
        "GlobalMaxPooling": lambda n: _global("max", n),
        "GlobalAveragePooling": lambda n: _global("mean", n),
    }.items()
}
"""By class."""

# SPDX-License-Identifier: Apache-2.0
"""Layers that move numbers, and those that join several values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from mcu_ghost.convert.keras_config.layer import Layer, Value
from mcu_ghost.convert.nodes import (
    Concat,
    Merge,
    Pad,
    Permute,
    Repeat,
    Reshape,
    Shape,
    Slice,
    UpSample,
)

Function = Literal["add", "subtract", "multiply", "average", "maximum", "minimum"]


def filled(layer: Layer, shape: Shape, target: Shape) -> Shape:
    """Return a target shape with its -1 worked out."""
    rest = math.prod(n for n in target if n != -1)
    if target.count(-1) > 1 or (-1 in target and (not rest or math.prod(shape) % rest)):
        raise layer.refuse(f"cannot make the shape {target} of {shape}")
    return tuple(math.prod(shape) // rest if n == -1 else n for n in target)


def _flatten(layer: Layer) -> Value:
    layer.require("data_format", "channels_last", None)
    return layer.add(Reshape, layer.x, shape=(math.prod(layer.x.shape),))


def _reshape(layer: Layer) -> Value:
    target = filled(layer, layer.x.shape, tuple(layer.config["target_shape"]))
    return layer.add(Reshape, layer.x, shape=target)


def _permute(layer: Layer) -> Value:
    axes = tuple(axis - 1 for axis in layer.config["dims"])
    return layer.add(Permute, layer.x, axes=axes)


def _repeat(layer: Layer) -> Value:
    return layer.add(Repeat, layer.x, n=layer.config["n"])


def _up_sampling(dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        layer.require("data_format", "channels_last", None)
        layer.require("interpolation", "nearest")
        size = layer.config["size"]
        sizes = tuple(size) if isinstance(size, (list, tuple)) else (size,) * dimensions
        return layer.add(UpSample, layer.x, size=sizes)

    return importer


def _margins(given: Any, dimensions: int) -> list[tuple[int, int]]:
    """Return (before, after) for each axis, out of the ways in which Keras takes them."""
    if isinstance(given, int):
        return [(given, given)] * dimensions
    if dimensions == 1:
        return [(given[0], given[-1])]
    return [(n, n) if isinstance(n, int) else (n[0], n[1]) for n in given]


def _zero_padding(dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        layer.require("data_format", "channels_last", None)
        margins = _margins(layer.config["padding"], dimensions)
        return layer.add(Pad, layer.x, padding=(*margins, (0, 0)))

    return importer


def _cropping(dimensions: int) -> Callable[[Layer], Value]:
    def importer(layer: Layer) -> Value:
        layer.require("data_format", "channels_last", None)
        margins = [*_margins(layer.config["cropping"], dimensions), (0, 0)]
        shape = layer.x.shape
        if len(shape) != len(margins):
            raise layer.refuse(f"takes inputs with {len(margins)} axes, not {shape}")
        return layer.add(
            Slice, layer.x, begin=tuple(before for before, _ in margins),
            end=tuple(n - after for n, (_, after) in zip(shape, margins, strict=True)),
            step=(1,) * len(shape),
        )  # fmt: skip

    return importer


def _merge(function: Function) -> Callable[[Layer], Value]:
    return lambda layer: layer.add(Merge, *layer.xs, function=function)


def _concatenate(layer: Layer) -> Value:
    xs = layer.xs
    return layer.add(Concat, *xs, axis=layer.axis(layer.config.get("axis", -1), len(xs[0].shape)))


LAYERS: dict[str, Callable[[Layer], Value]] = {
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat,
    "UpSampling1D": _up_sampling(1),
    "UpSampling2D": _up_sampling(2),
    "ZeroPadding1D": _zero_padding(1),
    "ZeroPadding2D": _zero_padding(2),
    "Cropping1D": _cropping(1),
    "Cropping2D": _cropping(2),
    "Add": _merge("add"),
    "Subtract": _merge("subtract"),
    "Multiply": _merge("multiply"),
    "Average": _merge("average"),
    "Maximum": _merge("maximum"),
    "Minimum": _merge("minimum"),
    "Concatenate": _concatenate,
}
"""By class."""

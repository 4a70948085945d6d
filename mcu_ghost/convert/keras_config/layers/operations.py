# SPDX-License-Identifier: Apache-2.0
"""Arithmetic, slices and functions written in code: `x[:, -1]`, `x * 2`, `tf.concat`, `ops.relu`.

tf_keras saves them as TFOpLambda and SlicingOpLambda with TensorFlow's name of the operation, Keras
3 as classes of their own. Arguments come by place or by name, and in Keras 3 also as configuration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from mcu_ghost.convert.keras_config.layer import Layer, Value
from mcu_ghost.convert.keras_config.layers import shapes
from mcu_ghost.convert.keras_config.layers.plain import affine
from mcu_ghost.convert.nodes import (
    Activation,
    Concat,
    Constant,
    Function,
    Merge,
    Permute,
    Reduce,
    Reshape,
    Reverse,
    Slice,
    Softmax,
)

Importer = Callable[[Layer], Value]


def tf_operation(layer: Layer) -> Value:
    """Import what tf_keras saved as TFOpLambda or SlicingOpLambda."""
    name = str(layer.config.get("function", "")).rpartition(".")[2]
    if name not in _TENSORFLOW:
        raise dataclasses.replace(layer, kind=name).refuse(
            "this TensorFlow function is not supported; use a Keras layer in its place"
        )
    return _TENSORFLOW[name](dataclasses.replace(layer, kind=name))


def _argument(layer: Layer, place: int, *names: str, default: Any = None) -> Any:
    """Return an argument by its place, or by the first of its names that is known."""
    if place < len(layer.args):
        return layer.args[place]
    for source in (layer.kwargs, layer.config):
        for name in names:
            if source.get(name) is not None:
                return source[name]
    return default


def _operands(layer: Layer) -> tuple[Any, Any]:
    given = [*layer.args, *(layer.kwargs[k] for k in ("x", "x1", "y", "x2") if k in layer.kwargs)]
    if len(given) == 1 and isinstance(given[0], list):
        given = given[0]
    return given[0], given[1]


def _binary(kind: Literal["add", "subtract", "multiply", "maximum", "minimum"]) -> Importer:
    def importer(layer: Layer) -> Value:
        values = layer.xs
        if len(values) != 1 or len(layer.args) == 1 and isinstance(layer.args[0], list):
            return layer.add(Merge, *values, function=kind)
        x, y = _operands(layer)
        flipped = isinstance(y, Value)
        constant = np.asarray(_numbers(x if flipped else y), np.float32)
        if constant.size not in (1, values[0].shape[-1]) or constant.ndim > 1:
            return _with_constant(layer, kind, values[0], constant, flipped)
        if kind == "add":
            return affine(layer, values[0], 1.0, constant)
        if kind == "subtract":
            signs = (-1.0, constant) if flipped else (1.0, -constant)
            return affine(layer, values[0], *signs)
        if kind == "multiply":
            return affine(layer, values[0], constant, 0.0)
        if constant.size > 1:
            return _with_constant(layer, kind, values[0], constant, flipped)
        limits = (float(constant.item()), np.inf)
        if kind == "minimum":
            limits = (-np.inf, limits[0])
        return layer.add(Activation, values[0], function=Function("clip", limits))

    return importer


def _with_constant(layer: Layer, kind: Any, x: Value, constant: Any, flipped: bool) -> Value:
    """Merge with a constant that is not one number for each channel."""
    if constant.ndim == len(x.shape) + 1 and constant.shape[0] == 1:
        constant = constant[0]
    if constant.ndim > len(x.shape):
        raise layer.refuse(f"its constant of shape {constant.shape} does not fit {x.shape}")
    constant = constant.reshape((1,) * (len(x.shape) - constant.ndim) + constant.shape)
    other = layer.add(Constant, value=constant)
    pair = (other, x) if flipped else (x, other)
    return layer.add(Merge, *pair, function=kind)


def _divide(layer: Layer) -> Value:
    x, y = _operands(layer)
    if not isinstance(x, Value) or isinstance(y, Value):
        raise layer.refuse("divides by a value of the network, only by a constant is supported")
    return affine(layer, x, 1 / np.asarray(_numbers(y), np.float64), 0.0)


def _numbers(given: Any) -> Any:
    """Return numbers out of a serialised array or tensor."""
    if isinstance(given, dict):
        inside = given.get("config", given)
        return inside.get("value", inside) if isinstance(inside, dict) else inside
    return given


def _get_item(layer: Layer) -> Value:
    x = layer.x
    spec = _argument(layer, 1, "slice_spec", "key")
    spec = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    if Ellipsis in spec:
        at = spec.index(Ellipsis)
        everything = [slice(None)] * (len(x.shape) + 2 - len(spec))
        spec[at : at + 1] = everything
    parts = [_slice(layer, part) for part in spec]
    parts += [slice(None)] * (len(x.shape) + 1 - len(parts))
    if len(parts) != len(x.shape) + 1 or parts[0] != slice(None):
        raise layer.refuse("its slice takes samples out of the batch, which must stay whole")
    ranges, kept = [], []
    for part, n in zip(parts[1:], x.shape, strict=True):
        if isinstance(part, int):
            start = part + n if part < 0 else part
            ranges.append((start, start + 1, 1))
            continue
        start, stop, step = part.indices(n)
        if step < 1:
            raise layer.refuse("its slice goes backwards, which is not supported")
        ranges.append((start, stop, step))
        kept.append(len(range(start, stop, step)))
    begin, end, step_ = zip(*ranges, strict=True)
    y = layer.add(Slice, x, begin=begin, end=end, step=step_)
    return y if len(kept) == len(x.shape) else layer.add(Reshape, y, shape=tuple(kept))


def _slice(layer: Layer, part: Any) -> slice | int:
    if isinstance(part, dict):
        part = slice(part.get("start"), part.get("stop"), part.get("step"))
    if isinstance(part, (slice, int)):
        return part
    raise layer.refuse(f"its slice has {part!r} in it, only numbers and ranges are supported")


def _join(layer: Layer) -> Value:
    xs = layer.xs
    axis = _argument(layer, 1, "axis", default=-1)
    if len(xs) != len(_argument(layer, 0, "values", "xs", default=xs)):
        raise layer.refuse("joins constants, which is not supported")
    return layer.add(Concat, *xs, axis=layer.axis(axis, len(xs[0].shape)))


def _reshape(layer: Layer) -> Value:
    if "target_shape" in layer.config:
        return shapes.LAYERS["Reshape"](layer)
    target = [int(n) for n in _argument(layer, 1, "shape", "newshape")]
    return layer.add(Reshape, layer.x, shape=shapes.filled(layer, layer.x.shape, tuple(target[1:])))


def _transpose(layer: Layer) -> Value:
    axes = _argument(layer, 1, "perm", "axes")
    if axes is None or axes[0] != 0:
        raise layer.refuse("moves the batch axis, which must stay the first")
    return layer.add(Permute, layer.x, axes=tuple(axis - 1 for axis in axes[1:]))


def _axes(layer: Layer, given: Any, rank: int) -> tuple[int, ...]:
    given = given if isinstance(given, (list, tuple)) else [given]
    return tuple(sorted(layer.axis(int(axis), rank) for axis in given))


def _squeeze(layer: Layer) -> Value:
    shape = layer.x.shape
    given = _argument(layer, 1, "axis")
    ones = [i for i, n in enumerate(shape) if n == 1]
    axes = ones if given in (None, []) else _axes(layer, given, len(shape))
    return layer.add(Reshape, layer.x, shape=tuple(n for i, n in enumerate(shape) if i not in axes))


def _expand(layer: Layer) -> Value:
    shape = list(layer.x.shape)
    axes = _argument(layer, 1, "axis")
    for axis in axes if isinstance(axes, (list, tuple)) else [axes]:
        shape.insert(layer.axis(int(axis), len(shape) + 1), 1)
    return layer.add(Reshape, layer.x, shape=tuple(shape))


def _flip(layer: Layer) -> Value:
    x = layer.x
    for axis in _axes(layer, _argument(layer, 1, "axis"), len(x.shape)):
        x = layer.add(Reverse, x, axis=axis)
    return x


def _reduce(function: Literal["mean", "max", "sum"]) -> Importer:
    def importer(layer: Layer) -> Value:
        given = _argument(layer, 1, "axis")
        if given is None:
            raise layer.refuse("reduces the batch axis too; name the axes")
        axes = _axes(layer, given, len(layer.x.shape))
        keepdims = bool(_argument(layer, 2, "keepdims", default=False))
        return layer.add(Reduce, layer.x, function=function, axes=axes, keepdims=keepdims)

    return importer


def _softmax(layer: Layer) -> Value:
    axis = _argument(layer, 1, "axis", default=-1)
    if layer.axis(int(axis), len(layer.x.shape)) != len(layer.x.shape) - 1:
        raise layer.refuse(f"argument axis={axis} is not supported, only -1, the last")
    return layer.add(Softmax, layer.x)


def _function(name: str, *parameters: float) -> Importer:
    return lambda layer: layer.add(Activation, layer.x, function=Function(name, parameters))


def _leaky(layer: Layer) -> Value:
    alpha = float(_argument(layer, 1, "alpha", "negative_slope", default=0.2))
    return layer.add(Activation, layer.x, function=Function("leaky_relu", (alpha,)))


def _clip(layer: Layer) -> Value:
    low = float(_argument(layer, 1, "clip_value_min", "x_min"))
    high = float(_argument(layer, 2, "clip_value_max", "x_max"))
    return layer.add(Activation, layer.x, function=Function("clip", (low, high)))


def _gelu(layer: Layer) -> Value:
    # Both by hand: tf.nn.gelu(features, approximate=False), keras.ops.gelu(x, approximate=True).
    approximate = _argument(layer, 1, "approximate", default=layer.builder.keras == 3)
    name = "gelu_tanh" if approximate else "gelu"
    return layer.add(Activation, layer.x, function=Function(name))


_TENSORFLOW: dict[str, Importer] = {
    "getitem": _get_item,
    "add": _binary("add"),
    "subtract": _binary("subtract"),
    "multiply": _binary("multiply"),
    "maximum": _binary("maximum"),
    "minimum": _binary("minimum"),
    "truediv": _divide,
    "divide": _divide,
    "concat": _join,
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "expand_dims": _expand,
    "reverse": _flip,
    "reduce_mean": _reduce("mean"),
    "reduce_max": _reduce("max"),
    "reduce_sum": _reduce("sum"),
    "softmax": _softmax,
    "leaky_relu": _leaky,
    "clip_by_value": _clip,
    "gelu": _gelu,
    "negative": lambda layer: affine(layer, layer.x, -1.0, 0.0),
    "identity": lambda layer: layer.x,
    "stop_gradient": lambda layer: layer.x,
    "relu": _function("relu"),
    "relu6": _function("relu", 6.0),
    "silu": _function("swish"),
    **{name: _function(name) for name in ("sigmoid", "tanh", "exp", "abs", "softplus", "softsign",
                                          "elu", "selu", "square", "sqrt", "log", "sin", "cos",
                                          "swish")},
}  # fmt: skip

LAYERS: dict[str, Importer] = {
    "TFOpLambda": tf_operation,
    "SlicingOpLambda": tf_operation,
    "GetItem": _get_item,
    "Add": _binary("add"),
    "Subtract": _binary("subtract"),
    "Multiply": _binary("multiply"),
    "Maximum": _binary("maximum"),
    "Minimum": _binary("minimum"),
    "Divide": _divide,
    "TrueDivide": _divide,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "ExpandDims": _expand,
    "Flip": _flip,
    "Mean": _reduce("mean"),
    "Max": _reduce("max"),
    "Sum": _reduce("sum"),
    "LeakyRelu": _leaky,
    "Clip": _clip,
    "Gelu": _gelu,
    "Negative": _TENSORFLOW["negative"],
    "Relu": _function("relu"),
    "Relu6": _function("relu", 6.0),
    "Silu": _function("swish"),
    "HardSigmoid": _function("hard_sigmoid"),
    "HardSilu": _function("hard_swish"),
    "Absolute": _function("abs"),
    **{name.capitalize(): _function(name) for name in (
        "sigmoid", "tanh", "exp", "softplus", "softsign", "elu", "selu", "square", "sqrt", "log",
        "sin", "cos", "mish", "abs")},
}  # fmt: skip
"""By class. Those of Add, Subtract, Multiply, Maximum, Minimum and Reshape are layers' too."""

# SPDX-License-Identifier: Apache-2.0
"""Activations: by name inside other layers, and as layers of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcu_ghost.convert.keras_config.layer import Layer, Value
from mcu_ghost.convert.keras_config.weights import class_name
from mcu_ghost.convert.nodes import LINEAR, Activation, Function, PRelu, Softmax

_KERAS_2_HARD_SIGMOID = Function("hard_sigmoid", (0.2, 0.5))
_BY_NAME = {
    **{name: Function(name) for name in (
        "linear", "relu", "elu", "selu", "celu", "sigmoid", "log_sigmoid", "hard_sigmoid", "tanh",
        "hard_tanh", "tanh_shrink", "softplus", "softsign", "swish", "hard_swish", "mish", "gelu",
        "squareplus", "sparse_plus", "sparse_sigmoid", "hard_shrink", "soft_shrink")},
    "relu6": Function("relu", (6.0,)),
    "leaky_relu": Function("leaky_relu", (0.2,)),
    "exponential": Function("exp"),
    "silu": Function("swish"),
    "hard_silu": Function("hard_swish"),
}  # fmt: skip


def function(layer: Layer, key: str = "activation", default: str = "linear") -> Function:
    """Return the function that an argument names.

    Raises:
        GhostError: It is unknown, or not of each number for itself.
    """
    name = _name(layer, layer.config.get(key, default))
    if name == "hard_sigmoid" and layer.builder.keras == 2:
        return _KERAS_2_HARD_SIGMOID
    if name not in _BY_NAME:
        raise layer.refuse(
            f"argument {key}={name!r} is not supported; use one that works on each number for"
            " itself, such as relu or tanh"
        )
    return _BY_NAME[name]


def activate(layer: Layer, x: Value) -> Value:
    """Add what a layer's argument `activation` says."""
    given = layer.config.get("activation")
    if isinstance(given, dict) and class_name(given) in LAYERS:
        return LAYERS[class_name(given)](layer.part(given, x))
    if _name(layer, given) == "softmax":
        return layer.add(Softmax, x)
    chosen = function(layer)
    return x if chosen == LINEAR else layer.add(Activation, x, function=chosen)


def _name(layer: Layer, given: Any) -> str:
    """Return the name in a serialised function."""
    if isinstance(given, dict):
        given = given.get("config") if class_name(given) == "function" else class_name(given)
    if given is not None and not isinstance(given, str):
        raise layer.refuse("its activation is no function of Keras' own; use one by name")
    return given or "linear"


def _activation(layer: Layer) -> Value:
    return activate(layer, layer.x)


def _of(name: str, *keys: tuple[str, float]) -> Any:
    """Return the importer of a function whose parameters are arguments with defaults."""

    def importer(layer: Layer) -> Value:
        return layer.add(Activation, layer.x, function=Function(
            name, tuple(_number(layer.config.get(key), default) for key, default in keys)
        ))  # fmt: skip

    return importer


def _number(given: Any, default: float) -> float:
    """Return a number; Keras 2 wraps some in arrays."""
    if isinstance(given, dict):
        given = given.get("config", {}).get("value", given.get("value"))
    return default if given is None else float(given)


def _leaky_relu(layer: Layer) -> Value:
    alpha = layer.config.get("negative_slope", layer.config.get("alpha"))
    return layer.add(Activation, layer.x, function=Function("leaky_relu", (_number(alpha, 0.3),)))


def _prelu(layer: Layer) -> Value:
    shared = [axis - 1 for axis in layer.config.get("shared_axes") or ()]
    shape = (1 if i in shared else n for i, n in enumerate(layer.x.shape[layer.leading :]))
    return layer.add(PRelu, layer.x, alpha=layer.take("alpha", *shape))


def _softmax(layer: Layer) -> Value:
    if layer.x.mask is not None:
        raise layer.refuse("a mask reaches it; take the Masking layer away")
    layer.last_axis(layer.x)
    return layer.add(Softmax, layer.x)


def _thresholded(layer: Layer) -> Value:
    theta = _number(layer.config.get("theta"), 1.0)
    return layer.add(Activation, layer.x, function=Function("threshold", (theta, 0.0)))


LAYERS = {
    "Activation": _activation,
    "ReLU": _of("relu", ("max_value", np.inf), ("negative_slope", 0.0), ("threshold", 0.0)),
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "ELU": _of("elu", ("alpha", 1.0)),
    "Softmax": _softmax,
    "ThresholdedReLU": _thresholded,
}

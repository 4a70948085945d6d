# SPDX-License-Identifier: Apache-2.0
"""Layers that look at one vector at a time, and those that do nothing at inference."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mcu_ghost.convert.keras_config.layer import Layer, Mask, Value
from mcu_ghost.convert.keras_config.layers.activations import activate
from mcu_ghost.convert.nodes import Affine, Dense, Embedding, LayerNorm, Reals
from mcu_ghost.host import text

_EPSILON = 1e-7  # Keras' own, of Normalization


def _dense(layer: Layer) -> Value:
    units = layer.config["units"]
    kernel = layer.take("kernel", layer.x.shape[-1], units)
    return activate(layer, layer.add(Dense, layer.x, kernel=kernel, bias=layer.bias(units)))


def _embedding(layer: Layer) -> Value:
    table = layer.take("table", layer.config["input_dim"], layer.config["output_dim"])
    result = layer.add(Embedding, layer.x, table=table)
    if layer.config.get("mask_zero"):
        return dataclasses.replace(result, mask=Mask(None, layer.x.name, layer.name))
    return result


def affine(layer: Layer, x: Value, scale: Any, offset: Any) -> Value:
    """Add x · scale + offset, both of them numbers or one for each channel."""
    parts = []
    for what, given in (("scale", scale), ("offset", offset)):
        array = np.asarray(given, np.float64)
        if array.size not in (1, x.shape[-1]) or array.shape[-1:] not in ((), (array.size,)):
            raise layer.refuse(
                f"its {what} has the shape {array.shape}, which is not one for each of"
                f" {text.count(x.shape[-1], 'channel')}"
            )
        parts.append(np.broadcast_to(array.reshape(-1), x.shape[-1:]).astype(np.float32))
    return layer.add(Affine, x, scale=parts[0], offset=parts[1])


def _batch_normalization(layer: Layer) -> Value:
    x, config = layer.x, layer.config
    layer.last_axis(x)
    n = x.shape[-1]
    gamma = layer.take("gamma", n) if config.get("scale", True) else np.ones(n)
    beta = layer.take("beta", n) if config.get("center", True) else np.zeros(n)
    mean, variance = layer.take("moving_mean", n), layer.take("moving_variance", n)
    scale = gamma / np.sqrt(variance.astype(np.float64) + config["epsilon"])
    return affine(layer, x, scale, beta - mean * scale)


def _normalization(layer: Layer) -> Value:
    x, config = layer.x, layer.config
    axis = config.get("axis", -1)
    if axis not in (None, []):
        layer.last_axis(x)
    if config.get("mean") is not None:
        mean, variance = np.asarray(config["mean"]), np.asarray(config["variance"])
    else:
        shape = () if axis in (None, []) else (x.shape[-1],)
        mean, variance = layer.take("mean", *shape), layer.take("variance", *shape)
        layer.take("count", whole=True)
    deviation = np.maximum(np.sqrt(np.float64(variance)), _EPSILON)
    mean = mean.astype(np.float64)
    if config.get("invert"):
        return affine(layer, x, deviation, mean)
    return affine(layer, x, 1 / deviation, -mean / deviation)


def _rescaling(layer: Layer) -> Value:
    scale, offset = layer.config.get("scale", 1.0), layer.config.get("offset", 0.0)
    return affine(layer, layer.x, _plain(scale), _plain(offset))


def _plain(given: Any) -> Any:
    """Return numbers out of a serialised array."""
    return given["config"]["value"] if isinstance(given, dict) else given


def _layer_normalization(layer: Layer) -> Value:
    x, config = layer.x, layer.config
    layer.last_axis(x)
    layer.require("rms_scaling", False)
    n = x.shape[-1]
    gamma: Reals = np.ones(n, np.float32)
    beta: Reals = np.zeros(n, np.float32)
    if config.get("scale", True):
        gamma = layer.take("gamma", n)
    if config.get("center", True):
        beta = layer.take("beta", n)
    return layer.add(LayerNorm, x, gamma=gamma, beta=beta, epsilon=config["epsilon"])


def _masking(layer: Layer) -> Value:
    return dataclasses.replace(
        layer.x,
        mask=Mask(float(layer.config.get("mask_value", 0.0)), layer.x.name, layer.name),
    )


def _nothing(layer: Layer) -> Value:
    for _ in layer.weights:  # a noise layer of Keras 3 keeps its random generator's state
        pass
    return layer.x


LAYERS = {
    "Dense": _dense,
    "Embedding": _embedding,
    "BatchNormalization": _batch_normalization,
    "SyncBatchNormalization": _batch_normalization,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "LayerNormalization": _layer_normalization,
    "Masking": _masking,
    **dict.fromkeys(
        (
            "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout",
            "GaussianNoise", "Identity", "SpatialDropout1D", "SpatialDropout2D",
            "SpatialDropout3D",
        ),
        _nothing,
    ),
}  # fmt: skip
"""By class."""

# SPDX-License-Identifier: Apache-2.0
"""Quantisation after training: a float model with the ranges that its data show."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from mcu_ghost.convert.chain import Chain, Link
from mcu_ghost.errors import GhostError
from mcu_ghost.layers import quantize_model

_BATCH = 256


def check(chain: Chain, shape: tuple[int | None, ...], calibration: Any) -> npt.NDArray[np.float32]:
    """Return calibration data as float32.

    Raises:
        GhostError: They do not have the model's input shape, or hold no or not only finite numbers.
    """
    try:
        data = np.asarray(calibration, np.float32)
    except (TypeError, ValueError) as error:
        raise GhostError(f"The calibration data are not an array of numbers ({error}).") from error
    wanted = ("samples", *shape[1:])
    if data.shape[1:] != tuple(shape[1:]) or data.ndim != len(shape) or not len(data):
        text = ", ".join(map(str, wanted))
        raise GhostError(f"Calibration data must have shape ({text}), got {data.shape}.")
    if not np.isfinite(data).all():
        raise GhostError("The calibration data hold values that are not finite.")
    if not data.any():
        raise GhostError("The calibration data are all zero, which shows no range.")
    return data


def quantized(model: Any, data: npt.NDArray[np.float32]) -> Any:
    """Return a float model with fake quantisers, the input's range taken from the data."""
    low, high = min(float(data.min()), 0.0), max(float(data.max()), 0.0)
    if high == 0.0:
        high = -low / 255  # the smallest range that int8 can hold with a positive end
    return quantize_model(model, (low, high))


def measure(chain: Chain, data: npt.NDArray[np.float32]) -> None:
    """Set the ranges of a quantised chain's ordinary layers to what the data reach."""
    values = data
    for link in chain.links:
        batches = [values[i : i + _BATCH] for i in range(0, len(values), _BATCH)]
        if isinstance(link.inner, keras.layers.Dropout):
            continue
        ordinary = link.kind == "layer"
        if ordinary:
            _forget(link)
        values = np.concatenate([np.asarray(link.layer(b, training=ordinary)) for b in batches])


def _forget(link: Link) -> None:
    """Let the layer's quantisers follow the extremes, from nothing."""
    wrapper = link.layer
    extremes = tfmot.quantization.keras.quantizers.AllValuesQuantizer(
        num_bits=8, per_axis=False, symmetric=False, narrow_range=False
    )
    for activation in wrapper._quantize_activations:
        activation.quantizer = extremes
    if wrapper._output_quantizers:
        wrapper._output_quantizers = [extremes]
    for variable in wrapper.non_trainable_weights:
        if variable.name.split(":")[0].endswith(("_min", "_max")):
            variable.assign(np.zeros(variable.shape))

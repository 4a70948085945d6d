# SPDX-License-Identifier: Apache-2.0
"""Sets the ranges of ordinary layers from data, instead of waiting for tfmot's moving averages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
    QuantizeWrapper,
)

from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers.ghost_gru import GhostGRU

_BATCH = 256


def settle(model: Any, data: npt.ArrayLike) -> None:
    """Set the activation and weight ranges of a quantised model's ordinary layers.

    tfmot starts them at [-6, 6] and moves them by a thousandth at each step. GhostGRU layers have
    fixed formats and the input keeps its range.

    Args:
        model: A chain of layers from `quantize_model`; changed in place.
        data: (samples, frames, inputs) representative float inputs.

    Raises:
        GhostError: A layer does not follow the one before it.
    """
    values = np.asarray(data, np.float32)
    output = model.inputs[0]
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if layer.input is not output:
            raise GhostError(
                f"Layer '{layer.name}' does not follow the one before it; "
                "only the ranges of a chain of layers can be measured."
            )
        output = layer.output
        inner = layer.layer if isinstance(layer, QuantizeWrapper) else layer
        if isinstance(inner, keras.layers.Dropout):
            continue
        measured = inner is not layer and not isinstance(inner, GhostGRU)
        kept = _follow_extremes(layer) if measured else None
        batches = [values[i : i + _BATCH] for i in range(0, len(values), _BATCH)]
        values = np.concatenate([np.asarray(layer(b, training=measured)) for b in batches])
        if kept is not None:
            _put_back(layer, *kept)


def _follow_extremes(wrapper: Any) -> tuple[list[Any], list[Any]]:
    """Let the layer's quantisers follow the extremes from nothing; return the ones they replace."""
    extremes = tfmot.quantization.keras.quantizers.AllValuesQuantizer(
        num_bits=8, per_axis=False, symmetric=False, narrow_range=False
    )
    kept = [a.quantizer for a in wrapper._quantize_activations], list(wrapper._output_quantizers)
    _put_back(wrapper, [extremes] * len(kept[0]), [extremes] * len(kept[1]))
    for variable in wrapper.non_trainable_weights:
        if variable.name.split(":")[0].endswith(("_min", "_max")):
            variable.assign(np.zeros(variable.shape))
    return kept


def _put_back(wrapper: Any, activations: list[Any], outputs: list[Any]) -> None:
    for activation, quantizer in zip(wrapper._quantize_activations, activations, strict=True):
        activation.quantizer = quantizer
    wrapper._output_quantizers = outputs

# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training through tensorflow-model-optimization."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy.typing as npt
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
    default_8bit_quantize_scheme,
)
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import (
    QuantizeLayer,
)

from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import chain, networks, ranges
from mcu_ghost.layers.configs import GhostGRUQuantizeConfig
from mcu_ghost.layers.fixed_point import FixedRangeQuantizer
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.layers.rounded import as_ghost_gru
from mcu_ghost.network import calibration as rule


class _FixedInput:
    """tfmot's layout transform, with the input's range given instead of learnt."""

    def __init__(self, transform: Any, quantizer: FixedRangeQuantizer) -> None:
        self.transform, self.quantizer = transform, quantizer

    def apply(self, model: Any, layer_quantize_map: dict[str, Any]) -> Any:
        """Transform, then give every QuantizeLayer the fixed range."""
        model, layer_quantize_map = self.transform.apply(model, layer_quantize_map)
        for layer in model.layers:
            if isinstance(layer, QuantizeLayer):
                layer.quantizer = self.quantizer
        return model, layer_quantize_map


class GhostScheme(default_8bit_quantize_scheme.Default8BitQuantizeScheme):
    """tfmot's default 8-bit scheme with a fixed input range.

    Args:
        input_range: Real values of -128 and 127 at the model's input.
    """

    def __init__(self, input_range: tuple[float, float]) -> None:
        super().__init__()
        self._quantizer = FixedRangeQuantizer(*input_range)

    def get_layout_transformer(self) -> Any:
        """Return the transform that quantize_apply runs."""
        return _FixedInput(super().get_layout_transformer(), self._quantizer)


def quantize_model(
    model: Any,
    input_range: tuple[float, float] | None = None,
    calibration: npt.ArrayLike | None = None,
) -> Any:
    """Return a copy of a float model that trains with the integer network's rounding.

    In a chain of GhostGRU and GRU layers, Dense and activations, the recurrent layers follow
    `GhostGRUQuantizeConfig`, all others tfmot's default 8-bit scheme. In every other network each
    layer follows the operator that it becomes, with ranges that the calibration data set once for
    all; see `mcu_ghost.layers.networks`. Compile the result before training on; a few epochs with
    a small learning rate will do. A `UserWarning` names calibration values that lie outside the
    ranges.

    Args:
        model: A built Sequential or functional `tf_keras` model; it is left as it is.
        input_range: The real values that int8 -128 and 127 stand for at the input; must hold 0.
            Taken from the calibration data if left out.
        calibration: (samples, *shape) float inputs that set the ranges, for several inputs a dict
            of them by name. Such a chain may go without: tfmot's moving averages then take a
            thousand steps to settle.

    Raises:
        GhostError: The model could not be converted after training, is not a `tf_keras` one, or
            the calibration data are none.
    """
    if input_range is not None:
        low, high = float(input_range[0]), float(input_range[1])
        if not -math.inf < low <= 0.0 < high < math.inf:
            raise GhostError(f"input_range must contain 0, got ({low:g}, {high:g}).")
        input_range = low, high
    chain.validate_model(model)
    found = chain.find(model)
    if found is None:
        try:
            return networks.quantize(model, input_range, calibration)
        except ValueError as error:
            raise GhostError(f"The model cannot be quantised: {error}") from error
    data = None
    if calibration is not None:
        data = rule.validate(calibration, tuple(model.inputs[0].shape[1:]))
    if input_range is None:
        if data is None:
            raise GhostError("Give input_range, calibration data to take it from, or both.")
        input_range = ranges.chosen(data.reshape(-1, found.inputs))
    low, high = input_range
    annotate = tfmot.quantization.keras.quantize_annotate_layer

    def wrap(layer: Any) -> Any:
        if type(layer) is keras.layers.GRU:
            return annotate(as_ghost_gru(layer), GhostGRUQuantizeConfig())
        copy = type(layer).from_config(layer.get_config())
        return annotate(copy, GhostGRUQuantizeConfig() if isinstance(copy, GhostGRU) else None)

    try:
        annotated = keras.models.clone_model(model, clone_function=wrap)
        annotated.set_weights(model.get_weights())
        quantized = tfmot.quantization.keras.quantize_apply(annotated, GhostScheme((low, high)))
    except (RuntimeError, ValueError) as error:
        raise GhostError(f"The model cannot be quantised: {error}") from error
    if data is not None:
        beyond = rule.clipped_inputs(data.reshape(-1, found.inputs), low, high)
        for values in beyond + ranges.settle(quantized, data):
            warnings.warn(str(values), stacklevel=2)
    return quantized

# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training of a GhostGRU through tensorflow-model-optimization."""

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
from mcu_ghost.layers import chain, ranges
from mcu_ghost.layers.fixed_point import FixedPointQuantizer, FixedRangeQuantizer, PerGateQuantizer
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.network import calibration as rule

_ROUNDINGS = {
    "round_product": FixedPointQuantizer(0, 12),
    "round_preactivation": FixedPointQuantizer(16, 12),
    "round_carry": FixedPointQuantizer(16, 15),
    "round_state": FixedPointQuantizer(8, 7),
}
_WEIGHTS = {"kernel": 3, "recurrent_kernel": 3, "ghost_kernel": 1}
_PLAIN_ARGUMENTS = (
    "name",
    "trainable",
    "dtype",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "time_major",
    "units",
    "activation",
    "recurrent_activation",
    "use_bias",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "reset_after",
    "batch_input_shape",
)


@keras.utils.register_keras_serializable(package="mcu_ghost")
class GhostGRUQuantizeConfig(tfmot.quantization.keras.QuantizeConfig):
    """Makes a `GhostGRU` round as "GhostGRU int8, v1" does.

    Weights are int8 with one scale per gate. Products of inputs and of states become Q3.12 apart
    and are then added; pre-activations saturate to Q3.12 int16; the intrinsic state is carried in
    Q0.15 while products and the output see it, and the ghosts, in Q0.7.

    Example:
        >>> annotated = tfmot.quantization.keras.quantize_annotate_layer(
        ...     GhostGRU(154), GhostGRUQuantizeConfig())
    """

    def _weights(self, layer: Any) -> list[str]:
        return [name for name in _WEIGHTS if getattr(layer.cell, name) is not None]

    def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        """Return the kernels with a quantizer of one scale per gate each."""
        return [
            (getattr(layer.cell, name), PerGateQuantizer(_WEIGHTS[name]))
            for name in self._weights(layer)
        ]

    def get_activations_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        """Return the cell's roundings, identities so far, with their Q formats."""
        return [(getattr(layer.cell, name), form) for name, form in _ROUNDINGS.items()]

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """Put rounded kernels into the cell."""
        for name, weight in zip(self._weights(layer), quantize_weights, strict=True):
            setattr(layer.cell, name, weight)

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Put the Q formats into the cell."""
        for name, rounding in zip(_ROUNDINGS, quantize_activations, strict=True):
            setattr(layer.cell, name, rounding)

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Return nothing: the output is in Q0.7 already."""
        return []

    def get_config(self) -> dict[str, Any]:
        """Return no arguments."""
        return {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GhostGRUQuantizeConfig)

    def __hash__(self) -> int:
        return hash(GhostGRUQuantizeConfig)


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


def as_ghost_gru(layer: Any) -> GhostGRU:
    """Return the GhostGRU of ratio 1 that equals a plain Keras GRU (without its weights)."""
    config = layer.get_config()
    return GhostGRU(ratio=1, **{k: config[k] for k in _PLAIN_ARGUMENTS if k in config})


def quantize_model(
    model: Any,
    input_range: tuple[float, float] | None = None,
    calibration: npt.ArrayLike | None = None,
) -> Any:
    """Return a copy of a float model that trains with the integer network's rounding.

    GhostGRU and plain GRU layers follow `GhostGRUQuantizeConfig`, all others tfmot's default 8-bit
    scheme. Compile the result before training on; a few epochs with a small learning rate will do.
    A `UserWarning` names calibration values that lie outside the ranges.

    Args:
        model: A built Sequential or functional `tf_keras` model; it is left as it is.
        input_range: The real values that int8 -128 and 127 stand for at the input; must hold 0.
            Taken from the calibration data if left out.
        calibration: (samples, frames, inputs) float inputs that set the ranges of the ordinary
            layers; without them tfmot's moving averages take a thousand steps to settle.

    Raises:
        GhostError: The model could not be converted after training, is not a `tf_keras` one, or
            the calibration data are none.
    """
    inputs = chain.read(model).inputs  # what cannot be converted is not trained either
    data = None
    if calibration is not None:
        data = rule.validate(calibration, tuple(model.inputs[0].shape[1:]))
    if input_range is None:
        if data is None:
            raise GhostError("Give input_range, calibration data to take it from, or both.")
        input_range = rule.choose(data.reshape(-1, inputs))
        if input_range[1] == 0.0:  # an int8 range ends above zero
            input_range = input_range[0], -input_range[0] / 255
    low, high = float(input_range[0]), float(input_range[1])
    if not -math.inf < low <= 0.0 < high < math.inf:
        raise GhostError(f"input_range must contain 0, got ({low:g}, {high:g}).")
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
        beyond = rule.clipped_inputs(data.reshape(-1, inputs), low, high)
        for values in beyond + ranges.settle(quantized, data):
            warnings.warn(str(values), stacklevel=2)
    return quantized

# SPDX-License-Identifier: Apache-2.0
"""Fake quantisation as the integer operator rounds: Q formats, per-gate weights, a fixed range.

All of them round forwards and pass gradients straight through within their range.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantizers import Quantizer

_SMALLEST_SCALE = 2.0**-21  # of all-zero weights: 2**-16 over 4096 times the state's 1/128
_PRODUCT_BITS = 21


def _round_half_up(x: Any, limit: float, top: float, bits: int) -> Any:
    """Round to `bits` bits over [-limit, top]; the gradient is the identity, also under XLA."""

    @tf.custom_gradient
    def rounded(x: Any) -> Any:
        y = tf.quantization.quantize_and_dequantize_v2(
            x, -limit, top, num_bits=bits, range_given=True, round_mode="HALF_UP"
        )
        return y, lambda upstream: upstream

    return rounded(x)


def weight_scales(weights: Any, gates: int) -> Any:
    """Return the symmetric int8 scale of each gate, (gates,), for (K, gates * m) weights."""
    largest = tf.reduce_max(
        tf.abs(tf.reshape(weights, (-1, gates, weights.shape[-1] // gates))), (0, 2)
    )
    return tf.maximum(largest / 127.0, _SMALLEST_SCALE)


def _rounded_weights(weights: Any, scale: Any) -> Any:
    rounded = tf.clip_by_value(tf.round(weights / scale), -127.0, 127.0) * scale
    return weights + tf.stop_gradient(rounded - weights)


@keras.utils.register_keras_serializable(package="mcu_ghost")
class PerGateQuantizer(Quantizer):
    """Weights in [-127, 127] with one scale per gate, taken from the weights as they are now.

    Args:
        gates: How many equal blocks of columns have a scale of their own.
    """

    def __init__(self, gates: int) -> None:
        self.gates = gates

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Return no variables: the scale is always that of the current weights."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the weights rounded to int8 steps."""
        width = inputs.shape[-1] // self.gates
        scale = tf.repeat(tf.stop_gradient(weight_scales(inputs, self.gates)), width)
        return _rounded_weights(inputs, scale)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"gates": self.gates}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PerGateQuantizer) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash(self.gates)


@keras.utils.register_keras_serializable(package="mcu_ghost")
class PerChannelQuantizer(Quantizer):
    """Weights in [-127, 127] with a scale for each place on their last axes, or one for all.

    Args:
        axes: How many last axes: of a convolution 1, of a depthwise one 2, of a Dense 0.
    """

    def __init__(self, axes: int) -> None:
        self.axes = axes

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Return no variables: the scale is always that of the current weights."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the weights rounded to int8 steps."""
        shared = list(range(len(inputs.shape) - self.axes))
        largest = tf.reduce_max(tf.abs(tf.stop_gradient(inputs)), shared, keepdims=True)
        return _rounded_weights(inputs, tf.maximum(largest / 127.0, _SMALLEST_SCALE))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axes": self.axes}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PerChannelQuantizer) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash(self.axes)


@keras.utils.register_keras_serializable(package="mcu_ghost")
class FixedPointQuantizer(Quantizer):
    """A signed Q format, rounding half up and saturating.

    Args:
        bits: Width; 0 for the int32 that holds a requantised product, which never saturates.
        fraction: Bits behind the point.
    """

    def __init__(self, bits: int, fraction: int) -> None:
        self.bits, self.fraction = bits, fraction

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Return no variables: the format is fixed."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the inputs rounded to the format."""
        bits = self.bits or _PRODUCT_BITS
        limit = 2.0 ** (bits - 1 - self.fraction)
        top = limit - 2.0**-self.fraction
        if self.bits:  # one fused operation; this one allows at most 16 bits
            return tf.quantization.fake_quant_with_min_max_args(inputs, -limit, top, bits)
        return _round_half_up(inputs, limit, top, bits)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"bits": self.bits, "fraction": self.fraction}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FixedPointQuantizer) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((self.bits, self.fraction))


@keras.utils.register_keras_serializable(package="mcu_ghost")
class FixedRangeQuantizer(Quantizer):
    """Int8 over a range that is known and does not move.

    Args:
        minimum: Real value of -128, at most 0.
        maximum: Real value of 127, more than 0.
    """

    def __init__(self, minimum: float, maximum: float) -> None:
        if not minimum <= 0.0 < maximum:
            raise ValueError(
                "The range of an int8 tensor must contain 0. "
                f"Received: minimum={minimum}, maximum={maximum}"
            )
        self.minimum, self.maximum = float(minimum), float(maximum)

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Return no variables: the range is fixed."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the inputs rounded to the 256 values of the range."""
        return tf.quantization.fake_quant_with_min_max_args(
            inputs, self.minimum, self.maximum, num_bits=8
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"minimum": self.minimum, "maximum": self.maximum}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FixedRangeQuantizer) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((self.minimum, self.maximum))


@keras.utils.register_keras_serializable(package="mcu_ghost")
class AverageQuantizer(FixedRangeQuantizer):
    """Int8 of an average of int8 values: one that lies between two of them goes away from zero.

    Half of all averages of two values do. Zero is that of the integers.
    """

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the inputs rounded to the 256 values of the range."""
        step = (self.maximum - self.minimum) / 255.0
        zero = round(-128.0 - self.minimum / step)
        nudge = tf.sign(inputs / step + float(zero)) * (step / 1024.0)
        return super().__call__(inputs + tf.stop_gradient(nudge), training, weights, **kwargs)

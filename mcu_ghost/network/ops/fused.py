# SPDX-License-Identifier: Apache-2.0
"""What TFLite's int8 operators with weights share: weights, biases and fused activations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.ops.rounding import quantized_multiplier
from mcu_ghost.network.tensor import Int8s, Int32s, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

Activation = Literal["none", "relu", "relu6", "relu_n1_to_1"]

ACTIVATIONS: dict[Activation, int] = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}
"""By name, of `tflite.ActivationFunctionType`."""


def read_activation(file: Tables, code: int, name: str) -> Activation:
    """Return the activation of a code in a file.

    Raises:
        GhostError: It is none that int8 operators fuse.
    """
    for activation, number in ACTIVATIONS.items():
        if number == code:
            return activation
    raise file.error(f"{name} with this fused activation is not supported")


def activation_range(activation: Activation, output: Tensor) -> tuple[int, int]:
    """Return the int8 limits that a fused activation sets."""

    def quantize(value: float) -> int:
        step = np.float32(value) / np.float32(output.scale)
        return output.zero_point + int(math.copysign(math.floor(abs(step) + 0.5), step))

    low, high = -128, 127
    if activation in ("relu", "relu6"):
        low = max(low, quantize(0.0))
    if activation == "relu6":
        high = min(high, quantize(6.0))
    if activation == "relu_n1_to_1":
        low, high = max(low, quantize(-1.0)), min(high, quantize(1.0))
    return low, high


def channel_multipliers(x: Tensor, scales: Iterable[float], y: Tensor) -> list[tuple[int, int]]:
    """Return (multiplier, shift) for each scale of the weights."""
    return [
        quantized_multiplier(
            float(np.float32(x.scale)) * float(np.float32(s)) / float(np.float32(y.scale))
        )
        for s in scales
    ]


def check_reach(
    file: Tables, weights: Int8s, bias: Int32s, pairs: list[tuple[int, int]], what: str
) -> None:
    """Refuse weights whose sums can overflow.

    Args:
        file: For the message.
        weights: (outputs, …): what is summed for each output channel.
        bias: (outputs,).
        pairs: Multiplier and shift, one or one for each output.
        what: The weights, in the message.

    Raises:
        GhostError: A sum, or a sum shifted to the left, can need more than 32 bits.
    """
    rows = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(axis=1)
    reach = int((255 * rows + np.abs(bias.astype(np.int64))).max())
    if reach >= 2**31:
        raise file.error(f"a row of {what} can overflow 32 bits")
    if reach << max(0, *(shift for _, shift in pairs)) >= 2**31:
        raise file.error(f"the scales of {what} can overflow 32 bits")


def read_weights(
    file: Tables, index: int, shape: tuple[int, ...], axis: int
) -> tuple[Int8s, tuple[float, ...]]:
    """Return an operator's weights and their scales, one or one for each output channel.

    Args:
        file: The tables.
        index: Of the weights in the file.
        shape: Theirs.
        axis: The one of output channels.

    Raises:
        GhostError: They are damaged, or quantised in another way.
    """
    weights = file.constant(index, np.int8, shape)
    scales = file.scales(index, (1, shape[axis]))
    if any(file.zero_points(index)):
        raise file.error(f"{file.label(index)} must have zero point 0")
    if len(scales) > 1 and file.quantized_axis(index) != axis:
        raise file.error(f"{file.label(index)} must have its scales along axis {axis}")
    return weights, scales


def read_bias(file: Tables, op: Any, outputs: int) -> Int32s:
    """Return an operator's third input, or zeros where it has none."""
    if op.InputsLength() > 2 and op.Inputs(2) >= 0:
        return file.constant(op.Inputs(2), np.int32, (outputs,))
    return np.zeros(outputs, np.int32)


def folded_bias(bias: Int32s | int, zero_point: int, rows: Int8s) -> npt.NDArray[Any]:
    """Return int64 biases without what the input's zero point adds to (…, K) rows."""
    return np.asarray(bias - zero_point * rows.astype(np.int64).sum(axis=-1))


def write_bias(
    file: Builder, label: str, x: Tensor, bias: Int32s, weight_scales: tuple[float, ...]
) -> int:
    """Add the biases of an operator that reads `x`; return their index in the file."""
    scales = tuple(float(np.float32(x.scale) * np.float32(s)) for s in weight_scales)
    return file.constant(f"{label}/bias", bias, scales)


def random_weights(
    rng: np.random.Generator, x: Tensor, shape: tuple[int, ...], outputs: int
) -> tuple[tuple[Int8s, Int32s, tuple[float, ...]], tuple[float, int]]:
    """Return weights, biases and scales, and scale and zero point of an output that they fill."""
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    terms = weights.size / outputs
    bias = rng.integers(-2000, 2000, outputs).astype(np.int32)
    scale = float(np.float32(10 ** rng.uniform(-2.5, 0)))
    reach = 50 * np.sqrt(terms) * 60 * x.scale
    channels = outputs if rng.random() < 0.8 else 1
    scales = (scale * 128 / reach * rng.uniform(0.2, 3, channels)).astype(np.float32)
    return (weights, bias, tuple(map(float, scales))), (scale, int(rng.integers(-128, 128)))


def random_activation(rng: np.random.Generator) -> Activation:
    """Return any of them."""
    chosen: Activation = rng.choice(list(ACTIVATIONS))
    return chosen

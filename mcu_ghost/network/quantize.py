# SPDX-License-Identifier: Apache-2.0
"""Turns float weights and biases into integers, one symmetric scale for each gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.ops.gates import (
    PREACTIVATION_ONE,
    Requantizer,
    largest_sum,
    requantizer,
)
from mcu_ghost.network.tensor import Int8s, Int32s, Ints

Floats = npt.NDArray[np.float64]

_LARGEST_BIAS = 2.0**24  # leaves the products room in an int32 accumulator
_SMALLEST_REAL = 2.0**-16  # keeps 16 bits of a multiplier's precision, even for all-zero weights


def smallest_scale(input_scale: float, bias: Floats, one: float = PREACTIVATION_ONE) -> float:
    """Return the smallest weight scale that keeps biases and multiplier within their bits."""
    largest = float(np.abs(bias).max(initial=0.0))
    return max(largest / (input_scale * _LARGEST_BIAS), _SMALLEST_REAL / (input_scale * one))


def weight_scale(
    weights: Floats, input_scale: float, bias: Floats, one: float = PREACTIVATION_ONE
) -> float:
    """Return the symmetric int8 scale of one gate, as float32 holds it."""
    scale = float(np.abs(weights).max(initial=0.0)) / 127
    return float(np.float32(max(scale, smallest_scale(input_scale, bias, one))))


def quantize_weights(weights: Floats, scale: float) -> Int8s:
    """Return weights as int8 in [-127, 127]."""
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Gates:
    """A layer's kernel in integers, gate by gate.

    Attributes:
        weights: (gates, m, k) int8 in [-127, 127].
        bias: (gates, m) int32 at accumulator scale, the input's zero point folded in.
        scales: One for each gate.
        requantizers: One for each gate, to Q3.12 or what else `one` says.
    """

    weights: Int8s
    bias: Int32s
    scales: tuple[float, ...]
    requantizers: tuple[Requantizer, ...]


def _sum(gate: int, weights: Int8s, bias: Ints) -> int:
    return largest_sum(weights, bias)


def gates(
    kernel: Floats,
    bias: Floats,
    count: int,
    scale: float,
    zero_point: int = 0,
    largest: Callable[[int, Int8s, Ints], int] = _sum,
    one: float = PREACTIVATION_ONE,
) -> Gates:
    """Quantise a Keras kernel, each gate with a scale of its own.

    Args:
        kernel: (k, gates * m) float.
        bias: (gates * m,) float.
        count: Gates.
        scale: Of what the kernel is multiplied with.
        zero_point: Likewise.
        largest: Bounds the accumulators of a gate, by its number, (m, k) weights and (m,) biases.
        one: What 1.0 is as a pre-activation.

    Raises:
        GhostError: The weights cannot be expressed in 32-bit accumulators.
    """
    m = kernel.shape[1] // count
    weights, biases = np.zeros((count, m, len(kernel)), np.int8), np.zeros((count, m), np.int64)
    scales, requantizers = [], []
    for gate in range(count):
        columns = slice(gate * m, (gate + 1) * m)
        own = weight_scale(kernel[:, columns], scale, bias[columns], one)
        weights[gate] = quantize_weights(kernel[:, columns].T, own)
        biases[gate] = np.round(bias[columns] / (own * scale)).astype(np.int64)
        biases[gate] -= zero_point * weights[gate].astype(np.int64).sum(axis=1)
        real = own * scale * one
        requantizers.append(requantizer(real, largest(gate, weights[gate], biases[gate])))
        scales.append(own)
    return Gates(weights, biases.astype(np.int32), tuple(scales), tuple(requantizers))

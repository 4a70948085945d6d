# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of TFLite's int8 LEAKY_RELU, HARD_SWISH, ELU and ABS."""

from __future__ import annotations

import numpy as np

from mcu_ghost.network.ops.rounding import divide_by_power_of_two, multiply, quantized_multiplier
from mcu_ghost.network.tensor import Ints, Tensor


def leaky_relu(x: Tensor, y: Tensor, q: Ints, alpha: float) -> Ints:
    """Return x where it is positive, alpha x where it is not; the ratios are single precision."""
    before, after = np.float32(x.scale), np.float32(y.scale)
    slope = float(before * np.float32(alpha) / after)
    sign = -1 if slope < 0 else 1
    positive = multiply(q - x.zero_point, *quantized_multiplier(float(before / after)))
    negative = sign * multiply(q - x.zero_point, *quantized_multiplier(abs(slope)))
    return np.where(q >= x.zero_point, positive, negative) + y.zero_point


def absolute(x: Tensor, y: Tensor, q: Ints) -> Ints:
    """Return the magnitude."""
    value = np.abs(q - x.zero_point)
    before, after = np.float32(x.scale), np.float32(y.scale)
    if before != after:
        value = multiply(value, *quantized_multiplier(float(before / after)))
    return value + y.zero_point


def elu(x: Tensor, y: Tensor, q: Ints) -> Ints:
    """Return exp(x) - 1 where x is negative, x where it is not, in single precision."""
    real = np.float32(x.scale) * (q - x.zero_point).astype(np.float32)
    # TFLite asks the C library, whose exponentials are those of double precision, rounded once.
    exponential = np.exp(np.minimum(real, 0).astype(np.float64)).astype(np.float32)
    value = np.where(real < 0, exponential - np.float32(1), real)
    steps = value * (np.float32(1) / np.float32(y.scale))
    rounded = np.trunc(steps + np.copysign(0.5, steps).astype(np.float64)).astype(np.float32)
    return np.clip(rounded + np.float32(y.zero_point), -128, 127).astype(np.int64)


def hard_swish(x: Tensor, y: Tensor, q: Ints) -> Ints:
    """Return x * clip(x + 3, 0, 6) / 6 in 16-bit steps.

    The input has 7 more bits. The second factor is computed as x / 3 in Q0.15, then moved from
    [-1, 1] to [0, 1].
    """
    fine = np.float32(1 / 128) * np.float32(x.scale)
    multiplier, exponent = _halved(float(fine / np.float32(y.scale)))
    factor, factor_exponent = _halved(float(fine / (np.float32(3) / np.float32(32768))))
    value = (q - x.zero_point) << 7
    scaled = _high_multiply(value, multiplier)
    if factor_exponent > 0:
        shifted = _saturated(value << (factor_exponent - 1))
        third = _saturated(_high_multiply(shifted, factor) << 1)
    else:
        third = divide_by_power_of_two(_high_multiply(value, factor), -factor_exponent)
    product = ((third + (1 << 15)) >> 1) * scaled
    truncated = np.sign(product) * (np.abs(product) >> 15)
    return divide_by_power_of_two(truncated, -exponent) + y.zero_point


def hard_swish_fits(x: Tensor, y: Tensor) -> bool:
    """Return whether TFLite's arithmetic takes these scales."""
    fine = np.float32(1 / 128) * np.float32(x.scale)
    exponent = quantized_multiplier(float(fine / np.float32(y.scale)))[1]
    return -15 <= exponent <= 0


def _halved(real: float) -> tuple[int, int]:
    """Split a real multiplier into a Q0.15 mantissa and a power of two."""
    multiplier, exponent = quantized_multiplier(real)
    return min((multiplier + (1 << 15)) >> 16, 32767), exponent


def _high_multiply(a: Ints, b: int) -> Ints:
    """Return a * b / 2**15 for int16 values, rounded half away from zero but down at -1/2."""
    product = a * b
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return np.sign(nudged) * (np.abs(nudged) >> 15)


def _saturated(values: Ints) -> Ints:
    return np.clip(values, -(1 << 15), (1 << 15) - 1)

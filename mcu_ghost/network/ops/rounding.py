# SPDX-License-Identifier: Apache-2.0
"""The rounding of stock TFLite Micro's int8 operators, bit for bit, in NumPy integers.

The rounding steps follow TFLite Micro's reference kernels and gemmlowp's fixed point: products are
rounded twice, once in the doubling high multiply and once in the division by a power of two.
"""

from __future__ import annotations

import math

import numpy as np

from mcu_ghost.network.tensor import Ints

_INT32_MAX = 2**31 - 1


def quantized_multiplier(real: float) -> tuple[int, int]:
    """Split a positive real multiplier into a Q0.31 mantissa and a power of two."""
    if real == 0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    fixed = math.floor(mantissa * 2**31 + 0.5)
    if fixed == 2**31:
        fixed, shift = fixed // 2, shift + 1
    return (0, 0) if shift < -31 else (fixed, shift)


def clamp(x: Ints, low: Ints | int, high: Ints | int) -> Ints:
    """Return what is nearest to x within [low, high]: `np.clip`, without what that costs a call."""
    return np.minimum(np.maximum(x, low), high)


def doubling_high_multiply(a: Ints, b: Ints | int) -> Ints:
    """Return a * b / 2**31 for int32 values, rounded to the nearest, a half up.

    Gemmlowp adds 2**30 to a product of 0 or more, 1 - 2**30 to a negative one, and cuts towards 0:
    the same, as ceil((p + 1 - 2**30) / 2**31) = floor((p + 2**30) / 2**31) for whole p.
    """
    return np.minimum((a * np.int64(b) + 2**30) >> 31, _INT32_MAX)


def divide_by_power_of_two(x: Ints, exponent: Ints | int) -> Ints:
    """Return x / 2**exponent, rounded half away from zero."""
    mask = (np.int64(1) << np.int64(exponent)) - 1
    threshold = (mask >> 1) + (x < 0)
    result: Ints = (x >> np.int64(exponent)) + ((x & mask) > threshold)
    return result


def multiply(x: Ints, multiplier: Ints | int, shift: Ints | int) -> Ints:
    """TFLite's MultiplyByQuantizedMultiplier with two roundings."""
    left, right = np.maximum(shift, 0), np.maximum(-np.int64(shift), 0)
    return divide_by_power_of_two(doubling_high_multiply(x << left, multiplier), right)


def _shift_left(x: Ints, bits: int) -> Ints:
    return clamp(x << bits, -(2**31), _INT32_MAX)


def exp_negative(a: Ints, integer_bits: int) -> Ints:
    """Return exp(a) in Q0.31 for a <= 0 with the given integer bits."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    remainder = (a & (quarter - 1)) - quarter
    # A Taylor polynomial around -1/8 on [-1/4, 0).
    x = _shift_left(remainder, integer_bits) + (1 << 28)
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    x4 = doubling_high_multiply(x2, x2)
    third = doubling_high_multiply(divide_by_power_of_two(x4, 2) + x3, 715827883)
    tail = divide_by_power_of_two(third + x2, 1)
    result = 1895147668 + doubling_high_multiply(x + tail, 1895147668)
    # The quarters: one factor exp(-2**e) for each set bit.
    whole = remainder - a
    factors = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242]
    for exponent, factor in zip(range(-2, integer_bits), factors, strict=False):
        bit = (whole >> (fraction_bits + exponent)) & 1
        result = np.where(bit == 1, doubling_high_multiply(result, factor), result)
    return np.where(a == 0, _INT32_MAX, result)


def _reciprocal_of_half(a: Ints) -> Ints:
    """Return 2 / (1 + a) in Q2.29 for a in [0, 1) as Q0.31, by three Newton steps."""
    half = (a + _INT32_MAX + 1) >> 1
    x = 1515870810 + doubling_high_multiply(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - doubling_high_multiply(half, x)
        x = x + _shift_left(doubling_high_multiply(x, error), 2)
    return x


def one_over_one_plus(a: Ints) -> Ints:
    """Return 1 / (1 + a) in Q0.31 for a in [0, 1) as Q0.31."""
    return _shift_left(_reciprocal_of_half(a), 1)


def logistic(a: Ints, integer_bits: int) -> Ints:
    """Return sigma(a) in Q0.31 for a with the given integer bits."""
    positive = one_over_one_plus(exp_negative(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, _INT32_MAX - positive))


def tanh(a: Ints, integer_bits: int) -> Ints:
    """Return the hyperbolic tangent in Q0.31 for a with the given integer bits."""
    # exp(2a): the same bits read with one more integer bit.
    e = exp_negative(-np.abs(a), integer_bits + 1)
    magnitude = _shift_left(_reciprocal_of_half(e) - (1 << 29), 2)
    return np.where(a == 0, 0, np.where(a < 0, -magnitude, magnitude))

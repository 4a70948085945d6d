# SPDX-License-Identifier: Apache-2.0
"""Stock TFLite Micro's int8 operators, bit for bit, in NumPy integers.

The rounding steps follow TFLite Micro's reference kernels and gemmlowp's fixed point: products are
rounded twice, once in the doubling high multiply and once in the division by a power of two.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Activation, Elementwise, FullyConnected, Softmax, Tensor

Ints = npt.NDArray[np.int64]

_INT32_MAX = 2**31 - 1
_SOFTMAX_INTEGER_BITS = 5
_SOFTMAX_SUM_BITS = 12
_FUNCTION_INTEGER_BITS = 4


def quantized_multiplier(real: float) -> tuple[int, int]:
    """Split a positive real multiplier into a Q0.31 mantissa and a power of two."""
    if real == 0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    fixed = math.floor(mantissa * 2**31 + 0.5)
    if fixed == 2**31:
        fixed, shift = fixed // 2, shift + 1
    return (0, 0) if shift < -31 else (fixed, shift)


def doubling_high_multiply(a: Ints, b: Ints | int) -> Ints:
    """Return a * b / 2**31 for int32 values, rounded half away from zero."""
    product = a * np.int64(b)
    nudged = product + np.where(product >= 0, 2**30, 1 - 2**30)
    result = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    return np.minimum(result, _INT32_MAX)


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
    return np.clip(x << bits, -(2**31), _INT32_MAX)


def _exp_negative(a: Ints, integer_bits: int) -> Ints:
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


def _logistic(a: Ints) -> Ints:
    positive = one_over_one_plus(_exp_negative(-np.abs(a), _FUNCTION_INTEGER_BITS))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, _INT32_MAX - positive))


def _tanh(a: Ints) -> Ints:
    # exp(2a): the same bits read with one more integer bit.
    e = _exp_negative(-np.abs(a), _FUNCTION_INTEGER_BITS + 1)
    magnitude = _shift_left(_reciprocal_of_half(e) - (1 << 29), 2)
    return np.where(a == 0, 0, np.where(a < 0, -magnitude, magnitude))


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


def output_multipliers(op: FullyConnected, x: Tensor, y: Tensor) -> list[tuple[int, int]]:
    """Return (multiplier, shift) of a FULLY_CONNECTED, one or one for each output."""
    if len(op.weight_scales) == 1:
        product = float(np.float32(x.scale) * np.float32(op.weight_scales[0]))
        return [quantized_multiplier(product / float(np.float32(y.scale)))]
    return [
        quantized_multiplier(
            float(np.float32(x.scale)) * float(np.float32(s)) / float(np.float32(y.scale))
        )
        for s in op.weight_scales
    ]


def fully_connected(op: FullyConnected, x: Tensor, y: Tensor, values: Ints) -> Ints:
    """Run a FULLY_CONNECTED on (…, inputs) values."""
    acc = (values - x.zero_point).astype(np.float64) @ op.weights.astype(np.float64).T
    pairs = np.array(output_multipliers(op, x, y), np.int64)
    scaled = multiply(acc.astype(np.int64) + op.bias, pairs[:, 0], pairs[:, 1])
    low, high = activation_range(op.activation, y)
    return np.clip(scaled + y.zero_point, low, high)


def softmax_exps(op: Softmax, x: Tensor) -> Ints:
    """Return the exponentials of a SOFTMAX in Q0.31.

    Entry i is exp of an input i steps below the largest; inputs further below count as nothing.
    """
    real = min(
        float(np.float32(op.beta)) * float(np.float32(x.scale)) * 2 ** (31 - _SOFTMAX_INTEGER_BITS),
        2.0**31 - 1,
    )
    if real <= 1:
        raise GhostError(f"SOFTMAX input scale {x.scale:g} is too small.")
    multiplier, shift = quantized_multiplier(real)
    radius = math.floor(31 * 2.0 ** (31 - _SOFTMAX_INTEGER_BITS) / 2.0**shift)
    steps = -np.arange(min(radius, 255) + 1, dtype=np.int64)
    scaled = doubling_high_multiply(steps << shift, multiplier)
    return _exp_negative(scaled, _SOFTMAX_INTEGER_BITS)


def softmax(op: Softmax, x: Tensor, values: Ints) -> Ints:
    """Run a SOFTMAX over the last axis of (…, n) values."""
    exps = softmax_exps(op, x)
    steps = values.max(axis=-1, keepdims=True) - values
    inside = steps < len(exps)
    e = np.where(inside, exps[np.minimum(steps, len(exps) - 1)], 0)
    total = np.where(inside, divide_by_power_of_two(e, _SOFTMAX_SUM_BITS), 0).sum(
        axis=-1, keepdims=True
    )
    headroom = 32 - np.vectorize(int.bit_length, otypes=[np.int64])(total.astype(object))
    scale = one_over_one_plus((total << headroom) - 2**31)
    exponent = _SOFTMAX_SUM_BITS - headroom + 31 - 8
    result = divide_by_power_of_two(doubling_high_multiply(e, scale), exponent) - 128
    return np.where(inside, np.clip(result, -128, 127), -128)


def elementwise_table(op: Elementwise, x: Tensor, y: Tensor) -> Ints:
    """Return the (256,) int8 answers of an elementwise operator for inputs -128 … 127."""
    q = np.arange(-128, 128, dtype=np.int64)
    centred = q - x.zero_point
    x_scale, y_scale = np.float32(x.scale), np.float32(y.scale)
    if op.function in ("logistic", "tanh"):
        mantissa, shift = math.frexp(float(x_scale) * 2 ** (31 - _FUNCTION_INTEGER_BITS))
        multiplier = math.floor(mantissa * 2**31 + 0.5)
        radius = math.floor(15 * 2.0 ** (31 - _FUNCTION_INTEGER_BITS) / 2.0**shift)
        inside = np.where(np.abs(centred) < radius, centred, 0)
        scaled = multiply(inside, multiplier, shift)
        if op.function == "logistic":
            raw = divide_by_power_of_two(_logistic(scaled), 31 - 8) - 128
        else:
            raw = divide_by_power_of_two(_tanh(scaled), 31 - 7)
        raw = np.where(centred <= -radius, -128, np.where(centred >= radius, 127, raw))
        return np.clip(raw, -128, 127)
    if op.function == "relu6":
        six = x.zero_point + int(math.floor(float(np.float32(6.0) / x_scale) + 0.5))
        return np.clip(q, x.zero_point, min(six, 127))
    ratio = float(x_scale / y_scale) if op.function == "relu" else float(x_scale) / float(y_scale)
    result = multiply(centred, *quantized_multiplier(ratio)) + y.zero_point
    return np.clip(result, y.zero_point if op.function == "relu" else -128, 127)

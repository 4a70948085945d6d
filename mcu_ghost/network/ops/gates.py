# SPDX-License-Identifier: Apache-2.0
"""The integer parts that recurrent kinds share: requantisation with one rounding, sigmoid, tanh.

Pre-activations are Q3.12 int16, gates Q0.15 in [0, 32768], a carried state is Q0.15 int16, and the
state that products see is Q0.7 int8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops.rounding import clamp
from mcu_ghost.network.tensor import Ints, Tensor

STATE_SCALE = 1.0 / 128
CARRY_SCALE = 1.0 / 32768
PREACTIVATION_ONE = 4096  # 1.0 in Q3.12
_INT32_LIMIT = 2**31
LARGEST_PREACTIVATION = 2**29  # Q3.12: the sum of any three parts fits 32 bits


@dataclass(frozen=True)
class Requantizer:
    """Multiplies an int32 accumulator by ``multiplier * 2**(shift - 32)``, rounding half up once.

    Attributes:
        multiplier: M, with 0 < M < 2**31.
        shift: k >= 0; every accumulator it meets must satisfy ``abs(acc) << k < 2**31``.
    """

    multiplier: int
    shift: int

    @property
    def real(self) -> float:
        """The real number it multiplies by."""
        return self.multiplier * 2.0 ** (self.shift - 32)

    def validate(self, real: float, largest: int, what: str, where: str) -> None:
        """Check it against what it stands for.

        Args:
            real: The multiplier that the tensors' scales say.
            largest: A bound on the magnitude of every accumulator that it meets.
            what: What it requantises, in words.
            where: What error messages begin with.

        Raises:
            GhostError: It is none, differs from the scales, or a sum could overflow.
        """
        if not (0 < self.multiplier < 2**31 and 0 <= self.shift < 31):
            raise GhostError(
                f"{where}: multiplier {self.multiplier} and shift {self.shift} of the {what} are "
                "not a requantizer (0 < multiplier < 2**31, 0 <= shift < 31)."
            )
        if abs(self.real - real) > real * 1e-6 + 2.0 ** (self.shift - 32):
            raise GhostError(
                f"{where}: the {what} is multiplied by {self.real:.6g} in the options, but its "
                f"scales say {real:.6g}. Convert the model again."
            )
        if largest << self.shift >= _INT32_LIMIT:
            raise GhostError(f"{where}: a row of the {what} can overflow 32 bits.")
        if largest * self.real >= LARGEST_PREACTIVATION:
            raise GhostError(f"{where}: a row of the {what} can reach too far for 32-bit sums.")


def requantize(acc: Ints, rq: Requantizer) -> Ints:
    """Return ``((acc << k) * M + 2**31) >> 32``: one SMMULR on a DSP core."""
    result: Ints = ((acc << rq.shift) * rq.multiplier + 2**31) >> 32
    return result


def requantizer(real: float, largest_accumulator: int) -> Requantizer:
    """Return the most exact requantizer for a positive real multiplier.

    Args:
        real: The real multiplier, input scale times weight scale over output scale.
        largest_accumulator: A bound on the magnitude of every accumulator it will meet.

    Raises:
        GhostError: The multiplier is not a positive finite number, is too small to keep any
            precision, or no shift keeps both the multiplier and the accumulators in 32 bits.
    """
    if not (math.isfinite(real) and real > 0):
        raise GhostError(f"The requantisation multiplier must be positive and finite, got {real}.")
    # The smallest k with M < 2**31 leaves the most room for the accumulator.
    shift = max(0, math.frexp(real)[1] + 1)
    multiplier = round(real * 2.0 ** (32 - shift))
    if multiplier == _INT32_LIMIT:
        multiplier, shift = multiplier >> 1, shift + 1
    if multiplier < 1:
        raise GhostError(f"The requantisation multiplier {real:g} is too small for int8 weights.")
    if (
        largest_accumulator << shift >= _INT32_LIMIT
        or largest_accumulator * real >= LARGEST_PREACTIVATION
    ):
        raise GhostError(
            f"A row of weights can reach {largest_accumulator * real / PREACTIVATION_ONE:.3g} "
            "before its activation, which does not fit 32 bits: the weight scales are too large."
        )
    return Requantizer(multiplier, shift)


# sigma(u) - 1/2 in Q0.16 at u = i / 24, i = 0 … 256. One step is 512 units of 3 * Q3.12.
SIGMOID_TABLE: Ints = np.minimum(
    32767, np.round(65536 * (1 / (1 + np.exp(-np.arange(257) / 24)) - 0.5))
).astype(np.int64)


def with_steps(table: Ints) -> Ints:
    """Return the nodes of a table, and the step from each to the next, (2, nodes)."""
    return np.stack([table, np.diff(table, append=table[-1:])])


_SIGMOID: Ints = with_steps(SIGMOID_TABLE)


def interpolate(u: Ints, nodes: Ints = _SIGMOID) -> Ints:
    """Return sigma(u / 12288) - 1/2 in Q0.25, odd in u; abs(u) < 2**17."""
    magnitude = np.abs(u)
    index, fraction = magnitude >> 9, magnitude & 511
    node, step = (row[index] for row in nodes)  # which is faster than nodes[:, index]
    value = node * 512 + fraction * step
    return np.where(u < 0, -value, value)


def sigmoid(x: Ints) -> Ints:
    """Return sigma of Q3.12 int16 values as Q0.15 in [0, 32768]."""
    return 16384 + ((interpolate(3 * x) + 512) >> 10)


def tanh(x: Ints) -> Ints:
    """Return tanh of Q3.12 int16 values as Q0.15, by ``2 * sigma(2x) - 1``."""
    result: Ints = (interpolate(clamp(6 * x, 1 - 2**17, 2**17 - 1)) + 256) >> 9
    return result


def slope(alpha: float) -> int:
    """Return a hard sigmoid's slope as a recurrent operator keeps it, in Q0.16.

    Args:
        alpha: Of ``clip(alpha * x + 0.5, 0, 1)``: 0.2 in Keras 1 and 2, 1/6 in Keras 3.

    Raises:
        GhostError: It is not between 0 and 1/2.
    """
    fixed = round(alpha * 2**16) if math.isfinite(alpha) else 0
    if not 0 < fixed < 2**15:
        raise GhostError(f"A hard sigmoid's slope must lie between 0 and 0.5, got {alpha:g}.")
    return fixed


def hard_sigmoid(x: Ints, slope: int) -> Ints:
    """Return ``clip(slope * x + 1/2, 0, 1)`` of Q3.12 int16 values as Q0.15 in [0, 32768]."""
    return np.clip(16384 + ((x * slope + 2**12) >> 13), 0, 32768)


def saturate16(x: Ints) -> Ints:
    """Clip to int16."""
    return clamp(x, -32768, 32767)


def to_state(x: Ints) -> Ints:
    """Round Q0.15 to the Q0.7 int8 that products see."""
    return clamp((x + 128) >> 8, -128, 127)


def product_to_state(a: Ints, b: Ints) -> Ints:
    """Return the product of two Q0.15 as the Q0.7 int8 that products see, rounded once."""
    return clamp((a * b + 2**22) >> 23, -128, 127)


def need_state(y: Tensor, where: str) -> None:
    """Raise GhostError unless an output is at scale 1/128 with zero point 0."""
    if (y.scale, y.zero_point) != (STATE_SCALE, 0):
        raise GhostError(f"{where}: the output must have scale 1/128 and zero point 0.")


def row_bounds(weights: npt.NDArray[np.int8], bias: npt.NDArray[np.signedinteger] | int) -> Ints:
    """Return how far each accumulator can get from zero, for (…, K) weights and (…) biases."""
    reach = 128 * np.abs(weights.astype(np.int64)).sum(axis=-1)
    total: Ints = reach + np.abs(np.asarray(bias, np.int64))
    return total


def largest_sum(
    weights: npt.NDArray[np.int8], bias: npt.NDArray[np.signedinteger] | int = 0
) -> int:
    """Return the magnitude that no accumulator of (m, K) weights and (m,) biases exceeds."""
    return int(row_bounds(weights, bias).max(initial=0))


def product(x: Ints, weights: npt.NDArray[np.int8]) -> Ints:
    """Return ``x @ weights.T``; float64 holds these integers exactly and multiplies them fast."""
    return (x.astype(np.float64) @ weights.astype(np.float64).T).astype(np.int64)

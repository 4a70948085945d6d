# SPDX-License-Identifier: Apache-2.0
"""TFLite's sum of two values in three instructions, where every sum of two int8 proves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcu_ghost.network.ops.add import Add
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Ints, Tensor

BITS = 20
"""Fraction bits of a sum."""

_UPPER = 8  # of a byte in a halfword: a weight has so many bits more
_LARGEST = 1 << 31 - BITS  # no sum of operands is as large
_FITS = 1 << 31
_EVERY = np.arange(-128, 128)


def weights(op: Add, xs: Tensors, y: Tensor) -> tuple[int, ...] | None:
    """Return a `ghost_weighted_sum` that has TFLite's answer to all 65 536 pairs of int8.

    TFLite rounds three times, halves away from zero. A sum that is rounded down once mostly is the
    same, because no pair is as near to a half as that makes a difference. Where scales are such
    that sums are halves, they are moved away from zero first.

    Returns:
        Its members in their order; None where sums are too large or nothing is the same, as with
        an activation that cuts off more than int8 does.
    """
    first, second = op.operands(xs)
    pairs = [replace(t, shape=shape) for t, shape in ((first, (256, 1)), (second, (256,)))]
    both = replace(op, fixed=None)
    answers = both.run(tuple(pairs), replace(y, shape=(256, 256)), (_EVERY[:, None], _EVERY), ())[0]
    scale = float(2 ** (BITS + _UPPER)) / y.scale
    ratios = (first.scale, op.sign * second.scale)
    if sum(abs(ratio) for ratio in ratios) * 256 / y.scale + 128 >= _LARGEST:
        return None
    factors = [round(ratio * scale) for ratio in ratios]
    sums = _weighted(factors[0], _EVERY)[:, None] + _weighted(factors[1], _EVERY)
    added = _offset(answers, sums)
    if added is not None:
        return (*factors, added, 0, 0)
    nothing = sums[first.zero_point + 128, second.zero_point + 128]
    signed = sums - nothing
    added = _offset(answers, signed - (signed < 0))
    return None if added is None else (*factors, int(-nothing), added, 1)


def _weighted(weight: int, values: Ints) -> Ints:
    """Return products as the kernels have them, with BITS fraction bits."""
    return weight * values >> _UPPER


def _offset(answers: Ints, sums: Ints) -> int | None:
    """Return the middle of what can be added to sums so that all round down to the answers.

    Where all answers are saturated, what fits 32 bits is a bound.
    """
    lowest = ((answers << BITS) - sums)[answers > -128]
    highest = ((answers + 1 << BITS) - 1 - sums)[answers < 127]
    low = int(lowest.max(initial=-_FITS - int(sums.min())))
    high = int(highest.min(initial=_FITS - 1 - int(sums.max())))
    return (low + high) // 2 if low <= high else None

# SPDX-License-Identifier: Apache-2.0
"""The variant for cores with 16-bit SIMD multiplies: operators of two values, and means."""

from __future__ import annotations

from dataclasses import replace

from mcu_ghost.build.kernels import plain_arithmetic
from mcu_ghost.build.kernels.constants import LONGEST_SUM, Constants, Kernel
from mcu_ghost.build.kernels.dsp_rounding import in_one_rounding
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.tensor import Tensor


def _mul(op: Mul, xs: Tensors, y: Tensor) -> Constants:
    """Return what values of one shape take, or what the plain variant does."""
    first, second = op.operands(xs)
    clamp = fused.activation_range(op.activation, y)
    rounded = in_one_rounding([op.multiplier(first, second, y)], 1, clamp, y.zero_point)
    if op.fixed is not None or first.shape != second.shape or rounded is None:
        return plain_arithmetic.KERNELS["mul"].pack(op, xs, y)
    multiplier, added, exponent = map(int, rounded[0])
    numbers: dict[str, int | str] = {
        "size": y.size,
        "multiplier": multiplier,
        "added": added,
        "exponent": exponent,
        "first_zero_point": first.zero_point,
        "twice_second_zero_point": 2 * second.zero_point,
    }
    return Constants("ghost_mul_even_s8", "ghost_mul_even_params", {}, numbers)


def _mean(op: Mean, xs: Tensors, y: Tensor) -> Constants:
    """Return what four sums at a time take, which is what one takes."""
    general = plain_arithmetic.KERNELS["mean"].pack(op, xs, y)
    _, along, behind = op.spans(xs[0].shape)
    wide = behind >= 4 and along <= LONGEST_SUM
    return replace(general, function="ghost_mean_few_s8") if wide else general


_ADD = plain_arithmetic.add_kernel("dsp/ghost_add_row_s8.S")
_MEAN = Kernel(_mean, ("plain/ghost_mean_s8.c", "dsp/ghost_mean_few_s8.c"))

KERNELS = {
    "add": _ADD,
    "sub": _ADD,
    "mul": Kernel(_mul, ("plain/ghost_mul_s8.c", "dsp/ghost_mul_even_s8.S")),
    "mean": _MEAN,
    "sum": _MEAN,
}

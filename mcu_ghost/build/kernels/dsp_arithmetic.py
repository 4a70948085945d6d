# SPDX-License-Identifier: Apache-2.0
"""The variant for cores with 16-bit SIMD multiplies: operators of two values, and means."""

from __future__ import annotations

from dataclasses import replace

from mcu_ghost.build.kernels import plain_arithmetic
from mcu_ghost.build.kernels.constants import LONGEST_SUM, Constants, Kernel, braces
from mcu_ghost.build.kernels.dsp_rounding import in_one_rounding
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.add import LEFT_SHIFT, Add
from mcu_ghost.network.ops.binary import Binary
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.tensor import Tensor

_TABLE = 256
_HALF = (1 << 30, 0)  # multiplier and shift of the operand of the larger scale


def _output(op: Binary, xs: Tensors, y: Tensor, pair: tuple[int, int]) -> dict[str, int | str]:
    """Return how results are requantised, if tensors are of one shape and bounds allow."""
    if op.fixed is not None or len({x.shape for x in xs}) > 1:
        return {}
    numbers = in_one_rounding([pair], 1, fused.activation_range(op.activation, y), y.zero_point)
    if numbers is None:
        return {}
    multiplier, added, exponent = map(int, numbers[0])
    return {"size": y.size, "multiplier": multiplier, "added": added, "exponent": exponent}


def _add(op: Add, xs: Tensors, y: Tensor) -> Constants:
    """Return what a table takes where it pays, or what the plain variant does."""
    *scalings, pair = op.scalings(*op.operands(xs), y)
    output = _output(op, xs, y, pair)
    if not output or y.size < 2 * _TABLE:
        return plain_arithmetic.KERNELS[op.kind].pack(op, xs, y)
    swapped = scalings[0] != _HALF
    signs = (1, op.sign)
    shift = signs[swapped] << LEFT_SHIFT
    return Constants(
        "ghost_add_table_s8",
        "ghost_add_table_params",
        {},
        {
            **output,
            "swapped": int(swapped),
            "shift": shift,
            "zero_point": xs[not swapped].zero_point,
            "scaling": braces(scalings[not swapped]),
            "factor": 2 * signs[not swapped],
            "bias": -shift * xs[swapped].zero_point,
        },
        4 * _TABLE,
    )


def _mul(op: Mul, xs: Tensors, y: Tensor) -> Constants:
    """Return what values of one shape take, or what the plain variant does."""
    first, second = op.operands(xs)
    output = _output(op, xs, y, op.multiplier(first, second, y))
    if not output:
        return plain_arithmetic.KERNELS["mul"].pack(op, xs, y)
    zero_points: dict[str, int | str] = {
        "first_zero_point": first.zero_point,
        "twice_second_zero_point": 2 * second.zero_point,
    }
    return Constants("ghost_mul_even_s8", "ghost_mul_even_params", {}, output | zero_points)


def _mean(op: Mean, xs: Tensors, y: Tensor) -> Constants:
    """Return what four sums at a time take, which is what one takes."""
    general = plain_arithmetic.KERNELS["mean"].pack(op, xs, y)
    _, along, behind = op.spans(xs[0].shape)
    wide = behind >= 4 and along <= LONGEST_SUM
    return replace(general, function="ghost_mean_few_s8") if wide else general


_ADD = Kernel(_add, ("plain/ghost_add_s8.c", "dsp/ghost_add_table_s8.c", "dsp/ghost_pairs_s8.S"))
_MEAN = Kernel(_mean, ("plain/ghost_mean_s8.c", "dsp/ghost_mean_few_s8.c"))

KERNELS = {
    "add": _ADD,
    "sub": _ADD,
    "mul": Kernel(_mul, ("plain/ghost_mul_s8.c", "dsp/ghost_pairs_s8.S")),
    "mean": _MEAN,
    "sum": _MEAN,
}

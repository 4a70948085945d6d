# SPDX-License-Identifier: Apache-2.0
"""Helium: sums of two values, and of values along axes, some at a time."""

from __future__ import annotations

from dataclasses import replace

from mcu_ghost.build.kernels import plain_arithmetic
from mcu_ghost.build.kernels.constants import LONGEST_SUM, Constants, Kernel, braces
from mcu_ghost.build.kernels.plain_arithmetic import pack_binary
from mcu_ghost.network.ops import binary, fused
from mcu_ghost.network.ops.add import LEFT_SHIFT, Add, Scaling
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.tensor import Tensor

_FEWEST = 3  # sums side by side, where vectors are worth it


def _add(op: Add, xs: Tensors, y: Tensor) -> Constants:
    """Return what the lanes take, or what the plain variant does."""
    first, second = op.operands(xs)
    one, other, (multiplier, shift) = op.scalings(first, second, y)
    _, strides, others = binary.walk(first.shape, second.shape)
    if shift > -1 or (strides[-1], others[-1]) != (1, 1):
        return plain_arithmetic.KERNELS[op.kind].pack(op, xs, y)
    operands = [_operand(s, t.zero_point) for s, t in ((one, first), (other, second))]
    limits = fused.activation_range(op.activation, y)
    lanes: list[int | str] = [
        *(n for _, numbers in operands for n in numbers),
        *(multiplier, shift, op.sign),
        *(braces([n] * 4) for n in (operands[0][0], operands[1][0], *limits)),
        y.zero_point,
    ]
    return pack_binary(op, xs, "add_rows", "ghost_add_rows_params", lanes=braces(lanes))


def _operand(scaling: Scaling, zero_point: int) -> tuple[int, tuple[int, int, int]]:
    """Return a power of two, and offset, multiplier and shift of an operand times that.

    An operand that is not shifted, whose ratio is 1/2, has a fraction bit more: its sum is even,
    and half of it exact.
    """
    multiplier, shift = scaling
    power = 1 << LEFT_SHIFT + (shift == 0)
    return power, (-zero_point * power, multiplier, min(shift, -1))


def _mean(op: Mean, xs: Tensors, y: Tensor) -> Constants:
    """Return what the plain variant takes; 16 bits hold sums of few values."""
    made = plain_arithmetic.KERNELS[op.kind].pack(op, xs, y)
    _, along, behind = op.spans(xs[0].shape)
    few = along <= LONGEST_SUM and behind >= _FEWEST and op.multiplier(xs[0], y)[1] < 0
    return replace(made, function="ghost_mean_few_s8") if few else made


_SOURCES = ("plain/ghost_add_s8.c", "mve/ghost_add_rows_s8.c", "mve/ghost_add_lanes_s8.S")

_MEAN = ("plain/ghost_mean_s8.c", "mve/ghost_mean_few_s8.c")

KERNELS = {
    "add": Kernel(_add, _SOURCES),
    "sub": Kernel(_add, _SOURCES),
    "mean": Kernel(_mean, _MEAN),
    "sum": Kernel(_mean, _MEAN),
}

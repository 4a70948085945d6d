# SPDX-License-Identifier: Apache-2.0
"""Helium: sums of two values, and of values along axes, and tables, some at a time."""

from __future__ import annotations

from dataclasses import replace

from mcu_ghost.build.kernels import plain, plain_arithmetic
from mcu_ghost.build.kernels.constants import LONGEST_SUM, Constants, Kernel
from mcu_ghost.network.ops.operator import Operator, Tensors
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.tensor import Tensor

_FEWEST = 3  # sums side by side, where vectors are worth it


def _mean(op: Mean, xs: Tensors, y: Tensor) -> Constants:
    """Return what the plain variant takes; 16 bits hold sums of few values."""
    made = plain_arithmetic.KERNELS[op.kind].pack(op, xs, y)
    _, along, behind = op.spans(xs[0].shape)
    few = along <= LONGEST_SUM and behind >= _FEWEST and op.multiplier(xs[0], y)[1] < 0
    return replace(made, function="ghost_mean_few_s8") if few else made


def _table(op: Operator, xs: Tensors, y: Tensor) -> Constants:
    """Return what the plain variant takes."""
    made = plain.KERNELS[op.kind].pack(op, xs, y)
    return replace(made, function="ghost_lookup_wide_s8")


_ADD = plain_arithmetic.add_kernel("mve/ghost_add_row_s8.S")
_TABLE = Kernel(_table, ("mve/ghost_lookup_wide_s8.c",))
_MEAN = ("plain/ghost_mean_s8.c", "mve/ghost_mean_few_s8.c")

KERNELS = {
    "add": _ADD,
    "sub": _ADD,
    "mean": Kernel(_mean, _MEAN),
    "sum": Kernel(_mean, _MEAN),
    "elementwise": _TABLE,
    "lookup": _TABLE,
}

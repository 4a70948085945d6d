# SPDX-License-Identifier: Apache-2.0
"""The plain C variant of operators of two values and of values along axes."""

from __future__ import annotations

from typing import Any

from mcu_ghost.build.kernels.constants import Constants, Kernel, braces
from mcu_ghost.build.kernels.weighted_sum import weights
from mcu_ghost.network.ops import binary, fused
from mcu_ghost.network.ops.add import Add
from mcu_ghost.network.ops.binary import Binary
from mcu_ghost.network.ops.extremum import Maximum
from mcu_ghost.network.ops.lookup import Lookup
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.prelu import PRelu
from mcu_ghost.network.ops.reduce import Mean, Reduce
from mcu_ghost.network.tensor import Tensor


def pack_binary(op: Binary, xs: Tensors, kernel: str, params: str, **numbers: Any) -> Constants:
    """Return what all operators of two values have, and the numbers of a kind.

    Args:
        op: The operator.
        xs: What it reads.
        kernel: Name of the function for two inputs.
        params: Of its struct.
        numbers: Further members of that.
    """
    first, second = op.operands(xs)
    walked = binary.walk(first.shape, second.shape)
    members = {"broadcast": braces(map(braces, walked)), **numbers}
    if op.fixed is None:
        return Constants(f"ghost_{kernel}_s8", params, {}, members)
    members["constant_first"] = int(op.fixed.first)
    arrays = {"constant": op.fixed.values}
    return Constants(f"ghost_{kernel}_constant_s8", params, arrays, members)


def _scaled(op: Binary, xs: Tensors, y: Tensor) -> dict[str, Any]:
    """Return the zero points and the limits of an operator that rescales."""
    first, second = op.operands(xs)
    low, high = fused.activation_range(op.activation, y)
    return {
        "first_zero_point": first.zero_point,
        "second_zero_point": second.zero_point,
        "output_zero_point": y.zero_point,
        "minimum": low,
        "maximum": high,
    }


def _add(op: Add, xs: Tensors, y: Tensor) -> Constants:
    """Return the weights of a sum, or three scalings."""
    _, strides, others = binary.walk(*(t.shape for t in op.operands(xs)))
    if (strides[-1], others[-1]) == (1, 1) and (made := weights(op, xs, y)):
        return pack_binary(op, xs, "add_rows", "ghost_add_rows_params", weights=braces(made))
    scalings = op.scalings(*op.operands(xs), y)
    named = dict(zip(("first", "second", "output"), map(braces, scalings), strict=True))
    numbers = {**_scaled(op, xs, y), **named, "sign": op.sign}
    return pack_binary(op, xs, "add", "ghost_add_params", **numbers)


def _mul(op: Mul, xs: Tensors, y: Tensor) -> Constants:
    """Return one scaling."""
    scaling = braces(op.multiplier(*op.operands(xs), y))
    return pack_binary(op, xs, "mul", "ghost_mul_params", output=scaling, **_scaled(op, xs, y))


def _extremum(op: Maximum, xs: Tensors, y: Tensor) -> Constants:
    """Return no more than shapes."""
    return pack_binary(op, xs, op.kind, "ghost_extremum_params")


def _mean(op: Mean, xs: Tensors, y: Tensor) -> Constants:
    """Return the shape and one scaling."""
    (x,) = xs
    before, along, behind = op.spans(x.shape)
    numbers: dict[str, int | str] = {
        "before": before,
        "along": along,
        "behind": behind,
        "offset": along * x.zero_point,
        "scaling": braces(op.multiplier(x, y)),
        "output_zero_point": y.zero_point,
    }
    return Constants("ghost_mean_s8", "ghost_mean_params", {}, numbers)


def _reduce(op: Reduce, xs: Tensors, y: Tensor) -> Constants:
    """Return the shape."""
    spans = zip(("before", "along", "behind"), op.spans(xs[0].shape), strict=True)
    return Constants(f"ghost_{op.kind}_s8", "", {}, dict(spans))


def _prelu(op: PRelu, xs: Tensors, y: Tensor) -> Constants:
    """Return alpha and two scalings."""
    (x,) = xs
    positive, negative = map(braces, op.scalings(x, y))
    numbers: dict[str, int | str] = {
        "size": x.size,
        "row": op.alpha.size,
        "input_zero_point": x.zero_point,
        "alpha_zero_point": op.zero_point,
        "output_zero_point": y.zero_point,
        "positive": positive,
        "negative": negative,
    }
    return Constants("ghost_prelu_s8", "ghost_prelu_params", {"alpha": op.alpha}, numbers)


def _lookup(op: Lookup, xs: Tensors, y: Tensor) -> Constants:
    """Return the answers."""
    return Constants("ghost_lookup_s8", "", {"table": op.answers}, {"size": xs[0].size})


def add_kernel(row: str) -> Kernel:
    """Return how a variant adds, which has this file for a row."""
    return Kernel(_add, ("plain/ghost_add_s8.c", "ghost_add_rows_s8.c", row))


KERNELS = {
    "prelu": Kernel(_prelu, ("plain/ghost_prelu_s8.c",)),
    "lookup": Kernel(_lookup, ("plain/ghost_lookup_s8.c",)),
    "add": add_kernel("plain/ghost_add_row_s8.c"),
    "sub": add_kernel("plain/ghost_add_row_s8.c"),
    "mul": Kernel(_mul, ("plain/ghost_mul_s8.c",)),
    "maximum": Kernel(_extremum, ("plain/ghost_extremum_s8.c",)),
    "minimum": Kernel(_extremum, ("plain/ghost_extremum_s8.c",)),
    "mean": Kernel(_mean, ("plain/ghost_mean_s8.c",)),
    "sum": Kernel(_mean, ("plain/ghost_mean_s8.c",)),
    "reduce_max": Kernel(_reduce, ("plain/ghost_reduce_extremum_s8.c",)),
    "reduce_min": Kernel(_reduce, ("plain/ghost_reduce_extremum_s8.c",)),
}

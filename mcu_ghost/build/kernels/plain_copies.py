# SPDX-License-Identifier: Apache-2.0
"""The plain C variant of operators that move values."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcu_ghost.build.kernels.constants import Constants, Kernel, braces
from mcu_ghost.network.ops import axes
from mcu_ghost.network.ops.assign_variable import AssignVariable
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.views import Box, View, merged
from mcu_ghost.network.tensor import Tensor


def _concatenation(op: Concatenation, xs: Tensors, y: Tensor) -> Constants:
    """Return the blocks of each input."""
    blocks = np.array([op.blocks(x)[1] for x in xs], np.int32)
    numbers: dict[str, int | str] = {"count": len(xs), "places": op.blocks(y)[0]}
    params = "ghost_concatenation_params"
    return Constants("ghost_concatenation_s8", params, {"blocks": blocks}, numbers)


def _copied(start: int, box: Box, target: int = 0) -> dict[str, Any]:
    """Return the members of `ghost_copy_params`."""
    shape, source, destination = map(braces, box)
    return {
        "shape": shape,
        "from": start,
        "from_strides": source,
        "to": target,
        "to_strides": destination,
    }


def _view(op: View, xs: Tensors, y: Tensor) -> Constants:
    """Return where the view's values are."""
    return Constants("ghost_copy_s8", "ghost_copy_params", {}, _copied(*op.box(xs[0], y)))


def _pad(op: Pad, xs: Tensors, y: Tensor) -> Constants:
    """Return where the input goes in the output."""
    (x,) = xs
    values = np.empty(axes.whole(x.shape, len(op.padding)), np.int8)
    whole = np.pad(values, op.padding)
    around = zip(op.padding, values.shape, strict=True)
    inside = whole[tuple(slice(before, before + n) for (before, _), n in around)]
    box = merged(values.shape, values.strides, inside.strides)
    copied = _copied(0, box, inside.ctypes.data - whole.ctypes.data)
    numbers: dict[str, int | str] = {
        "copy": braces(f".{name} = {value}" for name, value in copied.items()),
        "size": y.size,
        "value": op.filling(y),
    }
    return Constants("ghost_pad_s8", "ghost_pad_params", {}, numbers)


def _assign_variable(op: AssignVariable, xs: Tensors, y: Tensor) -> Constants:
    """Return the size."""
    return Constants("ghost_assign_variable_s8", "", {}, {"size": op.size})


KERNELS = {
    "assign_variable": Kernel(_assign_variable, ("plain/ghost_assign_variable_s8.c",)),
    "strided_slice": Kernel(_view, ("plain/ghost_copy_s8.c",)),
    "transpose": Kernel(_view, ("plain/ghost_copy_s8.c",)),
    "resize_nearest_neighbor": Kernel(_view, ("plain/ghost_copy_s8.c",)),
    "broadcast_to": Kernel(_view, ("plain/ghost_copy_s8.c",)),
    "pad": Kernel(_pad, ("plain/ghost_pad_s8.c", "plain/ghost_copy_s8.c")),
    "concatenation": Kernel(_concatenation, ("plain/ghost_concatenation_s8.c",)),
}

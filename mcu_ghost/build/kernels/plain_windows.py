# SPDX-License-Identifier: Apache-2.0
"""The plain C variant of convolutions and pools."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels.constants import Constants, Kernel
from mcu_ghost.network.ops import conv_2d, depthwise_conv_2d, fused
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.pool_2d import Pool2D
from mcu_ghost.network.ops.windows import Window, image
from mcu_ghost.network.tensor import Int32s, Tensor


def window_initialiser(window: Window, x: Tensor) -> str:
    """Return a `ghost_window` in C."""
    height, width, _ = image(x.shape)
    (top, _), (left, _) = window.padding
    numbers = (height, width, *window.output(x.shape), *window.size, *window.strides)
    return "{" + ", ".join(map(str, (*numbers, *window.dilation, top, left))) + "}"


def channel_arrays(bias: Int32s, pairs: list[tuple[int, int]]) -> dict[str, npt.NDArray[Any]]:
    """Return what every output channel has."""
    multipliers, shifts = np.array(pairs).T
    return {
        "bias": bias,
        "multipliers": multipliers.astype(np.int32),
        "shifts": shifts.astype(np.int8),
    }


def _conv_2d(op: Conv2D, xs: Tensors, y: Tensor) -> Constants:
    """Return the weights as they are."""
    (x,) = xs
    outputs, _, _, channels = op.weights.shape
    groups = image(x.shape)[2] // channels
    low, high = fused.activation_range(op.activation, y)
    pairs = conv_2d.output_multipliers(op, x, y)
    arrays = {"weights": op.weights, **channel_arrays(op.bias, pairs)}
    numbers: dict[str, int | str] = {
        "window": window_initialiser(op.window, x),
        "groups": groups,
        "group_channels": channels,
        "group_outputs": outputs // groups,
        "input_zero_point": x.zero_point,
        "output_zero_point": y.zero_point,
        "minimum": low,
        "maximum": high,
    }
    return Constants("ghost_conv_2d_s8", "ghost_conv_2d_params", arrays, numbers)


def _depthwise_conv_2d(op: DepthwiseConv2D, xs: Tensors, y: Tensor) -> Constants:
    """Return the weights as they are."""
    (x,) = xs
    channels = image(x.shape)[2]
    low, high = fused.activation_range(op.activation, y)
    pairs = depthwise_conv_2d.output_multipliers(op, x, y)
    arrays = {"weights": op.weights, **channel_arrays(op.bias, pairs)}
    numbers: dict[str, int | str] = {
        "window": window_initialiser(op.window, x),
        "channels": channels,
        "multiplier": len(op.bias) // channels,
        "input_zero_point": x.zero_point,
        "output_zero_point": y.zero_point,
        "minimum": low,
        "maximum": high,
    }
    params = "ghost_depthwise_conv_2d_params"
    return Constants("ghost_depthwise_conv_2d_s8", params, arrays, numbers)


def _pool_2d(op: Pool2D, xs: Tensors, y: Tensor) -> Constants:
    """Return numbers alone."""
    low, high = fused.activation_range(op.activation, y)
    numbers: dict[str, int | str] = {
        "window": window_initialiser(op.window, xs[0]),
        "channels": image(y.shape)[2],
        "minimum": low,
        "maximum": high,
    }
    return Constants(f"ghost_{op.kind}_s8", "ghost_pool_2d_params", {}, numbers)


KERNELS = {
    "conv_2d": Kernel(_conv_2d, ("plain/ghost_conv_2d_s8.c",)),
    "depthwise_conv_2d": Kernel(_depthwise_conv_2d, ("plain/ghost_depthwise_conv_2d_s8.c",)),
    "average_pool_2d": Kernel(_pool_2d, ("plain/ghost_average_pool_2d_s8.c",)),
    "max_pool_2d": Kernel(_pool_2d, ("plain/ghost_max_pool_2d_s8.c",)),
}

# SPDX-License-Identifier: Apache-2.0
"""The plain C variant of convolutions and pools."""

from __future__ import annotations

import numpy as np

from mcu_ghost.build.kernels.constants import Constants, Kernel, braces
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.convolution import Convolution
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.pool_2d import Pool2D
from mcu_ghost.network.ops.windows import Window, image
from mcu_ghost.network.tensor import Tensor


def window_initialiser(window: Window, x: Tensor) -> str:
    """Return a `ghost_window` in C."""
    height, width, _ = image(x.shape)
    (top, _), (left, _) = window.padding
    numbers = (height, width, *window.output(x.shape), *window.size, *window.strides)
    return braces((*numbers, *window.dilation, top, left))


def _convolution(op: Convolution, xs: Tensors, y: Tensor, **numbers: int) -> Constants:
    """Return the weights as they are, what every output channel has, and the kind's numbers."""
    (x,) = xs
    low, high = fused.activation_range(op.activation, y)
    multipliers, shifts = np.array(op.multipliers(x, y)).T
    arrays = {
        "weights": op.weights,
        "bias": op.bias,
        "multipliers": multipliers.astype(np.int32),
        "shifts": shifts.astype(np.int8),
    }
    members: dict[str, int | str] = {
        "window": window_initialiser(op.window, x),
        **numbers,
        "input_zero_point": x.zero_point,
        "output_zero_point": y.zero_point,
        "minimum": low,
        "maximum": high,
    }
    return Constants(f"ghost_{op.kind}_s8", f"ghost_{op.kind}_params", arrays, members)


def _conv_2d(op: Conv2D, xs: Tensors, y: Tensor) -> Constants:
    """Return the groups."""
    outputs, _, _, channels = op.weights.shape
    groups = image(xs[0].shape)[2] // channels
    return _convolution(op, xs, y, groups=groups, group_channels=channels,
                        group_outputs=outputs // groups)  # fmt: skip


def _depthwise_conv_2d(op: DepthwiseConv2D, xs: Tensors, y: Tensor) -> Constants:
    """Return channels, and how many outputs each has."""
    channels = image(xs[0].shape)[2]
    return _convolution(op, xs, y, channels=channels, multiplier=len(op.bias) // channels)


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

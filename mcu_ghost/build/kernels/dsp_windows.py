# SPDX-License-Identifier: Apache-2.0
"""The variant for cores with 16-bit SIMD multiplies: windows of one channel each, and pools."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mcu_ghost.build.kernels import plain_windows
from mcu_ghost.build.kernels.constants import LONGEST_SUM, Constants, Kernel
from mcu_ghost.build.kernels.dsp_rounding import in_one_rounding
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.gates import row_bounds
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.pool_2d import Pool2D
from mcu_ghost.network.ops.windows import image
from mcu_ghost.network.tensor import Tensor

_TILE_BYTES = 4 * 28 * 8 * 2  # four channels, rows, columns, halves
_HALF = 1 << 16
_EXACT = 1 << 30  # sums are doubled


def _depthwise_conv_2d(op: DepthwiseConv2D, xs: Tensors, y: Tensor) -> Constants:
    """Return what takes windows of 3 x 3, or what the plain variant does."""
    (x,) = xs
    general = plain_windows.KERNELS["depthwise_conv_2d"].pack(op, xs, y)
    channels = image(x.shape)[2]
    pairs, window = op.multipliers(x, y), op.window
    clamp = fused.activation_range(op.activation, y)
    if (
        (*window.size, *window.dilation) != (3, 3, 1, 1)
        or max(window.strides) > 2
        or len(op.bias) != channels
        or channels % 4
        or image(y.shape)[1] * channels >= _HALF
        or in_one_rounding(pairs, channels, clamp, y.zero_point) is None
    ):
        return general
    rows = op.weights.reshape(9, channels).T
    bias = fused.folded_bias(op.bias, x.zero_point, rows)
    if row_bounds(rows, bias).max() >= _EXACT:
        return general
    way = ("_2" if window.strides[0] == 2 else "") + ("_steep" if y.zero_point == -128 else "")
    same = ("window", "channels", "input_zero_point", "output_zero_point")
    return Constants(
        "ghost_depthwise_3x3_s8",
        "ghost_depthwise_3x3_params",
        general.arrays | {"bias": bias.astype(np.int32)},
        {
            **{name: general.numbers[name] for name in same},
            "even": f"ghost_depthwise_even{way}_s8",
            "odd": f"ghost_depthwise_odd{way}_s8",
        },
        _TILE_BYTES,
    )


def _max_pool_2d(op: Pool2D, xs: Tensors, y: Tensor) -> Constants:
    """Return what eight channels at a time take, which is what one takes."""
    general = plain_windows.KERNELS["max_pool_2d"].pack(op, xs, y)
    wide = image(y.shape)[2] >= 8
    return replace(general, function="ghost_max_pool_2d_wide_s8") if wide else general


def _average_pool_2d(op: Pool2D, xs: Tensors, y: Tensor) -> Constants:
    """Return likewise; sums of bytes must fit halves."""
    general = plain_windows.KERNELS["average_pool_2d"].pack(op, xs, y)
    wide = image(y.shape)[2] >= 4 and math.prod(op.window.size) <= LONGEST_SUM
    return replace(general, function="ghost_average_few_2d_s8") if wide else general


KERNELS = {
    "depthwise_conv_2d": Kernel(
        _depthwise_conv_2d,
        (
            "plain/ghost_depthwise_conv_2d_s8.c",
            "dsp/ghost_depthwise_3x3_s8.c",
            "dsp/ghost_depthwise_run_s8.S",
        ),
    ),
    "average_pool_2d": Kernel(
        _average_pool_2d,
        ("plain/ghost_average_pool_2d_s8.c", "dsp/ghost_average_few_2d_s8.c"),
    ),
    "max_pool_2d": Kernel(
        _max_pool_2d, ("plain/ghost_max_pool_2d_s8.c", "dsp/ghost_max_pool_2d_wide_s8.c")
    ),
}

# SPDX-License-Identifier: Apache-2.0
"""Helium: depthwise convolutions by planes of four channels, and pools.

In a plane a byte reaches from the first tap to the last.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mcu_ghost.build.kernels import plain_windows
from mcu_ghost.build.kernels.constants import LONGEST_SUM, Constants, Kernel, align
from mcu_ghost.build.kernels.plain_windows import window_initialiser
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.pool_2d import AveragePool2D
from mcu_ghost.network.ops.windows import Window, image
from mcu_ghost.network.tensor import Tensor

_LANES = 16  # taps of one load
_FARTHEST = 255 // 4  # places within a byte of the first tap of a plane's last channel
_ROOM = 6144  # bytes of scratch that a tile may take, unless one place takes more
_PLACE = 4  # channels of a plane


def _depthwise_conv_2d(op: DepthwiseConv2D, xs: Tensors, y: Tensor) -> Constants:
    """Return rows of taps for each output, or what the plain variant takes."""
    (x,) = xs
    taps = op.weights[..., 0].size
    tile = _tile(op.window, x)
    multipliers, shifts = np.array(op.multipliers(x, y), np.int64).T
    if taps > _LANES or tile is None or shifts.max() > -1:
        return plain_windows.KERNELS["depthwise_conv_2d"].pack(op, xs, y)
    weights = np.ascontiguousarray(op.weights.reshape(taps, -1).T)
    bias = fused.folded_bias(op.bias, x.zero_point, weights)
    seen = _seen(op.window, tile)
    rows, columns = np.indices(op.window.size).reshape(2, -1)
    down, right = op.window.dilation
    offsets = np.zeros(_LANES, np.uint8)
    offsets[:taps] = _PLACE * (rows * down * seen[1] + columns * right)
    channels = image(x.shape)[2]
    low, high = fused.activation_range(op.activation, y)
    return Constants(
        "ghost_depthwise_planes_s8",
        "ghost_depthwise_planes_params",
        {
            "weights": weights,
            "scalings": np.stack([bias, multipliers, shifts], axis=1).astype(np.int32),
            "offsets": offsets,
        },
        {
            "window": window_initialiser(op.window, x),
            "channels": channels,
            "multiplier": len(op.bias) // channels,
            "tile_height": tile[0],
            "tile_width": tile[1],
            "seen_height": seen[0],
            "seen_width": seen[1],
            "input_zero_point": x.zero_point,
            "output_zero_point": y.zero_point,
            "minimum": low,
            "maximum": high,
        },
        _scratch(op.window, tile),
    )


def _seen(window: Window, tile: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of the image that a tile of the output sees."""
    sizes = zip(tile, window.strides, window.extent, strict=True)
    height, width = ((n - 1) * stride + extent for n, stride, extent in sizes)
    return height, width


def _scratch(window: Window, tile: tuple[int, int]) -> int:
    """Return bytes of the planes and of their lists of places."""
    height, width = _seen(window, tile)
    return _LANES * (height * width + align(tile[0] * tile[1], 4))


def _tile(window: Window, x: Tensor) -> tuple[int, int] | None:
    """Return height and width of tiles: whole rows, or a part of one row.

    None where a byte does not reach from the first tap to the last.
    """
    height, width = window.output(x.shape)
    tall, wide = window.extent
    widest = _FARTHEST if tall == 1 else (_FARTHEST - wide + 1) // (tall - 1)
    if wide - 1 > _FARTHEST or widest < wide:
        return None
    most = width if tall == 1 else min(width, (widest - wide) // window.strides[1] + 1)
    while most > 1 and _scratch(window, (1, most)) > _ROOM:
        most -= 1
    parts = -(-width // most)
    if parts > 1:
        return 1, -(-width // parts)
    rows = 1
    while rows < height and _scratch(window, (rows + 1, width)) <= _ROOM:
        rows += 1
    return -(-height // -(-height // rows)), width


def _average_pool_2d(op: AveragePool2D, xs: Tensors, y: Tensor) -> Constants:
    """Return numbers alone; 16 bits hold sums of few values."""
    made = plain_windows.KERNELS["average_pool_2d"].pack(op, xs, y)
    few = math.prod(op.window.size) <= LONGEST_SUM
    return replace(made, function="ghost_average_few_2d_s8") if few else made


KERNELS = {
    "average_pool_2d": Kernel(
        _average_pool_2d,
        ("plain/ghost_average_pool_2d_s8.c", "mve/ghost_average_few_2d_s8.c"),
    ),
    "max_pool_2d": Kernel(
        plain_windows.KERNELS["max_pool_2d"].pack, ("mve/ghost_max_pool_2d_s8.c",)
    ),
    "depthwise_conv_2d": Kernel(
        _depthwise_conv_2d,
        (
            "plain/ghost_depthwise_conv_2d_s8.c",
            "mve/ghost_depthwise_planes_s8.c",
            "mve/ghost_plane_s8.S",
        ),
    ),
}

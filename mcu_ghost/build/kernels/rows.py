# SPDX-License-Identifier: Apache-2.0
"""Convolutions as rows times what lies below the window: what is the same for all variants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels.plain_windows import window_initialiser
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.windows import image
from mcu_ghost.network.tensor import Int8s, Tensor


def matrix(op: Conv2D, x: Tensor) -> tuple[Int8s, npt.NDArray[np.int64]]:
    """Return the rows, and their biases with the input's zero point folded in."""
    rows = op.weights.reshape(len(op.weights), -1)
    return rows, op.bias - x.zero_point * rows.astype(np.int64).sum(axis=1)


def whole(op: Conv2D, x: Tensor) -> bool:
    """Return whether every output sees all channels: there are no groups."""
    return bool(op.weights.shape[-1] == image(x.shape)[2])


def numbers(op: Conv2D, x: Tensor) -> dict[str, int | str]:
    """Return what every variant's `ghost_conv_rows_params` has besides its stream."""
    _, width, channels = image(x.shape)
    (tall, wide), (down, across) = op.window.size, op.window.dilation
    stretch = wide == 1 or across == 1  # of a row of the image
    in_place = stretch and (tall == 1 or (wide == width and down == 1))
    return {
        "inputs": op.weights[0].size,
        "outputs": len(op.weights),
        "window": window_initialiser(op.window, x),
        "channels": channels,
        "input_zero_point": x.zero_point,
        "in_place": int(in_place),
    }

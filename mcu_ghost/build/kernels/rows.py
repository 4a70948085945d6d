# SPDX-License-Identifier: Apache-2.0
"""Dense layers and convolutions as rows of weights times a vector, for the variants that do so.

A variant says in a `Way` how it wants the rows; where it cannot, or had better not, the layer
takes what the general kernel takes. `firmware/kernels/ghost_conv_rows_s8.c` finds what lies below a
window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels import plain_windows
from mcu_ghost.build.kernels.constants import Constants, Kernel, align
from mcu_ghost.build.kernels.plain import pack_fully_connected
from mcu_ghost.network.ops import fully_connected, fused
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.windows import image
from mcu_ghost.network.tensor import Int8s, Ints, Tensor

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Rows:
    """What a layer does with the vector of a place.

    Attributes:
        weights: (outputs, inputs).
        bias: (outputs,), the input's zero point folded in.
        scales: Multiplier and shift, one or one for each row.
        clamp: The limits of the fused activation.
        zero_point: Of the output.
        places: Vectors of a frame.
        taps: What a vector is gathered from; 0 where it is the input itself.
        paired: Whether all vectors go two at a time, in a way that has a stream for that.
    """

    weights: Int8s
    bias: Ints
    scales: list[tuple[int, int]]
    clamp: tuple[int, int]
    zero_point: int
    places: int
    taps: int = 0
    paired: bool = False


@dataclass(frozen=True)
class Way:
    """How a variant does that.

    Attributes:
        stream: Returns what ghost_rows_s8 reads of rows, or ghost_rows_two_s8 of paired ones; None
            where it is not to be used.
        scratch_bytes: What it needs for one vector, or two at a time.
        sources: Of ghost_rows_s8.
        two: Of ghost_rows_two_s8, besides.
        dense: The general kernel of a dense layer.
        pairs: Whether ghost_rows_two_s8 has a stream of its own.
    """

    stream: Callable[[Rows], Words | None]
    scratch_bytes: Callable[[Rows, int], int]
    sources: tuple[str, ...]
    two: tuple[str, ...] = ()
    dense: str = "plain/ghost_fully_connected_s8.c"
    pairs: bool = False

    def kernels(self) -> dict[str, Kernel]:
        """Return the kinds that are computed so."""
        windows = ("plain/ghost_conv_2d_s8.c", "ghost_conv_rows_s8.c", *self.two)
        return {
            "fully_connected": Kernel(self.fully_connected, (self.dense, *self.sources)),
            "conv_2d": Kernel(self.conv_2d, (*windows, *self.sources)),
        }

    def fully_connected(self, op: FullyConnected, xs: Tensors, y: Tensor) -> Constants:
        """Return one stream of the rows, or what the general kernel takes."""
        general = pack_fully_connected(op, xs, y)
        outputs, inputs = op.weights.shape
        rows = Rows(
            op.weights,
            general.arrays["bias"],
            fully_connected.output_multipliers(op, xs[0], y),
            fused.activation_range(op.activation, y),
            y.zero_point,
            y.size // outputs,
        )
        stream = self.stream(rows)
        if stream is None:
            return general
        return Constants(
            "ghost_rows_s8",
            "ghost_rows_params",
            {"stream": stream},
            {"inputs": inputs, "outputs": outputs},
            self.scratch_bytes(rows, 1),
        )

    def conv_2d(self, op: Conv2D, xs: Tensors, y: Tensor) -> Constants:
        """Return one stream of the rows, or what the plain kernel takes."""
        (x,) = xs
        general = plain_windows.KERNELS["conv_2d"].pack(op, xs, y)
        _, width, channels = image(x.shape)
        if op.weights.shape[-1] != channels:
            return general
        weights = op.weights.reshape(len(op.weights), -1)
        outputs, inputs = weights.shape
        places = y.size // outputs
        rows = Rows(
            weights,
            fused.folded_bias(op.bias, x.zero_point, weights),
            op.multipliers(x, y),
            fused.activation_range(op.activation, y),
            y.zero_point,
            places,
            inputs // channels,
            self.pairs and places > 1,
        )
        stream = self.stream(rows)
        if stream is None:
            return general
        (tall, wide), (down, across) = op.window.size, op.window.dilation
        stretch = wide == 1 or across == 1  # of a row of the image
        in_place = stretch and (tall == 1 or (wide == width and down == 1))
        return Constants(
            "ghost_conv_rows_s8",
            "ghost_conv_rows_params",
            {"stream": stream},
            {
                "inputs": inputs,
                "outputs": outputs,
                "window": plain_windows.window_initialiser(op.window, x),
                "channels": channels,
                "input_zero_point": x.zero_point,
                "in_place": int(in_place),
                "paired": int(rows.paired),
            },
            align(2 * inputs) + self.scratch_bytes(rows, 2),
        )

# SPDX-License-Identifier: Apache-2.0
"""Windows that slide over height and width: what convolutions and pools share.

Images are (height, width, channels); time is the height. Of a shape with fewer axes the first ones
are 1: a frame of one row is (width, channels) or (channels,).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops.operator import Reach
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.tables import MAX_SIZE, Tables

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]
"""((top, bottom), (left, right)): rows and columns that contribute nothing."""

_SAME, _VALID = 0, 1  # tflite.Padding


def image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return (height, width, channels) of a shape of up to three axes."""
    height, width, channels = (1,) * (3 - len(shape)) + shape
    return height, width, channels


@dataclass(frozen=True)
class Window:
    """A window and how it slides.

    Attributes:
        size: Height and width.
        strides: Likewise.
        dilation: Likewise; 1 is none.
        padding: Around the image.
    """

    size: Pair
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = ((0, 0), (0, 0))

    @property
    def extent(self) -> Pair:
        """Rows and columns from the first tap to the last."""
        (height, width), (down, right) = self.size, self.dilation
        return (height - 1) * down + 1, (width - 1) * right + 1

    def output(self, shape: tuple[int, ...]) -> Pair:
        """Return height and width of what it makes of an image."""
        sizes = zip(image(shape)[:2], self.padding, self.extent, self.strides, strict=True)
        height, width = ((n + sum(pads) - e) // stride + 1 for n, pads, e, stride in sizes)
        return height, width

    def taps(self, x: Tensor, values: Ints, outside: int) -> npt.NDArray[Any]:
        """Return what the window sees at each place.

        Args:
            x: The image.
            values: (…, *shape of x).
            outside: What padding counts as.

        Returns:
            (n, output height, output width, channels, height, width), n for all leading axes.
        """
        images = values.reshape(-1, *image(x.shape))
        padded = np.pad(images, ((0, 0), *self.padding, (0, 0)), constant_values=outside)
        every = np.lib.stride_tricks.sliding_window_view(padded, self.extent, axis=(1, 2))
        (up, left), (down, right) = self.strides, self.dilation
        return every[:, ::up, ::left, :, ::down, ::right]

    def reach(self) -> Reach:
        """Return how it looks along the height."""
        before, after = self.padding[0]
        return Reach(rows=self.extent[0], stride=self.strides[0], before=before, after=after)

    def on_rows(self) -> Window:
        """Return it for a stack of just the rows that it sees."""
        return Window(self.size, (1, self.strides[1]), self.dilation, ((0, 0), self.padding[1]))

    def code(self, x: Tensor) -> int:
        """Return the padding as a file names it.

        Raises:
            GhostError: It is neither SAME nor VALID.
        """
        if self.padding == ((0, 0), (0, 0)):
            return _VALID
        if self.padding != self.same(x.shape):
            raise GhostError(
                f"Padding {self.padding} around tensor '{x.name}' is neither SAME nor VALID; "
                "a file needs an operator PAD before it."
            )
        return _SAME

    def same(self, shape: tuple[int, ...]) -> Padding:
        """Return the padding after which stride 1 keeps the image's size; more goes behind."""

        def around(n: int, extent: int, stride: int) -> Pair:
            total = max((math.ceil(n / stride) - 1) * stride + extent - n, 0)
            return total // 2, total - total // 2

        height, width, _ = image(shape)
        return (
            around(height, self.extent[0], self.strides[0]),
            around(width, self.extent[1], self.strides[1]),
        )


def read_window(
    file: Tables, source: int, options: Any, size: Pair, dilation: Pair, name: str
) -> Window:
    """Take a window from an operator's options.

    Args:
        file: The tables.
        source: The image's index in the file.
        options: With padding and strides.
        size: Height and width.
        dilation: Likewise.
        name: The operator's, for messages.

    Raises:
        GhostError: Not a window, or one that does not fit into the image.
    """
    shape = file.tensors[file.read(source)].shape
    if len(shape) != 3:
        raise file.error(f"{name} needs {file.label(source)} as [1, height, width, channels]")
    strides = (options.StrideH(), options.StrideW())
    if not all(0 < n <= MAX_SIZE for n in (*size, *strides, *dilation)):
        raise file.error(f"{name} has a window, stride or dilation that is not positive")
    if options.Padding() not in (_SAME, _VALID):
        raise file.error(f"{name} has an unknown padding")
    bare = Window(size, strides, dilation)
    if options.Padding() == _SAME:
        return Window(size, strides, dilation, bare.same(shape))
    if any(e > n for e, n in zip(bare.extent, shape, strict=False)):
        raise file.error(f"{name} has a window larger than {file.label(source)} {list(shape)}")
    return bare


def random_window(rng: np.random.Generator, x: Tensor, dilated: bool = True) -> Window:
    """Return a window that fits into an image, with SAME or VALID padding."""
    height, width, _ = image(x.shape)
    size = tuple(int(rng.integers(1, min(n, 4) + 1)) for n in (height, width))
    strides = tuple(int(rng.integers(1, 4)) for _ in size)
    dilation = tuple(
        int(rng.integers(1, (n - 1) // max(k - 1, 1) + 1)) if dilated and k > 1 else 1
        for n, k in zip((height, width), size, strict=True)
    )
    if rng.random() < 0.6:
        strides = (1, 1)
    if dilated and rng.random() < 0.6 or strides != (1, 1):
        dilation = (1, 1)
    bare = Window((size[0], size[1]), (strides[0], strides[1]), (dilation[0], dilation[1]))
    if rng.random() < 0.5:
        return bare
    return Window(bare.size, bare.strides, bare.dilation, bare.same(x.shape))

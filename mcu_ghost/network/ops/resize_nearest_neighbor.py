# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 RESIZE_NEAREST_NEIGHBOR to a multiple of the size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops.operator import Reach, Tensors
from mcu_ghost.network.ops.views import Array, View
from mcu_ghost.network.ops.windows import image
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import MAX_SIZE, Tables

_NAME = "RESIZE_NEAREST_NEIGHBOR"


@dataclass(frozen=True)
class ResizeNearestNeighbor(View):
    """Every row and column of an image some times.

    Attributes:
        inputs: Tensor index; (height, width, channels).
        output: Tensor index.
        times: Of rows and columns.
    """

    kind: ClassVar[str] = "resize_nearest_neighbor"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR: 3}

    times: tuple[int, int]

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddResizeNearestNeighbor"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it leaves the frames as they are."""
        return Reach(whole=self.times[0] > 1)

    def view(self, x: Tensor, y: Tensor, values: Array) -> Array:
        """Return (…, height, times, width, times, channels) values."""
        height, width, channels = image(x.shape)
        batch = values.shape[: values.ndim - len(x.shape)]
        split = values.reshape(*batch, height, 1, width, 1, channels)
        shape = (*batch, height, self.times[0], width, self.times[1], channels)
        return np.broadcast_to(split, shape)

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x = file.read(op.Inputs(0))
        if file.count(op.InputsLength()) != 2:
            raise file.error(f"{_NAME} must have an image and a size")
        options = tflite.ResizeNearestNeighborOptions()
        kind = tflite.BuiltinOptions.ResizeNearestNeighborOptions
        file.options(op, options, kind, _NAME)
        shape, size = file.tensors[x].shape, file.numbers(op.Inputs(1))
        if len(shape) != 3 or len(size) != 2 or not all(0 < n <= MAX_SIZE for n in size):
            raise file.error(f"{_NAME} of {file.label(op.Inputs(0))} to {size} is not possible")
        corners, centres = options.AlignCorners(), options.HalfPixelCenters()
        for n, wanted in zip(shape, size, strict=False):
            times, rest = divmod(wanted, n)
            if rest or (nearest(n, wanted, corners, centres) != np.arange(wanted) // times).any():
                raise file.error(f"{_NAME} is supported to a multiple of the size, not to {size}")
        y = file.written(op.Outputs(0), (*size, shape[2]), _NAME)
        file.same_scale(x, y, _NAME)
        return cls((x,), y, (size[0] // shape[0], size[1] // shape[1]))

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`; half pixel centres make it exact for multiples."""
        height, width, _ = image(xs[0].shape)
        values = np.array([height * self.times[0], width * self.times[1]], np.int32)
        size, b = file.constant(f"resize_{number}/size", values), file.builder
        tflite.ResizeNearestNeighborOptionsStart(b)
        tflite.ResizeNearestNeighborOptionsAddHalfPixelCenters(b, True)
        end = tflite.ResizeNearestNeighborOptionsEnd(b)
        options = (tflite.BuiltinOptions.ResizeNearestNeighborOptions, end)
        code = tflite.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR
        file.operator(code, [*sources, size], target, 3, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one to up to four times the size."""
        down, right = (int(n) for n in rng.integers(1, 5, 2))
        height, width, channels = image(x.shape)
        shape = (height * down, width * right, channels)
        y = Tensor(f"resize_{source}", shape, "int8", x.scale, x.zero_point)
        return cls((source,), source + 1, (down, right)), y


def nearest(n: int, wanted: int, corners: bool, centres: bool) -> Ints:
    """Return the source of each of `wanted` places of `n`, in single precision as TFLite."""
    offset = np.float32(0.5 if centres else 0)
    scale = np.float32(n) / np.float32(wanted)
    if corners and wanted > 1:
        scale = np.float32(n - 1) / np.float32(wanted - 1)
    places = (np.arange(wanted, dtype=np.float32) + offset) * scale
    whole = np.floor(places + np.float32(0.5)) if corners else np.floor(places)
    return np.clip(whole.astype(np.int64), 0, n - 1)

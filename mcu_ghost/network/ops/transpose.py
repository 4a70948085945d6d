# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 TRANSPOSE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops.axes import seen
from mcu_ghost.network.ops.operator import Reach, Tensors
from mcu_ghost.network.ops.views import Array, View
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True)
class Transpose(View):
    """The axes in another order.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        axes: For each axis of the output the input's, from the end.
    """

    kind: ClassVar[str] = "transpose"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.TRANSPOSE: 4}

    axes: tuple[int, ...]

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddTranspose"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it leaves the frames as they are."""
        return Reach(whole=self.axes[0] != -len(self.axes))

    def view(self, x: Tensor, y: Tensor, values: Array) -> Array:
        """Return the transposed values."""
        every = seen(x, values, len(self.axes))
        batch = range(every.ndim - len(self.axes))
        return every.transpose(*batch, *(every.ndim + axis for axis in self.axes))

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x = file.read(op.Inputs(0))
        if file.count(op.InputsLength()) != 2:
            raise file.error("TRANSPOSE must have an input and axes")
        shape = file.tensors[x].shape
        rank, given = len(shape) + 1, file.numbers(op.Inputs(1))
        if sorted(given) != list(range(rank)) or given[0] != 0:
            raise file.error(f"TRANSPOSE with axes {given} is not possible, or moves the batch")
        axes = tuple(axis - rank for axis in given[1:])
        y = file.written(op.Outputs(0), tuple(shape[axis] for axis in axes), "TRANSPOSE")
        file.same_scale(x, y, "TRANSPOSE")
        return cls((x,), y, axes)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        rank = len(self.axes) + 1
        values = np.array([0, *(rank + axis for axis in self.axes)], np.int32)
        axes = file.constant(f"transpose_{number}/axes", values)
        file.operator(tflite.BuiltinOperator.TRANSPOSE, [*sources, axes], target, 2)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with any order."""
        axes = tuple(int(i) - len(x.shape) for i in rng.permutation(len(x.shape)))
        shape = tuple(x.shape[axis] for axis in axes)
        y = Tensor(f"transpose_{source}", shape, "int8", x.scale, x.zero_point)
        return cls((source,), source + 1, axes), y

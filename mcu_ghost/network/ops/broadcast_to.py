# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 BROADCAST_TO: what Keras calls RepeatVector, and more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops.operator import Reach, Tensors
from mcu_ghost.network.ops.views import Array, View
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_NAME = "BROADCAST_TO"


@dataclass(frozen=True)
class BroadcastTo(View):
    """Values repeated along axes of length 1, and along new ones before the others."""

    kind: ClassVar[str] = "broadcast_to"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.BROADCAST_TO: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddBroadcastTo"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it leaves the frames as they are."""
        (x,) = xs
        return Reach(whole=len(x.shape) != len(y.shape) or x.shape[0] != y.shape[0])

    def view(self, x: Tensor, y: Tensor, values: Array) -> Array:
        """Return the repeated values."""
        batch = values.shape[: values.ndim - len(x.shape)]
        ones = (1,) * (len(y.shape) - len(x.shape))
        return np.broadcast_to(values.reshape(*batch, *ones, *x.shape), (*batch, *y.shape))

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x = file.read(op.Inputs(0))
        if file.count(op.InputsLength()) != 2:
            raise file.error(f"{_NAME} must have an input and a shape")
        shape = file.numbers(op.Inputs(1))
        y = file.written(op.Outputs(0), tuple(shape[1:]), _NAME)
        file.same_scale(x, y, _NAME)
        made = cls((x,), y)
        try:
            made.box(file.tensors[x], file.tensors[y])
        except ValueError as error:
            raise file.error(f"{_NAME} to {shape} is not possible ({error})") from error
        return made

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        values = np.array(file.shapes[target], np.int32)
        shape = file.constant(f"broadcast_{number}/shape", values)
        file.operator(tflite.BuiltinOperator.BROADCAST_TO, [*sources, shape], target, 2)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one that repeats all, and along every axis of length 1."""
        times = int(rng.integers(2, 6))
        shape = tuple(times if n == 1 else n for n in x.shape)
        if len(shape) < 3:
            shape = (times, *shape)
        y = Tensor(f"broadcast_{source}", shape, "int8", x.scale, x.zero_point)
        return cls((source,), source + 1), y

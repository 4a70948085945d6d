# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 CONCATENATION."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import axes
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_NAME = "CONCATENATION"
_MOST = 10  # inputs that TFLite Micro takes


@dataclass(frozen=True)
class Concatenation(Operator):
    """Tensors one behind the other; all have the same scale and zero point.

    Attributes:
        inputs: Tensor indices.
        output: Tensor index.
        axis: From the end: -1 is the last.
    """

    overwrites: ClassVar[bool] = False
    kind: ClassVar[str] = "concatenation"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.CONCATENATION: 3}

    axis: int = -1

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddConcatenation"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it needs every frame."""
        return Reach(whole=self.axis == -len(y.shape))

    def in_place(self, xs: Tensors, y: Tensor) -> tuple[int | None, ...]:
        """Return where each input's values begin, if they stay together."""
        if self.blocks(y)[0] > 1:
            return (None,) * len(xs)
        return tuple(itertools.accumulate((x.size for x in xs[:-1]), initial=0))

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Join (…, *shape of x) values."""
        every = [axes.seen(x, v, -self.axis) for x, v in zip(xs, values, strict=True)]
        return axes.given(xs[0], values[0], y, np.concatenate(every, axis=self.axis)), ()

    def blocks(self, x: Tensor) -> tuple[int, int]:
        """Return how many blocks of a tensor go to different places, and their size."""
        places = math.prod(axes.whole(x.shape, -self.axis)[: self.axis])
        return places, x.size // places

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        count = file.count(op.InputsLength())
        if count > _MOST:
            raise file.error(f"{_NAME} of {count} tensors is not supported, at most {_MOST}")
        inputs = tuple(file.read(op.Inputs(i)) for i in range(count))
        options = tflite.ConcatenationOptions()
        file.options(op, options, tflite.BuiltinOptions.ConcatenationOptions, _NAME)
        if options.FusedActivationFunction() != 0:
            raise file.error(f"{_NAME} with a fused activation is not supported")
        shapes = [file.tensors[i].shape for i in inputs]
        rank = len(shapes[0])
        axis = options.Axis() - rank - 1 if options.Axis() >= 0 else options.Axis()
        if not -rank <= axis < 0:
            raise file.error(f"{_NAME} along axis {options.Axis()} is not possible")
        rest = {(*s[: rank + axis], *s[rank + axis + 1 :]) for s in shapes if len(s) == rank}
        if len(rest) != 1 or any(len(s) != rank for s in shapes):
            raise file.error(f"{_NAME} of shapes {shapes} along axis {axis} is not possible")
        shape = list(shapes[0])
        shape[axis] = sum(s[axis] for s in shapes)
        y = file.written(op.Outputs(0), tuple(shape), _NAME)
        for x in inputs:
            file.same_scale(x, y, _NAME)
        return cls(inputs, y, axis)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        b = file.builder
        tflite.ConcatenationOptionsStart(b)
        tflite.ConcatenationOptionsAddAxis(b, len(xs[0].shape) + 1 + self.axis)
        end = tflite.ConcatenationOptionsEnd(b)
        options = (tflite.BuiltinOptions.ConcatenationOptions, end)
        file.operator(tflite.BuiltinOperator.CONCATENATION, sources, target, 2, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one that joins a tensor to itself, some times."""
        times, axis = int(rng.integers(1, 5)), -int(rng.integers(1, len(x.shape) + 1))
        shape = list(x.shape)
        shape[axis] *= times
        y = Tensor(f"concatenation_{source}", tuple(shape), "int8", x.scale, x.zero_point)
        return cls((source,) * times, source + 1, axis), y

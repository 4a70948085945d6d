# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 MEAN, SUM, REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import axes
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.ops.rounding import multiply, quantized_multiplier
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True)
class Reduce(Operator):
    """One value of many along some axes.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        axes: From the end: -1 is the last.
        keep_dims: Whether these axes stay, with length 1.
    """

    axes: tuple[int, ...]
    keep_dims: bool = False

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it needs every frame."""
        return Reach(whole=-len(xs[0].shape) in self.axes)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute it of (…, *shape of x) values."""
        (x,) = xs
        result = self._reduce(x, y, axes.seen(x, values[0], -min(self.axes)))
        return axes.given(x, values[0], y, result), ()

    @abc.abstractmethod
    def _reduce(self, x: Tensor, y: Tensor, values: Ints) -> Ints:
        """Return one value of many, for (…, *shape of x) values."""

    def reduced(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of what is left."""
        gone = {len(shape) + axis for axis in self.axes}
        kept = (
            1 if i in gone else n for i, n in enumerate(shape) if self.keep_dims or i not in gone
        )
        return tuple(kept)

    def spans(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Return values before, along and behind the axes; those of length 1 do not count.

        Raises:
            ValueError: An axis that stays is between them.
        """
        shape = axes.whole(shape, -min(self.axes))
        gone = sorted(i for i in (len(shape) + a for a in self.axes) if shape[i] > 1)
        if not gone:
            return math.prod(shape), 1, 1
        first, last = gone[0], gone[-1]
        if math.prod(shape[i] for i in range(first, last) if i not in gone) > 1:
            raise ValueError("an axis that stays is between axes that do not")
        return (
            math.prod(shape[:first]),
            math.prod(shape[i] for i in gone),
            math.prod(shape[last + 1 :]),
        )

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x, name = file.read(op.Inputs(0)), file.code(op)[1]
        if file.count(op.InputsLength()) != 2:
            raise file.error(f"{name} must have an input and axes")
        options = tflite.ReducerOptions()
        file.options(op, options, tflite.BuiltinOptions.ReducerOptions, name)
        shape = file.tensors[x].shape
        rank = len(shape) + 1
        given = file.numbers(op.Inputs(1))
        gone = {axis - rank if axis >= 0 else axis for axis in given}
        if not gone or any(not -rank < axis < 0 for axis in gone):
            raise file.error(
                f"{name} over axes {given} of {file.label(op.Inputs(0))} is not possible"
            )
        made = cls((x,), 0, tuple(sorted(gone)), bool(options.KeepDims()))
        try:
            made.spans(shape)
        except ValueError as error:
            raise file.error(f"{name} over axes {given} is not supported ({error})") from error
        y = file.written(op.Outputs(0), made.reduced(shape), name)
        made._check(file, x, y, name)
        return cls((x,), y, made.axes, made.keep_dims)

    def _check(self, file: Tables, x: int, y: int, name: str) -> None:
        file.same_scale(x, y, name)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        (code,), b = self.codes, file.builder
        assert isinstance(code, int)
        rank = len(xs[0].shape) + 1
        values = np.array([rank + axis for axis in self.axes], np.int32)
        index = file.constant(f"{self.kind}_{number}/axes", values)
        tflite.ReducerOptionsStart(b)
        tflite.ReducerOptionsAddKeepDims(b, self.keep_dims)
        options = (tflite.BuiltinOptions.ReducerOptions, tflite.ReducerOptionsEnd(b))
        file.operator(code, [*sources, index], target, 2, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one over axes next to each other."""
        rank = len(x.shape)
        first, end = sorted(rng.choice(rank + 1, 2, replace=False))
        gone = tuple(int(i) - rank for i in range(first, end))
        keep = bool(rng.integers(2)) or len(gone) == rank
        made = cls((source,), source + 1, gone, keep)
        scale, zero_point = made._output(rng, x)
        name = f"{cls.kind}_{source}"
        return made, Tensor(name, made.reduced(x.shape), "int8", scale, zero_point)

    def _output(self, rng: np.random.Generator, x: Tensor) -> tuple[float, int]:
        return x.scale, x.zero_point


@dataclass(frozen=True)
class Mean(Reduce):
    """The mean, scaled to the output."""

    kind: ClassVar[str] = "mean"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.MEAN: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddMean"

    def _reduce(self, x: Tensor, y: Tensor, values: Ints) -> Ints:
        total = (values - x.zero_point).sum(axis=self.axes, keepdims=self.keep_dims)
        scaled = multiply(total, *self.multiplier(x, y)) + y.zero_point
        return np.clip(scaled, -128, 127)

    def multiplier(self, x: Tensor, y: Tensor) -> tuple[int, int]:
        """Return (multiplier, shift) of the sum: TFLite divides the multiplier by the count."""
        multiplier, shift = quantized_multiplier(_ratio(x, y))
        count = self.spans(x.shape)[1]
        bits = min(count.bit_length() - 1, 32, 31 + shift)
        return (multiplier << bits) // count, shift - bits

    def _check(self, file: Tables, x: int, y: int, name: str) -> None:
        before, after = file.tensors[x], file.tensors[y]
        _, shift = self.multiplier(before, after)
        if (255 * self.spans(before.shape)[1]) << max(0, shift) >= 2**31:
            raise file.error(f"{name} of {len(self.axes)} axes can overflow 32 bits")

    def _output(self, rng: np.random.Generator, x: Tensor) -> tuple[float, int]:
        return float(np.float32(x.scale * rng.uniform(0.1, 2))), int(rng.integers(-128, 128))


@dataclass(frozen=True)
class Sum(Mean):
    """The sum, scaled to the output."""

    kind: ClassVar[str] = "sum"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.SUM: 2}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddSum"

    def multiplier(self, x: Tensor, y: Tensor) -> tuple[int, int]:
        """Return (multiplier, shift) of the sum."""
        return quantized_multiplier(_ratio(x, y))


@dataclass(frozen=True)
class ReduceMax(Reduce):
    """The largest value."""

    kind: ClassVar[str] = "reduce_max"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.REDUCE_MAX: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddReduceMax"

    def _reduce(self, x: Tensor, y: Tensor, values: Ints) -> Ints:
        largest: Ints = values.max(axis=self.axes, keepdims=self.keep_dims)
        return largest


@dataclass(frozen=True)
class ReduceMin(Reduce):
    """The smallest value."""

    kind: ClassVar[str] = "reduce_min"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.REDUCE_MIN: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddReduceMin"

    def _reduce(self, x: Tensor, y: Tensor, values: Ints) -> Ints:
        smallest: Ints = values.min(axis=self.axes, keepdims=self.keep_dims)
        return smallest


def _ratio(x: Tensor, y: Tensor) -> float:
    return float(np.float32(x.scale)) / float(np.float32(y.scale))

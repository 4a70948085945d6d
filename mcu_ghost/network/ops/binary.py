# SPDX-License-Identifier: Apache-2.0
"""What operators of two values share: a constant for one of them, and broadcasting."""

from __future__ import annotations

import abc
import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mcu_ghost.network.ops import axes, fused
from mcu_ghost.network.ops.fused import Activation
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.tensor import Int8s, Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_AXES = 3  # that kernels walk


@dataclass(frozen=True, eq=False)
class Fixed:
    """An operand that stands in the file.

    Attributes:
        tensor: Its shape, scale and zero point.
        values: (*shape) int8.
        first: Whether it is the first operand.
    """

    tensor: Tensor
    values: Int8s
    first: bool = False


@dataclass(frozen=True, eq=False)
class Binary(Operator):
    """A function of two values, for each element.

    Shapes fit as in NumPy: aligned at the last axis, an axis of length 1 or an absent one counts
    as repeated.

    Attributes:
        inputs: Two tensor indices; one where the other operand is a constant.
        output: Tensor index.
        activation: Fused activation.
        fixed: The constant.
    """

    activation: Activation = "none"
    fixed: Fixed | None = None

    def operands(self, xs: Tensors) -> tuple[Tensor, Tensor]:
        """Return both operands' tensors."""
        if self.fixed is None:
            first, second = xs
            return first, second
        (x,) = xs
        return (self.fixed.tensor, x) if self.fixed.first else (x, self.fixed.tensor)

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it needs every frame: where not both operands have them."""
        rank, frames = len(y.shape), y.shape[0]
        moving = all(len(x.shape) == rank and x.shape[0] == frames for x in xs)
        still = self.fixed is None or len(self.fixed.tensor.shape) < rank
        return Reach(whole=not (moving and still))

    def in_place(self, xs: Tensors, y: Tensor) -> tuple[int | None, ...]:
        """Return that the answers may take the place of values that none repeats."""
        return tuple(0 if x.size == y.size else None for x in xs)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute it of (…, *shape of x) values."""
        first, second = self.operands(xs)
        aligned = [axes.seen(x, v, len(y.shape)) for x, v in zip(xs, values, strict=True)]
        if self.fixed is not None:
            aligned.insert(0 if self.fixed.first else 1, self.fixed.values.astype(np.int64))
        low, high = fused.activation_range(self.activation, y)
        result = np.clip(self._combine(first, second, y, *aligned), low, high)
        return axes.given(xs[0], values[0], y, result), ()

    @abc.abstractmethod
    def _combine(self, first: Tensor, second: Tensor, y: Tensor, a: Ints, b: Ints) -> Ints:
        """Return the results, not clamped yet."""

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        name = file.code(op)[1]
        if file.count(op.InputsLength()) != 2:
            raise file.error(f"{name} must have two operands")
        pair = (op.Inputs(0), op.Inputs(1))
        fixed = None
        for place, index in enumerate(pair):
            if index not in file.known and fixed is None:
                fixed = _read_fixed(file, index, place == 0)
        known = tuple(
            file.read(index)
            for place, index in enumerate(pair)
            if fixed is None or fixed.first != (place == 0)
        )
        made = cls(known, 0, cls._read_activation(file, op, name), fixed)
        xs = tuple(file.tensors[i] for i in known)
        first, second = made.operands(xs)
        try:
            walk(first.shape, second.shape)
        except ValueError as error:
            shapes = f"{list(first.shape)} and {list(second.shape)}"
            raise file.error(f"{name} of shapes {shapes} is not supported ({error})") from error
        shape = np.broadcast_shapes(first.shape, second.shape)
        y = file.written(op.Outputs(0), shape, name)
        made = dataclasses.replace(made, output=y)
        made._check(file, first, second, file.tensors[y], name)
        return made

    @classmethod
    def _read_activation(cls, file: Tables, op: Any, name: str) -> Activation:
        return "none"

    def _check(self, file: Tables, first: Tensor, second: Tensor, y: Tensor, name: str) -> None:
        """Refuse scales that TFLite's arithmetic cannot take."""

    def sources(self, file: Builder, sources: list[int], number: int) -> list[int]:
        """Return both operands' indices in the file, adding the constant."""
        if self.fixed is None:
            return sources
        t = self.fixed.tensor
        label = f"{self.kind}_{number}/constant"
        index = file.constant(label, self.fixed.values, (t.scale,), t.zero_point)
        return [index, *sources] if self.fixed.first else [*sources, index]

    @classmethod
    def random(
        cls, rng: np.random.Generator, x: Tensor, source: int, *, other: Tensor | None = None
    ) -> tuple[Self, Tensor]:
        """Return one of `x` and a constant, or of `x` and the tensor behind it.

        Args:
            rng: Where randomness comes from.
            x: The tensor that is read.
            source: Its index.
            other: The other tensor that is read, if any, at the next index.
        """
        fixed = None
        if other is None:
            shape = x.shape[int(rng.integers(len(x.shape))) :]
            values = rng.integers(-128, 128, shape).astype(np.int8)
            scale, zero_point = cls._operand(rng, x)
            tensor = Tensor("constant", shape, "int8", scale, zero_point)
            fixed = Fixed(tensor, values, bool(rng.integers(2)))
        inputs = (source,) if other is None else (source, source + 1)
        made = cls(inputs, inputs[-1] + 1, cls._random_activation(rng), fixed)
        first, second = made.operands((x,) if other is None else (x, other))
        scale, zero_point = cls._output(rng, first, second)
        shape = np.broadcast_shapes(first.shape, second.shape)
        return made, Tensor(f"{cls.kind}_{source}", shape, "int8", scale, zero_point)

    @classmethod
    def _random_activation(cls, rng: np.random.Generator) -> Activation:
        return fused.random_activation(rng)

    @classmethod
    def _operand(cls, rng: np.random.Generator, x: Tensor) -> tuple[float, int]:
        return float(np.float32(x.scale * 10 ** rng.uniform(-1, 1))), int(rng.integers(-128, 128))

    @classmethod
    def _output(cls, rng: np.random.Generator, first: Tensor, second: Tensor) -> tuple[float, int]:
        scale = max(first.scale, second.scale) * rng.uniform(0.3, 3)
        return float(np.float32(scale)), int(rng.integers(-128, 128))


def walk(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return how two operands are walked side by side.

    Returns:
        Three lengths, the outermost first, and the strides of both operands along them, 0 where
        one is repeated. Axes along which both go on as before are one.

    Raises:
        ValueError: The shapes do not fit, or need more than three lengths.
    """
    shape = np.broadcast_shapes(first, second)
    # Of bytes, so that strides count elements.
    views = [np.broadcast_to(np.empty(s, np.int8), shape).strides for s in (first, second)]
    walked: list[tuple[int, ...]] = []
    for n, one, other in zip(shape, *views, strict=True):
        if n == 1:
            continue
        if walked and walked[-1][1:] == (one * n, other * n):
            n *= walked.pop()[0]
        walked.append((n, one, other))
    if len(walked) > _AXES:
        raise ValueError("they repeat along axes that alternate")
    walked = [(1, 0, 0)] * (_AXES - len(walked)) + walked
    return tuple(zip(*walked, strict=True))


def _read_fixed(file: Tables, index: int, first: bool) -> Fixed:
    """Return a constant operand; leading axes of length 1 do not count."""
    whole = file.shape(index)
    values = file.constant(index, np.int8, whole, lowest=-128)
    shape = whole
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    (scale,) = file.scales(index, (1,))
    zero_point = next(iter(file.zero_points(index)), 0)
    if not -128 <= zero_point <= 127:
        raise file.error(f"{file.label(index)} has zero point {zero_point}, outside int8")
    tensor = Tensor(file.tensor_name(index), shape, "int8", scale, zero_point)
    return Fixed(tensor, values.reshape(shape), first)

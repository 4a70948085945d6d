# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 PAD and PADV2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.host import text
from mcu_ghost.network.ops import axes
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import MAX_SIZE, Tables

_NAME = "PAD"
_MOST = 3  # axes that TFLite Micro pads, the batch left out


@dataclass(frozen=True)
class Pad(Operator):
    """The same value around a tensor; input and output have the same scale and zero point.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        padding: Before and behind each axis of the whole input.
        value: int8; None is the zero point.
    """

    kind: ClassVar[str] = "pad"
    codes: ClassVar[dict[int | str, int]] = {
        tflite.BuiltinOperator.PAD: 3,
        tflite.BuiltinOperator.PADV2: 3,
    }

    padding: tuple[tuple[int, int], ...]
    value: int | None = None

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddPad" if self.value is None else "AddPadV2"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return the frames that it adds; one that pads them inside too is done as a whole."""
        (before, after), *others = self.padding
        if (before or after) and any(map(any, others)):
            return Reach(whole=True)
        return Reach(before=before, after=after, fill=self.value)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Pad (…, *shape of x) values."""
        (x,) = xs
        every = axes.seen(x, values[0], len(self.padding))
        batch = [(0, 0)] * (every.ndim - len(self.padding))
        result = np.pad(every, [*batch, *self.padding], constant_values=self.filling(y))
        return axes.given(x, values[0], y, result), ()

    def filling(self, y: Tensor) -> int:
        """Return the int8 value that is around."""
        return y.zero_point if self.value is None else self.value

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x, name = file.read(op.Inputs(0)), file.code(op)[1]
        count = file.count(op.InputsLength())
        if count not in (2, 3):
            raise file.error(f"{name} must have an input, paddings and perhaps a value")
        shape = file.tensors[x].shape
        numbers = file.numbers(op.Inputs(1))
        pairs = tuple(zip(numbers[::2], numbers[1::2], strict=False))
        possible = len(numbers) == 2 * len(shape) + 2 and not any(pairs[0])
        if not possible or not all(0 <= n <= MAX_SIZE for n in numbers):
            raise file.error(f"{name} by {numbers} is not possible, or pads the batch")
        if len(shape) > _MOST:
            raise file.error(f"{name} of more than {_MOST} axes is not supported")
        padded = tuple(sum(pair) + n for n, pair in zip(shape, pairs[1:], strict=True))
        y = file.written(op.Outputs(0), padded, name)
        file.same_scale(x, y, name)
        value = None
        if count == 3 and op.Inputs(2) >= 0:
            given = file.constant(op.Inputs(2), np.int8, file.shape(op.Inputs(2)), lowest=-128)
            if given.size != 1:
                raise file.error(f"{name} with {text.count(given.size, 'value')} is not possible")
            value = int(given.ravel()[0])
        return cls((x,), y, pairs[1:], value)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (x,) = f"pad_{number}", xs
        paddings = file.constant(f"{label}/paddings", np.array([(0, 0), *self.padding], np.int32))
        inputs, code = [*sources, paddings], tflite.BuiltinOperator.PAD
        if self.value is not None:
            value, code = np.array([self.value], np.int8), tflite.BuiltinOperator.PADV2
            inputs.append(file.constant(f"{label}/value", value, (x.scale,), x.zero_point))
        file.operator(code, inputs, target, 2)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with some padding on every side."""
        padding = tuple((int(a), int(b)) for a, b in rng.integers(0, 4, (len(x.shape), 2)))
        shape = tuple(sum(pair) + n for n, pair in zip(x.shape, padding, strict=True))
        value = int(rng.integers(-128, 128)) if rng.random() < 0.5 else None
        y = Tensor(f"pad_{source}", shape, "int8", x.scale, x.zero_point)
        return cls((source,), source + 1, padding, value), y

# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 PRELU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.ops.rounding import multiply, quantized_multiplier
from mcu_ghost.network.tensor import Int8s, Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_NAME = "PRELU"


@dataclass(frozen=True, eq=False)
class PRelu(Operator):
    """x where it is positive, alpha x where it is not.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        alpha: int8; its shape fits the last axes of the input.
        scale: Of alpha.
        zero_point: Likewise.
    """

    kind: ClassVar[str] = "prelu"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.PRELU: 1}

    alpha: Int8s
    scale: float
    zero_point: int

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddPrelu"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether alpha differs from frame to frame."""
        return Reach(whole=self.alpha.ndim == len(xs[0].shape))

    def scalings(self, x: Tensor, y: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return (multiplier, shift) of inputs, and of inputs times alpha."""
        before, alpha, after = (float(np.float32(s)) for s in (x.scale, self.scale, y.scale))
        return quantized_multiplier(before / after), quantized_multiplier(before * alpha / after)

    def in_place(self, xs: Tensors, y: Tensor) -> tuple[int | None, ...]:
        """Return that the answers may take the values' place."""
        return (0,)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute it of (…, *shape of x) values."""
        positive, negative = self.scalings(xs[0], y)
        centred = values[0] - xs[0].zero_point
        products = centred * (self.alpha.astype(np.int64) - self.zero_point)
        scaled = np.where(centred >= 0, multiply(centred, *positive), multiply(products, *negative))
        return np.clip(scaled + y.zero_point, -128, 127), ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x = file.read(op.Inputs(0))
        if file.count(op.InputsLength()) != 2:
            raise file.error(f"{_NAME} must have an input and alpha")
        index, shape = op.Inputs(1), file.tensors[x].shape
        given = file.shape(index)
        alpha = file.constant(index, np.int8, given, lowest=-128)
        while alpha.ndim > 1 and alpha.shape[0] == 1:
            alpha = alpha[0]
        if not alpha.ndim or alpha.shape != shape[len(shape) - alpha.ndim :]:
            raise file.error(f"{_NAME} with alpha {list(given)} for {[1, *shape]} is not supported")
        (scale,), zero_points = file.scales(index, (1,)), file.zero_points(index)
        y = file.written(op.Outputs(0), shape, _NAME)
        made = cls((x,), y, alpha, scale, next(iter(zero_points), 0))
        (_, one), (_, other) = made.scalings(file.tensors[x], file.tensors[y])
        outside = not -128 <= made.zero_point <= 127
        if outside or 255 << max(0, one) >= 2**31 or 255 * 255 << max(0, other) >= 2**31:
            raise file.error(f"the scales of {_NAME} can overflow 32 bits")
        return made

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        # TFLite Micro takes a shape of as many axes.
        whole = self.alpha.reshape(*(1,) * (len(xs[0].shape) - self.alpha.ndim), *self.alpha.shape)
        alpha = file.constant(f"prelu_{number}/alpha", whole, (self.scale,), self.zero_point)
        file.operator(tflite.BuiltinOperator.PRELU, [*sources, alpha], target, 1)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with an alpha for each channel, some of them negative."""
        alpha = rng.integers(-128, 128, x.shape[-1:]).astype(np.int8)
        scale = float(np.float32(x.scale * rng.uniform(0.3, 2)))
        y = Tensor(f"prelu_{source}", x.shape, "int8", scale, int(rng.integers(-128, 128)))
        zero_point = int(rng.integers(-128, 128))
        return cls((source,), source + 1, alpha, float(np.float32(1 / 200)), zero_point), y

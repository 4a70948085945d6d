# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 ADD and SUB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tflite

from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.binary import Binary
from mcu_ghost.network.ops.fused import Activation
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.rounding import multiply, quantized_multiplier
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

LEFT_SHIFT = 20
"""Operands are scaled as numbers with so many fraction bits."""

Scaling = tuple[int, int]
"""Multiplier and shift."""


@dataclass(frozen=True, eq=False)
class Add(Binary):
    """The sum: both operands are scaled to twice the larger of their scales, then to the output."""

    kind: ClassVar[str] = "add"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.ADD: 3}
    sign: ClassVar[int] = 1

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddAdd"

    def scalings(self, first: Tensor, second: Tensor, y: Tensor) -> tuple[Scaling, ...]:
        """Return multiplier and shift of both operands and of their sum."""
        one, other, out = (float(np.float32(t.scale)) for t in (first, second, y))
        twice = 2 * max(one, other)
        ratios = (one / twice, other / twice, twice / ((1 << LEFT_SHIFT) * out))
        return tuple(quantized_multiplier(ratio) for ratio in ratios)

    def _combine(self, first: Tensor, second: Tensor, y: Tensor, a: Ints, b: Ints) -> Ints:
        one, other, out = self.scalings(first, second, y)
        a = multiply((a - first.zero_point) << LEFT_SHIFT, *one)
        b = multiply((b - second.zero_point) << LEFT_SHIFT, *other)
        return multiply(a + self.sign * b, *out) + y.zero_point

    def _check(self, file: Tables, first: Tensor, second: Tensor, y: Tensor, name: str) -> None:
        if any(m == 0 or shift > 0 for m, shift in self.scalings(first, second, y)):
            raise file.error(f"the scales of {name} are too far apart for its arithmetic")

    @classmethod
    def _read_activation(cls, file: Tables, op: Any, name: str) -> Activation:
        options = tflite.AddOptions()
        file.options(op, options, tflite.BuiltinOptions.AddOptions, name)
        return fused.read_activation(file, options.FusedActivationFunction(), name)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        b, both = file.builder, self.sources(file, sources, number)
        tflite.AddOptionsStart(b)
        tflite.AddOptionsAddFusedActivationFunction(b, fused.ACTIVATIONS[self.activation])
        options = (tflite.BuiltinOptions.AddOptions, tflite.AddOptionsEnd(b))
        file.operator(tflite.BuiltinOperator.ADD, both, target, 2, options)


@dataclass(frozen=True, eq=False)
class Sub(Add):
    """The difference, as the sum; its ratios of scales are rounded to single precision."""

    kind: ClassVar[str] = "sub"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.SUB: 3}
    sign: ClassVar[int] = -1

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddSub"

    def scalings(self, first: Tensor, second: Tensor, y: Tensor) -> tuple[Scaling, ...]:
        """Return multiplier and shift of both operands and of their difference."""
        one, other, out = (np.float32(t.scale) for t in (first, second, y))
        twice = np.float32(2) * max(one, other)
        ratios = (one / twice, other / twice, twice / (np.float32(1 << LEFT_SHIFT) * out))
        return tuple(quantized_multiplier(float(ratio)) for ratio in ratios)

    @classmethod
    def _read_activation(cls, file: Tables, op: Any, name: str) -> Activation:
        options = tflite.SubOptions()
        file.options(op, options, tflite.BuiltinOptions.SubOptions, name)
        return fused.read_activation(file, options.FusedActivationFunction(), name)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        b, both = file.builder, self.sources(file, sources, number)
        tflite.SubOptionsStart(b)
        tflite.SubOptionsAddFusedActivationFunction(b, fused.ACTIVATIONS[self.activation])
        options = (tflite.BuiltinOptions.SubOptions, tflite.SubOptionsEnd(b))
        file.operator(tflite.BuiltinOperator.SUB, both, target, 2, options)

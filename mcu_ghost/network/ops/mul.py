# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 MUL."""

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

_LARGEST = 255 * 255  # of a product


@dataclass(frozen=True, eq=False)
class Mul(Binary):
    """The product, scaled to the output."""

    kind: ClassVar[str] = "mul"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.MUL: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddMul"

    def multiplier(self, first: Tensor, second: Tensor, y: Tensor) -> tuple[int, int]:
        """Return (multiplier, shift) of a product."""
        one, other, out = (float(np.float32(t.scale)) for t in (first, second, y))
        return quantized_multiplier(one * other / out)

    def _combine(self, first: Tensor, second: Tensor, y: Tensor, a: Ints, b: Ints) -> Ints:
        products = (a - first.zero_point) * (b - second.zero_point)
        return multiply(products, *self.multiplier(first, second, y)) + y.zero_point

    def _check(self, file: Tables, first: Tensor, second: Tensor, y: Tensor, name: str) -> None:
        if _LARGEST << max(0, self.multiplier(first, second, y)[1]) >= 2**31:
            raise file.error(f"the scales of {name} can overflow 32 bits")

    @classmethod
    def _read_activation(cls, file: Tables, op: Any, name: str) -> Activation:
        options = tflite.MulOptions()
        file.options(op, options, tflite.BuiltinOptions.MulOptions, name)
        return fused.read_activation(file, options.FusedActivationFunction(), name)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        b, both = file.builder, self.sources(file, sources, number)
        tflite.MulOptionsStart(b)
        tflite.MulOptionsAddFusedActivationFunction(b, fused.ACTIVATIONS[self.activation])
        options = (tflite.BuiltinOptions.MulOptions, tflite.MulOptionsEnd(b))
        file.operator(tflite.BuiltinOperator.MUL, both, target, 2, options)

    @classmethod
    def _output(cls, rng: np.random.Generator, first: Tensor, second: Tensor) -> tuple[float, int]:
        scale = first.scale * second.scale * 10 ** rng.uniform(0, 2.5)
        return float(np.float32(scale)), int(rng.integers(-128, 128))

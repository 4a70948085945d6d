# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 MAXIMUM and MINIMUM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tflite

from mcu_ghost.network.ops.binary import Binary
from mcu_ghost.network.ops.fused import Activation
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True, eq=False)
class Maximum(Binary):
    """The larger one; operands and output have the same scale and zero point."""

    kind: ClassVar[str] = "maximum"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.MAXIMUM: 4}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddMaximum"

    def _combine(self, first: Tensor, second: Tensor, y: Tensor, a: Ints, b: Ints) -> Ints:
        return np.maximum(a, b)

    def _check(self, file: Tables, first: Tensor, second: Tensor, y: Tensor, name: str) -> None:
        if len({(t.scale, t.zero_point) for t in (first, second, y)}) > 1:
            raise file.error(f"{name} must have the same scale and zero point throughout")

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        (code,), b = self.codes, file.builder
        assert isinstance(code, int)
        both = self.sources(file, sources, number)
        tflite.MaximumMinimumOptionsStart(b)
        end = tflite.MaximumMinimumOptionsEnd(b)
        options = (tflite.BuiltinOptions.MaximumMinimumOptions, end)
        file.operator(code, both, target, 2, options)

    @classmethod
    def _random_activation(cls, rng: np.random.Generator) -> Activation:
        return "none"

    @classmethod
    def _operand(cls, rng: np.random.Generator, x: Tensor) -> tuple[float, int]:
        return x.scale, x.zero_point

    @classmethod
    def _output(cls, rng: np.random.Generator, first: Tensor, second: Tensor) -> tuple[float, int]:
        return first.scale, first.zero_point


@dataclass(frozen=True, eq=False)
class Minimum(Maximum):
    """The smaller one."""

    kind: ClassVar[str] = "minimum"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.MINIMUM: 4}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddMinimum"

    def _combine(self, first: Tensor, second: Tensor, y: Tensor, a: Ints, b: Ints) -> Ints:
        return np.minimum(a, b)

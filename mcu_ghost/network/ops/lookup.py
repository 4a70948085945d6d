# SPDX-License-Identifier: Apache-2.0
"""Our operator for any function of one value that TFLite has not: its answers stand in the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.ops.operator import Operator, State, Tensors
from mcu_ghost.network.tensor import Int8s, Ints, Tensor
from mcu_ghost.network.tflite import options as flexbuffer
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

CUSTOM_CODE = "GhostLookup"
VERSION = 1
_ANSWERS = 256

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lookup(Operator):
    """A function of one int8 value.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        answers: (256,) int8, for inputs -128 … 127.
    """

    kind: ClassVar[str] = "lookup"
    codes: ClassVar[dict[int | str, int]] = {CUSTOM_CODE: VERSION}

    answers: Int8s

    def in_place(self, xs: Tensors, y: Tensor) -> tuple[int | None, ...]:
        """Return that the answers may take the values' place."""
        return (0,)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Look the values up."""
        return self.answers.astype(np.int64)[values[0] + 128], ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        x = file.read(op.Inputs(0))
        if file.count(op.InputsLength()) != 2:
            raise file.error(f"{CUSTOM_CODE} must have an input and a table")
        flexbuffer.decode(
            file.custom_options(op, file.where), f"{file.where}: {CUSTOM_CODE}", VERSION
        )
        answers = file.constant(op.Inputs(1), np.int8, (_ANSWERS,), lowest=-128)
        return cls((x,), file.written(op.Outputs(0), file.tensors[x].shape, CUSTOM_CODE), answers)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        table = file.constant(f"lookup_{number}/answers", self.answers)
        options = flexbuffer.encode({"version": VERSION})
        file.custom(CUSTOM_CODE, [*sources, table], target, VERSION, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with answers that follow no rule."""
        answers = rng.integers(-128, 128, _ANSWERS).astype(np.int8)
        scale = float(np.float32(10 ** rng.uniform(-2.5, 0)))
        y = Tensor(f"lookup_{source}", x.shape, "int8", scale, int(rng.integers(-128, 128)))
        return cls((source,), source + 1, answers), y


def tabulate(function: Callable[[Floats], Floats], x: Tensor, y: Tensor) -> Int8s:
    """Return a function's answers for every value of `x`, as values of `y`."""
    return y.quantize(function((np.arange(-128, 128.0) - x.zero_point) * np.float32(x.scale)))

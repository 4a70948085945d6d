# SPDX-License-Identifier: Apache-2.0
"""TFLite's RESHAPE, EXPAND_DIMS and SQUEEZE: it moves no data, so that no kernel runs for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True)
class Reshape(Operator):
    """The same values in another shape."""

    kind: ClassVar[str] = "reshape"
    codes: ClassVar[dict[int | str, int]] = {
        tflite.BuiltinOperator.RESHAPE: 1,
        tflite.BuiltinOperator.EXPAND_DIMS: 1,
        tflite.BuiltinOperator.SQUEEZE: 2,
    }

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddReshape"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it leaves the frames as they are."""
        return Reach(whole=xs[0].shape[:1] != y.shape[:1])

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Return the values in the shape of `y`."""
        (x,) = xs
        return values[0].reshape(*values[0].shape[: values[0].ndim - len(x.shape)], *y.shape), ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self | None:
        """Take it from a `.tflite`; None is left of one that changes nothing.

        Raises:
            GhostError: It changes the number of values or their quantisation.
        """
        source, target = op.Inputs(0), op.Outputs(0)
        number = file.read(source)
        x = file.tensors[number]
        y = file.tensors[file.activation(target, x.size)]
        if (y.scale, y.zero_point) != (x.scale, x.zero_point):
            raise file.error(f"{file.code(op)[1]} of {file.label(source)} changes its quantisation")
        if x.shape != y.shape:
            return cls((number,), file.known[target])
        file.tensors.pop()
        file.known[target] = number
        return None

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        shape = file.constant(f"reshape_{number}/shape", np.array(file.shapes[target], np.int32))
        file.operator(tflite.BuiltinOperator.RESHAPE, [*sources, shape], target, 1)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one that makes a vector of a frame."""
        y = Tensor("reshape", (x.size,), x.dtype, x.scale, x.zero_point)
        return cls((source,), source + 1), y

# SPDX-License-Identifier: Apache-2.0
"""What a network keeps from one invocation to the next: TFLite's int8 ASSIGN_VARIABLE.

The operator's output is the variable: a tensor that operators before it read as the invocation
before left it. `mcu_ghost.network.ops.variables` finds both in a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Self

import numpy as np
import tflite

from mcu_ghost.network.ops.operator import Assigning, State, Tensors
from mcu_ghost.network.tensor import Ints, Tensor, Variable
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True)
class AssignVariable(Assigning):
    """Lets a variable be a tensor from the next invocation on.

    Attributes:
        inputs: Tensor index.
        output: Index of the variable.
        size: Its values.
        scale: Real value of one step.
        initial: What every value is at the start.
    """

    kind: ClassVar[str] = "assign_variable"
    codes: ClassVar[dict[int | str, int]] = {}  # a reader of its own knows them

    size: int
    scale: float
    initial: int

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The one."""
        return (Variable("", self.size, "int8", self.scale, self.initial),)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Keep the values."""
        (kept,) = state
        return values[0], (values[0].reshape(kept.shape),)

    @classmethod
    def read(cls, file: Tables, op: Any) -> NoReturn:
        """Refuse: it is read with what else a file says of its variable."""
        raise TypeError(f"{cls.kind} is not read alone")

    def declare(self, file: Builder, variable: Tensor) -> int:
        """Put VAR_HANDLE and READ_VARIABLE into a `.tflite`."""
        shape = (1, *variable.shape)
        target = file.tensor(variable.name, shape, "int8", (self.scale,), variable.zero_point)
        handle = file.handle(f"variable_{target}")
        file.operator(tflite.BuiltinOperator.READ_VARIABLE, [handle], target, 1)
        return target

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`, for a variable that was declared."""
        handle = file.handle(f"variable_{target}")
        file.operator(tflite.BuiltinOperator.ASSIGN_VARIABLE, [handle, *sources], (), 1)

    def write_initial(self, file: Builder, variable: Tensor, target: int) -> None:
        """Put the assignment of a constant into a graph of a `.tflite`."""
        values = np.full((1, *variable.shape), self.initial, np.int8)
        label = f"variable_{target}"
        value = file.constant(f"{label}/initial", values, (self.scale,), variable.zero_point)
        file.operator(tflite.BuiltinOperator.ASSIGN_VARIABLE, [file.handle(label), value], (), 1)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one whose variable has the tensor's scale, and any number to begin with."""
        initial = int(rng.integers(-128, 128))
        y = Tensor(f"variable_{source}", x.shape, x.dtype, x.scale, x.zero_point)
        return cls((source,), source + 1, x.size, x.scale, initial), y

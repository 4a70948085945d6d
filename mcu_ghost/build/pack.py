# SPDX-License-Identifier: Apache-2.0
"""Turns a model's constants into the C arrays and parameters of one kernel variant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build import kernels
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.schedule import Step

C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "uint16": "uint16_t",
            "int32": "int32_t", "uint32": "uint32_t"}  # fmt: skip
_LINE = 96


@dataclass(frozen=True, eq=False)
class Array:
    """A constant C array.

    Attributes:
        name: C identifier, without the model's prefix.
        values: Flattened in C order.
    """

    name: str
    values: npt.NDArray[Any]

    @property
    def c_type(self) -> str:
        """The C type of one element."""
        return C_TYPES[self.values.dtype.name]

    @property
    def length(self) -> int:
        """Elements."""
        return self.values.size

    @property
    def bytes(self) -> int:
        """Bytes in flash."""
        return self.values.nbytes

    def lines(self) -> Iterator[str]:
        """Yield the elements as lines of C."""
        line = ""
        for value in self.values.ravel().tolist():
            text = f"{value}," if value != -(2**31) else "INT32_MIN,"
            if len(line) + len(text) + 1 > _LINE:
                yield line
                line = ""
            line = f"{line} {text}" if line else text
        if line:
            yield line


def pairs(halves: npt.NDArray[np.int16]) -> npt.NDArray[np.uint32]:
    """Join the last axis, of two, into words; the first is the low half."""
    words = halves.astype(np.int64) & 0xFFFF
    return (words[..., 0] | words[..., 1] << 16).astype(np.uint32)


@dataclass(frozen=True, eq=False)
class Packed:
    """One operator, ready for a template.

    Attributes:
        name: C identifier, without the model's prefix.
        step: The operator at work.
        variant: Of the kernel that runs it.
        function: The C function that computes it.
        params: Type of the struct of its constants; "" where the function takes them themselves.
        arrays: Its constants, by role.
        numbers: The other members of the struct.
        scratch_bytes: Working memory that the kernel needs while it runs; None if it takes none.
    """

    name: str
    step: Step
    variant: kernels.Variant
    function: str
    params: str
    arrays: dict[str, Array]
    numbers: dict[str, int | str]
    scratch_bytes: int | None

    @property
    def op(self) -> Operator:
        """The operator itself."""
        return self.step.op

    @property
    def weights_bytes(self) -> int:
        """Bytes of constants in flash."""
        return sum(a.bytes for a in self.arrays.values())

    @property
    def variables(self) -> list[tuple[str, str, int]]:
        """C type, name and length of each of the operator's variables."""
        return [(C_TYPES[v.dtype], self.variable(v.role), v.size) for v in self.step.variables]

    def variable(self, role: str) -> str:
        """Return the C name of one of the operator's variables."""
        return f"{self.name}_{role}" if role else self.name


def pack(model: Model, variant: kernels.Variant = "plain") -> list[Packed]:
    """Return the operators of a model in order, packed for a variant of the kernels.

    Of a head that runs once, kinds that do not run for every frame take the plain kernels, which
    are small.
    """
    often = model.often
    found = []
    for number, step in enumerate(model.steps):
        op = step.op
        name, chosen = f"{op.name}_{number}", variant if op.kind in often else "plain"
        made = kernels.kernel(chosen, op.kind).pack(op, step.xs, step.y)
        arrays = {role: Array(f"{name}_{role}", values) for role, values in made.arrays.items()}
        found.append(
            Packed(name, step, chosen, made.function, made.params, arrays, made.numbers,
                   made.scratch_bytes)
        )  # fmt: skip
    return found

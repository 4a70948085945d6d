# SPDX-License-Identifier: Apache-2.0
"""Turns a model's constants into the C arrays and parameters of one kernel variant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build import kernels
from mcu_ghost.network.model import (
    Elementwise,
    FullyConnected,
    GhostGRU,
    Model,
    Operator,
)
from mcu_ghost.network.ops import rounding

_C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "uint16": "uint16_t",
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
        return _C_TYPES[self.values.dtype.name]

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


@dataclass(frozen=True, eq=False)
class Packed:
    """One operator, ready for a template.

    Attributes:
        name: C identifier, without the model's prefix.
        kind: "gru", "fully_connected", "softmax" or "lookup".
        op: The operator itself.
        arrays: Its constants, by role.
        function: The C function that computes it.
        scratch_bytes: Working memory the kernel variant needs while it runs.
        numbers: Scalars of its parameters that are not attributes of `op`.
    """

    name: str
    kind: str
    op: Operator
    arrays: dict[str, Array]
    function: str
    scratch_bytes: int = 0
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def weights_bytes(self) -> int:
        """Bytes of constants in flash."""
        return sum(a.bytes for a in self.arrays.values())


def pack(model: Model, variant: kernels.Variant = "plain") -> list[Packed]:
    """Return the operators of a model in order, packed for a variant of the kernels."""
    return [_pack(model, op, i, variant) for i, op in enumerate(model.operators)]


def _pack(model: Model, op: Operator, number: int, variant: kernels.Variant) -> Packed:
    x, y = model.tensors[op.input], model.tensors[op.output]
    if isinstance(op, GhostGRU):
        name = f"ghost_gru_{number}"
        made = kernels.pack(variant, op)
        arrays = _arrays(name, made.arrays)
        return Packed(name, "gru", op, arrays, made.function, made.scratch_bytes, made.numbers)
    if isinstance(op, FullyConnected):
        name = f"fully_connected_{number}"
        pairs = np.array(rounding.output_multipliers(op, x, y))
        bias = op.bias - x.zero_point * op.weights.astype(np.int64).sum(axis=1)
        low, high = rounding.activation_range(op.activation, y)
        constants = {
            "weights": op.weights,
            "bias": bias.astype(np.int32),
            "multipliers": pairs[:, 0].astype(np.int32),
            "shifts": pairs[:, 1].astype(np.int8),
        }
        numbers = {
            "per_output": int(len(pairs) > 1),
            "output_zero_point": y.zero_point,
            "minimum": low,
            "maximum": high,
        }
        return _packed(name, "fully_connected", op, constants, numbers)
    if isinstance(op, Elementwise):
        name = f"{op.function}_{number}"
        table = rounding.elementwise_table(op, x, y).astype(np.int8)
        return _packed(name, "lookup", op, {"table": table}, {"size": x.size})
    name = f"softmax_{number}"
    exps = rounding.softmax_exps(op, x).astype(np.int32)
    return _packed(name, "softmax", op, {"exps": exps}, {"size": x.size})


def _packed(
    name: str,
    kind: str,
    op: Operator,
    constants: dict[str, npt.NDArray[Any]],
    numbers: dict[str, int],
) -> Packed:
    return Packed(name, kind, op, _arrays(name, constants), f"ghost_{kind}_s8", numbers=numbers)


def _arrays(name: str, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Array]:
    return {role: Array(f"{name}_{role}", values) for role, values in arrays.items()}

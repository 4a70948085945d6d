# SPDX-License-Identifier: Apache-2.0
"""What a kernel variant makes of an operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Tensor

LONGEST_SUM = 256
"""Values of int8 whose sum is an int16."""

_ALIGNMENT = 8


def align(n: int, to: int = _ALIGNMENT) -> int:
    """Round up to a multiple."""
    return -(-n // to) * to


def braces(numbers: Iterable[int | str]) -> str:
    """Return an initialiser in C, of numbers or of initialisers."""
    return "{" + ", ".join(map(str, numbers)) + "}"


@dataclass(frozen=True, eq=False)
class Constants:
    """An operator's constants, by the names of the members of its C struct.

    Attributes:
        function: The C function that runs the operator for a frame. Its arguments are the
            constants, the operator's variables beginning with its output if that is one, the
            kernels' scratch memory if it takes any, the input, and the output if it is no variable.
        params: Type of the struct of constants; "" where the function takes the arrays themselves,
            then the numbers.
        arrays: Members that point to an array of int8, int16, int32 or uint32.
        numbers: Members that are numbers, or initialisers in C.
        scratch_bytes: Working memory of one call, aligned to 8 bytes; None where it takes none.
    """

    function: str
    params: str
    arrays: dict[str, npt.NDArray[Any]]
    numbers: dict[str, int | str] = field(default_factory=dict)
    scratch_bytes: int | None = None


@dataclass(frozen=True)
class Kernel:
    """A variant's way to run a kind of operator.

    Attributes:
        pack: Makes the constants of an operator that reads and writes these tensors.
        sources: Files of `firmware/kernels/`.
    """

    pack: Callable[[Any, Tensors, Tensor], Constants]
    sources: tuple[str, ...]

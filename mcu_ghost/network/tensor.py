# SPDX-License-Identifier: Apache-2.0
"""What operators read and write, and the array types of the integer arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
"""Integers of any width, in int64, so that a wrong model shows as a failed check, not as a wrap."""

DType = Literal["int8", "int16"]


@dataclass(frozen=True)
class Tensor:
    """One frame of an activation.

    Attributes:
        name: As in the file; unique names are not required.
        size: Elements in one frame.
        dtype: Element type.
        scale: Real value of one step.
        zero_point: The integer that stands for 0.0.
    """

    name: str
    size: int
    dtype: DType
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Variable:
    """Something that an operator keeps from frame to frame; it starts at zero.

    Attributes:
        role: "" for the variable that is the operator's output itself.
        size: Elements.
        dtype: Element type.
        scale: Real value of one step.
    """

    role: str
    size: int
    dtype: DType
    scale: float

    @property
    def bytes(self) -> int:
        """Bytes in the generated `<name>_state_t`, where each begins at a multiple of four."""
        return -(-self.size * np.dtype(self.dtype).itemsize // 4) * 4

# SPDX-License-Identifier: Apache-2.0
"""What operators read and write, and the array types of the integer arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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
    """An activation: whole, as the file has it, or what a kernel sees of it at a time.

    Attributes:
        name: As in the file; unique names are not required.
        shape: Without the batch, which is 1. Time, where there is any, is the first axis of a whole
            tensor, and absent from a frame of it.
        dtype: Element type.
        scale: Real value of one step.
        zero_point: The integer that stands for 0.0.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    scale: float
    zero_point: int

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def frame(self) -> Tensor:
        """One frame of a tensor that has time."""
        return replace(self, shape=self.shape[1:])

    @property
    def range(self) -> tuple[float, float]:
        """The real values of -128 and 127."""
        return (-128 - self.zero_point) * self.scale, (127 - self.zero_point) * self.scale

    def quantize(self, values: npt.ArrayLike) -> Int8s:
        """Return the integers that stand for real numbers, as the generated C computes them.

        `values / scale` in single precision, rounded to the nearest, halves away from zero, plus
        the zero point, saturated. What is not a number counts as 0.
        """
        return quantized(values, self.scale, self.zero_point)

    def dequantize(self, values: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the real numbers that integers stand for, in single precision."""
        steps = np.asarray(values, np.int32) - self.zero_point
        return steps.astype(np.float32) * np.float32(self.scale)


def quantized(values: npt.ArrayLike, scale: npt.ArrayLike, zero_point: int) -> Int8s:
    """Return what `Tensor.quantize` does, for one scale or for one of each value."""
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.asarray(values, np.float32) / np.asarray(scale, np.float32)
    steps = np.clip(np.nan_to_num(steps, posinf=512, neginf=-512), -512, 512)
    whole = np.trunc(steps + np.copysign(0.5, steps).astype(np.float64))
    return np.clip(whole + zero_point, -128, 127).astype(np.int8)


@dataclass(frozen=True)
class Variable:
    """Something that an operator keeps from frame to frame.

    Attributes:
        role: "" for the variable that is the operator's output itself.
        size: Elements.
        dtype: Element type.
        scale: Real value of one step.
        initial: What every element is at the start.
    """

    role: str
    size: int
    dtype: DType
    scale: float
    initial: int = 0

    @property
    def bytes(self) -> int:
        """Bytes in the generated `<name>_state_t`, where each begins at a multiple of four."""
        return align(self.size * np.dtype(self.dtype).itemsize)


def align(size: int) -> int:
    """Round bytes up to where the next member of `<name>_state_t` begins."""
    return -(-size // 4) * 4

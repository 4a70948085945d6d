# SPDX-License-Identifier: Apache-2.0
"""What the numbers at a network's ends mean: scale and zero point, names and units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mcu_ghost.network import about, names
from mcu_ghost.network.tensor import Int8s, Tensor, quantized

Side = Literal["input", "output"]
_LETTERS = {"input": "x", "output": "y"}


@dataclass(frozen=True)
class End:
    """A frame of an input, or an output.

    Attributes:
        tensor: Its shape, scale and zero point.
        names: One for each value, or for each of the last axis; none where the file names none.
        units: Likewise.
        side: Which of the two it is.
        name: As people call it.
        part: What it adds to names in C; "" for the only one.
        scales: Of each of the last axis, where they have scales of their own.
        offsets: Likewise: the real number that the zero point stands for.
    """

    tensor: Tensor
    names: tuple[str, ...]
    units: tuple[str, ...]
    side: Side = "input"
    name: str = ""
    part: str = ""
    scales: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()

    def quantize(self, values: npt.ArrayLike) -> Int8s:
        """Return the integers that stand for (…, *shape) real numbers, as the generated C does."""
        if not self.scales:
            return self.tensor.quantize(values)
        with np.errstate(over="ignore", invalid="ignore"):
            above = np.asarray(values, np.float32) - np.asarray(self.offsets, np.float32)
        return quantized(above, self.scales, self.tensor.zero_point)

    def dequantize(self, values: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the real numbers that (…, *shape) integers stand for, in single precision."""
        if not self.scales:
            return self.tensor.dequantize(values)
        steps = (np.asarray(values, np.int32) - self.tensor.zero_point).astype(np.float32)
        scaled = steps * np.asarray(self.scales, np.float32)
        return scaled + np.asarray(self.offsets, np.float32)

    @property
    def ranges(self) -> list[tuple[float, float]]:
        """The real numbers that -128 and 127 stand for: of each of the last axis, or of all."""
        size = max(1, len(self.scales))
        low, high = (np.atleast_1d(self.dequantize(np.full(size, q))) for q in (-128, 127))
        return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]

    @property
    def member(self) -> str:
        """What it is called in the generated struct."""
        return self.part or _LETTERS[self.side]

    @property
    def suffix(self) -> str:
        """What stands behind the names of its functions."""
        return f"_{self.part}" if self.part else ""

    @property
    def macro(self) -> str:
        """What the names of its macros begin with, behind the network's."""
        return (self.side + self.suffix).upper()

    @property
    def title(self) -> str:
        """What tables call it."""
        title = "a frame of input" if self.side == "input" else "output"
        return f"{self.part}, {title}" if self.part else title

    @property
    def unit(self) -> str:
        """The unit that all have; "" if there is none."""
        return self.units[0] if len(set(self.units)) == 1 else ""

    @property
    def minimum(self) -> float:
        """The real number that -128 stands for."""
        return float(self.tensor.dequantize(-128))

    @property
    def maximum(self) -> float:
        """The real number that 127 stands for."""
        return float(self.tensor.dequantize(127))

    @property
    def scale(self) -> str:
        """The scale as a float of C, to the last bit."""
        return self.floats((self.tensor.scale,))[0]

    @staticmethod
    def floats(numbers: Sequence[float]) -> list[str]:
        """Return numbers as floats of C, to the last bit."""
        texts = [f"{np.float32(number):.9g}" for number in numbers]
        return [text + ("f" if set(text) & set(".e") else ".0f") for text in texts]

    def stands(self, prefix: str) -> str:
        """Return, in C, what a byte above the zero point is multiplied by, and what is added.

        Args:
            prefix: Of the network's names.
        """
        if not self.scales:
            return f"{prefix.upper()}_{self.macro}_SCALE"
        member = f"{prefix}_{self.macro.lower()}"
        return f"{member}_scales[i] + {member}_offsets[i]"

    @property
    def fixed_scale(self) -> tuple[int, int]:
        """The scale as mantissa and exponent: mantissa * 2**exponent, the mantissa of 24 bits."""
        fraction, exponent = math.frexp(float(np.float32(self.tensor.scale)))
        return int(fraction * 2**24), exponent - 24

    @property
    def named(self) -> bool:
        """Whether one value is told from another by more than its number."""
        return bool(self.names) or len(set(self.units)) > 1

    @property
    def values(self) -> list[str]:
        """Each value, or each of the last axis, by name and unit, or by number: "ax (g)"."""
        size = max(len(self.names), len(self.units)) or self.tensor.size
        names = self.names or tuple(map(str, range(size)))
        units = self.units or ("",)
        names, units = names * (size // len(names)), units * (size // len(units))
        return [f"{n} ({u})" if u else n for n, u in zip(names, units, strict=True)]

    @property
    def every(self) -> list[str]:
        """Each value by a name that no value of another end has."""
        found = self.values
        rows = self.tensor.size // len(found)
        if rows > 1:
            found = [f"{value} {row}" for row in range(rows) for value in found]
        if not self.part:
            return found
        alone = len(found) == 1 and not self.names
        return [self.part] if alone else [f"{self.part} {value}" for value in found]

    @property
    def labels(self) -> list[str]:
        """The name of each class, or its number where the file names none."""
        classes = self.tensor.shape[-1] if self.tensor.shape else 1
        named = len(self.names) == classes
        return list(self.names) if named else [str(i) for i in range(classes)]

    @property
    def text(self) -> str:
        """All of it on a line."""
        unit = f" {self.unit}" if self.unit else ""
        named = f" ({', '.join(self.values)})" if self.named else ""
        if self.scales:
            each = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in self.ranges)
            return (
                f"{self.tensor.size} × int8{named}, a scale and an offset each, zero point"
                f" {self.tensor.zero_point}: {each}{unit}"
            )
        return (
            f"{self.tensor.size} × int8{named}, scale {self.tensor.scale:.6g}{unit}, zero point"
            f" {self.tensor.zero_point}: {self.minimum:.4g} to {self.maximum:.4g}{unit}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "name": self.name,
            "member": self.member,
            "size": self.tensor.size,
            "shape": list(self.tensor.shape),
            "dtype": self.tensor.dtype,
            "scale": self.tensor.scale,
            "zero_point": self.tensor.zero_point,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "names": list(self.names),
            "units": list(self.units),
            "scales": list(self.scales),
            "offsets": list(self.offsets),
        }


def all_of(side: Side, tensors: Sequence[Tensor], metadata: dict[str, Any]) -> tuple[End, ...]:
    """Return the inputs or outputs of a network as its metadata has them.

    Args:
        side: Which of the two.
        tensors: Of the network.
        metadata: What its file says of itself.
    """
    if len(tensors) == 1:
        (tensor,) = tensors
        said = about.labels(metadata) if side == "output" else about.names(metadata, "inputs")
        units = about.units(metadata, f"{side}s")
        return (_end(side, tensor, said, units, tensor.name, "", _channels(side, metadata)),)
    parts = names.members([tensor.name for tensor in tensors], _LETTERS[side])
    called = [tensor.name for tensor in tensors]
    if len(set(called) - {""}) < len(called):
        called = list(parts)
    return tuple(
        _end(
            side,
            tensor,
            about.names(metadata, f"{side}s", name),
            about.units(metadata, f"{side}s", name),
            name,
            part,
            _channels(side, metadata, name),
        )
        for tensor, name, part in zip(tensors, called, parts, strict=True)
    )


def _channels(
    side: Side, metadata: dict[str, Any], of: str = ""
) -> tuple[list[float], list[float]]:
    return about.channels(metadata, of) if side == "input" else ([], [])


def _end(
    side: Side,
    tensor: Tensor,
    names: list[str],
    units: list[str],
    name: str,
    part: str,
    channels: tuple[list[float], list[float]],
) -> End:
    fitting = names if about.fits(len(names), tensor.shape) else []
    every = tuple(units) * (len(fitting) or tensor.size) if len(units) == 1 else tuple(units)
    scales, offsets = map(tuple, channels)
    return End(tensor, tuple(fitting), every, side, name, part, scales, offsets)

# SPDX-License-Identifier: Apache-2.0
"""What the numbers at a network's two ends mean: scale and zero point, names and units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.network.tensor import Tensor


@dataclass(frozen=True)
class End:
    """The inputs of a frame, or the outputs.

    Attributes:
        tensor: Their size, scale and zero point.
        names: One for each; none where the file names none.
        units: One for each; none where the file names none.
    """

    tensor: Tensor
    names: tuple[str, ...]
    units: tuple[str, ...]

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
        text = f"{np.float32(self.tensor.scale):.9g}"
        return text + ("f" if set(text) & set(".e") else ".0f")

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
        """Each value by name and unit, or by number: "ax (g)"."""
        names = self.names or tuple(map(str, range(self.tensor.size)))
        units = self.units or ("",) * len(names)
        return [f"{n} ({u})" if u else n for n, u in zip(names, units, strict=True)]

    @property
    def text(self) -> str:
        """All of it on a line."""
        unit = f" {self.unit}" if self.unit else ""
        named = f" ({', '.join(self.values)})" if self.named else ""
        return (
            f"{self.tensor.size} × int8{named}, scale {self.tensor.scale:.6g}{unit}, zero point"
            f" {self.tensor.zero_point}: {self.minimum:.4g} to {self.maximum:.4g}{unit}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "size": self.tensor.size,
            "dtype": self.tensor.dtype,
            "scale": self.tensor.scale,
            "zero_point": self.tensor.zero_point,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "names": list(self.names),
            "units": list(self.units),
        }


def end(tensor: Tensor, names: Sequence[str], units: Sequence[str]) -> End:
    """Return an end of a network as its metadata has it.

    Args:
        tensor: Of the network.
        names: One for each value, or none.
        units: One for each value, one for all, or none.
    """
    every = tuple(units) * tensor.size if len(units) == 1 else tuple(units)
    return End(tensor, tuple(names), every)

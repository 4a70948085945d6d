# SPDX-License-Identifier: Apache-2.0
"""How features become int8, from the statistics of the training split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound.audio import Features, Formula, to_int8

_SHIFT = 12
_LEAST_TOP = 32.0  # so that 255 steps for it fit the formula; loud sound reaches 600


@dataclass(frozen=True)
class InputFormat:
    """The int8 input of a network and what it stands for.

    Attributes:
        formula: From uint16 features to int8.
        scale: Real value of one int8 step: a power of two, so training sees it exactly.
        zero_point: The int8 value that stands for 0.0.
    """

    formula: Formula
    scale: float
    zero_point: int

    @property
    def range(self) -> tuple[float, float]:
        """The real values of int8 -128 and 127."""
        return (-128 - self.zero_point) * self.scale, (127 - self.zero_point) * self.scale

    def quantize(self, features: Features) -> Int8s:
        """Return what the device's network reads."""
        return to_int8(features, self.formula)

    def real(self, features: Features) -> npt.NDArray[np.float32]:
        """Return the same as the real numbers that it stands for: what training sees."""
        q = self.quantize(features).astype(np.float32)
        values: npt.NDArray[Any] = (q - self.zero_point) * self.scale
        return values.astype(np.float32)


def of_features(features: Features) -> InputFormat:
    """Choose the format: 99.9 % of the features within int8, mean near 0, deviation near 1.

    Hours of them are counted, each part by itself, and never converted as a whole.
    """
    counts: npt.NDArray[np.int64] = np.zeros(1 << 16, np.int64)
    for part in features:
        counts += np.bincount(part.ravel(), minlength=len(counts))
    below = np.searchsorted(counts.cumsum(), 0.999 * counts.sum())
    top = max(_LEAST_TOP, float(below))
    formula = Formula(round(255 / top * 2**_SHIFT), _SHIFT, -128)
    q = to_int8(np.arange(len(counts)), formula).astype(np.float64)
    mean = float(np.average(q, weights=counts))
    deviation = float(np.sqrt(np.average((q - mean) ** 2, weights=counts)))
    scale = 2.0 ** -round(np.log2(max(1.0, deviation)))
    return InputFormat(formula, scale, round(mean))

# SPDX-License-Identifier: Apache-2.0
"""TFLite's two roundings as one, for cores with DSP instructions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_LARGEST_EXPONENT = 22  # so that a zero point to its power is far from 2^31


def in_one_rounding(
    pairs: Sequence[tuple[int, int]], outputs: int, clamp: tuple[int, int], zero_point: int
) -> npt.NDArray[np.int64] | None:
    """Return what ghost_rows_s8.S takes of each output: multiplier, what is added, exponent.

    None where an output rounds once, or where the activation cuts off more than int8 does.

    Args:
        pairs: Multiplier and shift, one or one for each output.
        outputs: How many there are.
        clamp: What the activation leaves.
        zero_point: Of the outputs.
    """
    scales = np.array(pairs, np.int64)
    multipliers, exponents = np.broadcast_to(scales, (outputs, 2)).T * [[1], [-1]]
    if clamp != (-128, 127) or exponents.min() < 1 or exponents.max() > _LARGEST_EXPONENT:
        return None
    added = (1 << (exponents - 1)) + (zero_point << exponents)
    return np.stack([multipliers, added, exponents], axis=1)

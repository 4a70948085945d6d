# SPDX-License-Identifier: Apache-2.0
"""Calibration data: the ranges of a float model, or better ones for a quantised one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.convert.chain import Chain
from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import quantize_model, saving, settle


def check(shape: tuple[int | None, ...], calibration: Any) -> npt.NDArray[np.float32]:
    """Return calibration data as float32.

    Raises:
        GhostError: They do not have the model's input shape, or hold no or not only finite numbers.
    """
    try:
        data = np.asarray(calibration, np.float32)
    except (TypeError, ValueError) as error:
        raise GhostError(f"The calibration data are not an array of numbers ({error}).") from error
    wanted = ("samples", *shape[1:])
    if data.shape[1:] != tuple(shape[1:]) or data.ndim != len(shape) or not len(data):
        text = ", ".join(map(str, wanted))
        raise GhostError(f"Calibration data must have shape ({text}), got {data.shape}.")
    if not np.isfinite(data).all():
        raise GhostError("The calibration data hold values that are not finite.")
    if not data.any():
        raise GhostError("The calibration data are all zero, which shows no range.")
    return data


def quantized(model: Any, chain: Chain, data: npt.NDArray[np.float32]) -> Any:
    """Return a quantised copy of a model whose ranges are those of the data.

    A model that is quantised already keeps the range of its input.
    """
    if chain.quantized:
        model = saving.copy(model)
        settle(model, data)
        return model
    low, high = min(float(data.min()), 0.0), max(float(data.max()), 0.0)
    if high == 0.0:
        high = -low / 255  # an int8 range ends above zero
    return quantize_model(model, (low, high), data)

# SPDX-License-Identifier: Apache-2.0
"""The front end of one model as C: its settings and tables, around `firmware/sound`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.pack import Array
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.front_end_tables import Settings

SOURCES = tuple(
    f"sound/ghost_{name}.c"
    for name in ("energies", "fft", "filter_bank", "front_end", "log", "noise_reduction", "pcan",
                 "quantize_features", "window")
)  # fmt: skip
"""What is compiled beside `front_end.c`, relative to `firmware` and to a build folder."""

FILES = ("front_end.h", "front_end.c")


@dataclass(frozen=True, eq=False)
class FrontEndContext:
    """Everything the front end's templates show.

    Attributes:
        version: Of mcu-ghost.
        settings: The model's.
        arrays: Constants, by their field of `ghost_front_end_constants`.
        numbers: Its other fields.
        formula: From features to int8: multiplier, shift, zero_point.
        prefix: Of every name that other files see.
    """

    version: str
    settings: Settings
    arrays: dict[str, Array]
    numbers: dict[str, int]
    formula: dict[str, int]
    prefix: str = ""


def frontend_sources(metadata: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Render `front_end.h` and `front_end.c` for a model.

    Args:
        metadata: The model's, with `front_end` and `features_to_int8`.
        prefix: Of every name that other files see.

    Returns:
        Texts by file name; SOURCES are compiled with them.

    Raises:
        GhostError: The metadata has no such front end, or a value is out of its range.
    """
    context = front_end_context(
        Settings.read(metadata.get("front_end")), _formula(metadata.get("features_to_int8")), prefix
    )
    return {name: render(f"sound/{name}.jinja", context) for name in FILES}


def front_end_context(s: Settings, formula: dict[str, int], prefix: str = "") -> FrontEndContext:
    """Lay a front end out for the templates."""
    widths = np.bincount(tables.bands(s), minlength=s.channels + 1)
    constants: dict[str, npt.NDArray[Any]] = {
        "coefficients": tables.window(s.window),
        "places": np.argsort(tables.order(s.points)).astype(np.uint16),
        "twiddles": _pairs(tables.twiddles(s.points)),
        "real_twiddles": _pairs(tables.real_twiddles(s.points)),
        "widths": widths.astype(np.uint16),
        "weights": _pairs(tables.weights(s)),
        "gains": tables.gains(s.headroom),
        "logarithms": tables.logarithms(),
    }
    numbers = {
        "window": s.window,
        "hop": s.hop,
        "history": s.history,
        "points": s.points,
        "channels": s.channels,
        "first_bin": tables.first_bin(s),
        "headroom": s.headroom,
        "snr_shift": s.snr_shift,
    }
    arrays = {name: Array(name, values) for name, values in constants.items()}
    return FrontEndContext(__version__, s, arrays, numbers, formula, prefix)


def _pairs(halves: npt.NDArray[np.int16]) -> npt.NDArray[np.uint32]:
    """Join the last axis, of two, into words; the first is the low half."""
    words = halves.astype(np.int64) & 0xFFFF
    return (words[..., 0] | words[..., 1] << 16).astype(np.uint32)


def _formula(given: Any) -> dict[str, int]:
    """Check the formula from features to int8: every product must fit in 32 bits."""
    if not isinstance(given, dict):
        raise GhostError("The model's metadata has no features_to_int8; convert the model again.")
    ranges = {"multiplier": (1, 32767), "shift": (1, 30), "zero_point": (-(1 << 15), 1 << 15)}
    for name, (low, high) in ranges.items():
        value = given.get(name)
        if type(value) is not int or not low <= value <= high:
            raise GhostError(
                f"The model's features_to_int8 has {name} = {value!r}; "
                f"it must be a whole number from {low} to {high}."
            )
    formula = {name: given[name] for name in ranges}
    if formula["multiplier"] * 65535 + (1 << formula["shift"] - 1) >= 1 << 31:
        raise GhostError(
            f"The model's features_to_int8 has multiplier = {formula['multiplier']} and "
            f"shift = {formula['shift']}; with both halved it fits in 32 bits."
        )
    return formula

# SPDX-License-Identifier: Apache-2.0
"""The front end of one model as C: its settings and tables, around `firmware/sound`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.pack import Array, pairs
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.audio import Formula
from mcu_ghost.sound.front_end_tables import FrontEndSettings

SOURCES = tuple(
    f"sound/ghost_{name}.c"
    for name in ("energies", "fft", "filter_bank", "front_end", "log", "noise_reduction", "pcan",
                 "quantize_features", "window")
)  # fmt: skip
"""What is compiled beside `front_end.c`, relative to `firmware` and to a build folder."""

FILES = ("front_end.h", "front_end_data.h", "front_end.c")


@dataclass(frozen=True, eq=False)
class FrontEndContext:
    """Everything the front end's templates show.

    Attributes:
        version: Of mcu-ghost.
        settings: The model's.
        arrays: Constants, by their field of `ghost_front_end_constants`.
        numbers: Its other fields.
        prefix: Of every name that other files see.
    """

    version: str
    settings: FrontEndSettings
    arrays: dict[str, Array]
    numbers: dict[str, int]
    prefix: str = ""


def sources(context: FrontEndContext) -> dict[str, str]:
    """Render the front end of a model as C.

    Returns:
        Texts by file name; SOURCES are compiled with them.
    """
    return {name: render(f"sound/{name}.jinja", context) for name in FILES}


def context(s: FrontEndSettings, formula: Formula, prefix: str = "") -> FrontEndContext:
    """Lay a front end out for the templates.

    Args:
        s: The model's settings.
        formula: From features to the network's input.
        prefix: Of every name that other files see.
    """
    widths = np.bincount(tables.bands(s), minlength=s.channels + 1)
    constants: dict[str, npt.NDArray[Any]] = {
        "coefficients": tables.window(s.window),
        "places": np.argsort(tables.order(s.points)).astype(np.uint16),
        "twiddles": pairs(tables.twiddles(s.points)),
        "real_twiddles": pairs(tables.real_twiddles(s.points)),
        "widths": widths.astype(np.uint16),
        "weights": pairs(tables.weights(s)),
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
        **asdict(formula),
    }
    arrays = {name: Array(name, values) for name, values in constants.items()}
    return FrontEndContext(__version__, s, arrays, numbers, prefix)

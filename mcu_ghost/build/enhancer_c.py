# SPDX-License-Identifier: Apache-2.0
"""What cleans speech around one model's network, as C: its tables, around `firmware/sound`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.pack import Array, pairs
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.sound import bands, front_end_tables, stft
from mcu_ghost.sound.enhancement import EnhancementTask, gain_table
from mcu_ghost.sound.stft import StftSettings

SOURCES = tuple(f"sound/ghost_{name}.c" for name in ("bands", "enhancer", "stft"))
"""What is compiled beside `enhancer.c`, relative to `firmware` and to a build folder."""

FILES = ("enhancer.h", "enhancer.c")


@dataclass(frozen=True, eq=False)
class EnhancerContext:
    """Everything the enhancer's templates show.

    Attributes:
        version: Of mcu-ghost.
        settings: Of the model's frames.
        bands: Values that the network reads and writes.
        rate: Samples per second.
        arrays: Constants, by their field of `ghost_enhancer_constants`.
        numbers: Its other fields.
        prefix: Of every name that other files see.
    """

    version: str
    settings: StftSettings
    bands: int
    rate: int
    arrays: dict[str, Array]
    numbers: dict[str, int]
    prefix: str = ""


def sources(context: EnhancerContext) -> dict[str, str]:
    """Render what cleans speech around a network as C.

    Returns:
        Texts by file name; SOURCES are compiled with them.
    """
    return {name: render(f"sound/{name}.jinja", context) for name in FILES}


def context(task: EnhancementTask, prefix: str = "") -> EnhancerContext:
    """Lay an enhancer out for the templates.

    Args:
        task: What the model says of itself.
        prefix: Of every name that other files see.
    """
    s, rate = task.transform.settings, task.transform.sample_rate
    lower, share = bands.shares(task.bands, s.bins, rate)
    constants: dict[str, npt.NDArray[Any]] = {
        "stft.window": stft.window(s.frame),
        "stft.places": np.argsort(front_end_tables.order(s.points)).astype(np.uint16),
        "stft.twiddles": pairs(stft.twiddles(s.points)),
        "stft.real_twiddles": pairs(stft.real_twiddles(s.points)),
        "bands.widths": np.bincount(lower, minlength=task.bands - 1).astype(np.uint16),
        "bands.shares": share,
        "bands.logarithms": front_end_tables.logarithms(),
        "means": np.array(task.scales.mean, np.int32),
        "multipliers": np.array(task.scales.multiplier, np.int16),
        "gains": gain_table(task.gains.exponent),
    }
    numbers = {
        "stft.frame": s.frame,
        "stft.hop": s.hop,
        "stft.points": s.points,
        "stft.window_shift": s.window_shift,
        "stft.output_shift": s.output_shift - 1,  # gains halve the spectrum
        "bands.count": task.bands,
        "bands.bins": s.bins,
    }
    arrays = {field: Array(field.rpartition(".")[2], x) for field, x in constants.items()}
    return EnhancerContext(__version__, s, task.bands, rate, arrays, numbers, prefix)

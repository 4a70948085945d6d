# SPDX-License-Identifier: Apache-2.0
"""The `kws` app: what it needs besides the network, and what it must say of a sound."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.boards import Board, need_microphone
from mcu_ghost.build import front_end_c
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.sound import detector
from mcu_ghost.sound.keywords import RATE, hearing


@dataclass(frozen=True)
class DetectorContext:
    """What the detector's templates show.

    Attributes:
        version: Of mcu-ghost.
        name: The model's.
        window: Frames whose outputs are added.
        words: What is reported.
    """

    version: str
    name: str
    window: int
    words: tuple[detector.Word, ...]


FIRMWARE = (*front_end_c.SOURCES, "sound/ghost_detector.c")
"""Files of `firmware/` that run for every frame, besides the network's."""

VARIABLES = {"front end": ("front_end", "front_end_scratch"), "sound": ("samples",)}
"""Static variables that the memory table tells apart."""


def sources(model: Model, board: Board) -> dict[str, str]:
    """Return the generated C files by name.

    Raises:
        GhostError: The board has no microphone, or the model does not say how it hears or how its
            scores become words.
    """
    need_microphone(board)
    heard, chosen = hearing(model)
    ears = front_end_c.frontend_sources(model.metadata)
    if heard.sample_rate != RATE:
        raise GhostError(
            f"The model '{model.name}' hears {heard.sample_rate} samples per second, microphones"
            f" have {RATE}: train it with sample_rate = {RATE}."
        )
    context = DetectorContext(__version__, model.name, chosen.window, chosen.words)
    words = {name: render(f"sound/{name}.jinja", context) for name in ("detector.h", "detector.c")}
    return ears | words

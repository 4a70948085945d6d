# SPDX-License-Identifier: Apache-2.0
"""What the `kws` app needs besides the network: the front end and the table of words."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost import __version__, boards, detector, frontend_c
from mcu_ghost.boards import Board
from mcu_ghost.errors import GhostError
from mcu_ghost.frontend import Settings
from mcu_ghost.model import Model
from mcu_ghost.render import render


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


FIRMWARE = (*frontend_c.SOURCES, "detector/ghost_detector.c")
"""Files of `firmware/` that run for every frame, besides the network's."""

RATE = 16000  # that microphones have


def sources(model: Model, board: Board) -> dict[str, str]:
    """Return the generated C files by name.

    Raises:
        GhostError: The board has no microphone, or the model does not say how it hears or how its
            scores become words.
    """
    if board.microphone is None:
        raise GhostError(
            f"{board.name} has no microphone. Boards that have one:"
            f" {', '.join(boards.with_microphone())}; a table [microphone] in a board file adds it."
        )
    chosen = detector.settings(model)
    ears = frontend_c.frontend_sources(model.metadata)
    heard = Settings.read(model.metadata.get("front_end"))
    size = model.tensors[model.inputs[0]].size
    if heard.sample_rate != RATE:
        raise GhostError(
            f"The model '{model.name}' hears {heard.sample_rate} samples per second, microphones"
            f" have {RATE}: train it with sample_rate = {RATE}."
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1 or size != heard.channels:
        raise GhostError(
            f"The model '{model.name}' reads {size} values, but its front end makes"
            f" {heard.channels}: it must have one input, one frame of features, and one output."
        )
    context = DetectorContext(__version__, model.name, chosen.window, chosen.words)
    words = {name: render(f"{name}.jinja", context) for name in ("detector.h", "detector.c")}
    return ears | words

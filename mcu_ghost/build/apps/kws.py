# SPDX-License-Identifier: Apache-2.0
"""The `kws` app: what it needs besides the network to hear words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost.boards import Board, need_microphone, renode
from mcu_ghost.build import front_end_c, microphone_c
from mcu_ghost.build.apps.app import App, Generated
from mcu_ghost.host import files, resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.sound import detector, keywords
from mcu_ghost.sound.keywords import RATE, listening

_RENODE_MS = 10_000  # of sound: to the first status line


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


def _validate(model: Model, board: Board) -> None:
    """Refuse a board without a microphone, and a model that does not say how it hears words."""
    need_microphone(board)
    rate = listening(model)[0].front_end.sample_rate
    if rate != RATE:
        raise GhostError(
            f"The model '{model.name}' hears at {rate} Hz, microphones at {RATE} Hz: train"
            f" it with sample_rate = {RATE}."
        )


def _generate(model: Model, board: Board) -> Generated:
    """Return front end and detector."""
    task, chosen = listening(model)
    front_end = front_end_c.sources(front_end_c.context(task.front_end, task.formula))
    context = DetectorContext(__version__, model.name, chosen.window, chosen.words)
    words = {name: render(f"sound/{name}.jinja", context) for name in ("detector.h", "detector.c")}
    hop = microphone_c.hop(task.front_end.hop, task.front_end.sample_rate)
    return Generated(front_end | words | hop)


def _cold(board: Board) -> tuple[str, ...]:
    led = ("drivers/nrf_led.c",) if board.led is not None else ()
    return (*microphone_c.sources(board), *led)


def _renode(model: Model, board: Board, folder: Path) -> None:
    """Write a test of what is recognised in ten seconds of speech."""
    if board.microphone is None or board.microphone.driver != "nrf_pdm":
        return  # Renode's I2S cannot be a microphone's master
    task, _ = listening(model)
    clips = np.concatenate([task.recording(path) for path in resources.demo_clips()])
    hop_ms = task.front_end.hop_ms
    ms = _RENODE_MS // hop_ms * hop_ms
    sound = np.resize(clips, ms * RATE // 1000)
    files.write_bytes(folder / "sound.raw", sound.astype("<i2").tobytes())
    crc = keywords.expected(model, sound).crcs[ms]
    renode.write(board, renode.IMAGE, folder, (ms, f"{crc:08x}"))


APP = App(
    "kws",
    "microphone in, words out",
    proof="sound",
    validate=_validate,
    generate=_generate,
    hot=(*front_end_c.SOURCES, "sound/ghost_detector.c", "sound/ghost_listener.c"),
    cold=_cold,
    microphone=True,
    busy=True,
    definitions=("GHOST_TEXT_LINE=192",),  # so that no line stalls the sound
    user="apps/kws.h",
    variables={"front end": ("front_end", "front_end_scratch"), "sound": ("samples",)},
    renode=_renode,
)

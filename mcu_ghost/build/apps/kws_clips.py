# SPDX-License-Identifier: Apache-2.0
"""The `kws_clips` app: `kws`, and the sound around each word that it reports.

It is for the time in which a model is judged: what was no word becomes a recording to train with.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.boards import Board
from mcu_ghost.build import microphone_c
from mcu_ghost.build.apps import kws
from mcu_ghost.build.apps.app import App, Generated
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.sound.front_end import FrontEndSettings
from mcu_ghost.sound.keywords import listening

_BEFORE_MS = 1500  # up to a word's end: the word, and what led to it
_AFTER_MS = 500
_LEAST_MS = 500  # less than that holds no word
_SHARE = 0.5  # of a board's RAM, at most: the network and the stack need some too
_NUMBER = 4  # bytes that are kept with a hop


@dataclass(frozen=True)
class ClipContext:
    """What the template of `clip.h` shows.

    Attributes:
        version: Of mcu-ghost.
        kept: Hops up to a word's end.
        after: Hops behind it.
    """

    version: str
    kept: int
    after: int


def _kept(settings: FrontEndSettings, board: Board) -> int:
    """Return how many hops are kept: as many as the board's RAM lets."""
    room = int(_SHARE * board.ram.usable) // (2 * settings.hop + _NUMBER)
    return min(room, _BEFORE_MS // settings.hop_ms)


def _validate(model: Model, board: Board) -> None:
    """Refuse what `kws` refuses, too slow a console, and too little memory."""
    kws.APP.validate(model, board)
    settings = listening(model)[0].front_end
    microphone_c.need_console(board, settings.hop, settings.sample_rate)
    if _kept(settings, board) * settings.hop_ms < _LEAST_MS:
        raise GhostError(
            f"{board.name} has {text.size(board.ram.usable)} of RAM: that is too little to keep"
            f" {_LEAST_MS} ms of sound. The app `{kws.APP.name}` keeps none."
        )


def _generate(model: Model, board: Board) -> Generated:
    """Return what `kws` has, and how much sound is kept."""
    made, settings = kws.APP.generate(model, board), listening(model)[0].front_end
    context = ClipContext(__version__, _kept(settings, board), _AFTER_MS // settings.hop_ms)
    clip = {"clip.h": render("sound/clip.h.jinja", context)}
    return Generated({**made.texts, **clip}, made.constants)


def _cold(board: Board) -> tuple[str, ...]:
    return (*kws.APP.cold(board), f"apps/{kws.APP.name}.c", microphone_c.SENDING)


APP = App(
    "kws_clips",
    "kws, and the sound around each word",
    proof=kws.APP.proof,
    validate=_validate,
    generate=_generate,
    hot=kws.APP.hot,
    cold=_cold,
    microphone=True,
    busy=True,
    definitions=(*kws.APP.definitions, "APP_CLIPS=1"),
    user=kws.APP.user,
    variables={**kws.APP.variables, "clips": ("clip_samples", "clip_numbers")},
)

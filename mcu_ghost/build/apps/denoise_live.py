# SPDX-License-Identifier: Apache-2.0
"""The `denoise_live` app: microphone in, clean sound out, without end.

It is an app of its own: nobody asks it for anything, so that it has nothing of `denoise` but what
lies between samples and clean samples; and it takes a board with a microphone and a quick console.
"""

from __future__ import annotations

from mcu_ghost.boards import Board, need_microphone
from mcu_ghost.build import enhancer_c, microphone_c
from mcu_ghost.build.apps import denoise
from mcu_ghost.build.apps.app import App, Generated
from mcu_ghost.network.model import Model
from mcu_ghost.sound import enhancement


def _validate(model: Model, board: Board) -> None:
    """Refuse a board without a microphone or too slow a console, and other models."""
    need_microphone(board)
    transform = enhancement.need_task(model).transform
    microphone_c.need_console(board, transform.hop, transform.sample_rate)


def _cold(board: Board) -> tuple[str, ...]:
    assert board.microphone is not None  # as was checked
    speaker = ("runtime/speaker.c",) if board.microphone.out_pin else ()
    return (*microphone_c.sources(board), microphone_c.SENDING, *speaker)


def _generate(model: Model, board: Board) -> Generated:
    """Return what cleans speech around the network, and the microphone's hop."""
    transform = enhancement.need_task(model).transform
    made = denoise.APP.generate(model, board)
    texts = {**made.texts, **microphone_c.hop(transform.hop, transform.sample_rate)}
    return Generated(texts, made.constants)


APP = App(
    "denoise_live",
    "microphone in, clean sound out over UART",
    proof="live",
    validate=_validate,
    generate=_generate,
    hot=enhancer_c.SOURCES,
    cold=_cold,
    microphone=True,
    busy=True,
    definitions=("APP_PLAYS=1", "GHOST_TEXT_LINE=192"),  # so that no line stalls the sound
    variables={"transforms": ("sound", "work")},
)

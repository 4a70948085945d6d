# SPDX-License-Identifier: Apache-2.0
"""The `denoise` app: sound in, clean sound out, a hop at a time by the protocol of `stream`."""

from __future__ import annotations

from mcu_ghost.boards import Board
from mcu_ghost.build import enhancer_c
from mcu_ghost.build.apps.app import App, Generated
from mcu_ghost.build.memory import Part
from mcu_ghost.network.model import Model
from mcu_ghost.sound import enhancement


def _validate(model: Model, board: Board) -> None:
    """Refuse a model that does not clean speech."""
    enhancement.need_task(model)


def _generate(model: Model, board: Board) -> Generated:
    """Return what cleans speech around the network."""
    context = enhancer_c.context(enhancement.need_task(model))
    size = sum(array.bytes for array in context.arrays.values())
    return Generated(enhancer_c.sources(context), (Part("transforms' tables", size),))


def _cold(board: Board) -> tuple[str, ...]:
    return ("apps/stream.c",)


APP = App(
    "denoise",
    "sound in, clean sound out over UART",
    proof="hops",
    validate=_validate,
    generate=_generate,
    hot=enhancer_c.SOURCES,
    cold=_cold,
    definitions=("APP_HOPS=1",),
    variables={"transforms": ("sound", "work")},
)

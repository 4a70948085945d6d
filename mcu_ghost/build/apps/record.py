# SPDX-License-Identifier: Apache-2.0
"""The `record` app: what the microphone hears goes to the console as it is, without end.

No network is in it: whatever model is named, the image is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.boards import Board, need_microphone
from mcu_ghost.build import microphone_c
from mcu_ghost.build.apps.app import App, Generated
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.sound.audio import RATE

HOP = 16
"""Samples of a packet, 1 ms: the shorter it is, the more of them come whole over a bad line."""


@dataclass(frozen=True)
class RecordContext:
    """What the template of `app_model.h` shows.

    Attributes:
        version: Of mcu-ghost.
    """

    version: str


def need(board: Board) -> None:
    """Check that a board can send what it hears.

    Raises:
        GhostError: It has no microphone, or too slow a console.
    """
    need_microphone(board)
    microphone_c.need_console(board, HOP, RATE)


def _validate(model: Model, board: Board) -> None:
    """Refuse a board that cannot send what it hears."""
    need(board)


def _generate(model: Model, board: Board) -> Generated:
    """Return what stands for the network, and the microphone's hop."""
    nothing = render("model/no_model.h.jinja", RecordContext(__version__))
    return Generated({"app_model.h": nothing} | microphone_c.hop(HOP, RATE))


def _cold(board: Board) -> tuple[str, ...]:
    return (*microphone_c.sources(board), microphone_c.SENDING)


APP = App(
    "record",
    "microphone in, the same sound out over UART",
    proof="recording",
    validate=_validate,
    generate=_generate,
    cold=_cold,
    network=False,
    microphone=True,
    busy=True,
    definitions=("GHOST_TEXT_LINE=192",),  # so that no line stalls the sound
    variables={"sound": ("samples",), "kept sound": ("kept_samples", "kept_numbers")},
)

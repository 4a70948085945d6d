# SPDX-License-Identifier: Apache-2.0
"""What an app that hears is made of on a board, besides what it hears for."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.boards import Board
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__

NAME = "hop.h"


@dataclass(frozen=True)
class HopContext:
    """What the template of `hop.h` shows.

    Attributes:
        version: Of mcu-ghost.
        samples: That the microphone fills at a time.
        rate: Of them a second.
    """

    version: str
    samples: int
    rate: int


def hop(samples: int, rate: int) -> dict[str, str]:
    """Return the header that tells the microphone's driver of a hop, by its name."""
    return {NAME: render(f"sound/{NAME}.jinja", HopContext(__version__, samples, rate))}


def sources(board: Board) -> tuple[str, ...]:
    """Return the files of `firmware/` for a board that has a microphone."""
    assert board.microphone is not None  # as was checked
    return ("runtime/live.c", "runtime/microphone.c", f"drivers/{board.microphone.driver}.c")

# SPDX-License-Identifier: Apache-2.0
"""What an app that hears is made of on a board, besides what it hears for."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.boards import Board
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__

NAME = "hop.h"
SENDING = "runtime/hops.c"
"""The file of `firmware/` for an app that sends sound."""

_BESIDES = 20  # bytes of a packet besides its samples, and of what is round them on the wire
_SPARE = 1.1  # for lines of text


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


def need_console(board: Board, samples: int, rate: int) -> None:
    """Check that a board's console is quick enough for the sound that an app sends.

    Args:
        board: The board.
        samples: Of a hop.
        rate: Of them a second.

    Raises:
        GhostError: It is too slow.
    """
    bits = _SPARE * 10 * (2 * samples + _BESIDES) * rate / samples
    if board.console.baud < bits:
        raise GhostError(
            f"The sound takes {bits / 1000:.0f} kbit/s, the console of {board.name} has"
            f" {board.console.baud / 1000:.0f}: set a higher [console] baud in its file."
        )

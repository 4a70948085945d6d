# SPDX-License-Identifier: Apache-2.0
"""Which microphone a verb hears, and how loud it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.sound.capture import Microphone

BAR = 40  # characters of a level, from the quietest to full scale
QUIETEST_DB = -80.0

device = click.option(
    "--device",
    default="",
    metavar="NAME|NUMBER",
    help="A microphone of this PC, by its number or a part of its name.  [default: the system's]",
)


board = click.option(
    "--board",
    "-b",
    callback=options.load_board,
    shell_complete=options.complete_board,
    metavar="NAME",
    help="Hear this board's microphone instead of the PC's; the app `record` runs on it.",
)


def choose(
    device: str, board: Board | None = None, port: str | None = None, baud: int | None = None
) -> Microphone:
    """Return the microphone that was asked for: a board's, or one of this PC."""
    if board is None:
        for name in filter(options.given, ("port", "baud")):
            raise click.UsageError(f"--{name} is of a board: name it by --board.")
        from mcu_ghost.sound import sound_card

        return sound_card.find(device)
    if device:
        raise click.UsageError("--device is of this PC, --board of a board: name one.")
    from mcu_ghost.host import console
    from mcu_ghost.proof.board_microphone import board_microphone

    return board_microphone(board, port or "", baud, console.warn)


def bar(level_db: float, width: int = BAR) -> str:
    """Return how loud something is as a bar."""
    return "█" * round(width * min(1.0, max(0.0, 1 - level_db / QUIETEST_DB)))

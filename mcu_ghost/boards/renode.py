# SPDX-License-Identifier: Apache-2.0
"""What Renode needs to know of a board: a script, an overlay of its platform, and a robot test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcu_ghost.boards import Board
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.files import write_text
from mcu_ghost.host.templates import render

FILES = ("board.repl", "board.resc", "board.resource", "board.robot")
IMAGE = "../firmware.elf"
"""The image as the scripts in a build folder's `renode/` name it."""


@dataclass(frozen=True)
class RenodeContext:
    """What the Renode templates show.

    Attributes:
        board: The board.
        platform: Renode's own platform file.
        uart: The console's name in it.
        mips: Instructions per microsecond of the board's time: its clock's, so that DWT and SysTick
            count instructions.
        elf: The image, relative to the script.
        timeout: Seconds that the robot test may take.
        expected: Milliseconds of `sound.raw` that the `kws` app has heard at its first status line,
            and the CRC in it; None for an image that does not listen.
    """

    board: Board
    platform: str
    uart: str
    mips: int
    elf: str
    timeout: int = 120
    expected: tuple[int, str] | None = None


def context(board: Board, elf: str, expected: tuple[int, str] | None = None) -> RenodeContext:
    """Return what the templates need.

    Raises:
        GhostError: Renode has no platform for the board.
    """
    settings = board.emulators.renode
    if settings is None:
        raise GhostError(f"Renode has no platform for {board.name}.")
    mips = max(1, round(board.cpu.clock_hz / 1_000_000))
    return RenodeContext(board, settings.platform, settings.uart, mips, elf, expected=expected)


def write(board: Board, elf: str, folder: Path, expected: tuple[int, str] | None = None) -> None:
    """Write script, platform overlay, keywords and robot test into a folder.

    Args:
        board: A board that Renode knows.
        elf: The image, relative to the folder.
        folder: Where to.
        expected: What a `kws` image must print; see `RenodeContext`.

    Raises:
        GhostError: Renode has no platform for the board, or the folder cannot be written.
    """
    values = context(board, elf, expected)
    for name in FILES:
        write_text(folder / name, render(f"renode/{name}.jinja", values))

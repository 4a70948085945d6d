# SPDX-License-Identifier: Apache-2.0
"""Boards: one TOML file each. `mcu_ghost.boards.board` documents what stands in it.

The file's name is what `--board` takes. The files that come with the package are here; a user's own
go into `./boards/` and win over a bundled one of the same name.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from mcu_ghost.boards.board import (
    Board,
    Core,
    Cpu,
    Memory,
    Microphone,
    Usb,
    Watchdog,
)
from mcu_ghost.boards.pins import pin_number
from mcu_ghost.boards.suggest import suggest
from mcu_ghost.boards.validation import validate
from mcu_ghost.host import console, text, workspace
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.schema import read

__all__ = ["Board", "Core", "Cpu", "Memory", "Microphone", "Usb", "Watchdog", "every", "load",
           "load_file", "names", "need_microphone", "pin_number", "to_wire", "user_file",
           "with_baud", "with_microphone"]  # fmt: skip

_BUNDLED = Path(__file__).resolve().parent


def names() -> list[str]:
    """Return every board's name, sorted: the bundled ones and those in the user's `boards/`."""
    return sorted(_files())


def every() -> list[Board]:
    """Return all boards, sorted by name; a file that is wrong is told of, and hides no other."""
    found = []
    for name in names():
        try:
            found.append(load(name))
        except GhostError as error:
            console.note(f"[yellow]warning:[/] left out: {console.literal(error)}")
    return found


def load(name: str) -> Board:
    """Return the board of that name.

    Raises:
        GhostError: No such board, or its file is wrong; the message names the file and the key.
    """
    files = _files()
    if name not in files:
        titles = {board.name: board.title for board in every()}
        raise GhostError(
            f"There is no board '{name}'.{suggest(name, titles)} `mcu-ghost boards` lists all;"
            f" a file boards/{Path(name).name}.toml in the current folder adds one."
        )
    return load_file(files[name])


def load_file(path: Path) -> Board:
    """Return the board that a file describes.

    Raises:
        GhostError: The file is wrong; the message names it and the key.
    """
    board = _bundled(path) if path.parent == _BUNDLED else read(path, Board)
    validate(board, path)  # by the user's chips, too
    return board


@functools.cache
def _bundled(path: Path) -> Board:
    board: Board = read(path, Board)
    return board


def user_file(name: str) -> Path | None:
    """Return the file in `./boards/` that a name stands for, or None for a bundled board."""
    path = _files().get(name)
    return path if path is not None and path.parent == _users() else None


def with_baud(board: Board, baud: int | None) -> Board:
    """Return a board with another baud rate of its console, or as it is where None is given."""
    if baud is None:
        return board
    return dataclasses.replace(board, console=dataclasses.replace(board.console, baud=baud))


def _users() -> Path:
    return workspace.root() / "boards"


def _files() -> dict[str, Path]:
    found = {path.stem: path for path in sorted(_BUNDLED.glob("*.toml"))}
    found.update({path.stem: path for path in sorted(_users().glob("*.toml")) if path.is_file()})
    return found


def with_microphone(soldered: bool = True) -> list[str]:
    """Return the names of the boards that have a microphone, or that one can be wired to."""
    return [b.name for b in every() if b.microphone and b.microphone.soldered == soldered]


def to_wire(board: Board) -> str:
    """Return what to wire to a board before it hears anything; "" where nothing is."""
    microphone = board.microphone
    if microphone is None or microphone.soldered:
        return ""
    return (
        f"{board.name} has no microphone on it: wire {text.a(microphone.kind)} one,"
        f" {microphone.wires}. Until then it hears nothing."
    )


def need_microphone(board: Board) -> None:
    """Check that a board hears, or would with a microphone wired to it.

    Raises:
        GhostError: It has none and no pins for one; the message names boards that have.
    """
    if board.microphone is None:
        boards = [(b.name, b.microphone) for b in every() if b.microphone]
        wired = "; ".join(f"{name}: {has.wires}" for name, has in boards if not has.soldered)
        raise GhostError(
            f"{board.name} has no microphone. Boards that have one:"
            f" {', '.join(with_microphone())}; boards that one can be wired to: {wired}. A table"
            " [microphone] in a board file adds it."
        )

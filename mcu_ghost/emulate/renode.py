# SPDX-License-Identifier: Apache-2.0
"""Renode: the whole board, and what users' CI runs. Version 1.16 or later, in no package registry.

The console is a socket; the board's time runs as fast as the PC can. Renode's exit code says
nothing (it is 0 whatever failed), so all is judged by what comes over the console.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost import tools
from mcu_ghost.boards import Board
from mcu_ghost.emulate.process import ProcessMachine
from mcu_ghost.errors import GhostError
from mcu_ghost.files import write_text
from mcu_ghost.render import render

_LONGEST_RUN = "9999:00:00"  # of the board's time
_STARTS_WITHIN = 90.0
_FILES = ("board.repl", "board.resc", "board.resource", "board.robot")


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
        heard: Milliseconds of `sound.raw` that the `kws` app has heard at its first status line,
            and the CRC in it; None for an image that does not listen.
    """

    board: Board
    platform: str
    uart: str
    mips: int
    elf: str
    timeout: int = 120
    heard: tuple[int, str] | None = None


def program() -> Path | None:
    """Return Renode's program: RENODE_PATH, then RENODE_ROOT, then PATH."""
    return tools.TOOLS["renode"].find()


def missing() -> str | None:
    """Return how to install the engine, or None when it is there."""
    return tools.missing("renode")


def context(board: Board, elf: str, heard: tuple[int, str] | None = None) -> RenodeContext:
    """Return what the templates need.

    Raises:
        GhostError: Renode has no platform for the board.
    """
    settings = board.emulators.renode
    if settings is None:
        raise GhostError(f"Renode has no platform for {board.name}.")
    mips = max(1, round(board.cpu.clock_hz / 1_000_000))
    return RenodeContext(board, settings.platform, settings.uart, mips, elf, heard=heard)


def write(board: Board, elf: str, folder: Path, heard: tuple[int, str] | None = None) -> None:
    """Write script, platform overlay, keywords and robot test into a folder.

    Args:
        board: A board that Renode knows.
        elf: The image, relative to the folder.
        folder: Where to.
        heard: What a `kws` image must print; see `RenodeContext`.

    Raises:
        GhostError: Renode has no platform for the board, or the folder cannot be written.
    """
    values = context(board, elf, heard)
    for name in _FILES:
        write_text(folder / name, render(f"renode/{name}.jinja", values))


def command(renode: Path, folder: Path, elf: Path, board: Board, port: int) -> list[str]:
    """Return the command that boots an image with its console at a port.

    A monitor command that fails ends the list, so the socket, which comes last, is there only when
    everything before it worked.
    """
    uart = context(board, elf.name).uart
    commands = [
        f"$elf=@{_quoted(elf)}",
        f"include @{_quoted(folder / 'board.resc')}",
        "emulation SetGlobalAdvanceImmediately true",
        f'emulation CreateServerSocketTerminal {port} "console" false',
        f"connector Connect sysbus.{uart} console",
        f'emulation RunFor "{_LONGEST_RUN}"',
        "quit",
    ]
    arguments = ["--disable-xwt", "--console", "--plain", "--hide-analyzers"]
    return [str(renode), *arguments, "-e", "; ".join(commands)]


def start(
    board: Board, elf: Path, watch: Sequence[str] = (), trace: Sequence[int] = ()
) -> ProcessMachine:
    """Boot an image; see `mcu_ghost.emulate.start`."""
    del watch  # only the board's own counter can tell here
    if trace:
        raise GhostError("Renode cannot trace calls: take unicorn or qemu.")
    renode = program()
    if renode is None:
        raise GhostError(missing() or "")
    if not elf.is_file():
        raise GhostError(f"{elf}: there is no such image.")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-renode-") as name:
        folder = Path(name)
        write(board, elf.name, folder)  # `command` says which
        line = command(renode, folder, elf.resolve(), board, port)
        # Once the socket is there, the scripts have been read.
        return ProcessMachine("Renode", line, lambda: _connect(port), _STARTS_WITHIN)


def _quoted(path: Path) -> str:
    """Return a path as the monitor takes it after an @: spaces are escaped."""
    return str(path).replace("\\", "/").replace(" ", "\\ ")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _connect(port: int) -> socket.socket | None:
    with contextlib.suppress(OSError):
        return socket.create_connection(("127.0.0.1", port), timeout=5.0)
    return None

# SPDX-License-Identifier: Apache-2.0
"""Renode: the whole board, and what users' CI runs. Version 1.16 or later, in no package registry.

The console is a socket; the board's time runs as fast as the PC can. Renode's exit code says
nothing (it is 0 whatever failed), so all is judged by what comes over the console.
"""

from __future__ import annotations

import contextlib
import re
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcu_ghost.boards import Board, renode
from mcu_ghost.emulate.process import ProcessMachine
from mcu_ghost.host import files, tools
from mcu_ghost.host.errors import GhostError

IMAGE = "firmware.elf"
"""What the image is called where Renode finds it."""

_LONGEST_RUN = "9999:00:00"  # of the board's time
_STARTS_WITHIN = 90.0


def program() -> Path | None:
    """Return Renode's program: RENODE_PATH, then RENODE_ROOT, then PATH."""
    return tools.TOOLS["renode"].find()


def missing() -> str | None:
    """Return how to install the engine, or None when it is there."""
    return tools.missing("renode")


def command(program: Path, folder: Path, board: Board, port: int) -> list[str]:
    """Return the command that boots an image with its console at a port.

    A monitor command that fails ends the list, so the socket, which comes last, is there only when
    everything before it worked.

    Args:
        program: Renode.
        folder: With what `boards.renode.write` wrote, and the image as `IMAGE`.
        board: The board.
        port: Of this machine.

    Raises:
        GhostError: Renode has no platform for the board, or the monitor cannot be told the folder.
    """
    uart = renode.context(board, IMAGE).uart
    commands = [
        f"$elf=@{_path(folder / IMAGE)}",
        f"include @{_path(folder / 'board.resc')}",
        "emulation SetGlobalAdvanceImmediately true",
        f'emulation CreateServerSocketTerminal {port} "console" false',
        f"connector Connect sysbus.{uart} console",
        f'emulation RunFor "{_LONGEST_RUN}"',
        "quit",
    ]
    arguments = ["--disable-xwt", "--console", "--plain", "--hide-analyzers"]
    return [str(program), *arguments, "-e", "; ".join(commands)]


def start(
    board: Board, elf: Path, watch: Sequence[str] = (), trace: Sequence[int] = ()
) -> ProcessMachine:
    """Boot an image; see `mcu_ghost.emulate.start`."""
    del watch  # only the board's own counter can tell here
    if trace:
        raise GhostError("Renode cannot trace calls: take unicorn or qemu.")
    installed = program()
    if installed is None:
        raise GhostError(missing() or "")
    if not elf.is_file():
        raise GhostError(f"{elf}: there is no such image.")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="mcu-ghost-renode-") as name:
        folder = Path(name)
        renode.write(board, IMAGE, folder)
        files.write_bytes(folder / IMAGE, elf.read_bytes())  # whatever its path is
        line = command(installed, folder, board, port)
        # Once the socket is there, the scripts have been read.
        return ProcessMachine("Renode", line, lambda: _connect(port), _STARTS_WITHIN)


def _path(path: Path) -> str:
    """Return a path as the monitor takes it after an @: spaces are escaped, nothing else can be."""
    plain = path.as_posix()
    if not re.fullmatch(r"[\w./:~+ -]+", plain):
        raise GhostError(
            f"Renode cannot be told of {plain!r}, a folder for temporary files: set TMPDIR to one"
            " of letters, digits and _ . + -."
        )
    return plain.replace(" ", "\\ ")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _connect(port: int) -> socket.socket | None:
    with contextlib.suppress(OSError):
        return socket.create_connection(("127.0.0.1", port), timeout=5.0)
    return None

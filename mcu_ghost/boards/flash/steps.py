# SPDX-License-Identifier: Apache-2.0
"""What a method does: the commands to run, in order, and what tells that they did it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost.boards import Board
from mcu_ghost.boards.flash.devices import Device
from mcu_ghost.boards.flash.methods import METHODS, Format
from mcu_ghost.boards.flash.payload import Payload, provide


@dataclass(frozen=True)
class Step:
    """A program to run; it must exit with 0.

    Attributes:
        what: What it does, for a person who waits.
        command: The program and its arguments.
        expects: A regular expression that its output must match besides.
        script: A file of commands that it reads; None where it needs none.
        same: A file that it reads back from the board, and what must be in it.
    """

    what: str
    command: tuple[str, ...]
    expects: str = ""
    script: Path | None = None
    same: tuple[Path, bytes] | None = None

    def __str__(self) -> str:
        """Return the command line as a shell takes it."""
        return shlex.join(self.command)


@dataclass(frozen=True)
class Copy:
    """A file to put onto a drive.

    Attributes:
        what: What it does, for a person who waits.
        source: The file.
        volume: Where the drive is mounted.
        leaves: Whether the drive must vanish afterwards, as a bootloader's does that starts the
            new image; else it may also come back, and says in FAIL.TXT what went wrong.
    """

    what: str
    source: Path
    volume: Path
    leaves: bool

    def __str__(self) -> str:
        """Return the command line as a shell takes it."""
        return shlex.join(("cp", str(self.source), str(self.volume)))


@dataclass(frozen=True)
class Procedure:
    """All that a method does.

    Attributes:
        steps: What writes and verifies.
        unlock: What erases and opens a locked chip; empty where the method cannot.
        locked: A regular expression that a failed step's output matches if the chip is locked.
    """

    steps: tuple[Step | Copy, ...]
    unlock: tuple[Step, ...] = ()
    locked: str = ""


@dataclass(frozen=True)
class Job:
    """What a procedure is made for.

    Attributes:
        board: The board.
        payload: What is written.
        method: A key of `METHODS`.
        program: The method's program; its usual name where it is not installed.
        device: The probe or bootloader; None to let the program find the only one.
        port: The serial port; "" where the method needs none.
        volume: The drive; None where the method needs none.
        folder: Where files go that a program needs.
    """

    board: Board
    payload: Payload
    method: str
    program: str
    device: Device | None
    port: str
    volume: Path | None
    folder: Path

    def file(self, kind: Format | None = None) -> Path:
        """Return the payload in a format, the method's own if none is named."""
        return provide(self.payload, self.board, kind or METHODS[self.method].format, self.folder)

    @property
    def serial(self) -> str:
        """The device's serial number as debug software writes it; "" where there is none.

        A J-Link's is a number that its USB descriptor pads with zeros.
        """
        if self.device is None:
            return ""
        number = self.device.serial
        return (number.lstrip("0") or number) if self.device.probe == "jlink" else number

# SPDX-License-Identifier: Apache-2.0
"""A serial port: opened with clear words, read with timeouts, found again after a pulled plug."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcu_ghost.boards import Board
from mcu_ghost.boards.port import usb
from mcu_ghost.host.errors import GhostError

try:
    import termios

    _GONE: tuple[type[Exception], ...] = (OSError, termios.error)  # pyserial's own is an OSError
except ImportError:  # Windows
    _GONE = (OSError,)

_WRITE_TIMEOUT = 2.0
_LOOK_AGAIN = 0.1  # seconds between looks for a port that is gone
_BREAK = 0.25
_RULES = "/etc/udev/rules.d/60-mcu-ghost.rules"


class SerialPort:
    """A board's serial port; a `link.Port`.

    DTR and RTS are on, as terminals have them: the debuggers of some boards connect the lines only
    then. An adapter that resets its board with DTR does so when the port is opened.

    Args:
        device: What to open.
        board: The board at its end: baud rate, and what to say when it cannot be opened.
        patience: Seconds to wait for a port that is gone.
        tell: Called with a sentence when it is gone, and when it is back.

    Raises:
        GhostError: It cannot be opened.
    """

    def __init__(
        self,
        device: str,
        board: Board,
        patience: float = 10.0,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.device = device
        self._board = board
        self._patience = patience
        self._tell = tell
        self._away = 0.0
        self._serial = _open(device, board)
        real = str(Path(device).resolve())
        self._usb = next((port for port in usb.ports() if port.device in (device, real)), None)

    def write(self, data: bytes) -> None:
        """Send bytes; those that go while the port is gone are lost.

        Raises:
            GhostError: The port takes none, or does not come back.
        """
        serial = usb.pyserial()
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise GhostError(
                f"{self.device} takes no bytes: what is plugged in does not read. Plug it again."
            ) from error
        except _GONE:
            self._wait()

    def read(self, timeout: float) -> bytes:
        """Return what has come, b"" when nothing did for `timeout` seconds, or it was away.

        Raises:
            GhostError: The port is gone and does not come back.
        """
        try:
            if self._serial.timeout != timeout:
                self._serial.timeout = timeout
            data: bytes = self._serial.read(1)
            return data + self._serial.read(self._serial.in_waiting) if data else b""
        except _GONE:
            self._wait()
            return b""

    def reset(self) -> None:
        """Ask whoever is between for a reset: a break (DAPLink), and DTR off and on (adapters)."""
        with contextlib.suppress(*_GONE):  # a pseudo-terminal has no such lines
            self._serial.send_break(_BREAK)
        with contextlib.suppress(*_GONE):
            self._serial.dtr = False
            time.sleep(_BREAK)
            self._serial.dtr = True

    def clock(self) -> float:
        """Return seconds of real time, without those that the port was away."""
        return time.monotonic() - self._away

    def status(self) -> str:
        """Return what it is, in a sentence, and which other ports the same device has."""
        where = f"The port is {self.device} at {self._board.console.baud} baud"
        was = self._usb
        if was is None or not was.serial:
            return f"{where}."
        others = [
            p.device for p in usb.ports() if p.serial == was.serial and p.device != was.device
        ]
        return f"{where}; its device has {', '.join(others)} too." if others else f"{where}."

    def close(self) -> None:
        """Close it; harmless when it is gone."""
        with contextlib.suppress(*_GONE):
            self._serial.close()

    def _wait(self) -> None:
        """Wait until the port is back and open it."""
        self.close()
        gone = time.monotonic()
        self._tell(f"{self.device} is gone: was the cable pulled? Waiting for it to come back.")
        why = ""
        while time.monotonic() - gone < self._patience:
            time.sleep(_LOOK_AGAIN)
            device = self._again()
            if device is None:
                continue
            try:
                self._serial = _open(device, self._board)
            except GhostError as error:  # for a moment it may belong to nobody yet
                why = f" {error}"
                continue
            self.device = device
            self._away += time.monotonic() - gone
            self._tell(f"{device} is back.")
            return
        raise GhostError(
            f"{self.device} is gone, and was not back after {self._patience:.0f} s: plug it in and"
            f" start again.{why}"
        )

    def _again(self) -> str | None:
        """Return the port's name of today, if it is there."""
        was = self._usb
        if was is None:
            there = not self.device.startswith("/") or Path(self.device).exists()
            return self.device if there else None
        for port in usb.ports():
            same = port.id == was.id and port.serial == was.serial
            if same and port.location.partition(":")[2] == was.location.partition(":")[2]:
                return port.device
        return None


def _open(device: str, board: Board) -> Any:
    serial = usb.pyserial()
    port = serial.Serial(baudrate=board.console.baud, write_timeout=_WRITE_TIMEOUT, exclusive=True)
    port.port = device
    try:
        port.open()
    except ValueError as error:
        raise GhostError(f"{device} cannot do {board.console.baud} baud: {error}") from error
    except _GONE as error:
        raise GhostError(_refusal(device, board, error)) from error
    return port


def _refusal(device: str, board: Board, error: Exception) -> str:
    """Say why a port cannot be opened, and what to do."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return f"There is no port {device}. {usb.listing()}"
    if number in (errno.EBUSY, errno.EAGAIN):
        return f"{device} is in use by {_user(device)}: end it, and try again."
    if number in (errno.EACCES, errno.EPERM) and sys.platform == "linux":
        import grp

        group = grp.getgrgid(Path(device).stat().st_gid).gr_name
        rule = usb.udev_rule(board)
        message = (
            f"You may not use {device}. Join its group and log in again:\n"
            f"  sudo usermod -aG {group} $USER"
        )
        if rule:
            message += f"\nor write this to {_RULES}, and plug the board again:\n{rule}"
        return message
    return f"{device} cannot be used as a serial port: {error}"


def _user(device: str) -> str:
    """Return which program has a port open, as far as Linux tells."""
    real = Path(device).resolve()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            process = link.parents[1]
            if link.readlink() == real and process.name != str(os.getpid()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "another program"

# SPDX-License-Identifier: Apache-2.0
"""A program whose standard input and output, or a socket, is the board's console."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError

_LARGEST_READ = 65536


class ProcessMachine:
    """An emulator in a process of its own.

    Args:
        name: What people call it.
        command: Program and arguments.
        connect: Returns the console's socket once it is up, or None while it is not; without it
            the console is the program's standard input and output.
        patience: Seconds that it may take to start.
        environment: Variables on top of this process's own.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        connect: Callable[[], socket.socket | None] | None = None,
        patience: float = 60.0,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._name = name
        self._ended = False
        self._socket: socket.socket | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        piped = connect is None
        try:
            self._process = processes.start(
                command,
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else self._log,
                stderr=self._log,
                bufsize=0,
                env=os.environ | (environment or {}),
            )
        except GhostError as error:
            self._log.close()
            raise GhostError(f"{name} does not start: {error}") from error
        if connect is not None:
            self._await(connect, patience)

    def _await(self, connect: Callable[[], socket.socket | None], patience: float) -> None:
        end = time.monotonic() + patience
        while self._socket is None:
            try:
                self._socket = connect()
                if self._socket is not None:
                    return
                if self._process.poll() is not None:
                    raise GhostError(f"{self._name} ended before the board started.{self._said()}")
                if time.monotonic() > end:
                    raise GhostError(
                        f"{self._name} did not start the board in {patience:.0f} s.{self._said()}"
                    )
                time.sleep(0.05)
            except BaseException:
                if self._socket is None:
                    self.close()
                raise

    def write(self, data: bytes) -> None:
        """Let bytes arrive at the board's console."""
        try:
            if self._socket is not None:
                self._socket.sendall(data)
            else:
                assert self._process.stdin is not None
                self._process.stdin.write(data)
        except (OSError, ValueError) as error:
            raise GhostError(f"{self._name} has ended.{self._said()}") from error

    def read(self, timeout: float) -> bytes:
        """Return what the board sent, b"" after `timeout` seconds of real time without any."""
        if self._ended:
            return b""
        try:
            source: Any = self._socket or self._process.stdout
            ready, _, _ = select.select([source], [], [], timeout)
            if not ready:
                return b""
            if self._socket is not None:
                data = self._socket.recv(_LARGEST_READ)
            else:
                assert self._process.stdout is not None
                data = os.read(self._process.stdout.fileno(), _LARGEST_READ)
        except (OSError, ValueError):
            data = b""
        if not data:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
            said, well = self._said(), self._process.returncode in (None, 0)
            if said or not well:
                why = ": the image reset the board, or switched it off" if well else ""
                raise GhostError(f"{self._name} ended while the board was running{why}.{said}")
            self._ended = True
        return data

    def clock(self) -> float:
        """Return the PC's time."""
        return time.monotonic()

    def counts(self) -> None:
        """Return None: only the board's own counter knows."""
        return None

    def close(self) -> None:
        """End the program, first kindly."""
        self._ended = True
        if self._socket is not None:
            self._socket.close()
        processes.end(self._process)
        self._log.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            with contextlib.suppress(Exception):
                self.close()

    def _said(self) -> str:
        """Return the last lines of what the program itself printed."""
        if self._log.closed:
            return ""
        with contextlib.suppress(OSError):
            self._log.seek(0)
            lines = self._log.read().decode("utf-8", "replace").split("\n")
            text = "\n".join(line for line in lines if line.strip())[-2000:]
            return f" It said:\n{text}" if text else ""
        return ""

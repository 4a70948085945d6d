# SPDX-License-Identifier: Apache-2.0
"""A board's microphone, heard over its console: a board that runs the `record` app."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import numpy as np

from mcu_ghost.boards import Board, with_baud
from mcu_ghost.boards.port import usb
from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.build.apps import record
from mcu_ghost.host.errors import GhostError
from mcu_ghost.proof import monitor
from mcu_ghost.proof.link.line import Port
from mcu_ghost.proof.monitor import Hop, Sound
from mcu_ghost.sound import lines
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.capture import Block
from mcu_ghost.sound.lines import Start

_BLOCK = RATE // 10  # samples
_SILENT = 3.0  # seconds without a hop after which it is no use to wait
_LONGEST_GAP = 60.0  # seconds of silence that are put in where a board began anew


class BoardMicrophone:
    """A `Microphone`: that of a board.

    Args:
        board: The board, as its file describes it, at the baud rate of its image.
        port: A serial port; found by the board's USB ids if "".
        say: Takes sentences on what becomes of the port.
    """

    def __init__(
        self, board: Board, port: str = "", say: Callable[[str], None] = lambda sentence: None
    ) -> None:
        self._board, self._port, self._say = board, port, say

    @property
    def name(self) -> str:
        """What people call the board."""
        return self._board.title

    @contextlib.contextmanager
    def listening(self) -> Iterator[Iterator[Block]]:
        """Listen while the context is open; see `Microphone`.

        Raises:
            GhostError: No such port, it is gone, or no sound comes from it.
        """
        device = self._port or usb.find(self._board).device
        with contextlib.closing(SerialPort(device, self._board, tell=self._say)) as opened:
            yield blocks(opened, self._board, opened.clock)


def board_microphone(
    board: Board,
    port: str = "",
    baud: int | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> BoardMicrophone:
    """Return the microphone of a board that runs the `record` app.

    Args:
        board: The board, as its file describes it.
        port: A serial port; found by the board's USB ids if "".
        baud: Bits per second; the board's if None.
        say: Takes sentences on what becomes of the port.

    Raises:
        GhostError: The board has no microphone, or too slow a console.
    """
    target = with_baud(board, baud)
    record.need(target)
    return BoardMicrophone(target, port, say)


def blocks(
    port: Port,
    board: Board,
    clock: Callable[[], float],
    real: Callable[[], float] = time.monotonic,
) -> Iterator[Block]:
    """Yield what a board hears, from its first whole packet on, without end.

    Where a packet is damaged or missing, or the board was too slow, silence takes the place of what
    it held, and is counted. Where the board began anew, nobody knows how much it missed: then it is
    as much silence as time went by.

    Args:
        port: Where the board is.
        board: The board, as its file describes it.
        clock: Returns the seconds in which a board that sends nothing is given up.
        real: Returns the seconds that go by while a board begins anew.

    Raises:
        GhostError: No sound comes, or what comes is none.
    """
    waiting, sound = _Waiting(port, board, clock), Sound()
    last: Hop | None = None
    made, ready, lost, heard = list[Samples](), 0, 0, 0.0
    for one in monitor.said(waiting):
        if isinstance(one, str):
            waiting.note(one)
            continue
        waiting.heard()
        samples = sound.take(one)
        if last and len(samples) == len(one.samples) and one.number != last.number + 1:
            gap = round(RATE * min(max(real() - heard, 0.0), _LONGEST_GAP))
            samples = np.pad(samples, (max(gap, len(samples)), 0))
        last, heard = one, real()
        made.append(samples)
        ready += len(samples)
        lost += len(samples) - len(one.samples)
        if ready >= _BLOCK:
            yield Block(np.concatenate(made), lost)
            made, ready, lost = [], 0, 0


class _Waiting:
    """A port that is given up when no sound comes from it."""

    def __init__(self, port: Port, board: Board, clock: Callable[[], float]) -> None:
        self._port, self._board, self._clock = port, board, clock
        self._received = 0
        self._app = ""
        self._garbled = False
        self.heard()

    def heard(self) -> None:
        """Take note that sound came."""
        self._until = self._clock() + _SILENT

    def note(self, line: str) -> None:
        """Take note of what is no sound."""
        event = lines.read(line)
        if isinstance(event, Start):
            self._app = event.app
        self._garbled = monitor.garbled(line)

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""
        self._port.write(data)

    def read(self, timeout: float) -> bytes:
        """Return what came.

        Raises:
            GhostError: It is no sound, for too long.
        """
        data = self._port.read(timeout)
        self._received += len(data)
        if self._clock() > self._until:
            raise self._silent()
        return data

    def _silent(self) -> GhostError:
        """Say that no sound comes, and what does instead."""
        board, app = self._board.name, record.APP.name
        found = "Nothing came"
        if self._app and self._app != app:
            found = f"It runs the app `{self._app}`"
        elif self._garbled:
            found = "What came is noise: is the baud rate right, and the line good?"
        elif self._received:
            found = "What came is no sound"
        status = getattr(self._port, "status", None)
        where = f" {status()}" if callable(status) else ""
        return GhostError(
            f"No sound comes from {board}. {found.rstrip('.')}{'' if found.endswith('?') else '.'}"
            f" Is the app `{app}` on it? `mcu-ghost build --board {board} --app {app}`, then"
            f" `mcu-ghost flash --board {board} --app {app}`.{where}"
        )

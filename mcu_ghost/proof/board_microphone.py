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
from mcu_ghost.proof.link.messages import SOUND
from mcu_ghost.proof.link.packets import Packet, encode
from mcu_ghost.proof.monitor import Hop
from mcu_ghost.sound import lines
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.capture import Block
from mcu_ghost.sound.lines import Start

_BLOCK = RATE // 10  # samples
_SILENT = 3.0  # seconds without a hop after which it is no use to wait
_LONGEST_GAP = 60 * RATE // record.HOP  # hops of silence that are put in at most
_KEPT = 480  # hops that a board has, and that are worth waiting for
_ASKED = 16  # hops in a request
_REACH = 255  # from the first of them to the last
_PAUSE = 0.010  # seconds between requests
_AGAIN = 0.025  # seconds after which a hop that was asked for is asked for again
_NOTHING: Samples = np.zeros(record.HOP, np.int16)


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

    What is missing is asked for again, half a second long. What still is then, and what the board
    was too slow for, is silence, and is counted. Where the board began anew, nobody knows how much
    it missed: then it is as much silence as time went by.

    Args:
        port: Where the board is.
        board: The board, as its file describes it.
        clock: Returns the seconds in which a board that sends nothing is given up, and in which a
            hop is asked for again.
        real: Returns the seconds that go by while a board begins anew.

    Raises:
        GhostError: No sound comes, or what comes is none.
    """
    order = _Order()
    waiting = _Waiting(port, board, clock, order)
    made, ready, lost, heard = list[Samples](), 0, 0, 0.0
    for one in monitor.said(waiting):
        if isinstance(one, str):
            if waiting.note(one):
                order.began = True
            continue
        if len(one.samples) != record.HOP:
            continue
        waiting.heard()
        passed = min(max(real() - heard, 0.0) * RATE // record.HOP, _LONGEST_GAP)
        heard = real()
        for samples in order.take(one, int(passed)):
            made.append(_NOTHING if samples is None else samples)
            lost += record.HOP * (samples is None)
            ready += record.HOP
        if ready >= _BLOCK:
            yield Block(np.concatenate(made), lost)
            made, ready, lost = [], 0, 0


class _Order:
    """Puts hops into their order, and knows which are missing.

    Attributes:
        began: Whether the board said since the last hop that it began anew.
    """

    def __init__(self) -> None:
        self.began = False
        self._next: int | None = None  # the number of the hop that is due
        self._newest = 0
        self._waiting: dict[int, Samples] = {}
        self._asked: dict[int, float] = {}

    def take(self, hop: Hop, passed: int) -> Iterator[Samples | None]:
        """Take a hop, and yield those that are due in their order; None for one that is lost.

        Args:
            hop: What came.
            passed: Hops of time since the one before.
        """
        number = hop.number
        if self._next is None:
            self._next = self._newest = number
        elif self.began or not 0 <= number - self._newest + 2 * _KEPT <= _LONGEST_GAP:
            yield from self._begin_anew(number, passed)
        self.began = False
        if number >= self._next:
            self._waiting[number] = hop.samples
            self._newest = max(self._newest, number)
        while self._next in self._waiting or self._next <= self._newest - _KEPT:
            yield self._waiting.pop(self._next, None)
            self._asked.pop(self._next, None)
            self._next += 1

    def _begin_anew(self, number: int, passed: int) -> Iterator[Samples | None]:
        """Yield what there is up to the end, and silence while the board was not there."""
        assert self._next is not None  # it began before
        for one in range(self._next, self._newest + 1):
            yield self._waiting.pop(one, None)
        for _ in range(max(1, passed)):
            yield None
        self._next = self._newest = number
        self._waiting.clear()
        self._asked.clear()

    def missing(self, now: float) -> list[int]:
        """Return the numbers to ask for again, the oldest first, and take note that they are."""
        if self._next is None or self._next > self._newest:
            return []
        found = list[int]()
        for number in range(self._next, self._newest):
            if number in self._waiting or now - self._asked.get(number, -1.0) < _AGAIN:
                continue
            if found and (len(found) == _ASKED or number - found[0] > _REACH):
                break
            found.append(number)
            self._asked[number] = now
        return found


class _Waiting:
    """A port over which is asked for what is missing, and that is given up when no sound comes."""

    def __init__(self, port: Port, board: Board, clock: Callable[[], float], order: _Order) -> None:
        self._port, self._board, self._clock, self._order = port, board, clock, order
        self._received = 0
        self._asked = -1.0
        self._app = ""
        self._garbled = False
        self.heard()

    def heard(self) -> None:
        """Take note that sound came."""
        self._until = self._clock() + _SILENT

    def note(self, line: str) -> bool:
        """Take note of what is no sound, and return whether the board began with it."""
        event = lines.read(line)
        self._garbled = monitor.garbled(line)
        if isinstance(event, Start):
            self._app = event.app
        return isinstance(event, Start)

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""
        self._port.write(data)

    def read(self, timeout: float) -> bytes:
        """Ask for what is missing, and return what came.

        Raises:
            GhostError: It is no sound, for too long.
        """
        now = self._clock()
        if now > self._asked + _PAUSE and (missing := self._order.missing(now)):
            behind = bytes(number - missing[0] for number in missing)
            self.write(encode(Packet(SOUND, 0, missing[0].to_bytes(4, "little") + behind)))
            self._asked = now
        data = self._port.read(timeout)
        self._received += len(data)
        if self._clock() > self._until:
            raise self._silent()
        return data

    def _silent(self) -> GhostError:
        """Say that no sound comes, and what does instead."""
        board, app = self._board.name, record.APP.name
        found = "Nothing came."
        if self._app and self._app != app:
            found = f"It runs the app `{self._app}`."
        elif self._garbled:
            found = "What came is noise: is the baud rate right, and the line good?"
        elif self._received:
            found = "What came is no sound."
        status = getattr(self._port, "status", None)
        where = f" {status()}" if callable(status) else ""
        return GhostError(
            f"No sound comes from {board}. {found} Is the app `{app}` on it? `mcu-ghost build"
            f" --board {board} --app {app}`, then `mcu-ghost flash --board {board} --app"
            f" {app}`.{where}"
        )

# SPDX-License-Identifier: Apache-2.0
"""What the packets of a link go over: a stream of bytes, in real time or an emulator's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Port(Protocol):
    """A byte stream to a board: an emulator or a serial port."""

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""

    def read(self, timeout: float) -> bytes:
        """Return what the board sent, or b"" when nothing came for `timeout` seconds."""


@dataclass(frozen=True)
class Wire:
    """A line in real time that may damage bytes, unlike an emulator's.

    Attributes:
        clock: Returns seconds, without those that the line was not there.
        lull: Seconds of silence that end a reply once some of it has come.
        limit: Seconds after which an unanswered request is given up.
    """

    clock: Callable[[], float]
    lull: float
    limit: float

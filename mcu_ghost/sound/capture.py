# SPDX-License-Identifier: Apache-2.0
"""Sound as it comes from a microphone: a PC's or a board's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from mcu_ghost.sound.audio import Samples


class Block(NamedTuple):
    """What came since the block before.

    Attributes:
        samples: (count,) int16, 16 kHz, in order; silence stands where samples were lost.
        lost: How many of them were.
    """

    samples: Samples
    lost: int


class Microphone(Protocol):
    """Something that listens."""

    @property
    def name(self) -> str:
        """What people call it: a card's or a board's name."""

    def listening(self) -> AbstractContextManager[Iterator[Block]]:
        """Listen while the context is open; blocks come without end, some ten in a second.

        Raises:
            GhostError: It is not there, or not allowed to be heard.
        """

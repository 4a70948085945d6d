# SPDX-License-Identifier: Apache-2.0
"""What an emulated microphone delivers, and what is played beside it."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt


class Sound:
    """Samples in order, as fast as they are taken, then silence without end.

    Attributes:
        taken: Samples that have been taken, silence included.
        played: What the chip sent to a device that plays it, int16 little endian.
    """

    def __init__(self) -> None:
        self._parts: deque[npt.NDArray[np.int16]] = deque()
        self.taken = 0
        self.played = bytearray()

    @property
    def left(self) -> int:
        """Samples before the silence."""
        return sum(map(len, self._parts))

    def play(self, samples: npt.NDArray[np.int16]) -> None:
        """Add int16 samples behind those that wait."""
        self._parts.append(samples.astype("<i2"))

    def take(self, count: int) -> bytes:
        """Return the next samples, little endian."""
        self.taken += count
        found = b""
        while self._parts and len(found) < 2 * count:
            part = self._parts.popleft()
            rest = count - len(found) // 2
            found += part[:rest].tobytes()
            if len(part) > rest:
                self._parts.appendleft(part[rest:])
        return found + bytes(2 * count - len(found))

# SPDX-License-Identifier: Apache-2.0
"""People who say words into microphones, each thing at its time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np

from mcu_ghost.host import keys
from mcu_ghost.sound.capture import Block
from mcu_ghost.sound.data.record import View
from mcu_ghost.sound.data.session import Item
from mcu_ghost.sound.data.take import Take

RATE = 16000
TURN = 2.9
"""Seconds that `said` takes in a session that nobody watches, from the countdown on."""


def noise(seconds: float, sigma: float = 20.0, seed: int = 1) -> np.ndarray:
    """Return a room, int16."""
    rng = np.random.default_rng(seed)
    return np.rint(rng.normal(0, sigma, round(RATE * seconds))).astype(np.int16)


def word(seconds: float = 0.45, level: float = 3000.0, seed: int = 1) -> np.ndarray:
    """Return something that a person says, int16: harmonics, and what reaches up to 8 kHz."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(RATE * seconds)) / RATE
    pitch = 100 + 10 * (seed % 12)
    voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
    return np.clip(level * (voice + rng.normal(0, 0.3, len(time))), -32768, 32767).astype(np.int16)


def said(count: int, seed: int = 1, gain: float = 1.0) -> np.ndarray:
    """Return some words, each 1.8 s after the one before is over, as a session waits for them."""
    sound = noise(TURN * count + 1, seed=seed).astype(np.float64)
    for number in range(count):
        start = round(RATE * (TURN * number + 1.8))
        spoken = word(seed=100 * seed + number)
        sound[start : start + len(spoken)] += gain * spoken
    return np.clip(sound, -32768, 32767).astype(np.int16)


class Room:
    """A microphone, the screen before it, and a person who does what is told, and presses keys.

    Args:
        says: From the number of a take to what is said in it, and after how many seconds.
        presses: Keys, one for each time that the session waits.
        lost: Numbers of takes in which a block loses 160 samples.
    """

    name = "a room"

    def __init__(
        self,
        says: Callable[[int], tuple[float, np.ndarray]] = lambda number: (0.3, word(seed=number)),
        presses: str = "",
        lost: tuple[int, ...] = (),
        sigma: float = 20.0,
    ) -> None:
        self._says, self._presses, self._lost = says, list(presses), set(lost)
        self._sigma = sigma
        self._stage, self.takes, self.seconds = "", 0, 0.0
        self._coming = np.zeros(0, np.int16)
        self.views: list[View] = []
        self.told: list[str] = []
        self.open = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[Iterator[Block]]:
        self.open = True
        yield self._blocks()
        self.open = False

    def _blocks(self) -> Iterator[Block]:
        count = 0
        while True:
            size = (700, 1600, 2333)[count % 3]
            count += 1
            block = noise(size / RATE, self._sigma, count).astype(np.int32)
            now, self._coming = self._coming[:size], self._coming[size:]
            block[: len(now)] += now
            self.seconds += size / RATE
            lost = 160 * (self._stage == "speak" and self.takes in self._lost)
            self._lost -= {self.takes} if lost else set()
            yield Block(np.clip(block, -32768, 32767).astype(np.int16), lost)

    def show(self, view: View) -> None:
        if view.stage == "speak" and self._stage != "speak":
            self.takes += 1
            after, spoken = self._says(self.takes)
            self._coming = np.concatenate([np.zeros(round(RATE * after), np.int16), spoken])
        self._stage = view.stage
        self.views.append(view)

    def key(self) -> str:
        if self._stage in ("ready", "done", "again") and self._presses:
            self._stage = ""  # until it is seen again
            return {"\n": keys.ENTER}.get(key := self._presses.pop(0), key)
        return ""

    def good(self, item: Item, take: Take) -> None:
        self.told.append(f"good {item.text}")

    def bad(self, item: Item, take: Take) -> None:
        self.told.append(f"{take.fault} {item.text}")

    def warn(self, sentence: str) -> None:
        self.told.append(sentence)

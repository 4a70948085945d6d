# SPDX-License-Identifier: Apache-2.0
"""Images of the `record` app, and lines over which one hears them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.build.apps.record import HOP
from mcu_ghost.emulate import unicorn
from mcu_ghost.network.random_model import random_model
from mcu_ghost.proof.board_microphone import blocks

BOARD = boards.load("nrf52840")
MODEL = random_model(1, units=8, ratio=2, inputs=4)


def loud(seconds: float, seed: int = 0) -> np.ndarray:
    """Return noise in which no sample is 0, so that silence that was put in can be told."""
    rng = np.random.default_rng(seed)
    count = round(seconds * 16000)
    return (rng.integers(1, 32768, count) * rng.choice([-1, 1], count)).astype(np.int16)


def sent(image: build.Built, sound: np.ndarray) -> Iterator[bytes]:
    """Yield what an image sends while a sound is played."""
    with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
        machine.outside.sound.play(sound)
        while machine.outside.sound.taken < len(sound):
            yield machine.read(0.01)


class End(Exception):
    """Nothing more comes."""


class Bytes:
    """A port from which these bytes come, some at a time."""

    def __init__(self, data: bytes, size: int = 997) -> None:
        self._parts = iter([data[i : i + size] for i in range(0, len(data), size)])
        self.now = 0.0

    def write(self, data: bytes) -> None:
        """Nobody hears it."""

    def read(self, timeout: float) -> bytes:
        self.now += 0.01
        for part in self._parts:
            return part
        raise End

    def clock(self) -> float:
        return self.now


def together(port: Bytes) -> tuple[np.ndarray, int]:
    """Return all samples that came in blocks, and how many of them were lost."""
    found, lost = [np.zeros(0, np.int16)], 0
    with contextlib.suppress(End):
        for block in blocks(port, BOARD, port.clock):
            assert block.samples.dtype == np.int16 and len(block.samples) >= 1600 > 0 <= block.lost
            found.append(block.samples)
            lost += block.lost
    return np.concatenate(found), lost


def held(found: np.ndarray, sound: np.ndarray) -> int:
    """Return how many samples are silence; all others must be what was played, at their place."""
    heard = np.flatnonzero(found)
    starts = [
        at for at in range(0, len(sound) - len(found) + 1, HOP)
        if sound[at + heard[0]] == found[heard[0]] and sound[at + heard[1]] == found[heard[1]]
    ]  # fmt: skip
    assert len(starts) == 1
    played = sound[starts[0] :][: len(found)]
    assert np.count_nonzero(found[heard] != played[heard]) == 0
    return len(found) - len(heard)


class Noisy:
    """A line to a board that damages bytes, both ways."""

    def __init__(self, machine: unicorn.UnicornMachine, seed: int, share: float) -> None:
        self._machine, self._share = machine, share
        self._rng = np.random.default_rng(seed)
        self.holes: list[float] = []  # seconds after which a fifth of a second is lost
        self.asked = 0

    def write(self, data: bytes) -> None:
        self.asked += 1
        self._machine.write(self._spoilt(data))

    def read(self, timeout: float) -> bytes:
        data = self._machine.read(0.002)
        if self.holes and self.clock() > self.holes[0]:
            end = self.holes.pop(0) + 0.2
            while self.clock() < end:
                self._machine.read(0.002)
        return self._spoilt(data)

    def clock(self) -> float:
        return self._machine.bus.now() / BOARD.cpu.clock_hz

    def _spoilt(self, data: bytes) -> bytes:
        made = bytearray(data)
        for at in np.flatnonzero(self._rng.random(len(data)) < self._share):
            made[at] ^= self._rng.integers(1, 256)
        return bytes(made)


def heard_over(
    image: build.Built, sound: np.ndarray, seed: int, share: float, holes: tuple[float, ...] = ()
) -> tuple[np.ndarray, int, int]:
    """Return what a microphone gives of a sound, how much was lost, and how often it asked."""
    found, lost = [np.zeros(0, np.int16)], 0
    with contextlib.closing(unicorn.start(image.board, image.elf)) as machine:
        line = Noisy(machine, seed, share)
        line.holes = list(holes)
        machine.outside.sound.play(sound)
        for block in blocks(line, BOARD, line.clock, line.clock):
            found.append(block.samples)
            lost += block.lost
            if sum(map(len, found)) >= len(sound) - 12_000:
                return np.concatenate(found), lost, line.asked
    raise AssertionError

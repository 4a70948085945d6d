# SPDX-License-Identifier: Apache-2.0
"""Samples that a front end must get right: ordinary ones, and the ends of every range."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import soundfile

from mcu_ghost.host import resources
from mcu_ghost.sound.front_end import Samples

LENGTH = 24000


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def _clicks() -> Samples:
    """Single samples, near and far apart; some windows' only large value is -32768."""
    rng, x = _rng(), np.zeros(LENGTH, np.int16)
    x[rng.integers(0, LENGTH, 150)] = rng.choice([-32768, -32767, 32767, 1, -1], 150)
    return x


def _wrapping() -> Samples:
    """Windows that come out flat, at full scale and in the phase that sums up most.

    Sums of 16 bits in the transform wrap then.
    """
    n = np.arange(240)
    window = np.sin(np.pi * (np.arange(480) + 0.5) / 480) ** 2
    parts = []
    for cycles in (5, 37, 45, 51, 83, 91, 117, 203):
        turn = 2 * np.pi * cycles / 256 * n + 1e-3
        flat = np.stack([np.sign(np.cos(turn)), np.sign(np.sin(turn))], axis=-1).ravel()
        parts += [np.clip(505 * flat / window, -32767, 32767), np.zeros(480)]
    return np.concatenate(parts).astype(np.int16)


def _chirp() -> Samples:
    time = np.arange(LENGTH) / 16000
    return np.rint(20000 * np.sin(2 * np.pi * 2600 * time**2)).astype(np.int16)


def _faint() -> Samples:
    return _rng().integers(-2, 3, LENGTH).astype(np.int16)


def _full_scale() -> Samples:
    return _rng().integers(-32768, 32768, LENGTH).astype(np.int16)


def _steps() -> Samples:
    """Noise whose loudness jumps from nothing to everything and back."""
    loud = np.repeat([1, 20, 32767, 3, 0, 32767, 300, 9000], LENGTH // 8)
    return np.rint(loud * _rng().uniform(-1, 1, LENGTH)).astype(np.int16)


def _square(half_period: int) -> Callable[[], Samples]:
    return lambda: np.where(np.arange(LENGTH) // half_period % 2, 32767, -32768).astype(np.int16)


SIGNALS: dict[str, Callable[[], Samples]] = {
    "silence": lambda: np.zeros(LENGTH, np.int16),
    "faint": _faint,
    "noise": lambda: np.rint(_rng().normal(0, 3000, LENGTH)).astype(np.int16),
    "full scale": _full_scale,
    "clicks": _clicks,
    "lowest": lambda: np.full(LENGTH, -32768, np.int16),
    "highest": lambda: np.full(LENGTH, 32767, np.int16),
    "square 1": _square(1),
    "square 2": _square(2),
    "square 37": _square(37),
    "chirp": _chirp,
    "steps": _steps,
    "wrapping": _wrapping,
}


def speech() -> Samples:
    """Return the bundled clips, one after the other."""
    clips = [soundfile.read(clip, dtype="int16")[0] for clip in resources.demo_clips()]
    return np.concatenate(clips)


def squares() -> tuple[list[int], list[int]]:
    """Return numbers of all sizes around which roots change, and their roots to the nearest.

    Of 32 bits no root is more than 65535.
    """
    rng = np.random.default_rng(2)
    roots = [*range(300), *(int(r) for r in 2 ** rng.uniform(0, 21.4, 3000)), 65535, 65536]
    numbers = [max(0, r * r + d) for r in roots for d in (-1, 0, 1, r, r + 1)] + [2**32 - 1, 2**32]
    down = [math.isqrt(x) for x in numbers]
    nearest = [r + (x - r * r > r) for x, r in zip(numbers, down, strict=True)]
    pairs = zip(numbers, nearest, strict=True)
    return numbers, [65535 if x < 2**32 and r == 65536 else r for x, r in pairs]

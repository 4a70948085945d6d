# SPDX-License-Identifier: Apache-2.0
"""What the experiments make of a clip before they train on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment

NOISES = ("white", "pink", "brown", "hum", "babble")


def shift(samples: Samples, by: int) -> Samples:
    """Move a clip later by a number of samples (earlier if negative), zeros moving in."""
    if by >= 0:
        return np.pad(samples, (by, 0))[: len(samples)]
    return np.pad(samples, (0, -by))[-by:]


def augmented(rng: np.random.Generator, samples: Samples, speech: Sequence[Samples]) -> Samples:
    """Return a clip shifted by up to 150 ms, at another level, three times in four with noise."""
    reach = RATE * 150 // 1000
    moved = shift(samples, int(rng.integers(-reach, reach + 1)))
    gain = float(rng.uniform(-12, 6))
    if rng.random() < 0.25:
        return augment.mix(moved, gain)
    kind = NOISES[rng.integers(len(NOISES))]
    return augment.mix(
        moved, gain, augment.noise(rng, len(moved), kind, speech), float(rng.uniform(5, 30))
    )


def silence(rng: np.random.Generator, length: int) -> Samples:
    """Return a clip without speech: digital silence, or noise between -75 and -25 dBFS."""
    if rng.random() < 0.1:
        return np.zeros(length, np.int16)
    kind = NOISES[rng.integers(4)]
    return recording.to_int16(
        augment.noise(rng, length, kind) * 32768 * 10 ** (rng.uniform(-75, -25) / 20)
    )

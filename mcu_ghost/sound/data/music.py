# SPDX-License-Identifier: Apache-2.0
"""Something like music: chords and arpeggios of decaying harmonics, over a beat."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.audio import RATE

Reals = npt.NDArray[np.float64]
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 3, 5, 7, 10))  # in semitones


def music(rng: np.random.Generator, length: int) -> Reals:
    """Return a random piece: one key, one tempo, one timbre.

    Args:
        rng: Randomness.
        length: Samples at 16 kHz.
    """
    total = np.zeros(length + RATE)
    scale = _SCALES[rng.integers(len(_SCALES))]
    root = float(rng.uniform(80, 240))
    beat = int(60 / rng.uniform(60, 160) * RATE)
    timbre = _timbre(rng)
    arpeggio, drums = rng.random() < 0.5, rng.random() < 0.7
    for start in range(0, length, beat):
        degree = int(rng.integers(len(scale)))
        for note in range(3):
            octave, step = divmod(degree + 2 * note, len(scale))
            hertz = root * 2 ** (octave + scale[step] / 12)
            at = start + (note * beat // 3 if arpeggio else 0)
            _add(total, at, rng.uniform(0.5, 1) * _note(hertz, beat, *timbre))
        if drums:
            _add(total, start, 3 * _kick())
            _add(total, start + beat // 2, rng.uniform(0.3, 1) * _hiss(rng))
    return total[:length]


def _timbre(rng: np.random.Generator) -> tuple[Reals, float, float]:
    """Return the harmonics' amplitudes, the attack and the decay in seconds."""
    amplitudes = rng.uniform(0.3, 1, 8) / np.arange(1, 9) ** rng.uniform(0.5, 2)
    return amplitudes, float(rng.uniform(0.003, 0.08)), float(rng.uniform(0.1, 0.8))


def _note(hertz: float, length: int, amplitudes: Reals, attack: float, decay: float) -> Reals:
    time = np.arange(length) / RATE
    audible = amplitudes[: math.ceil(RATE / 2 / hertz) - 1]
    # sin(k x) is the imaginary part of exp(i x)^k.
    wave = np.polyval([*audible[::-1], 0], np.exp(2j * np.pi * hertz * time)).imag
    envelope: Reals = np.minimum(time / attack, 1) * np.exp(-time / decay)
    return envelope * wave


def _kick() -> Reals:
    time = np.arange(RATE // 5) / RATE
    drop: Reals = np.sin(2 * np.pi * (50 * time + 3 * (1 - np.exp(-time / 0.03))))
    return drop * np.exp(-time / 0.06)


def _hiss(rng: np.random.Generator) -> Reals:
    white = rng.normal(0, 1, RATE // 10)
    return np.diff(white, prepend=0) * np.exp(-np.arange(RATE // 10) / (0.02 * RATE))


def _add(total: Reals, at: int, sound: Reals) -> None:
    part = total[at : at + len(sound)]
    part += sound[: len(part)]

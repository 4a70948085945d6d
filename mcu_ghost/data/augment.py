# SPDX-License-Identifier: Apache-2.0
"""Shift, gain and noise: what a clip meets on its way to a microphone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.audio import RATE, Samples

Reals = npt.NDArray[np.float64]
NOISES = ("white", "pink", "brown", "hum", "babble")


def noise(
    rng: np.random.Generator, length: int, kind: str, speech: list[Samples] | None = None
) -> Reals:
    """Return noise with a root mean square of 1.

    Args:
        rng: Randomness.
        length: Samples.
        kind: One of `NOISES`.
        speech: Utterances that babble mixes; without any, babble is pink noise.
    """
    if kind == "babble" and speech:
        total = np.zeros(length)
        for _ in range(4):
            voice = speech[rng.integers(len(speech))].astype(np.float64)
            total += np.roll(np.resize(voice, length), rng.integers(length)) / (voice.std() + 1)
    elif kind == "hum":
        time = np.arange(length) / RATE
        base = rng.choice([50.0, 60.0, 100.0, 120.0])
        total = rng.normal(0, 0.1, length)
        for harmonic in range(1, 8):
            phase = rng.uniform(0, 2 * np.pi)
            total += np.sin(2 * np.pi * base * harmonic * time + phase) / harmonic
    else:
        spectrum = np.fft.rfft(rng.normal(0, 1, length))
        slope = {"white": 0.0, "brown": 1.0}.get(kind, 0.5)
        spectrum /= np.maximum(np.arange(len(spectrum)), 8) ** slope
        total = np.fft.irfft(spectrum, length)
    scaled: Reals = total / (total.std() + 1e-9)
    return scaled


def place(rng: np.random.Generator, samples: Samples, length: int) -> Samples:
    """Put a short utterance anywhere in a clip of silence; cut a long one somewhere."""
    room = length - len(samples)
    if room < 0:
        start = int(rng.integers(-room + 1))
        return samples[start : start + length]
    before = int(rng.integers(room + 1))
    return np.pad(samples, (before, room - before))


def shift(samples: Samples, by: int) -> Samples:
    """Move a clip later by a number of samples (earlier if negative), zeros moving in."""
    if by >= 0:
        return np.pad(samples, (by, 0))[: len(samples)]
    return np.pad(samples, (0, -by))[-by:]


def mix(samples: Samples, gain_db: float, other: Reals | None = None, snr_db: float = 0) -> Samples:
    """Change a clip's level and add noise.

    Args:
        samples: The clip.
        gain_db: Applied to the clip and the noise.
        other: Noise with a root mean square of 1.
        snr_db: The clip's root mean square, where it is loud, over the noise's.
    """
    total = samples.astype(np.float64)
    if other is not None:
        frames = total[: len(total) // 320 * 320].reshape(-1, 320)
        level = np.sqrt(np.percentile((frames**2).mean(1), 90)) + 1
        total = total + other * level / 10 ** (snr_db / 20)
    return to_int16(total * 10 ** (gain_db / 20))


def to_int16(values: Reals) -> Samples:
    """Round and saturate."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def augment(rng: np.random.Generator, samples: Samples, speech: list[Samples]) -> Samples:
    """Return a clip shifted by up to 150 ms, at another level, three times in four with noise."""
    reach = RATE * 150 // 1000
    moved = shift(samples, int(rng.integers(-reach, reach + 1)))
    gain = float(rng.uniform(-12, 6))
    if rng.random() < 0.25:
        return mix(moved, gain)
    kind = NOISES[rng.integers(len(NOISES))]
    return mix(moved, gain, noise(rng, len(moved), kind, speech), float(rng.uniform(5, 30)))


def silence(rng: np.random.Generator, length: int) -> Samples:
    """Return a clip without speech: digital silence, or noise between -75 and -25 dBFS."""
    if rng.random() < 0.1:
        return np.zeros(length, np.int16)
    kind = NOISES[rng.integers(4)]
    return to_int16(noise(rng, length, kind) * 32768 * 10 ** (rng.uniform(-75, -25) / 20))

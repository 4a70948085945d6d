# SPDX-License-Identifier: Apache-2.0
"""Speed, room, level and noise: what a clip meets on its way to a microphone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data.music import music
from mcu_ghost.sound.recording import to_int16

Reals = npt.NDArray[np.float64]
KINDS = ("white", "pink", "brown", "hum", "babble", "music")
FULL_SCALE = 32767


def noise(
    rng: np.random.Generator, length: int, kind: str, speech: Sequence[Samples] = ()
) -> Reals:
    """Return noise with a root mean square of 1.

    Args:
        rng: Randomness.
        length: Samples.
        kind: One of `KINDS`.
        speech: Utterances that babble mixes; without any, babble is pink noise.
    """
    if kind == "babble" and speech:
        total = np.zeros(length)
        for _ in range(4):
            voice = speech[int(rng.integers(len(speech)))].astype(np.float64)
            total += np.roll(np.resize(voice, length), rng.integers(length)) / (voice.std() + 1)
    elif kind == "music":
        total = music(rng, length)
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


@dataclass(frozen=True, eq=False)
class Noise:
    """Where noise comes from: cuts of recordings, generated kinds, or by turns both.

    Attributes:
        recordings: int16 samples at 16 kHz; short ones are repeated.
        kinds: Of `KINDS`; without recordings at least one is needed.
        speech: Utterances that babble mixes.
    """

    recordings: tuple[Samples, ...] = ()
    kinds: tuple[str, ...] = KINDS
    speech: tuple[Samples, ...] = ()

    def draw(self, rng: np.random.Generator, length: int) -> Reals:
        """Return noise with a root mean square of 1 (0 where a recording is silent)."""
        if not self.recordings or (self.kinds and rng.random() < 0.5):
            return noise(rng, length, self.kinds[rng.integers(len(self.kinds))], self.speech)
        whole = self.recordings[rng.integers(len(self.recordings))]
        whole = np.resize(whole, max(length, len(whole)))
        start = int(rng.integers(len(whole) - length + 1))
        cut = whole[start : start + length].astype(np.float64)
        cut -= cut.mean()
        return cut / (cut.std() + 1e-9)


def speed(rng: np.random.Generator, samples: Samples, most: float = 0.1) -> Samples:
    """Play a clip faster or slower, and so higher or lower, by at most a fraction."""
    from scipy import signal

    percent = round(100 * float(rng.uniform(1 - most, 1 + most)))
    return fitted(signal.resample_poly(samples.astype(np.float64), 100, percent))


def fitted(values: Reals) -> Samples:
    """Round; what is louder than full scale is played less loud as a whole, and never cut off."""
    peak = float(np.abs(values).max(initial=0.0))
    return to_int16(values * min(1.0, FULL_SCALE / peak) if peak else values)


def reverberate(rng: np.random.Generator, samples: Samples) -> Samples:
    """Put a clip into a random room, at the same level.

    The impulse response is the direct sound, then noise that decays by 60 dB in 0.1 to 0.6 s; the
    direct sound has between 0 and 15 dB more energy than all the rest.

    Args:
        rng: Randomness.
        samples: The clip; what rings on after its end is cut off.
    """
    from scipy import signal

    decay = rng.uniform(0.1, 0.6)
    time = np.arange(int(decay * RATE)) / RATE
    tail = rng.normal(0, 1, len(time)) * 10 ** (-3 * time / decay)
    tail[: int(rng.uniform(0.001, 0.01) * RATE)] = 0  # until the first wall answers
    tail *= 10 ** (-rng.uniform(0, 15) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1
    dry = samples.astype(np.float64)
    wet = signal.fftconvolve(dry, tail)[: len(dry)]
    return fitted(wet * np.sqrt((dry**2).sum() / ((wet**2).sum() + 1e-9)))


def place(rng: np.random.Generator, samples: Samples, length: int) -> Samples:
    """Put a short utterance anywhere in a clip of silence; cut a long one somewhere."""
    room = length - len(samples)
    if room < 0:
        start = int(rng.integers(-room + 1))
        return samples[start : start + length]
    before = int(rng.integers(room + 1))
    return np.pad(samples, (before, room - before))


def mix(samples: Samples, gain_db: float, other: Reals | None = None, snr_db: float = 0) -> Samples:
    """Change a clip's level, as far as full scale allows, and add noise.

    Args:
        samples: The clip.
        gain_db: Applied to the clip and the noise.
        other: Noise with a root mean square of 1.
        snr_db: The clip's root mean square, where it is loud, over the noise's.
    """
    total = samples.astype(np.float64)
    if other is not None:
        total = total + other * loudness(samples) / 10 ** (snr_db / 20)
    return fitted(total * 10 ** (gain_db / 20))


def loudness(samples: Samples) -> float:
    """Return the root mean square of a clip's 20 ms pieces that are within 20 dB of the loudest."""
    pieces = np.resize(samples, -(-len(samples) // 320) * 320).astype(np.float64).reshape(-1, 320)
    energies = (pieces**2).mean(1)
    return float(np.sqrt(energies[energies >= energies.max() / 100].mean()))


def degrade(rng: np.random.Generator, samples: Samples, source: Noise) -> Samples:
    """Return a clip as a microphone may have it.

    Half of the clips come from a room, three in four have noise (0 to 30 dB below the speech), all
    are played at another level (-18 to +3 dB, as far as full scale allows).
    """
    if rng.random() < 0.5:
        samples = reverberate(rng, samples)
    gain = float(rng.uniform(-18, 3))
    if rng.random() < 0.25:
        return mix(samples, gain)
    return mix(samples, gain, source.draw(rng, len(samples)), float(rng.uniform(0, 30)))

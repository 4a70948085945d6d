# SPDX-License-Identifier: Apache-2.0
"""Speech in noise, mixed as it is asked for: what enhancement learns from and is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment
from mcu_ghost.sound.data.augment import Reals
from mcu_ghost.sound.data.sections import Pair, rising
from mcu_ghost.sound.recording import to_int16

Share = Annotated[float, Meta(ge=0, le=1)]
GENERATED = ("white", "pink", "brown", "hum")
_LONGEST_GAP = RATE // 2  # between short sounds
_LEAST = RATE // 4  # of a sentence in a mixture
_FASTER = 0.15  # and slower, at most
_LEAST_LEVEL = 1e-9  # so that silence divides nothing


@dataclass(frozen=True)
class Mixing:
    """`[mixing]`: what a mixture is made of.

    Attributes:
        snr_db: Speech over noise, lowest and highest.
        level_db: Speech over full scale, lowest and highest.
        clean: Share of mixtures with hardly any noise, 35 dB below the speech.
        generated: Share of noises that are generated: white, pink, brown, hum.
        second_noise: Share of mixtures with another noise, as loud or less.
        transients: Share with clicks, knocks and clatter.
        babble: Share with other speakers behind.
        tilt: Share of sounds whose bass or treble is raised or lowered.
        reverb: Share of sentences that are said in a room; its echoes are not to be taken away.
        speed: Share of recordings that training plays slower or faster, and so lower or higher, by
            up to 15 %.
    """

    snr_db: Pair = (-4.0, 20.0)
    level_db: Pair = (-40.0, -14.0)
    clean: Share = 0.05
    generated: Share = 0.25
    second_noise: Share = 0.3
    transients: Share = 0.2
    babble: Share = 0.05
    tilt: Share = 0.5
    reverb: Share = 0.0
    speed: Share = 0.0

    def __post_init__(self) -> None:
        rising("snr_db", self.snr_db)
        rising("level_db", self.level_db)


@dataclass(frozen=True, eq=False)
class Material:
    """What there is to mix, int16 at 16 kHz.

    Attributes:
        speech: Sentences.
        noises: Recordings by kind.
    """

    speech: tuple[Samples, ...]
    noises: Mapping[str, tuple[Samples, ...]]

    def mixture(
        self, rng: np.random.Generator, length: int, mixing: Mixing
    ) -> tuple[Samples, Reals]:
        """Return a mixture, int16, and the speech in it, (length,) of the same scale each."""
        speech = self._said(rng, length, mixing)
        snr = (
            35.0 if rng.random() < mixing.clean else rng.uniform(mixing.snr_db[0], mixing.snr_db[1])
        )
        noise = self._noise(rng, length, mixing)
        level = rng.uniform(mixing.level_db[0], mixing.level_db[1])
        return mixed(speech, noise, snr, level)

    def _said(self, rng: np.random.Generator, length: int, mixing: Mixing) -> Reals:
        """Return sentences one after the other, from anywhere in the first one on."""
        parts: list[Reals] = []
        have = 0
        while have < length:
            one = self.speech[int(rng.integers(len(self.speech)))].astype(np.float64)
            one = _played(rng, one, mixing)
            if rng.random() < mixing.tilt:
                one = tilted(rng, one)
            if rng.random() < mixing.reverb:
                one = augment.reverberate(rng, to_int16(one)).astype(np.float64)
            if not parts:
                one = one[int(rng.integers(max(1, len(one) - _LEAST))) :]
            gap = np.zeros(int(rng.integers(_LONGEST_GAP)))
            parts += [one, gap]
            have += len(one) + len(gap)
        return np.concatenate(parts)[:length]

    def _noise(self, rng: np.random.Generator, length: int, mixing: Mixing) -> Reals:
        """Return noise with a root mean square of 1."""
        total = self._one_noise(rng, length, mixing)
        if rng.random() < mixing.second_noise:
            total = total + self._one_noise(rng, length, mixing) * rng.uniform(0.1, 1)
        if rng.random() < mixing.transients:
            total = total + unit(clatter(rng, length)) * rng.uniform(0.3, 2)
        if rng.random() < mixing.babble:
            total = total + augment.noise(rng, length, "babble", self.speech) * rng.uniform(0.3, 2)
        return unit(total)

    def _one_noise(self, rng: np.random.Generator, length: int, mixing: Mixing) -> Reals:
        if not self.noises or rng.random() < mixing.generated:
            return augment.noise(rng, length, str(rng.choice(GENERATED)))
        kinds = tuple(self.noises)
        sounds = self.noises[kinds[int(rng.integers(len(kinds)))]]
        longest = int(length * (1 + _FASTER) + 1) if mixing.speed else length
        found = _played(rng, recorded(rng, sounds, longest), mixing)[:length]
        return unit(tilted(rng, found) if rng.random() < mixing.tilt else found)


def _played(rng: np.random.Generator, values: Reals, mixing: Mixing) -> Reals:
    """Return a recording at its own or, now and then, at another speed."""
    if mixing.speed and rng.random() < mixing.speed:
        return augment.speed(rng, to_int16(values), _FASTER).astype(np.float64)
    return values


def mixed(speech: Reals, noise: Reals, snr_db: float, level_db: float) -> tuple[Samples, Reals]:
    """Return speech in noise, and the speech in it; what would be too loud is quieter as a whole.

    Args:
        speech: (length,) of any scale.
        noise: (length,) with a root mean square of 1.
        snr_db: Speech, where it is loud, over noise.
        level_db: Speech, where it is loud, over full scale.

    Returns:
        (length,) int16, and (length,) of the same scale.
    """
    loud = augment.loudness(to_int16(speech)) + _LEAST_LEVEL
    level = 32768 * 10 ** (level_db / 20) / loud
    clean, added = speech * level, noise * (loud * level * 10 ** (-snr_db / 20))
    both = clean + added
    fits = min(1.0, augment.FULL_SCALE / (np.abs(both).max() + _LEAST_LEVEL))
    return to_int16(both * fits), clean * fits


def recorded(rng: np.random.Generator, sounds: Sequence[Samples], length: int) -> Reals:
    """Return a piece of a recording, or short ones in a row with gaps between them."""
    one = sounds[int(rng.integers(len(sounds)))]
    if len(one) >= length:
        start = int(rng.integers(len(one) - length + 1))
        return one[start : start + length].astype(np.float64)
    parts: list[Samples] = []
    have = 0
    longest = int(rng.integers(1, _LONGEST_GAP))
    while have < length:
        one = sounds[int(rng.integers(len(sounds)))][:length]
        parts += [one, np.zeros(int(rng.integers(longest)), np.int16)]
        have += len(parts[-2]) + len(parts[-1])
    start = int(rng.integers(have - length + 1))
    return np.concatenate(parts)[start : start + length].astype(np.float64)


def clatter(rng: np.random.Generator, length: int) -> Reals:
    """Return clicks and knocks: bursts of noise or a few tones that die away."""
    total = np.zeros(length)
    time = np.arange(RATE // 5)
    for start in rng.integers(0, length, int(rng.integers(1, 2 + 5 * length // RATE))):
        decay = np.exp(-time / rng.uniform(0.001 * RATE, 0.03 * RATE))
        if rng.random() < 0.5:
            sound = rng.normal(0, 1, len(time))
        else:
            tones = rng.uniform(150, 6000, (int(rng.integers(1, 5)), 1))
            sound = np.sin(2 * np.pi * tones * time / RATE + rng.uniform(0, 6, tones.shape)).sum(0)
        one = (sound * decay * rng.uniform(0.1, 1))[: length - start]
        total[start : start + len(one)] += one
    return total


def tilted(rng: np.random.Generator, values: Reals) -> Reals:
    """Return a sound after a random filter of two poles and two zeros, as RNNoise is trained.

    Source: J.-M. Valin, arXiv:1709.08243, section 5.
    """
    from scipy import signal

    above, below = rng.uniform(-3 / 8, 3 / 8, (2, 2))
    filtered: Reals = signal.lfilter([1, *above], [1, *below], values)
    return filtered


def unit(values: Reals) -> Reals:
    """Return values with a root mean square of 1, or zeros."""
    scaled: Reals = values / (np.sqrt(np.mean(values**2)) + 1e-9)
    return scaled


def batch(
    material: Material, rng: np.random.Generator, count: int, length: int, mixing: Mixing
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return mixtures and the speech in them, (count, length) float32 in steps of int16 each."""
    made = [material.mixture(rng, length, mixing) for _ in range(count)]
    noisy, clean = (np.stack(parts).astype(np.float32) for parts in zip(*made, strict=True))
    return noisy, clean

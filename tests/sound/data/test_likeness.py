# SPDX-License-Identifier: Apache-2.0
"""What sounds like speech, and how much noise is behind it, on generated sounds."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment, likeness, mixtures
from tests.train.enhancement.voices import voice


def rate(sounds: list[Samples]) -> float:
    return float(np.mean([likeness.like_speech(one) is True for one in sounds]))


def voices(count: int) -> list[Samples]:
    rng = np.random.default_rng(1)
    return [voice(rng, 4.0, rng.uniform(90, 300)) for _ in range(count)]


def sound(values: augment.Reals) -> Samples:
    return np.clip(values * 3000, -32768, 32767).astype(np.int16)


def test_voices_sound_like_speech() -> None:
    assert rate(voices(12)) > 0.7


@pytest.mark.parametrize("kind", augment.KINDS)
def test_noise_and_music_do_not(kind: str) -> None:
    rng = np.random.default_rng(2)
    said = voices(8)
    made = [sound(augment.noise(rng, 4 * RATE, kind, said)) for _ in range(8)]
    assert rate(made) <= 0.1


def test_what_is_struck_does_not_for_the_most_part() -> None:
    rng = np.random.default_rng(3)
    made = [sound(mixtures.unit(mixtures.clatter(rng, 6 * RATE))) for _ in range(16)]
    assert rate(made) < 0.4


@pytest.mark.parametrize("often", [1, 2, 4])
def test_one_trait_of_speech_is_not_enough(often: int) -> None:
    time = np.arange(4 * RATE) / RATE
    on = np.clip(np.sin(2 * np.pi * often * time), 0, 1)
    hiss = np.random.default_rng(4).normal(size=len(time))
    assert likeness.like_speech(sound(hiss * on)) is False  # as syllables come, without a pitch
    hum = np.sin(2 * np.pi * 150 * time) + np.sin(2 * np.pi * 300 * time)
    assert likeness.like_speech(sound(hum)) is False  # a pitch, without syllables


def test_too_short_or_silent_to_tell() -> None:
    assert likeness.like_speech(np.ones(RATE - 1, np.int16)) is None
    assert likeness.like_speech(np.zeros(2 * RATE, np.int16)) is False
    assert likeness.noise_below(np.zeros(2 * RATE, np.int16)) is None
    assert likeness.noise_below(np.ones(3, np.int16)) is None


@pytest.mark.parametrize("snr", [5, 10, 20, 30])
def test_how_far_noise_is_below_a_voice(snr: int) -> None:
    rng = np.random.default_rng(5)
    found = [
        likeness.noise_below(augment.mix(one, -3, augment.noise(rng, len(one), "white"), snr))
        for one in voices(5)
    ]
    assert all(one is not None and abs(one - snr) < 5 for one in found)

# SPDX-License-Identifier: Apache-2.0
"""Speech in noise as it is asked for."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from mcu_ghost.sound.data import augment, mixtures
from mcu_ghost.sound.data.mixtures import Material, Mixing
from tests.train.enhancement.voices import voice

LENGTH = 16_000


@functools.cache
def material() -> Material:
    rng = np.random.default_rng(1)
    said = tuple(voice(rng, seconds, 140) for seconds in (0.4, 3.0, 1.0))
    short = tuple(rng.normal(0, 900, n).astype(np.int16) for n in (300, 4000))
    return Material(said, {"knocks": short, "wind": (rng.normal(0, 99, 50_000).astype(np.int16),)})


def only(**shares: float) -> Mixing:
    none = dict.fromkeys(
        ("clean", "generated", "second_noise", "transients", "babble", "tilt", "reverb", "speed"),
        0.0,
    )
    return Mixing(**(none | shares))  # type: ignore[arg-type]


@pytest.mark.parametrize("mixing", [
    Mixing(), only(), only(generated=1), only(second_noise=1), only(transients=1),
    only(babble=1), only(tilt=1), only(reverb=1), only(speed=1),
])  # fmt: skip
def test_levels_and_snr_are_as_asked(mixing: Mixing) -> None:
    rng = np.random.default_rng(7)
    snrs, levels = [], []
    for _ in range(40):
        noisy, clean = material().mixture(rng, LENGTH, mixing)
        assert noisy.dtype == np.int16 and noisy.shape == clean.shape == (LENGTH,)
        noise = noisy - clean
        loud = augment.loudness(clean.round().astype(np.int16))
        if loud < 50:  # the pause between two sentences
            continue
        snrs.append(20 * np.log10(loud / np.sqrt((noise**2).mean())))
        levels.append(20 * np.log10(loud / 32768))
    assert len(snrs) > 20
    assert -4.5 < min(snrs) < 6 and 8 < max(snrs) < (40 if mixing.clean else 20.5)
    assert -41 < min(levels) and max(levels) < -13.5


def test_the_same_seed_gives_the_same() -> None:
    first, second = (
        mixtures.batch(material(), np.random.default_rng([3, 4]), 3, LENGTH, Mixing())
        for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert first[0].dtype == first[1].dtype == np.float32 and first[0].shape == (3, LENGTH)


def test_loud_sums_are_made_quieter_as_a_whole() -> None:
    rng = np.random.default_rng(2)
    mixing = Mixing(snr_db=(-4, -3.9), level_db=(-0.1, 0.0), clean=0)
    for _ in range(5):
        noisy, clean = material().mixture(rng, LENGTH, mixing)
        assert np.abs(noisy.astype(int)).max() == augment.FULL_SCALE
        noise = noisy - clean
        loud = augment.loudness(clean.round().astype(np.int16))
        assert 20 * np.log10(loud / np.sqrt((noise**2).mean())) == pytest.approx(-4, abs=0.2)


def test_short_noises_are_put_in_a_row() -> None:
    rng = np.random.default_rng(5)
    short = [np.full(n, 1000, np.int16) for n in (50, 400)]
    found = mixtures.recorded(rng, short, LENGTH)
    assert len(found) == LENGTH and 0.01 < (found > 0).mean() < 1
    long = np.arange(50_000).astype(np.int16)
    np.testing.assert_array_equal(np.diff(mixtures.recorded(rng, [long], 1000)), 1)


def test_without_recordings_noise_is_generated() -> None:
    alone = Material(material().speech, {})
    noisy, clean = alone.mixture(np.random.default_rng(1), LENGTH, only())
    assert np.std(noisy - clean) > 1


def test_recordings_are_played_lower_and_higher() -> None:
    time = np.arange(10 * LENGTH) / 16000
    tone, hum = ((9000 * np.sin(2 * np.pi * hz * time)).astype(np.int16) for hz in (1000, 3000))
    sounds = Material((tone,), {"hum": (hum,)})

    def heard(mixing: Mixing) -> tuple[list[float], list[float]]:
        rng = np.random.default_rng(5)
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(30):
            noisy, clean = sounds.mixture(rng, LENGTH, mixing)
            for values, pitches in zip((clean, noisy - clean), found, strict=True):
                spectrum = np.abs(np.fft.rfft(values * np.hanning(LENGTH)))
                pitches.append(float(spectrum.argmax() * 16000 / LENGTH))
        return found

    for pitches, hz in zip(heard(only()), (1000, 3000), strict=True):
        assert pitches == pytest.approx([hz] * 30, rel=0.01)
    for pitches, hz in zip(heard(only(speed=1)), (1000, 3000), strict=True):
        assert 0.84 * hz < min(pitches) < 0.9 * hz and 1.1 * hz < max(pitches) < 1.16 * hz

# SPDX-License-Identifier: Apache-2.0
"""Dull recordings are told from clear ones whatever rate they state, and scenes match them."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import bandwidth, check, scenes, sounds, streams
from mcu_ghost.sound.data.sections import Negatives, Words
from mcu_ghost.sound.data.sounds import Said
from mcu_ghost.train.recipe import Recipe
from tests.sound.data.sets import put

RNG = np.random.default_rng


@functools.cache
def speechlike(seed: int, seconds: float = 0.4, rate: int = RATE) -> Samples:
    """A voice of harmonics that fall by 12 dB an octave, and a sibilant 30 dB below it."""
    rng, time = RNG(seed), np.arange(round(seconds * rate)) / rate
    pitch = rng.uniform(90, 220)
    voice = sum(
        np.sin(2 * np.pi * k * pitch * time) / k**2 for k in range(1, int(0.45 * rate / pitch))
    )
    return recording.to_int16(6000 * voice + rng.normal(0, 150, len(time)))


def telephone(samples: Samples, rate: int = RATE) -> Samples:
    return recording.resample(recording.resample(samples, rate, 8000), 8000, rate)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_a_file_that_was_8_khz_is_dull_at_whatever_rate(rate: int) -> None:
    for seed in range(4):
        clear = speechlike(seed, rate=rate)
        assert bandwidth.dull(clear, rate) is False
        found = bandwidth.reach(telephone(clear, rate), rate)
        assert found is not None and 3000 <= found <= 4750


def test_a_file_of_8_khz_is_dull_itself() -> None:
    assert bandwidth.dull(recording.resample(speechlike(1), RATE, 8000), 8000) is True


def test_the_low_pass_of_music_files_and_level_do_not_make_dull() -> None:
    low = signal.butter(10, 7000, output="sos", fs=RATE)
    clear = recording.to_int16(signal.sosfilt(low, speechlike(2).astype(float)))
    assert bandwidth.dull(clear) is False
    for gain in (0.05, 1.0, 5.0):
        loud = recording.to_int16(speechlike(3) * gain)
        assert bandwidth.dull(loud) is False and bandwidth.dull(telephone(loud)) is True


def test_noise_silence_and_short_clips() -> None:
    noise = RNG(0).normal(0, 900, RATE // 4).astype(np.int16)
    assert bandwidth.reach(noise) == 8000 and bandwidth.dull(telephone(noise)) is True
    padded = np.pad(telephone(speechlike(5)), RATE)
    assert bandwidth.dull(padded) is True
    for nothing in (np.zeros(RATE, np.int16), np.zeros(0, np.int16), noise[:500], noise // 500):
        assert bandwidth.reach(nothing) is None


@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_the_spectrum_is_welchs(rate: int) -> None:
    length, samples = 4 * rate // 250, speechlike(6, 2.0 * 44100 / rate, rate)
    wanted = signal.welch(samples.astype(float), rate, nperseg=length, detrend="constant")[1]
    got = bandwidth._power(samples, rate, length)
    np.testing.assert_allclose(got[1 : length // 2], wanted[1 : length // 2], rtol=1e-9)


def test_limit_makes_dull() -> None:
    for seed in range(5):
        clear = speechlike(seed)
        limited = bandwidth.limit(RNG(seed), clear)
        assert bandwidth.dull(limited) is True and len(limited) == len(clear)
        below = signal.butter(8, 2500, output="sos", fs=RATE)
        kept = [signal.sosfilt(below, x.astype(float)).std() for x in (clear, limited)]
        assert kept[1] == pytest.approx(kept[0], rel=0.05)


def test_as_many_are_made_dull_as_of_the_others() -> None:
    assert bandwidth.to_match(0.0, 1.0) == 1 and bandwidth.to_match(1.0, 0.0) == 0
    assert bandwidth.to_match(0.2, 0.6) == pytest.approx(0.5)  # half of the 0.8 that are clear
    assert bandwidth.to_match(0.5, 0.6) == 0 and bandwidth.to_match(None, 1.0) == 0
    assert bandwidth.told([True] * 9, [False] * 9 + [None]).startswith("100% of the words are dull")
    assert "'clear = word, dull = none'" in bandwidth.told([False], [True])
    assert bandwidth.told([True], [True]) == bandwidth.told([True], [None]) == ""


def write(root: Path, dull: str) -> Recipe:
    for person in range(30):
        for folder, seed in (("words/go", person), ("others", 100 + person)):
            samples = speechlike(seed)
            put(root / folder / f"p{person}_0.wav",
                telephone(samples) if folder.startswith(dull) else samples)  # fmt: skip
    return Recipe("x", Words(("words",)), (Negatives("others", "speech"),))


@pytest.mark.parametrize(("dull", "shares"), [("words", (0, 1)), ("others", (1, 0)), ("-", (0, 0))])
def test_training_says_what_it_found_and_mends_it(
    tmp_path: Path, dull: str, shares: tuple[float, float]
) -> None:
    recipe = write(tmp_path, dull)
    found = sounds.load(recipe, tmp_path)
    pool = found.pools["train"]
    assert (pool.dull_words, pool.dull_speech) == shares
    said = [note for note in found.notes if "dull" in note]
    meant = {"words": "'dull = word, clear = none'", "others": "'clear = word, dull = none'"}
    assert len(said) == (dull in meant) and all(meant[dull] in note for note in said)
    off = dataclasses.replace(recipe, scenes=dataclasses.replace(recipe.scenes, band="off"))
    assert streams.digest(recipe, found) != streams.digest(off, found)


def test_scenes_make_a_share_dull() -> None:
    clear = Said(speechlike(1), -1, 0, 6400)
    recipe = Recipe("x", Words(("words",))).scenes
    still = dataclasses.replace(recipe, speed=0.0, reverb=0.0)
    rng = RNG(1)
    found = [bandwidth.dull(scenes.varied(rng, clear, still, 0.5).samples) for _ in range(80)]
    assert 25 < sum(one is True for one in found) < 55
    off = dataclasses.replace(still, band="off")
    assert bandwidth.dull(scenes.varied(rng, clear, off, 1.0).samples) is False


def test_check_compares_classes(tmp_path: Path) -> None:
    for person in range(10):
        put(tmp_path / "go" / f"p{person}_0.wav", telephone(speechlike(person)))
        put(tmp_path / "unknown" / f"p{person}_0.wav", speechlike(50 + person))
    report = check.check(tmp_path)
    assert [one.dull for one in report.classes] == [10, 0] and report.rates == {16000: 20}
    said = next(w for w in report.warnings if "dull" in w)
    assert "100% of 'go', 0% of 'unknown': the network would learn 'dull = go'" in said
    for person in range(10):
        put(tmp_path / "unknown" / f"p{person}_0.wav", telephone(speechlike(50 + person)))
    said = next(w for w in check.check(tmp_path).warnings if "dull" in w)
    assert said.startswith("20 recordings are dull") and "[[negatives]]" in said

# SPDX-License-Identifier: Apache-2.0
"""What a take is judged by: sounds whose levels are known."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.sound.data.take import BEFORE_MS, STEP, Ear, Take, Wanted, decibels, judge, powers
from tests.sound.data.people import RATE, noise, word

BEFORE = BEFORE_MS * RATE // 1000


def tone(amplitude: float, seconds: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 1000 * np.arange(round(RATE * seconds)) / RATE)


def take(
    spoken: np.ndarray, after: float = 0.3, sigma: float = 20.0, lost: int = 0, offset: int = 0
) -> Take:
    """Return what becomes of something that is said some seconds after a person is told to."""
    sound = noise(4, sigma).astype(np.float64) + offset
    start = BEFORE + round(RATE * after)
    sound[start : start + len(spoken)] += spoken
    sound = np.clip(sound, -32768, 32767).astype(np.int16)
    ear = Ear(noise(1, sigma, seed=2) + np.int16(offset), Wanted())
    end, over = BEFORE, False
    while end < BEFORE + 2.5 * RATE and not over:
        over, end = ear.over(sound[end : end + STEP]), end + STEP
    return judge(sound[:end], ear, lost, Wanted(), over)


def test_levels_are_of_full_scale() -> None:
    full = np.rint(tone(32767)).astype(np.int16)
    np.testing.assert_allclose([decibels(p) for p in powers(full)], -3.01, atol=0.01)
    np.testing.assert_allclose(powers(np.full(640, 500, np.int16)), 0)  # an offset is no sound
    assert decibels(0) == pytest.approx(-101.1, abs=0.1)  # rounding


def test_a_good_one_is_cut_out() -> None:
    found = take(tone(3276.7), sigma=32.767)
    assert (found.fault, found.advice) == ("", "")
    assert found.level_db == pytest.approx(-23.0, abs=0.3)
    assert found.snr_db == pytest.approx(60 - 23.0, abs=0.5)
    assert found.peak_db == pytest.approx(-20, abs=0.4)
    assert len(found.samples) / RATE == pytest.approx(0.25 + 0.5 + 0.25, abs=0.041)
    assert np.abs(found.samples[: RATE // 5].astype(int)).max() < 200  # the room
    assert np.abs(found.samples[RATE // 4 : RATE // 2].astype(int)).max() > 3000


@pytest.mark.parametrize("offset", [-4000, 4000])
def test_an_offset_changes_nothing(offset: int) -> None:
    plain, moved = take(tone(3000)), take(tone(3000), offset=offset)
    assert moved.fault == "" and moved.level_db == pytest.approx(plain.level_db, abs=0.1)
    np.testing.assert_allclose(moved.samples, plain.samples + offset, atol=1)  # of rounding


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("lost", take(tone(3000), lost=320)),
        ("silent", take(np.zeros(0), sigma=0)),
        ("silent", take(np.zeros(0), sigma=0, offset=900)),
        ("nothing", take(np.zeros(0))),
        ("nothing", take(tone(20000, 0.02))),  # a click
        ("clipped", take(tone(50000))),
        ("cut_off", take(tone(3000), after=-0.3)),  # before anybody told to speak
        ("cut_off", take(tone(3000, 3.0))),
        ("cut_off", take(tone(3000, 0.5), after=2.2)),
        ("quiet", take(tone(60), sigma=4)),
        ("noisy", take(tone(3000), sigma=900)),
    ],
)
def test_what_is_wrong(fault: str, found: Take) -> None:
    assert found.fault == fault
    assert found.advice and "{" not in found.advice


def test_who_is_a_little_early_is_not_cut_off() -> None:
    assert take(tone(3000), after=-0.2).fault == ""


def test_a_pause_within_a_word_is_no_end() -> None:
    spoken = np.concatenate([word(0.3), np.zeros(RATE * 4 // 10), word(0.3)])
    found = take(spoken)
    assert found.fault == "" and len(found.samples) / RATE == pytest.approx(1.5, abs=0.05)

# SPDX-License-Identifier: Apache-2.0
"""The NumPy front end equals pymicro-features for every value."""

import numpy as np
import pytest

from mcu_ghost.sound.front_end import FrontEnd, _root, features
from tests.sound.front_end.oracle import WHEEL, wheel
from tests.sound.front_end.signals import SIGNALS, speech, squares


@pytest.mark.parametrize("name", SIGNALS)
def test_equals_the_wheel(name: str) -> None:
    samples = SIGNALS[name]()
    got = features(samples, WHEEL)
    assert got.dtype == np.uint16
    assert np.array_equal(got, wheel(samples))


def test_speech_equals_the_wheel() -> None:
    samples = speech()
    got = features(samples, WHEEL)
    assert len(got) > 500 and got.max() > 500
    assert np.array_equal(got, wheel(samples))


def test_how_a_stream_is_cut_makes_no_difference() -> None:
    samples = speech()[:30000]
    want = features(samples, WHEEL)
    rng = np.random.default_rng(1)
    for longest in (1, 7, 160, 161, 480, 20000):
        front_end, parts, at = FrontEnd(WHEEL), [], 0
        data = samples[: 900 * longest]
        while at < len(data):
            size = int(rng.integers(1, longest + 1))
            parts.append(front_end.feed(data[at : at + size]))
            at += size
        got = np.concatenate(parts)
        assert np.array_equal(got, want[: len(data) // 160 - 2])


def test_reset_forgets_everything() -> None:
    samples = speech()[:16000]
    front_end = FrontEnd(WHEEL)
    first = front_end.feed(samples)
    assert not np.array_equal(front_end.feed(samples)[2:], first)
    front_end.reset()
    assert np.array_equal(front_end.feed(samples), first)


@pytest.mark.parametrize("length", [0, 1, 159, 160, 479])
def test_less_than_a_window_is_no_frame(length: int) -> None:
    assert features(np.ones(length, np.int16), WHEEL).shape == (0, 40)


@pytest.mark.parametrize("samples", [np.zeros(480), np.zeros((480, 1), np.int16)])
def test_other_samples_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one channel of int16"):
        features(samples, WHEEL)


def test_roots_are_exact() -> None:
    numbers, want = squares()
    assert _root(np.array(numbers, np.float64)).tolist() == want

# SPDX-License-Identifier: Apache-2.0
"""Spectrograms: their scale, and pictures of a bounded length."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mcu_ghost.sound import spectrogram
from mcu_ghost.sound.spectrogram import Excerpt


def sine(frequency: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * 16000)) / 16000
    return np.rint(32767 * np.sin(2 * np.pi * frequency * time)).astype(np.int16)


def test_a_sine_of_full_scale_has_0_db_at_its_frequency() -> None:
    found = spectrogram.levels(sine(1000))
    assert found.shape == (64, 257)
    middle = found[2:-3]
    assert (middle.argmax(axis=1) == 1000 * 512 / 16000).all()
    np.testing.assert_allclose(middle.max(axis=1), 0, atol=0.01)
    assert middle[:, 100:].max() < -80


@pytest.mark.parametrize("length", [1, 255, 256, 700])
def test_short_sounds(length: int) -> None:
    found = spectrogram.levels(sine(1000)[:length])
    assert len(found) == -(-length // 256) + 1 and np.isfinite(found).all()


def test_an_excerpt_is_no_longer_than_a_picture_shows() -> None:
    excerpt = Excerpt(16000)
    piece = sine(300, 7.0)
    for _ in range(9):
        excerpt.add(piece, piece // 2)
    assert excerpt.both.shape == (2, 60 * 16000) and excerpt.length == 63 * 16000
    assert np.array_equal(excerpt.both[0], np.tile(piece, 9)[: 60 * 16000])
    assert excerpt.shown == ", the first 60 s of 63 s"


def test_a_picture() -> None:
    pytest.importorskip("matplotlib", reason="pip install matplotlib")
    from mcu_ghost.train import pictures

    excerpt = Excerpt(16000)
    excerpt.add(sine(300, 0.5), sine(300, 0.5) // 9)
    names = ("a $x$  <b>\x1b.wav", "b" * 99)
    with pictures.style("test"):
        svg = spectrogram.picture(excerpt, names, "svg")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())
    for word in ("before: a $x$ &lt;b&gt;\\x1b.wav", f"after: {'b' * 60}…", "time, s",
                 "frequency, kHz", "dB of a sine of full scale, Hann window of 32 ms"):  # fmt: skip
        assert word in words

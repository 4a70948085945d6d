# SPDX-License-Identifier: Apache-2.0
"""Spectrograms: their scale, and pictures of a bounded length."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
import soundfile

from mcu_ghost.sound import spectrogram
from mcu_ghost.sound.spectrogram import Excerpt
from tests.host.test_charts import pixels
from tests.pages import Reader


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


def test_sounds_within_a_page_are_heard_and_seen_to_one_scale() -> None:
    loud, quiet = sine(1000, 2.0), sine(3000, 2.0) // 100
    one, other = spectrogram.shown({"loud": loud, "quiet": quiet}, 16000)
    for shown, samples in ((one, loud), (other, quiet)):
        flac = io.BytesIO(base64.b64decode(shown.flac))
        back, rate = soundfile.read(flac, dtype="int16")
        assert rate == 16000 and np.array_equal(back, samples)
        assert "-80 to 0 dB of a sine of full scale" in shown.picture
    hits = [title.split("\n") for title, _ in Reader(one.picture).hits]
    assert len(hits) == 60 and hits[0][0].startswith("0.00 to ") and hits[-1][0].endswith(" 2.00 s")
    assert {told for _, told in hits[2:-2]} == {"loudest at 1 000 Hz, 0 dB"}
    hits = [title.split("\n") for title, _ in Reader(other.picture).hits]
    assert {told for _, told in hits[2:-2]} == {"loudest at 3 000 Hz, -40 dB"}
    (link,) = Reader(other.picture).links
    found, _ = pixels(base64.b64decode(link.removeprefix("data:image/png;base64,")))
    assert found.shape == (128, 126)  # 126 frames, pairs of 256 frequencies, the lowest below
    assert (found[:, 3:-3].argmax(axis=0) == 127 - 3000 * 512 // 16000 // 2).all()


def test_a_long_sound_is_no_wider_a_picture() -> None:
    (one,) = spectrogram.shown({"": np.tile(sine(300), 30)}, 16000)
    found, _ = pixels(base64.b64decode(Reader(one.picture).links[0].partition(",")[2]))
    assert found.shape == (128, 1000)


@pytest.mark.parametrize("length", [0, 1, 300])
def test_short_sounds_are_shown_too(length: int) -> None:
    (one,) = spectrogram.shown({"": sine(300)[:length]}, 16000)
    assert "nan" not in one.picture and Reader(one.picture).hits


def test_a_picture() -> None:
    pytest.importorskip("matplotlib", reason="pip install matplotlib")
    excerpt = Excerpt(16000)
    excerpt.add(sine(300, 0.5), sine(300, 0.5) // 9)
    names = ("a $x$  <b>\x1b.wav", "b" * 99)
    svg = spectrogram.picture(excerpt, names, "svg")
    assert svg == spectrogram.picture(excerpt, names, "svg")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())
    for word in ("before: a $x$ &lt;b&gt;\\x1b.wav", f"after: {'b' * 60}…", "time, s",
                 "frequency, kHz", "dB of a sine of full scale, Hann window of 32 ms"):  # fmt: skip
        assert word in words

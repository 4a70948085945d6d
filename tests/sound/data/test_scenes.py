# SPDX-License-Identifier: Apache-2.0
"""Scenes: where the words are in them, what each frame should say, and the cache."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.sound.audio import RATE
from mcu_ghost.sound.data import augment, scenes, sounds, streams
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.data.sections import Scenes, Words
from mcu_ghost.sound.data.sounds import Pool, Said, Sounds
from mcu_ghost.sound.front_end import FrontEndSettings
from mcu_ghost.train.recipe import Recipe, Training

EARS = FrontEndSettings(16000, 30, 10, 40, 125.0, 7500.0, 2)


def beep(hertz: float, label: int) -> Said:
    """Half a second of a tone between 80 ms of silence."""
    wave = (6000 * np.sin(2 * np.pi * hertz * np.arange(RATE // 2) / RATE)).astype(np.int16)
    edge = RATE * 80 // 1000
    return Said(np.pad(wave, edge), label, edge, edge + len(wave), 0)


POOL = Pool((beep(500, 0), beep(1500, 1)), ((beep(900, -1).samples,),), ())


def test_a_word_is_found_where_it_is_in_its_recording() -> None:
    rng = np.random.default_rng(1)
    wave = rng.normal(0, 20, RATE)
    wave[5000:11000] += 4000 * np.sin(np.arange(6000))
    start, end = sounds.extent(wave.astype(np.int16))
    assert abs(start - 5000) <= 320 and abs(end - 11000) <= 320


def test_a_folder_of_few_recordings_speaks_as_often_as_one_of_many() -> None:
    few, many = (np.full(800, 1000 + i, np.int16) for i in range(2))
    pool = dataclasses.replace(POOL, shelves=((few,), (many,) * 99))
    plain = Scenes(words=0.01, cut_words=0, speed=0, reverb=0)
    said = itertools.islice(scenes.programme(np.random.default_rng(1), pool, plain), 500)
    found = [one.samples[0] == 1000 for one in said if one.label < 0]
    assert len(found) > 480 and 0.4 < np.mean(found) < 0.6


def test_spans_are_where_the_words_sound() -> None:
    rng = np.random.default_rng(2)
    mixture, spans, base = scenes.compose(rng, POOL.words, None, (0.5, 1.0), (-20, -19.9), 0)
    assert [span.label for span in spans] == [0, 1]
    for span, hertz in zip(spans, (500, 1500), strict=True):
        part = mixture[span.start + 200 : span.end - 200]
        peak = np.abs(np.fft.rfft(part)).argmax() * RATE / len(part)
        assert peak == pytest.approx(hertz, abs=5)
        assert np.sqrt((part**2).mean()) == pytest.approx(base, rel=0.05)
        assert not mixture[span.end + 10 : span.end + 1000].any()


def test_each_frame_says_what_it_heard_last() -> None:
    labels = streams.targets([Span(1, RATE, 2 * RATE)], 200, 2, EARS)
    ends = EARS.hops(np.arange(200)) * 10
    assert set(labels[ends < 1000]) == {2}
    assert set(labels[(ends >= 1000) & (ends < 1940)]) == {streams.ANYTHING}
    assert set(labels[(ends >= 1940) & (ends < 2300)]) == {1}
    assert set(labels[(ends >= 2300) & (ends < 2500)]) == {streams.ANYTHING}
    assert set(labels[ends >= 2500]) == {2}


def test_noise_is_as_loud_as_it_should_be() -> None:
    source = augment.Noise(kinds=("white",))
    quiet = scenes.word_scene(np.random.default_rng(3), POOL.words, source, np.inf)
    noisy = scenes.word_scene(np.random.default_rng(3), POOL.words, source, 10.0)
    assert quiet.spans == noisy.spans
    difference = noisy.samples.astype(float) - quiet.samples
    span = quiet.spans[0]
    speech = quiet.samples[span.start + 200 : span.end - 200].astype(float)
    assert 20 * np.log10(speech.std() / difference.std()) == pytest.approx(10, abs=0.3)


def some(seed: int = 1) -> tuple[Recipe, Sounds]:
    recipe = Recipe("test", Words(("words",)), scenes=Scenes(), training=Training(seed=seed))
    pools = dict.fromkeys(("train", "validation", "test"), POOL)
    return recipe, Sounds(("low", "high"), pools, (), (), "digest")


def test_scenes_are_the_same_whatever_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_BLOCK", 2)
    monkeypatch.setattr(streams, "SECONDS", 6)
    recipe, everything = some()
    first = streams.training(recipe, everything, "train", 0.006, tmp_path)
    assert first.features.shape[0] == first.labels.shape[0] == 4
    assert {0, 1, 2} <= set(np.unique(first.labels))
    blocks = sorted(tmp_path.rglob("*.npz"))
    before = [path.read_bytes() for path in blocks]
    blocks[1].unlink()
    told: list[tuple[int, int]] = []
    again = streams.training(
        recipe, everything, "train", 0.006, tmp_path, lambda *done: told.append(done)
    )
    assert told == [(2, 4), (3, 4), (4, 4)]  # what was there is no work: no time left by its speed
    assert [path.read_bytes() for path in blocks] == before
    assert np.array_equal(first.features, again.features)
    assert np.array_equal(first.labels, again.labels)


def test_other_settings_are_other_scenes() -> None:
    recipe, everything = some()
    more = dataclasses.replace(recipe, scenes=dataclasses.replace(recipe.scenes, train_hours=99))
    assert streams.digest(recipe, everything) == streams.digest(more, everything)
    assert streams.digest(recipe, everything) != streams.digest(some(seed=2)[0], everything)

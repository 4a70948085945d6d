# SPDX-License-Identifier: Apache-2.0
"""Words as sound comes are those of the whole sound, however it is cut."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.tflite import read
from mcu_ghost.sound import audio, detector, keywords, recording
from mcu_ghost.sound.detector import DetectorSettings, Word
from mcu_ghost.sound.listener import Heard, Listener
from tests.listeners import FRONT_END, listener, noise


def cut(samples: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Yield samples in pieces of 0 to 200 ms."""
    rng, at = np.random.default_rng(seed), 0
    while at < len(samples):
        size = int(rng.integers(0, 3200))
        yield samples[at : at + size]
        at += size


def joined(found: list[Heard]) -> Heard:
    frames, scores = (np.concatenate([one[i] for one in found]) for i in (0, 1))
    return Heard(frames, scores, tuple(word for one in found for word in one.words))


@pytest.mark.parametrize("seed", range(4))
def test_scores_in_pieces_are_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs = rng.integers(-128, 128, (600, 4)).astype(np.int8)
    window = int(rng.integers(1, 9))
    words = tuple(
        Word(label, i, window * 256 * 6 // 10, int(rng.integers(0, 40)))
        for i, label in ((0, "a"), (2, "b"))
    )
    chosen = DetectorSettings(window, words)
    stream = detector.Stream(chosen, 4)
    at, sums, events = 0, [], []
    while at < 600:
        size = int(rng.integers(0, 13))
        some, found = stream.feed(outputs[at : at + size])
        sums.append(some)
        events += found
        at += size
    np.testing.assert_array_equal(np.concatenate(sums), detector.smooth(outputs, window))
    assert events == detector.events(outputs, chosen) and len(events) > 5


@pytest.mark.parametrize(("seed", "stack"), [(0, 1), (1, 1), (2, 1), (0, 2), (1, 5)])
def test_random_networks(seed: int, stack: int) -> None:
    model, sound = listener(seed=seed + 20, stack=stack), noise(3000)[: 299 * 160]
    found = joined([Listener(model).feed(sound)])
    hears = Listener(model)
    pieces = joined([hears.feed(piece) for piece in cut(sound, seed)])
    want = keywords.expected(model, sound)
    assert found.words == pieces.words == want.words and want.words
    task, chosen = keywords.listening(model)
    np.testing.assert_array_equal(pieces.frames, task.frames(sound))
    sums = detector.smooth(reference.run(model, pieces.frames), chosen.window)
    np.testing.assert_array_equal(pieces.scores, sums[:, :3] / (256 * chosen.window))
    assert hears.words == tuple(word.label for word in chosen.words)
    assert hears.thresholds == pytest.approx((0.3,) * 3, abs=0.001)


def test_bundled_words() -> None:
    model = read.load(resources.default_model())
    sound = np.concatenate([np.pad(audio.read(p), (0, 16000)) for p in resources.demo_clips()])
    sound = sound[: len(sound) // 160 * 160]
    hears = Listener(model)
    found = joined([hears.feed(piece) for piece in cut(sound, 1)])
    assert found.words == keywords.expected(model, sound).words
    assert {word.word for word in found.words} <= set(hears.words) and len(found.words) > 3
    first = found.words[0]
    assert found.scores[:, hears.words.index(first.word)].max() >= first.score


def test_a_network_that_hears_8_khz() -> None:
    model = listener(front_end=FRONT_END | {"sample_rate": 8000, "high_hz": 3800.0})
    sound = noise(3000)
    hears = Listener(model)
    found = joined([hears.feed(piece) for piece in cut(sound, 2)])
    low = recording.resample(sound, 16000, 8000)
    want = [word for word in keywords.expected(model, low).words if word.ms < 2950]
    assert [word for word in found.words if word.ms < 2950] == want and want


def test_memory_does_not_grow() -> None:
    """Frames that were kept would be 2000 bytes of each second, samples 32000."""
    hears, sound = Listener(listener()), noise(1000)

    def held(seconds: int) -> int:
        for _ in range(seconds):
            hears.feed(sound)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    hears.feed(sound)
    tracemalloc.start()
    try:
        before, after = held(2), held(8)
    finally:
        tracemalloc.stop()
    assert after - before < 10_000


def test_models_for_something_else() -> None:
    with pytest.raises(GhostError, match="cleans speech and hears no words: `mcu-ghost denoise`"):
        Listener(read.load(resources.enhancement_model()))
    with pytest.raises(GhostError, match="does not say how its scores become words"):
        Listener(listener(detector=None))

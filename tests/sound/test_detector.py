# SPDX-License-Identifier: Apache-2.0
"""The detector: scores to words, in integers."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.sound import detector

LABELS = ["alexa", "jarvis", "other"]


def chosen(
    threshold: float = 0.5, refractory_ms: float = 100, window: int = 4
) -> detector.DetectorSettings:
    word = detector.GivenWord(threshold, refractory_ms)
    given = detector.Given(window, {"jarvis": word, "alexa": word})
    return detector.settings(given, LABELS, 20)


def scores(frames: int, **loud: slice) -> np.ndarray:
    """Outputs of 0.0 but for slices of 1.0 (255/256), by label."""
    outputs = np.full((frames, 3), -128, np.int8)
    for label, where in loud.items():
        outputs[where, LABELS.index(label)] = 127
    return outputs


def test_settings_become_integers() -> None:
    assert chosen(0.8, 1000, 8) == detector.DetectorSettings(
        8, (detector.Word("alexa", 0, 1639, 50), detector.Word("jarvis", 1, 1639, 50))
    )


def test_a_word_is_reported_when_half_the_window_is_full_of_it() -> None:
    # Two frames of 255 are 510, less than 512: the third reaches it.
    found = detector.events(scores(20, jarvis=slice(5, 9)), chosen())
    assert found == [detector.Event(7, "jarvis", 765)]


def test_refractory_time_silences_everything_and_then_ends() -> None:
    outputs = scores(40, jarvis=slice(5, 40), alexa=slice(9, 13))
    frames = [e.frame for e in detector.events(outputs, chosen())]
    assert frames == [7, 13, 19, 25, 31, 37]


def test_the_higher_score_wins_and_the_first_of_equals() -> None:
    outputs = scores(9, jarvis=slice(2, 9), alexa=slice(2, 9))
    assert [e.label for e in detector.events(outputs, chosen())] == ["alexa"]
    outputs[3, 0] = 0
    assert [e.label for e in detector.events(outputs, chosen())] == ["jarvis"]


def test_frames_one_by_one_say_the_same() -> None:
    outputs = np.random.default_rng(1).integers(-128, 128, (500, 3), dtype=np.int8)
    settings = chosen(0.6, 60)
    found, free = [], 0
    for frame in range(len(outputs)):
        window = outputs[max(0, frame - 3) : frame + 1].astype(int) + 128
        sums = window.sum(0)
        loud = [w for w in settings.words if sums[w.index] >= w.threshold]
        if loud and frame >= free:
            best = max(loud, key=lambda w: (sums[w.index], -w.index))
            found.append(detector.Event(frame, best.label, int(sums[best.index])))
            free = frame + 1 + best.refractory
    assert len(found) > 10
    assert detector.events(outputs, settings) == found


def test_a_word_must_be_a_label() -> None:
    given = detector.Given(4, {"jarvi": detector.GivenWord(0.5, 0)})
    with pytest.raises(ValueError, match="'jarvi' is none of the labels. Did you mean 'jarvis'?"):
        detector.settings(given, LABELS, 20)

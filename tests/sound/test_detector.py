# SPDX-License-Identifier: Apache-2.0
"""The detector: scores to words, in integers."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import detector

LABELS = ["alexa", "jarvis", "other"]


def chosen(
    threshold: float = 0.5, refractory_ms: float = 100, window: int = 4
) -> detector.Settings:
    word = {"threshold": threshold, "refractory_ms": refractory_ms}
    given = {"window": window, "words": {"jarvis": word, "alexa": word}}
    return detector.parse(given, LABELS, 20)


def scores(frames: int, **loud: slice) -> np.ndarray:
    """Outputs of 0.0 but for slices of 1.0 (255/256), by label."""
    outputs = np.full((frames, 3), -128, np.int8)
    for label, where in loud.items():
        outputs[where, LABELS.index(label)] = 127
    return outputs


def test_settings_become_integers() -> None:
    assert chosen(0.8, 1000, 8) == detector.Settings(
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "detector.window must be 1 to 64 frames, not 0."),
        ({"window": True}, "detector.window must be 1 to 64 frames, not True."),
        ({"words": {}}, "detector.words must name at least one word."),
        ({"words": {"jarvi": {}}}, "detector.words: 'jarvi' is none of the labels. Did you mean"),
        ({"words": {"jarvis": 3}}, "detector.words.jarvis.threshold must be 0 to 1, not None."),
        (
            {"words": {"jarvis": {"threshold": float("nan"), "refractory_ms": 1}}},
            "detector.words.jarvis.threshold must be 0 to 1, not nan.",
        ),
        (
            {"words": {"jarvis": {"threshold": 1, "refractory_ms": 1e9}}},
            "detector.words.jarvis.refractory_ms must be 0 to 60000, not 1000000000.0.",
        ),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, object], message: str) -> None:
    given = {"window": 4, "words": {"alexa": {"threshold": 0.5, "refractory_ms": 0}}} | change
    with pytest.raises(GhostError, match=message.replace(".", r"\.").replace("(", r"\(")):
        detector.parse(given, LABELS, 20)

# SPDX-License-Identifier: Apache-2.0
"""From the scores of every frame to words: the specification, in integers.

A model that listens without end names in its metadata how its scores become events:

    "detector": {"window": 8, "words": {"alexa": {"threshold": 0.8, "refractory_ms": 1000}, …}}

A word's smoothed score is the sum over the last `window` frames of its output, as 0 to 255. When it
reaches the threshold, the word is reported, and nothing else for its refractory time. Of several
words in one frame the one with the highest smoothed score is reported, the first where they tie.
`firmware/sound/ghost_detector.c` does the same, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s

FULL_SCALE = 256  # what a frame's output of 1.0 counts
LONGEST_WINDOW = 64


@dataclass(frozen=True)
class Word:
    """A word that is reported.

    Attributes:
        label: Its name.
        index: Of the output that scores it.
        threshold: Least sum of outputs over the window.
        refractory: Frames after it in which nothing is reported.
    """

    label: str
    index: int
    threshold: int
    refractory: int


@dataclass(frozen=True)
class Settings:
    """How scores become events.

    Attributes:
        window: Frames whose outputs are added.
        words: What is reported, by rising index.
    """

    window: int
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Event:
    """A word that was heard.

    Attributes:
        frame: The number of the frame that completed it, from 0.
        label: The word.
        sum: Its outputs added over the window.
    """

    frame: int
    label: str
    sum: int


def settings(model: Model) -> Settings:
    """Return what a model's metadata says.

    Raises:
        GhostError: The model is not one that listens without end, or says something impossible.
    """
    given = model.metadata.get("detector")
    if not isinstance(given, dict) or not model.head_per_frame:
        raise GhostError(
            f"The model '{model.name}' does not say how its scores become words, frame by frame. "
            'Train it to listen without end: task = "stream" in the recipe.'
        )
    scores = model.tensors[model.outputs[0]]
    if (scores.scale, scores.zero_point) != (1 / FULL_SCALE, -128):
        raise GhostError(f"The model '{model.name}' must end in a softmax for its scores to count.")
    return parse(given, model.labels, float(model.metadata.get("frame", {}).get("hop_ms", 0)))


def parse(given: dict[str, Any], labels: list[str], hop_ms: float) -> Settings:
    """Read the metadata's `detector`.

    Args:
        given: The JSON object.
        labels: Of the model's outputs.
        hop_ms: Milliseconds of a frame.

    Raises:
        GhostError: A number is out of range, or a word is no label.
    """
    window, words = given.get("window"), given.get("words")
    if type(window) is not int or not 1 <= window <= LONGEST_WINDOW:
        raise GhostError(f"detector.window must be 1 to {LONGEST_WINDOW} frames, not {window!r}.")
    if not isinstance(words, dict) or not words:
        raise GhostError("detector.words must name at least one word.")
    if not hop_ms > 0:
        raise GhostError("frame.hop_ms must be positive for a model with a detector.")
    found = []
    for label, word in words.items():
        if label not in labels:
            raise GhostError(
                f"detector.words: '{label}' is none of the labels.{did_you_mean(label, labels)}"
            )
        threshold = _number(word, "threshold", 1, label)
        refractory_ms = _number(word, "refractory_ms", 60_000, label)
        least = max(1, math.ceil(threshold * FULL_SCALE * window))
        found.append(Word(label, labels.index(label), least, round(refractory_ms / hop_ms)))
    return Settings(window, tuple(sorted(found, key=lambda w: w.index)))


def _number(word: Any, key: str, most: int, label: str) -> float:
    value = word.get(key) if isinstance(word, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise GhostError(f"detector.words.{label}.{key} must be 0 to {most}, not {value!r}.")
    return value


def smooth(outputs: Int8s, window: int) -> npt.NDArray[np.int32]:
    """Return the sums over the last `window` frames; before the first frame outputs were 0.0.

    Args:
        outputs: (frames, classes) int8 with zero point -128.
        window: Frames.

    Returns:
        (frames, classes) int32.
    """
    total = np.cumsum(outputs.astype(np.int32) + 128, axis=0, dtype=np.int32)
    total[window:] -= total[:-window].copy()
    return total


def events(outputs: Int8s, chosen: Settings) -> list[Event]:
    """Return what is reported of a stream that starts with nothing heard.

    Args:
        outputs: (frames, classes) int8 with zero point -128.
        chosen: How.
    """
    return picked(smooth(outputs, chosen.window), chosen.words)


def picked(sums: npt.NDArray[np.int32], words: Iterable[Word]) -> list[Event]:
    """Return the events of smoothed scores, (frames, classes) int32."""
    words = tuple(words)
    columns = sums[:, [w.index for w in words]]
    thresholds = np.array([w.threshold for w in words])
    reached = columns >= thresholds
    frames = np.flatnonzero(reached.any(axis=1))
    found: list[Event] = []
    at = 0
    while at < len(frames):
        frame = int(frames[at])
        best = int(np.where(reached[frame], columns[frame], -1).argmax())
        found.append(Event(frame, words[best].label, int(columns[frame, best])))
        at = int(np.searchsorted(frames, frame + 1 + words[best].refractory))
    return found

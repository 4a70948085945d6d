# SPDX-License-Identifier: Apache-2.0
"""From the scores of every frame to words: the specification, in integers.

A model that listens without end names in its metadata how its scores become events:

    "detector": {"window": 8, "words": {"alexa": {"threshold": 0.8, "refractory_ms": 1000}, …}}

A word's smoothed score is the sum over the last `window` frames of its output, as 0 to 255. When it
reaches the threshold, the word is reported, and nothing else for its refractory time. Of several
words in one frame the one with the highest smoothed score is reported, the first where they tie.
A word may name other thresholds beside its own, by how sensitive it is then:
`"sensitivity": {"low": 0.95, "medium": 0.8, "high": 0.6}`.
`firmware/sound/ghost_detector.c` does the same, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mcu_ghost.host.errors import did_you_mean
from mcu_ghost.host.schema import shown
from mcu_ghost.network.tensor import Int8s

FULL_SCALE = 256  # what a frame's output of 1.0 counts
LONGEST_REFRACTORY_MS = 60_000
Window = Annotated[int, Meta(ge=1, le=64)]
Threshold = Annotated[float, Meta(ge=0, le=1)]
Sensitivity = Literal["low", "medium", "high"]
SENSITIVITIES: tuple[Sensitivity, ...] = ("low", "medium", "high")


@dataclass(frozen=True)
class GivenWord:
    """When a word is reported, as the metadata says it.

    Attributes:
        threshold: Least mean score over the window.
        refractory_ms: After it nothing is reported for so long.
        sensitivity: Other thresholds by name: a low one misses more and lets less through.
    """

    threshold: Threshold
    refractory_ms: Annotated[float, Meta(ge=0, le=LONGEST_REFRACTORY_MS)]
    sensitivity: dict[Sensitivity, Threshold] = field(default_factory=dict)


@dataclass(frozen=True)
class Given:
    """The metadata's `detector`.

    Attributes:
        window: Frames whose outputs are added.
        words: What is reported, by label.

    Raises:
        ValueError: It reports nothing.
    """

    window: Window
    words: dict[str, GivenWord]

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("words must name at least one word.")

    def at(self, thresholds: float | Sequence[float]) -> Given:
        """Return the same with another threshold for all words, or one for each in order."""
        if isinstance(thresholds, int | float):
            thresholds = [thresholds] * len(self.words)
        words = zip(self.words.items(), thresholds, strict=True)
        return replace(self, words={label: replace(w, threshold=t) for (label, w), t in words})

    def choosing(self, thresholds: dict[Sensitivity, float]) -> Given:
        """Return the same with a threshold for each sensitivity, the same for all words."""
        words = {label: replace(w, sensitivity=thresholds) for label, w in self.words.items()}
        return replace(self, words=words)

    def as_said(self) -> dict[str, Any]:
        """Return what metadata say: no sensitivities where there are none."""
        said = asdict(self)
        for word in said["words"].values():
            if not word["sensitivity"]:
                del word["sensitivity"]
        return said


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
class DetectorSettings:
    """How scores become events.

    Attributes:
        window: Frames whose outputs are added.
        words: What is reported, by rising index.
    """

    window: int
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Event:
    """A word that was recognised.

    Attributes:
        frame: The number of the frame that completed it, from 0.
        label: The word.
        sum: Its outputs added over the window.
    """

    frame: int
    label: str
    sum: int


def settings(given: Given, labels: Sequence[str], hop_ms: float) -> DetectorSettings:
    """Work out the integers.

    Args:
        given: What the metadata says.
        labels: Of the model's outputs.
        hop_ms: Milliseconds of a frame, at least 1.

    Raises:
        ValueError: A word is no label.
    """
    found = []
    for label, word in given.words.items():
        if label not in labels:
            close = did_you_mean(label, labels)
            raise ValueError(f"detector.words: {shown(label)} is none of the labels.{close}")
        least = max(1, math.ceil(word.threshold * FULL_SCALE * given.window))
        silent = round(word.refractory_ms / hop_ms)
        found.append(Word(label, labels.index(label), least, silent))
    return DetectorSettings(given.window, tuple(sorted(found, key=lambda w: w.index)))


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


def events(outputs: Int8s, chosen: DetectorSettings) -> list[Event]:
    """Return what is reported of a stream that starts with nothing recognised.

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


class Stream:
    """Scores on their way to words, in pieces: `events` of all of them, as they come.

    Args:
        chosen: How.
        classes: Outputs of a frame.
    """

    def __init__(self, chosen: DetectorSettings, classes: int) -> None:
        self._chosen = chosen
        self._past: Int8s = np.full((chosen.window, classes), -128, np.int8)  # 0.0
        self._frames = self._quiet = 0  # until now, and in which nothing is reported from now on

    def feed(self, outputs: Int8s) -> tuple[npt.NDArray[np.int32], list[Event]]:
        """Take the next frames; how a stream is cut makes no difference.

        Args:
            outputs: (frames, classes) int8 with zero point -128.

        Returns:
            The sums over the window after each frame, (frames, classes), and what is reported.
        """
        every = np.concatenate([self._past, outputs])
        sums = smooth(every, self._chosen.window)[self._chosen.window :]
        first = min(self._quiet, len(outputs))
        found = picked(sums[first:], self._chosen.words)
        self._quiet -= first
        if found:
            silent = {word.label: word.refractory for word in self._chosen.words}[found[-1].label]
            self._quiet = max(0, first + found[-1].frame + 1 + silent - len(outputs))
        events = [replace(e, frame=self._frames + first + e.frame) for e in found]
        self._past = every[-self._chosen.window :]
        self._frames += len(outputs)
        return sums, events

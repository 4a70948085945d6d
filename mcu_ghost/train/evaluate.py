# SPDX-License-Identifier: Apache-2.0
"""Judges a network as it will be used: on streams, by the words that its detector reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound import audio, detector
from mcu_ghost.sound.audio import RATE, Features, Samples
from mcu_ghost.sound.data import scenes
from mcu_ghost.sound.data.augment import Noise
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.data.sounds import Pool, Said
from mcu_ghost.sound.detector import Event, Word
from mcu_ghost.sound.front_end_tables import FrontEndSettings
from mcu_ghost.train.inputs import InputFormat
from mcu_ghost.train.recipe import Detector

STREAM_SECONDS = 120
_WORDS_PER_STREAM = 40
LATE_MS = 750  # after its end a word may still be reported
CONFIDENCE = 0.95
THRESHOLDS = tuple(t / 100 for t in (*range(20, 90, 5), *range(90, 100, 2), 99))
LOWEST = 0.4  # threshold that is ever chosen
SNRS = (float("inf"), 10.0, 5.0, 0.0)
OTHER = "_other_"  # the output for none of the words


@dataclass(frozen=True)
class Rate:
    """Something counted, per trial or per hour, with a confidence interval.

    Attributes:
        count: How often it happened.
        of: Trials, or hours.
        low: Lower end of the interval of the rate, exact (Clopper-Pearson, Garwood).
        high: Upper end.
    """

    count: int
    of: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """Return the rate itself."""
        return self.count / self.of if self.of else float("nan")


def share(count: int, of: int) -> Rate:
    """Return a share of trials with its Clopper-Pearson interval."""
    from scipy import stats

    if not of:
        return Rate(count, of, 0.0, 1.0)
    low, high = stats.binomtest(count, of).proportion_ci(CONFIDENCE)
    return Rate(count, of, float(low), float(high))


def per_hour(count: int, hours: float) -> Rate:
    """Return events per hour with Garwood's interval for a Poisson count."""
    from scipy import stats

    if not hours:
        return Rate(count, hours, 0.0, float("inf"))
    tail = (1 - CONFIDENCE) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * count + 2) / 2
    return Rate(count, hours, float(low / hours), float(high / hours))


@dataclass(frozen=True, eq=False)
class Spoken:
    """Streams in which words are said.

    Attributes:
        features: (streams, frames, channels) uint16.
        spans: The words of each stream.
    """

    features: Features
    spans: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, eq=False)
class Silent:
    """Streams in which no word is said.

    Attributes:
        name: What is reported instead.
        features: (streams, frames, channels) uint16.
        hours: Of sound in them.
    """

    name: str
    features: Features
    hours: float


def spoken(
    words: Sequence[Said], noise: Noise, snr_db: float, seed: int, settings: FrontEndSettings
) -> Spoken:
    """Return the words, each said once, in noise at one level."""
    rng = np.random.default_rng([seed, 7])
    order = rng.permutation(len(words))
    parts = np.array_split(order, -(-len(order) // _WORDS_PER_STREAM))
    found = [scenes.word_scene(rng, [words[i] for i in part], noise, snr_db) for part in parts]
    length = max(len(scene.samples) for scene in found)
    features = []
    for scene in found:
        padding = scenes.finish(rng, np.zeros(length - len(scene.samples)))
        features.append(audio.frames(np.concatenate([scene.samples, padding]), settings))
    return Spoken(np.stack(features), tuple(scene.spans for scene in found))


def silent(name: str, sounds: Sequence[Samples], seed: int, settings: FrontEndSettings) -> Silent:
    """Return recordings without words as streams."""
    rng = np.random.default_rng([seed, 8])
    streams, hours = scenes.streams(rng, sounds, STREAM_SECONDS)
    return Silent(name, np.stack([audio.frames(stream, settings) for stream in streams]), hours)


def made_up(pool: Pool, seed: int, hours: float) -> list[Samples]:
    """Return generated noise and music-like sounds, 20 s each, between -60 and -20 dBFS."""
    rng = np.random.default_rng([seed, 9])
    source = Noise(speech=pool.speech)
    sounds = []
    for _ in range(round(hours * 3600 / 20)):
        level = 32768 * 10 ** (rng.uniform(-60, -20) / 20)
        sounds.append(scenes.finish(rng, source.draw(rng, 20 * RATE) * level))
    return sounds


Runs = Callable[[Features], Int8s]
"""From (streams, frames, channels) features to (streams, frames, classes) int8 outputs."""


def outputs(run: Runs, parts: Sequence[Features]) -> list[Int8s]:
    """Run streams of several lengths side by side, which is much faster than one by one.

    Args:
        run: A network.
        parts: (streams, frames, channels) uint16 each.

    Returns:
        (streams, frames, classes) int8 for each part.
    """
    longest = max(part.shape[1] for part in parts)
    padded = [np.pad(part, ((0, 0), (0, longest - part.shape[1]), (0, 0))) for part in parts]
    found = run(np.concatenate(padded))
    ends = np.cumsum([len(part) for part in parts])[:-1]
    split = zip(np.split(found, ends), parts, strict=True)
    return [out[:, : part.shape[1]] for out, part in split]


def integer_outputs(model: Model, form: InputFormat, features: Features) -> Int8s:
    """Return each frame's outputs as an image computes them, (streams, frames, classes) int8."""
    return reference.run(model, form.quantize(features))


def float_outputs(model: Any, form: InputFormat, features: Features) -> Int8s:
    """Return a Keras model's probabilities as the detector takes them.

    Args:
        model: Stateful, of any streams and frames.
        form: How features become its input.
        features: (streams, frames, channels) uint16.

    Returns:
        (streams, frames, classes) int8 with scale 1/256 and zero point -128.
    """
    import tensorflow as tf

    step = tf.function(model, reduce_retracing=True)
    rows, chunk = model.input_shape[:2]
    frames = -(-features.shape[1] // chunk) * chunk
    missing = (0, -len(features) % rows), (0, frames - features.shape[1]), (0, 0)
    padded = np.pad(features, missing)
    found = []
    for start in range(0, len(padded), rows):
        model.reset_states()
        parts = [
            np.asarray(step(form.real(padded[start : start + rows, i : i + chunk])))
            for i in range(0, frames, chunk)
        ]
        found.append(np.concatenate(parts, axis=1))
    scores = np.concatenate(found)[: len(features), : features.shape[1]]
    outputs: Int8s = (np.clip(np.rint(scores * 256), 0, 255) - 128).astype(np.int8)
    return outputs


@dataclass(frozen=True)
class Matched:
    """What became of the words of a stream.

    Attributes:
        reported: For each word that was said, the word that was reported in its time; "" for none.
        extra: Reports that belong to no word.
    """

    reported: tuple[str, ...]
    extra: int


def match(
    events: Sequence[Event],
    spans: Sequence[Span],
    labels: Sequence[str],
    settings: FrontEndSettings,
) -> Matched:
    """Give each word the report that came between its beginning and a little after its end.

    A report of the right word is preferred, then the first; each report belongs to one word.
    """
    free = list(events)
    reported = []
    for span in spans:
        start, end = 1000 * span.start / RATE, 1000 * span.end / RATE + LATE_MS
        near = [e for e in free if start <= settings.hops(e.frame) * settings.hop_ms <= end]
        right = [e for e in near if e.label == labels[span.label]]
        for chosen in (right or near)[:1]:
            free.remove(chosen)
        reported.append((right or near)[0].label if near else "")
    return Matched(tuple(reported), len(free))


@dataclass(frozen=True)
class Judge:
    """Counts misses and false accepts of one network's outputs.

    Attributes:
        labels: The words.
        detector: Window and refractory time.
        settings: Of the front end.
    """

    labels: tuple[str, ...]
    detector: Detector
    settings: FrontEndSettings

    def sums(self, outputs: Int8s) -> list[npt.NDArray[np.int32]]:
        """Return the smoothed scores of streams, (streams, frames, classes) int8."""
        return [detector.smooth(stream, self.detector.window) for stream in outputs]

    def words(self, thresholds: float | Sequence[float]) -> tuple[Word, ...]:
        """Return the detector's words at one threshold, or at one for each."""
        if isinstance(thresholds, int | float):
            thresholds = [thresholds] * len(self.labels)
        given = self.detector.given(self.labels, thresholds)
        return detector.settings(given, [*self.labels, OTHER], self.settings.frame_ms).words

    def matched(
        self,
        sums: Sequence[npt.NDArray[np.int32]],
        spans: Sequence[Sequence[Span]],
        thresholds: float | Sequence[float],
    ) -> Matched:
        """Return what became of the words of streams, one stream after the other."""
        words = self.words(thresholds)
        reported: list[str] = []
        extra = 0
        for stream, said in zip(sums, spans, strict=True):
            found = match(detector.picked(stream, words), said, self.labels, self.settings)
            reported += found.reported
            extra += found.extra
        return Matched(tuple(reported), extra)

    def misses(self, matched: Matched, spans: Sequence[Sequence[Span]]) -> Rate:
        """Return how many words were not reported, or as another word."""
        said = [self.labels[span.label] for stream in spans for span in stream]
        return share(sum(a != b for a, b in zip(said, matched.reported, strict=True)), len(said))

    def accepts(
        self,
        sums: Sequence[npt.NDArray[np.int32]],
        thresholds: float | Sequence[float],
    ) -> int:
        """Return how many words are reported in streams without any."""
        words = self.words(thresholds)
        return sum(len(detector.picked(stream, words)) for stream in sums)

    def choose(self, sums: Sequence[npt.NDArray[np.int32]], hours: float) -> float:
        """Return the lowest threshold that has few enough false accepts; the highest if none has.

        Args:
            sums: Of validation streams without words.
            hours: Their length.
        """
        allowed = self.detector.false_accepts_per_hour * hours
        grid = [t for t in THRESHOLDS if t >= LOWEST]
        return next((t for t in grid if self.accepts(sums, t) <= allowed), grid[-1])

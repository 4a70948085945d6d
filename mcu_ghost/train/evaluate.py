# SPDX-License-Identifier: Apache-2.0
"""Judges a network as it will be used: on streams, by the words that its detector reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound import audio, detector
from mcu_ghost.sound.audio import RATE, Features, Formula, Samples
from mcu_ghost.sound.data import scenes
from mcu_ghost.sound.data.augment import Noise
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.data.sounds import Pool, Said
from mcu_ghost.sound.detector import Event, Given, Word
from mcu_ghost.sound.front_end_tables import FrontEndSettings
from mcu_ghost.train.inputs import InputFormat
from mcu_ghost.train.rates import Rate, share

STREAM_SECONDS = 120
_WORDS_PER_STREAM = 40
LATE_MS = 750  # after its end a word may still be reported
SNRS = (float("inf"), 10.0, 5.0, 0.0)
OTHER = "_other_"  # the output for none of the words
Sums = npt.NDArray[np.int32]
"""Smoothed scores of a stream, (frames, classes)."""


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


def negatives(
    pool: Pool, seed: int, settings: FrontEndSettings, noise_hours: float
) -> list[Silent]:
    """Return all that a use has without words: the recipe's negatives, and generated noise.

    Where the recipe names none, other words of the data sets take their place.
    """
    apart = pool.apart or ({"other words": pool.speech} if pool.speech else {})
    found = [silent(name, sounds, seed, settings) for name, sounds in apart.items()]
    generated = made_up(pool, seed, noise_hours)
    return [*found, silent("generated noise and music", generated, seed, settings)]


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


def integer_outputs(model: Model, formula: Formula, features: Features) -> Int8s:
    """Return each frame's outputs as an image computes them, (streams, frames, classes) int8."""
    return reference.run(model, audio.to_int8(features, formula))


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
        given: The detector, whose thresholds are replaced by those that are asked about.
        outputs: The names of the network's outputs.
        settings: Of the front end.
    """

    given: Given
    outputs: tuple[str, ...]
    settings: FrontEndSettings

    @property
    def labels(self) -> tuple[str, ...]:
        """The words."""
        return tuple(self.given.words)

    def sums(self, outputs: Int8s) -> list[Sums]:
        """Return the smoothed scores of streams, (streams, frames, classes) int8."""
        return [detector.smooth(stream, self.given.window) for stream in outputs]

    def words(self, thresholds: float | Sequence[float]) -> tuple[Word, ...]:
        """Return the detector's words at one threshold, or at one for each."""
        given = self.given.at(thresholds)
        return detector.settings(given, self.outputs, self.settings.frame_ms).words

    def matched(
        self,
        sums: Sequence[Sums],
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

    def missed(self, matched: Matched, spans: Sequence[Sequence[Span]]) -> tuple[int, ...]:
        """Return of each word how often it was not reported, or as another word."""
        said = [self.labels[span.label] for stream in spans for span in stream]
        wrong = Counter(a for a, b in zip(said, matched.reported, strict=True) if a != b)
        return tuple(wrong[label] for label in self.labels)

    def misses(self, matched: Matched, spans: Sequence[Sequence[Span]]) -> Rate:
        """Return how many words were not reported, or as another word."""
        return share(sum(self.missed(matched, spans)), len(matched.reported))

    def accepts(self, sums: Sequence[Sums], thresholds: float | Sequence[float]) -> tuple[int, ...]:
        """Return of each word how often it is reported in streams without any."""
        words = self.words(thresholds)
        found = Counter(e.label for stream in sums for e in detector.picked(stream, words))
        return tuple(found[label] for label in self.labels)

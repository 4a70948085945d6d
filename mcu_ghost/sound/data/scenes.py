# SPDX-License-Identifier: Apache-2.0
"""Long mixtures: words and other speech, one after the other, over noise that goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment, bandwidth
from mcu_ghost.sound.data.augment import Noise, Reals
from mcu_ghost.sound.data.sections import Scenes
from mcu_ghost.sound.data.sounds import Pool, Said

_FADE = RATE // 100
_LONGEST = 4 * RATE  # of what is said at once
_DITHER = 1.0  # root mean square of a microphone's own noise, samples
_SILENT, _NOISY = 0.2, 4.0  # share of training scenes without any, and the most there is


@dataclass(frozen=True)
class Span:
    """Where a word is said in a scene, sample numbers of its beginning and end, and by whom."""

    label: int
    start: int
    end: int
    speaker: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """int16 samples at 16 kHz, and where the words are in them."""

    samples: Samples
    spans: tuple[Span, ...]


def programme(rng: np.random.Generator, pool: Pool, settings: Scenes) -> Iterator[Said]:
    """Yield what is said in training, without end: words, beginnings of words, other speech.

    A folder of few recordings counts as much as one of many: what is synthesised is cheap.
    """
    folders = sorted({word.origin for word in pool.words})
    shelves = [[word for word in pool.words if word.origin == origin] for origin in folders]
    while True:
        kind = rng.random()
        shelf = shelves[rng.integers(len(shelves))]
        word = shelf[rng.integers(len(shelf))]
        if kind < settings.words or not pool.shelves:
            yield varied(rng, word, settings, pool.dull_words)
        elif kind < settings.words + settings.cut_words:
            length = word.end - word.start
            end = word.start + int(length * rng.uniform(0.3, 0.6))
            part = Said(word.samples[:end], -1, word.start, end)
            yield varied(rng, part, settings, pool.dull_words)
        else:
            speeches = pool.shelves[rng.integers(len(pool.shelves))]
            speech = speeches[rng.integers(len(speeches))]
            start = int(rng.integers(max(1, len(speech) - _LONGEST)))
            piece = speech[start : start + _LONGEST]
            yield varied(rng, Said(piece, -1, 0, len(piece)), settings, pool.dull_speech)


def varied(rng: np.random.Generator, said: Said, settings: Scenes, dull: float = 0.0) -> Said:
    """Return something said at another speed, in a room, and dull, now and then.

    Args:
        rng: Randomness.
        said: What is said.
        settings: How often at another speed and in a room.
        dull: How often as by telephone; it takes no randomness where that is never.
    """
    samples, scale = said.samples, 1.0
    if rng.random() < settings.speed:
        samples = augment.speed(rng, samples, 0.12)
        scale = len(samples) / len(said.samples)
    if rng.random() < settings.reverb:
        samples = augment.reverberate(rng, samples)
    if settings.band == "auto" and dull and rng.random() < dull:
        samples = bandwidth.limit(rng, samples)
    return Said(samples, said.label, round(said.start * scale), round(said.end * scale),
                said.origin)  # fmt: skip


def compose(
    rng: np.random.Generator,
    said: Iterable[Said],
    seconds: float | None,
    gaps: tuple[float, float],
    level_db: tuple[float, float],
    spread_db: float,
) -> tuple[Reals, tuple[Span, ...], float]:
    """Say one thing after the other.

    Args:
        rng: Randomness.
        said: What to say; it is left where the time is over.
        seconds: Length; None: until all is said.
        gaps: Shortest and longest pause, seconds.
        level_db: Lowest and highest level of a scene, under full scale.
        spread_db: How much louder or quieter than that one thing may be.

    Returns:
        The mixture (float samples), where the words are, and its level (of `augment.loudness`).
    """
    base = 32768 * 10 ** (rng.uniform(*level_db) / 20)
    parts: list[Reals] = []
    spans: list[Span] = []
    at = 0

    def pause() -> None:
        nonlocal at
        length = int(rng.uniform(*gaps) * RATE)
        parts.append(np.zeros(length))
        at += length

    pause()
    for one in said:
        if seconds is not None and at + len(one.samples) > seconds * RATE:
            break
        wanted = base * 10 ** (rng.uniform(-spread_db, spread_db) / 20)
        part = one.samples.astype(np.float64) * (wanted / max(1.0, augment.loudness(one.samples)))
        fade = np.linspace(0, 1, min(_FADE, len(part)))
        part[: len(fade)] *= fade
        part[len(part) - len(fade) :] *= fade[::-1]
        if one.label >= 0:
            spans.append(Span(one.label, at + one.start, at + one.end, one.speaker))
        parts.append(part)
        at += len(part)
        pause()
    total = np.concatenate(parts)
    if seconds is not None:
        length = int(seconds * RATE)
        total = np.pad(total, (0, max(0, length - len(total))))[:length]
    return total, tuple(spans), base


def swell(rng: np.random.Generator, length: int) -> Reals:
    """Return a gain that wanders by some decibels every few seconds."""
    knots = np.arange(0, length + 3 * RATE, 3 * RATE)
    db = rng.uniform(-6, 3, len(knots))
    gain: Reals = 10 ** (np.interp(np.arange(length), knots, db) / 20)
    return gain


def finish(rng: np.random.Generator, mixture: Reals, dither: float = _DITHER) -> Samples:
    """Return a mixture as a microphone has it: with a little noise of its own, saturated."""
    return recording.to_int16(mixture + rng.normal(0, dither, len(mixture)))


def training_scene(rng: np.random.Generator, pool: Pool, settings: Scenes, seconds: float) -> Scene:
    """Return a scene as training and the choice of thresholds hear it."""
    mixture, spans, base = compose(
        rng, programme(rng, pool, settings), seconds, (0.1, 1.2), _pair(settings.level_db), 6
    )
    if rng.random() >= settings.quiet:
        source = Noise(pool.noise, speech=pool.speech)
        noise = source.draw(rng, len(mixture)) * swell(rng, len(mixture))
        mixture = mixture + noise * base / 10 ** (rng.uniform(*_pair(settings.snr_db)) / 20)
    silent = rng.random() < _SILENT  # as a file is that somebody made
    return Scene(finish(rng, mixture, 0.0 if silent else rng.uniform(0.3, _NOISY)), spans)


def word_scene(
    rng: np.random.Generator, words: Iterable[Said], noise: Noise, snr_db: float
) -> Scene:
    """Return a scene in which every word is said once, over noise at one level.

    Args:
        rng: Randomness.
        words: What to say.
        noise: What lies behind.
        snr_db: Each word's level over the noise's; infinite: no noise.
    """
    mixture, spans, base = compose(rng, words, None, (0.8, 1.6), (-26, -25.9), 0)
    if np.isfinite(snr_db):
        seconds = 20  # then another noise
        for start in range(0, len(mixture), seconds * RATE):
            part = mixture[start : start + seconds * RATE]
            part += noise.draw(rng, len(part)) * base / 10 ** (snr_db / 20)
    return Scene(finish(rng, mixture), spans)


def _pair(values: tuple[float, ...]) -> tuple[float, float]:
    return values[0], values[1]


def streams(
    rng: np.random.Generator, sounds: Iterable[Samples], seconds: float
) -> tuple[npt.NDArray[np.int16], float]:
    """Return recordings one after the other, as loud as they are, as streams side by side.

    Args:
        rng: Of the noise of the microphone.
        sounds: With half a second between them.
        seconds: Length of a stream; a single one is as long as what it holds.

    Returns:
        (streams, samples) int16, the last stream filled up with silence, and the hours without it.
    """
    parts = []
    for samples in sounds:
        parts += [samples.astype(np.float64), np.zeros(RATE // 2)]
    total = np.concatenate(parts)
    length = min(int(seconds * RATE), len(total))
    count = -(-len(total) // length)
    padded = np.pad(total, (0, count * length - len(total)))
    return finish(rng, padded).reshape(count, length), len(total) / RATE / 3600

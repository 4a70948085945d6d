# SPDX-License-Identifier: Apache-2.0
"""Test clips in noise that training never heard, the same for every run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from experiments import keyword_clips
from mcu_ghost.host import files
from mcu_ghost.sound import audio
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.data import augment, folder, plan, speech

WORDS = ("alexa", "computer", "jarvis", "smart_mirror", "snowboy", "view_glass")
NOISES = ("music", "rattle", "siren", "voice")  # none of them is in augmentation.NOISES
SNRS = ("5 dB", "0 dB")


def _music(rng: np.random.Generator, length: int) -> augment.Reals:
    time, total = np.arange(length) / audio.RATE, np.zeros(length)
    for start in np.arange(0, length, audio.RATE // 5):
        for _ in range(2):
            base = 110 * 2 ** (rng.integers(0, 36) / 12)
            after = np.maximum(time - start / audio.RATE, 0)
            tone = sum(np.sin(2 * np.pi * base * k * after) / k**1.5 for k in range(1, 7))
            total += tone * np.exp(-5 * after)
    return total


def _rattle(rng: np.random.Generator, length: int) -> augment.Reals:
    hits = (rng.random(length) < 40 / audio.RATE) * rng.normal(0, 1, length)
    time = np.arange(audio.RATE // 20) / audio.RATE
    ring = sum(np.sin(2 * np.pi * f * time + f) for f in rng.uniform(600, 6000, 5))
    return np.convolve(hits, ring * np.exp(-120 * time))[:length] + rng.normal(0, 1e-3, length)


def _siren(rng: np.random.Generator, length: int) -> augment.Reals:
    time = np.arange(length) / audio.RATE
    low, span, rate = rng.uniform(300, 900), rng.uniform(300, 1500), rng.uniform(0.5, 4)
    pitch = low + span * (0.5 + 0.5 * np.sin(2 * np.pi * (rate * time + rng.random())))
    phase = 2 * np.pi * np.cumsum(pitch) / audio.RATE
    return np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.25 * np.sin(3 * phase)


def unseen(rng: np.random.Generator, kind: str, length: int, talk: Samples) -> augment.Reals:
    """Return noise of a kind that training never heard, root mean square 1.

    Args:
        rng: Randomness.
        kind: One of `NOISES`.
        length: Samples.
        talk: What flite said; `voice` is a piece of it.
    """
    if kind == "voice":
        total = np.roll(talk, int(rng.integers(len(talk))))[:length].astype(np.float64)
    else:
        total = {"music": _music, "rattle": _rattle, "siren": _siren}[kind](rng, length)
    return total / (total.std() + 1e-9)


def spoken_test_clips(data: Path) -> Iterator[tuple[Samples, int]]:
    """Yield the recordings of the test split that hold speech, and their classes."""
    for recording in folder.scan(data / "wake_words", WORDS):
        if recording.split == "test":
            yield audio.cut(audio.read(recording.path)), WORDS.index(recording.label)
    for path in keyword_clips.sentence_files(data)[0]:
        if folder.split_of(folder.group_of(path)) == "test":
            for piece in keyword_clips.pieces(audio.read(path), audio.CLIP_MS):
                yield piece, len(WORDS)


def noisy(data: Path, path: Path) -> tuple[dict[str, audio.Features], npt.NDArray[np.int64]]:
    """Return the test clips' features in each noise, (noises * clips, frames, 40), and classes."""
    if not path.is_file():
        rng = np.random.default_rng([20, 1])
        said = [
            speech.say(text, speech.Voice("flite", name))
            for name in ("kal16", "awb", "rms", "slt")
            for text in rng.choice(plan.OTHER_WORDS, 40, replace=False)
        ]
        rng.shuffle(said)
        talk, clips = np.concatenate(said), list(spoken_test_clips(data))
        found: dict[str, list[audio.Features]] = {c: [] for c in SNRS}
        for kind in NOISES:
            for samples, _ in clips:
                noise = unseen(rng, kind, len(samples), talk)
                for condition, features in found.items():
                    snr = float(condition.split()[0])
                    features.append(audio.frames(augment.mix(samples, 0, noise, snr)))
        labels = np.array([label for _, label in clips] * len(NOISES))
        files.write_npz(path, {c: np.stack(f) for c, f in found.items()} | {"labels": labels})
    with np.load(path) as held:
        return {c: held[c] for c in SNRS}, held["labels"]

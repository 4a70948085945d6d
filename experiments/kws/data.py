# SPDX-License-Identifier: Apache-2.0
"""The two keyword tasks: training clips, and test clips clean and in unseen noise."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments import augmentation, keyword_clips, unseen_noise
from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import audio, recording
from mcu_ghost.sound.audio import RATE, Features, Samples
from mcu_ghost.sound.data import augment, folder, plan, speech
from mcu_ghost.sound.data.folder import Item, Split

SNRS = (10, 5, 0)
CONDITIONS = ("clean", *(f"{snr} dB" for snr in SNRS))
# None of them is in any training set here, nor is this talker: a voice of flite.
NOISES = ("rattle", "siren", "voice")
TALKER = "rms"
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
_VERSION = 1  # of this file's recipe
_MS = 1000  # length of a command
_PERCENT = 10  # unknown and silent clips, of the clips of all words, as is usual with this set

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Task:
    """One data set, as features.

    Attributes:
        name: What tables call it.
        labels: The classes.
        train: (clips, frames, 40) uint16, and class numbers.
        validation: The same.
        tests: The same for each of `CONDITIONS`. Silence has no signal-to-noise ratio: it is a
            class of the clean clips only.
        kinds: Kinds of noise that each test clip is mixed with. Noisy clips are in the order of the
            clips with speech, as many times over.
    """

    name: str
    labels: tuple[str, ...]
    train: tuple[Features, Labels]
    validation: tuple[Features, Labels]
    tests: dict[str, tuple[Features, Labels]]
    kinds: int

    @functools.cached_property
    def data(self) -> str:
        """A digest of all clips, however they were made."""
        digest = hashlib.sha256()
        for features, labels in (self.train, self.validation, *self.tests.values()):
            digest.update(features.tobytes() + labels.tobytes())
        return digest.hexdigest()[:16]


def _digest(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def noisy(
    clips: Sequence[Samples], words: tuple[str, ...], kinds: int
) -> dict[str, list[Features]]:
    """Return clips in noise: for every condition the same noise, only louder.

    Args:
        clips: With speech in them.
        words: What the talker in the background never says.
        kinds: How many of `NOISES` each clip is mixed with; they take turns.
    """
    rng = np.random.default_rng([20, 2])
    texts = [t for t in plan.OTHER_WORDS if not set(t.split()) & set(words)]
    said = [
        speech.say(text, speech.Voice("flite", TALKER))
        for text in rng.choice(texts, 80, replace=False)
    ]
    talk = np.concatenate(said)
    found: dict[str, list[Features]] = {f"{snr} dB": [] for snr in SNRS}
    for turn in range(kinds):
        for i, samples in enumerate(clips):
            kind = NOISES[(i + turn) % len(NOISES)]
            noise = unseen_noise.unseen(rng, kind, len(samples), talk)
            for snr in SNRS:
                found[f"{snr} dB"].append(audio.frames(augment.mix(samples, 0, noise, snr)))
    return found


def wake_words(data: Path, cache: Path) -> Task:
    """Return the recorded wake words, with the clips and the split of `keyword_clips`."""
    words, kinds = unseen_noise.WORDS, len(NOISES)
    clips = keyword_clips.load(data, words, 1, cache)
    name = _digest(_VERSION, keyword_clips.fingerprint(data, words, 1), NOISES, TALKER, SNRS, kinds)
    path = cache / f"wake-words-{name}.npz"
    if not path.is_file():
        spoken = list(unseen_noise.spoken_test_clips(data))
        features = noisy([samples for samples, _ in spoken], words, kinds)
        labels = np.array([label for _, label in spoken] * kinds)
        files.write_npz(path, {c: np.stack(f) for c, f in features.items()} | {"labels": labels})
    with np.load(path) as held:
        tests = {c: (held[c], held["labels"]) for c in CONDITIONS if c in held}
    human = clips["test"].sources != "synthetic"
    clean = clips["test"].features[human], clips["test"].labels[human]
    train, validation = ((clips[s].features, clips[s].labels) for s in ("train", "validation"))
    names = tuple(keyword_clips.label_names(words))
    return Task("wake words", names, train, validation, {"clean": clean} | tests, kinds)


def commands(source: Path, cache: Path) -> Task:
    """Return ten commands, unknown words and silence from a folder in Speech Commands layout.

    Args:
        source: Speech Commands itself, or what `mcu-ghost data synth` made; every folder besides
            the ten is an unknown word.
        cache: For features.

    Raises:
        GhostError: Recordings are missing, or background noise is too short to be split.
    """
    others = [label for label in folder.labels(source) if label not in COMMANDS]
    recordings = folder.scan(source, (*COMMANDS, *others))
    background = folder.recordings(source / folder.NOISE)
    splits = [(f"{r.label}/{r.path.name}", r.split) for r in recordings]
    sizes = [path.stat().st_size for path in (*(r.path for r in recordings), *background)]
    facts = (splits, sizes, asdict(audio.KEYWORDS), NOISES, TALKER, SNRS, COMMANDS)
    name = _digest(_VERSION, facts)
    path = cache / f"commands-{name}.npz"
    if not path.is_file():
        files.write_npz(path, _Commands(recordings, background).arrays())
    with np.load(path) as held:
        sets = {s: (held[s], held[f"{s} labels"]) for s in ("train", "validation", *CONDITIONS)}
    title = "synthetic commands" if (source / "synth.json").is_file() else "Speech Commands"
    labels = (*COMMANDS, plan.UNKNOWN, plan.SILENCE)
    train, validation = sets.pop("train"), sets.pop("validation")
    return Task(title, labels, train, validation, sets, 1)


class _Commands:
    """Makes the features of `commands`; everything random has a fixed seed."""

    def __init__(self, recordings: list[Item], background: list[Path]) -> None:
        self.recordings = recordings
        self.background = [recording.read(path) for path in background]
        for path, samples in zip(background, self.background, strict=True):
            if len(samples) < 10 * RATE:
                raise GhostError(f"{path}: background noise must be 10 s long or more.")

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return features and labels by split and condition."""
        found: dict[str, npt.NDArray[Any]] = {}
        for split in folder.SPLITS:
            clips, labels = self._clips(split)
            name = "clean" if split == "test" else split
            versions = [audio.frames(clip) for clip in clips]
            if split == "train":
                rng = np.random.default_rng([1, 1])
                versions += [audio.frames(self._moved(rng, clip)) for clip in clips]
            found[name] = np.stack(versions)
            found[f"{name} labels"] = np.array(labels * (len(versions) // len(labels)))
            if split == "test":
                spoken = [i for i, label in enumerate(labels) if label <= len(COMMANDS)]
                for condition, features in noisy([clips[i] for i in spoken], COMMANDS, 1).items():
                    found[condition] = np.stack(features)
                    found[f"{condition} labels"] = np.array([labels[i] for i in spoken])
        return found

    def _clips(self, split: Split) -> tuple[list[Samples], list[int]]:
        """Return a split's clips as they are, and their classes."""
        rng = np.random.default_rng([1, 0, folder.SPLITS.index(split)])
        here = [r for r in self.recordings if r.split == split]
        words = [r for r in here if r.label in COMMANDS]
        others = [r for r in here if r.label not in COMMANDS]
        share = -(-len(words) * _PERCENT // 100)
        chosen = rng.choice(len(others), min(share, len(others)), replace=False)
        every = words + [others[i] for i in sorted(chosen)]
        clips = [audio.cut(recording.read(r.path), _MS) for r in every]
        labels = [COMMANDS.index(r.label) for r in words] + [len(COMMANDS)] * len(chosen)
        for _ in range(share):
            level = 10 ** (rng.uniform(-40, 0) / 20)
            clips.append(recording.to_int16(self._cut(rng, split) * level))
        return clips, labels + [len(COMMANDS) + 1] * share

    def _cut(self, rng: np.random.Generator, split: Split) -> augment.Reals:
        """Return a piece of background noise; each split has a part of every recording."""
        whole = self.background[rng.integers(len(self.background))].astype(np.float64)
        low, high = {"train": (0, 0.7), "validation": (0.7, 0.8), "test": (0.8, 1)}[split]
        length = _MS * RATE // 1000
        part = whole[int(low * len(whole)) : int(high * len(whole))]
        start = int(rng.integers(len(part) - length + 1))
        return part[start : start + length]

    def _moved(self, rng: np.random.Generator, samples: Samples) -> Samples:
        """Return a training clip at another place and level, three times in four with noise."""
        moved = augmentation.shift(samples, int(rng.integers(-RATE // 10, RATE // 10 + 1)))
        gain, noise = float(rng.uniform(-12, 6)), self._cut(rng, "train")
        if rng.random() < 0.25:
            return augment.mix(moved, gain)
        return augment.mix(moved, gain, noise / (noise.std() + 1e-9), float(rng.uniform(5, 30)))

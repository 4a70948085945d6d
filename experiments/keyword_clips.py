# SPDX-License-Identifier: Apache-2.0
"""Puts a keyword data set together: words, unknown speech and silence, as front-end features.

`<folder>/wake_words/<word>/*.flac` are the words and `<folder>/sentences/*.flac` other speech. The
last third of the sentences, by sorted name, is never opened here: it is for counting false alarms.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from experiments import augmentation
from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import audio
from mcu_ghost.sound.audio import CLIP_MS, RATE, Features, Samples
from mcu_ghost.sound.data import augment, folder, speech
from mcu_ghost.sound.data.folder import Split
from mcu_ghost.sound.data.plan import OTHER_WORDS, SILENCE, UNKNOWN

LENGTH = CLIP_MS * RATE // 1000
_VERSION = 3  # of this recipe; a cache of another one is not read
_COPIES = {"human": 6, "unknown": 1, "synthetic": 2}  # training clips made of each original
_SILENCES: dict[Split, int] = {"train": 600, "validation": 100, "test": 100}
# Between the pieces cut from a sentence: a word can be anywhere in a window, and training and the
# choice of a threshold should have seen that; test clips do not overlap.
_HOP_MS: dict[Split, int] = {"train": 250, "validation": 500, "test": CLIP_MS}


@dataclass(frozen=True, eq=False)
class Clips:
    """Features of one split.

    Attributes:
        features: (clips, frames, 40) uint16.
        labels: (clips,) class numbers.
        sources: (clips,) `human`, `synthetic` or `generated`.
    """

    features: Features
    labels: npt.NDArray[np.int64]
    sources: npt.NDArray[np.str_]


def label_names(words: tuple[str, ...]) -> list[str]:
    """Return the classes: the words, then unknown and silence."""
    return [*words, UNKNOWN, SILENCE]


def sentence_files(data: Path) -> tuple[list[Path], list[Path]]:
    """Return the sentences for training and tests of words, and those kept for false alarms."""
    every = folder.recordings(data / "sentences")
    kept = len(every) * 2 // 3
    return every[:kept], every[kept:]


def pieces(samples: Samples, hop_ms: int, loud_enough: float = 0.25) -> list[Samples]:
    """Cut speech into clips, leaving out those much quieter than the loudest one.

    Args:
        samples: An utterance.
        hop_ms: From the start of one clip to the start of the next.
        loud_enough: Least root mean square, as a fraction of the loudest clip's.
    """
    hop = hop_ms * RATE // 1000
    cuts = [samples[i : i + LENGTH] for i in range(0, len(samples) - LENGTH + 1, hop)]
    levels = [float(np.sqrt((c.astype(np.float64) ** 2).mean())) for c in cuts]
    return [c for c, level in zip(cuts, levels, strict=True) if level >= loud_enough * max(levels)]


Item = tuple[Samples, str, str, int]  # samples, label, source, copies


def _originals(data: Path, words: tuple[str, ...], split: Split, seed: int) -> Iterator[Item]:
    """Yield the clips of a split before augmentation."""
    rng = np.random.default_rng([seed, 0, folder.SPLITS.index(split)])
    train = split == "train"
    for recording in folder.scan(data / "wake_words", words):
        if recording.split == split:
            yield audio.cut(_samples(recording.path)), recording.label, "human", _COPIES["human"]
    for path in sentence_files(data)[0]:
        if folder.split_of(folder.group_of(path)) == split:
            for piece in pieces(_samples(path), _HOP_MS[split]):
                yield piece, UNKNOWN, "human", _COPIES["unknown"]
    for variant in speech.variants(split):
        chosen = rng.choice(len(OTHER_WORDS), 18 if train else 6, replace=False)
        texts = [(w.replace("_", " "), w) for w in words]
        texts += [(OTHER_WORDS[i], UNKNOWN) for i in chosen]
        for text, label in texts:
            accent = str(rng.choice(speech.accents("en")))
            speed, pitch = int(rng.integers(120, 200)), int(rng.integers(25, 75))
            said = speech.say(text, speech.Voice("espeak-ng", variant, accent), speed, pitch)
            copies = _COPIES["synthetic"] if label != UNKNOWN else 1
            yield augment.place(rng, said, LENGTH), label, "synthetic", copies
    for _ in range(_SILENCES[split]):
        yield augmentation.silence(rng, LENGTH), SILENCE, "generated", 1


def _samples(path: Path) -> Samples:
    """Read a recording of a data set, where quiet ones are fine."""
    try:
        return audio.read(path)
    except GhostError as error:
        raise GhostError(f"{error} Or take the file out of the data set.") from error


def _make(
    data: Path, words: tuple[str, ...], split: Split, seed: int, progress: Callable[[], None]
) -> Clips:
    names = label_names(words)
    rng = np.random.default_rng([seed, 1, folder.SPLITS.index(split)])
    originals = list(_originals(data, words, split, seed))
    babble = [samples for samples, label, _, _ in originals if label == UNKNOWN]
    features, labels, sources = [], [], []
    for samples, label, source, copies in originals:
        # Of a training clip with copies, one stays clean; of the others, two in five do.
        clean = split != "train" or label == SILENCE or copies > 1 or rng.random() < 0.4
        versions = [samples] * clean
        if split == "train":
            missing = copies - clean
            versions += [augmentation.augmented(rng, samples, babble) for _ in range(missing)]
        for version in versions:
            features.append(audio.frames(version))
            labels.append(names.index(label))
            sources.append(source)
        progress()
    return Clips(np.stack(features), np.array(labels), np.array(sources))


def fingerprint(data: Path, words: tuple[str, ...], seed: int) -> str:
    """Return what a cache of features depends on, as a short hash."""
    every = [r.path for r in folder.scan(data / "wake_words", words)] + sentence_files(data)[0]
    facts = [_VERSION, seed, words, _HOP_MS, [(p.name, p.stat().st_size) for p in every], _COPIES]
    facts += [speech.VARIANTS, OTHER_WORDS, asdict(audio.KEYWORDS)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def load(
    data: Path,
    words: tuple[str, ...],
    seed: int,
    cache: Path,
    progress: Callable[[], None] = lambda: None,
) -> dict[Split, Clips]:
    """Return the three splits, from the cache where it holds them.

    Args:
        data: Holds `wake_words` and `sentences`.
        words: The keywords, each the name of a folder.
        seed: Of synthesis and augmentation.
        cache: A folder for features.
        progress: Called after each original clip.

    Raises:
        GhostError: Recordings are missing or unreadable, or espeak-ng is not installed.
    """
    path = cache / f"keywords-{fingerprint(data, words, seed)}.npz"
    if path.is_file():
        with np.load(path) as found:
            return {
                s: Clips(*(found[f"{s}_{k}"] for k in ("features", "labels", "sources")))
                for s in folder.SPLITS
            }
    clips = {s: _make(data, words, s, seed, progress) for s in folder.SPLITS}
    kinds = ("features", "labels", "sources")
    files.write_npz(path, {f"{s}_{k}": getattr(c, k) for s, c in clips.items() for k in kinds})
    return clips

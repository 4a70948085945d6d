# SPDX-License-Identifier: Apache-2.0
"""Scenes as the network sees them: frames of features, and what each frame should say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import files
from mcu_ghost.sound import audio
from mcu_ghost.sound.audio import RATE, Features
from mcu_ghost.sound.data import scenes
from mcu_ghost.sound.data.folder import SPLITS, Split
from mcu_ghost.sound.data.scenes import Scene, Span
from mcu_ghost.sound.data.sections import SoundRecipe
from mcu_ghost.sound.data.sounds import Sounds
from mcu_ghost.sound.front_end_tables import FrontEndSettings

SECONDS = 60  # of a scene
_BLOCK = 10  # scenes of a file
_VERSION = 5  # of scenes and targets; a cache of another one is not read
# A frame says a word from just before its end until a little after it; what comes before, within
# the word, and right after that may say anything.
_EARLY_MS, _SAYS_MS, _FREE_MS = 60, 300, 500
ANYTHING = -1


@dataclass(frozen=True, eq=False)
class Streams:
    """Sequences side by side.

    Attributes:
        features: (streams, frames, channels) uint16.
        labels: (streams, frames) int8: the word, the number of words for none, or `ANYTHING`.
    """

    features: Features
    labels: npt.NDArray[np.int8]


def targets(
    spans: Iterable[Span], frames: int, words: int, settings: FrontEndSettings
) -> npt.NDArray[np.int8]:
    """Return what each frame should say.

    Args:
        spans: The words of a scene, by their beginning.
        frames: How many frames it has.
        words: How many words there are; their number stands for none.
        settings: Of the front end.

    Returns:
        (frames,) int8.
    """
    time = settings.hops(np.arange(frames)) * settings.hop_ms
    labels = np.full(frames, words, np.int8)
    for span in spans:
        start, end = (1000 * sample / RATE for sample in (span.start, span.end))
        labels[(time >= start) & (time < end + _FREE_MS)] = ANYTHING
        labels[(time >= end - _EARLY_MS) & (time < end + _SAYS_MS)] = span.label
    return labels


def of_scene(
    scene: Scene, words: int, settings: FrontEndSettings
) -> tuple[Features, npt.NDArray[np.int8]]:
    """Return a scene's features and targets."""
    features = audio.frames(scene.samples, settings)
    return features, targets(scene.spans, len(features), words, settings)


def digest(recipe: SoundRecipe, sounds: Sounds) -> str:
    """Return a hash of all that decides what a scene of some number is."""
    settings = asdict(recipe.scenes)
    for key in ("train_hours", "validation_hours", "noise_hours"):
        del settings[key]  # more hours are more of the same scenes
    facts = [_VERSION, sounds.digest, settings, recipe.seed, SECONDS,
             asdict(recipe.settings)]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def training(
    recipe: SoundRecipe,
    sounds: Sounds,
    split: Split,
    hours: float,
    cache: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Streams:
    """Return scenes of a split, from the cache where it holds them.

    A scene depends on the recipe's scenes, its seed and its number alone, so an interrupted run
    goes on where it was.

    Args:
        recipe: The recipe.
        sounds: What it names.
        split: Whose sounds.
        hours: Rounded up to whole blocks of ten minutes.
        cache: A folder.
        progress: Called with the scenes done and the scenes in total, the cached ones first.

    Raises:
        GhostError: The cache cannot be written.
    """
    blocks = max(1, -(-round(hours * 3600) // (SECONDS * _BLOCK)))
    folder = cache / digest(recipe, sounds)
    paths = [folder / f"{split}-{block}.npz" for block in range(blocks)]
    done = _BLOCK * sum(path.is_file() for path in paths)
    progress(done, blocks * _BLOCK)
    parts = []
    for block, path in enumerate(paths):
        if not path.is_file():
            parts_of_block = []
            for number in range(block * _BLOCK, (block + 1) * _BLOCK):
                rng = np.random.default_rng([recipe.seed, SPLITS.index(split), number])
                scene = scenes.training_scene(rng, sounds.pools[split], recipe.scenes, SECONDS)
                parts_of_block.append(of_scene(scene, len(sounds.labels), recipe.settings))
                progress(done := done + 1, blocks * _BLOCK)
            _write(path, parts_of_block)
        with np.load(path) as found:
            parts.append((found["features"], found["labels"]))
    features, labels = (np.concatenate(p) for p in zip(*parts, strict=True))
    return Streams(features, labels)


def _write(path: Path, parts: list[tuple[Features, npt.NDArray[np.int8]]]) -> None:
    features, labels = (np.stack(p) for p in zip(*parts, strict=True))
    files.write_npz(path, {"features": features, "labels": labels})

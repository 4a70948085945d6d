# SPDX-License-Identifier: Apache-2.0
"""The sounds of a recipe for enhancement, in memory, shared out so that no speaker is in two."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.host import files, text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import dataset, facts, folder
from mcu_ghost.sound.data.folder import SPLITS, Item, Split
from mcu_ghost.sound.data.mixtures import Material
from mcu_ghost.sound.data.sounds import extent
from mcu_ghost.sound.recording import to_int16
from mcu_ghost.train.enhancement import doubts
from mcu_ghost.train.enhancement.doubts import Heard
from mcu_ghost.train.enhancement.recipe import NoiseFolder, Recipe

_LARGEST_LIST = 64 * 1024 * 1024
_TRAIN, _VALIDATION = 0.55, 0.78  # speakers: few, so validation has more of them than of words
_FEW_SPEAKERS = 8  # of a split that is worth a note below
_SHORTEST = RATE // 50  # of a recording, in samples
_EDGE_MS = 80  # kept around what is said
_RUMBLE_HZ = 70.0  # below which no voice has anything


@dataclass(frozen=True, eq=False)
class Sounds:
    """Everything a recipe names.

    Attributes:
        material: By split.
        unseen: Kinds of noise that are only in the test split.
        notes: Sentences a person should read.
        digest: A hash of the files and of what they are for.
    """

    material: dict[Split, Material]
    unseen: frozenset[str]
    notes: tuple[str, ...]
    digest: str


def load(
    recipe: Recipe, root: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Sounds:
    """Read every recording that a recipe names.

    Args:
        recipe: The recipe.
        root: What its folders are relative to.
        progress: Called with the files done and the files in total.

    Raises:
        GhostError: A folder is missing or empty, most of it is broken, or a split has no speech.
    """
    speakers = _speakers(root / recipe.speech.speakers) if recipe.speech.speakers else {}
    items = [item for name in recipe.speech.folders for item in _speech(root / name, speakers)]
    for name in recipe.speech.training:
        items += [replace(item, split="train") for item in _speech(root / name, speakers)]
    said = len(items)
    for entry in recipe.noise:
        items += _noise(entry, root)
    speech: dict[Split, list[Samples]] = {split: [] for split in SPLITS}
    noises: dict[Split, dict[str, list[Samples]]] = {s: defaultdict(list) for s in SPLITS}
    notes, skipped = [], 0
    heard: tuple[list[Heard], list[Heard]] = ([], [])  # of speech, of noise
    for number, (item, made) in enumerate(dataset.each(items, _read, progress=progress)):
        found, clipped = (made, 0.0) if isinstance(made, GhostError) else made
        reason = dataset.reason(item, found) if isinstance(found, GhostError) else _unusable(found)
        if reason:
            skipped += 1
            if skipped <= 5:
                notes.append(f"{item.path} is left out: {reason}")
        elif not isinstance(found, GhostError):
            is_speech = number < said
            heard[not is_speech].append(doubts.heard(item, found, clipped, is_speech))
            if is_speech:
                speech[item.split].append(spoken(found))
            else:
                noises[item.split][item.label].append(found)
    dataset.refuse_mostly_broken(root, len(items), len(items) - skipped)
    if skipped > 5:
        notes.append(f"{text.count(skipped, 'recording')} cannot be used in all.")
    for split in SPLITS:
        if not speech[split]:
            raise GhostError(
                f"{root}: no speech is for {split}. Record more people, or say by `speakers` in"
                " [speech] who speaks where."
            )
        people = {i.group for i in items[:said] if i.split == split}
        if len(people) < _FEW_SPEAKERS:
            notes.append(
                f"{text.count(len(people), 'speaker')} for {split} tell little about others."
            )
    shared = {entry.name for entry in recipe.noise if entry.use == "split"}
    notes += doubts.told(*heard, shared)
    material = {
        split: Material(tuple(speech[split]), {k: tuple(v) for k, v in noises[split].items()})
        for split in SPLITS
    }
    unseen = frozenset(noises["test"]) - frozenset(noises["train"])
    return Sounds(material, unseen, tuple(notes), _digest(items, recipe))


def _read(item: Item) -> tuple[Samples, float]:
    """Return a recording, and the share of its samples that are clipped in its file."""
    raw = recording.decode(item.path)
    return raw.mono(), max(map(facts.clipped, raw.samples.T))


def spoken(samples: Samples) -> Samples:
    """Return what is said in a recording, without what rumbles below voices.

    A recording often begins and ends with seconds of its room: as speech to be kept they would
    teach that noise is to be kept.
    """
    from scipy import signal

    above = signal.butter(4, _RUMBLE_HZ, "highpass", fs=RATE, output="sos")
    voice = to_int16(signal.sosfilt(above, samples.astype(np.float64)))
    first, last = extent(voice)
    edge = _EDGE_MS * RATE // 1000
    return voice[max(0, first - edge) : last + edge]


def _unusable(samples: Samples) -> str:
    if len(samples) < _SHORTEST:
        return f"{text.count(len(samples), 'sample')} are too few."
    return "" if np.ptp(samples) else "it is silent."


def _speakers(path: Path) -> dict[str, str]:
    """Read who speaks in which file."""
    content = files.read_file(path, _LARGEST_LIST)
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise GhostError(f"{path}: is not JSON ({error}).") from error
    if not isinstance(found, dict):
        raise GhostError(f"{path}: must be an object: names of files, and who speaks in each.")
    return {str(name): str(who) for name, who in found.items()}


def _found(path: Path) -> list[Path]:
    folders = sorted(p for p in [path, *path.rglob("*")] if p.is_dir())
    found = sorted(file for each in folders for file in folder.files(each))
    if not found:
        raise GhostError(f"{path}: holds no WAV, FLAC or Ogg files.")
    return found


def _speech(path: Path, speakers: dict[str, str]) -> list[Item]:
    items = []
    for file in _found(path):
        who = speakers.get(file.name, folder.group_of(file))
        at = folder.position(who)
        split: Split = "train" if at < _TRAIN else "validation" if at < _VALIDATION else "test"
        items.append(Item(file, "speech", who, split))
    return items


def _noise(entry: NoiseFolder, root: Path) -> list[Item]:
    items = []
    for file in _found(root / entry.folder):
        group = folder.group_of(file).rstrip("0123456789")  # Harbor1 and Harbor2 are one place
        split: Split = folder.split_of(group) if entry.use == "split" else entry.use
        items.append(Item(file, entry.name, group, split))
    if entry.use == "train":  # validation is on what training hears
        items += [replace(item, split="validation") for item in items]
    return items


def _digest(items: list[Item], recipe: Recipe) -> str:
    facts = [[i.path.name, i.path.stat().st_size, i.label, i.group, i.split] for i in items]
    return hashlib.sha256(json.dumps([facts, recipe.speech.speakers]).encode()).hexdigest()[:16]

# SPDX-License-Identifier: Apache-2.0
"""The sounds of a training recipe, in memory: words, other speech and noise for each use."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import audio
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import bandwidth, dataset, folder, layouts
from mcu_ghost.sound.data.folder import SPLITS, Item, Split
from mcu_ghost.sound.data.layouts import DataSet
from mcu_ghost.sound.data.sections import Negatives, SoundRecipe

EVERY_USE: Mapping[Split, Split] = {split: split for split in SPLITS}
_EDGE_MS = 80  # kept around a word
_FRAME = RATE // 50
_ANSWERS = {
    "auto": "So scenes make as many of the clear ones dull; better are recordings of words and of"
    " other speech by the same microphone. `band` in [scenes] turns it off.",
    "off": 'The recipe lets it: [scenes] band is "off".',
}
_FEW = 50  # training recordings of a word that are worth a note


class NoRecordings(GhostError):
    """A word has no recordings for some use."""


@dataclass(frozen=True, eq=False)
class Said:
    """Something that is said.

    Attributes:
        samples: int16 at 16 kHz, as loud as it was recorded.
        label: Number of the word; -1: none of them.
        start: First sample of the word itself.
        end: Sample after its last one.
        origin: Number of the folder in `words.folders` it comes from; -1: a negative.
        speaker: Who says it; "" where that does not matter.
    """

    samples: Samples
    label: int
    start: int
    end: int
    origin: int = -1
    speaker: str = ""


@dataclass(frozen=True, eq=False)
class Pool:
    """What one use has to play with.

    Attributes:
        words: Recordings of the words.
        shelves: Speech without the words, by folder: the words' own data sets, each of negatives.
        noise: Anything else without them.
        apart: What false accepts are counted on, by folder: the recipe's negatives. Other words of
            the words' own data sets, many of them chosen to sound alike, are not among them.
        dull_words: Share of the words to make dull, so that as many are as of the other speech.
        dull_speech: Share of the other speech to make dull, so that as many are as of the words.
    """

    words: tuple[Said, ...]
    shelves: tuple[tuple[Samples, ...], ...]
    noise: tuple[Samples, ...]
    apart: dict[str, tuple[Samples, ...]] = field(default_factory=dict)
    dull_words: float = 0.0
    dull_speech: float = 0.0

    @functools.cached_property
    def speech(self) -> tuple[Samples, ...]:
        """All speech without the words."""
        return tuple(itertools.chain.from_iterable(self.shelves))


@dataclass(frozen=True, eq=False)
class Sounds:
    """Everything a recipe names.

    Attributes:
        labels: The words.
        pools: By use.
        skipped: Files that cannot be read, and why.
        notes: Sentences a person should read.
        digest: A hash of the files and of what was taken from where.
    """

    labels: tuple[str, ...]
    pools: dict[Split, Pool]
    skipped: tuple[tuple[Path, str], ...]
    notes: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class _Plan:
    words: tuple[tuple[Item, int], ...]  # with the folder's number
    others: tuple[tuple[Item, str, str], ...]  # with their kind, and the folder of negatives
    notes: tuple[str, ...]  # what was guessed of how folders are laid out


def load(
    recipe: SoundRecipe,
    root: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    uses: Mapping[Split, Split] = EVERY_USE,
) -> Sounds:
    """Read every recording that a recipe names.

    Args:
        recipe: The recipe.
        root: What its folders are relative to.
        progress: Called with the files done and the files in total.
        uses: What each split of the recordings is for; other splits are not read.

    Raises:
        NoRecordings: A word has none for one of the uses.
        GhostError: A folder or a word is missing, or most recordings of a word are broken.
    """
    path = root / recipe.words.folders[0]
    first = None if recipe.words.labels else layouts.read(path, recipe.words.pattern)
    labels = recipe.words.labels if first is None else _words(first, path)
    plan = _plan(recipe, root, labels, first, uses)
    items = [item for item, _ in plan.words] + [item for item, _, _ in plan.others]
    words: dict[Split, list[Said]] = {split: [] for split in uses.values()}
    noises: dict[Split, list[Samples]] = {split: [] for split in uses.values()}
    apart: dict[tuple[Split, str], list[Samples]] = {}
    shelves: dict[Split, dict[str, list[Samples]]] = {split: {} for split in uses.values()}
    dull: dict[str, list[bool | None]] = {"words": [], "speech": []}  # of training
    skipped: list[tuple[Path, str]] = []
    wanted = Counter(item.path.parent for item, _ in plan.words)
    usable: Counter[Path] = Counter()
    reading = dataset.each(items, dataset.read, progress=progress)
    for number, (item, samples) in enumerate(reading):
        kind = "words" if number < len(plan.words) else plan.others[number - len(plan.words)][1]
        if item.split == "train" and kind in dull and not isinstance(samples, GhostError):
            dull[kind].append(bandwidth.dull(samples))
        if isinstance(samples, GhostError):
            skipped.append((item.path, dataset.reason(item, samples)))
        elif number < len(plan.words):
            usable[item.path.parent] += 1
            label, origin = labels.index(item.label), plan.words[number][1]
            said = _said(samples, label, origin, recipe.clip_ms)
            words[item.split].append(replace(said, speaker=item.group))
        else:
            name = plan.others[number - len(plan.words)][2]
            if kind == "speech":
                shelves[item.split].setdefault(name, []).append(samples)
            else:
                noises[item.split].append(samples)
            if name:
                apart.setdefault((item.split, name), []).append(samples)
    for parent, count in wanted.items():
        dataset.refuse_mostly_broken(parent, count, usable[parent])
    of_words, of_speech = (bandwidth.share(dull[kind]) for kind in ("words", "speech"))
    pools = {
        split: Pool(
            tuple(words[split]),
            tuple(tuple(each) for each in shelves[split].values()),
            tuple(noises[split]),
            {name: tuple(found) for (use, name), found in apart.items() if use == split},
            bandwidth.to_match(of_words, of_speech),
            bandwidth.to_match(of_speech, of_words),
        )
        for split in words
    }
    notes = [*plan.notes, *_notes(labels, pools, skipped)]
    unlike = bandwidth.told(dull["words"], dull["speech"])
    if unlike:
        notes.append(f"{unlike} {_ANSWERS[recipe.scenes.band]}")
    return Sounds(labels, pools, tuple(skipped), tuple(notes), _digest(recipe, plan))


def _words(data: DataSet, path: Path) -> tuple[str, ...]:
    found = tuple(label for label in data.labels if label != "unknown")
    if not found:
        raise GhostError(f"{path}: has no words, only `unknown`. Record some: <word>/*.wav.")
    return found


def _plan(
    recipe: SoundRecipe,
    root: Path,
    labels: tuple[str, ...],
    first: DataSet | None,
    uses: Mapping[Split, Split],
) -> _Plan:
    """Say which file is for what; `first` is the first data set, if it was read already."""
    words: list[tuple[Item, int]] = []
    others: list[tuple[Item, str, str]] = []
    notes: list[str] = []
    for origin, name in enumerate(recipe.words.folders):
        path = root / name
        if not path.is_dir():
            raise GhostError(f"{path}: there is no such folder; words.folders names it.")
        data = first if origin == 0 else None
        data = data or layouts.read(path, recipe.words.pattern)
        notes += [f"{name}: {note}" for note in data.notes]
        if data.empty:
            folder.recordings(data.root / data.empty[0])  # says that there are none
        if origin == 0:
            missing = [label for label in labels if label not in data.labels]
            if missing:
                raise GhostError(f"{path}: has no recordings of '{missing[0]}'.")
        for item in _used(data.items, uses):
            if item.label in labels:
                words.append((item, origin))
            else:
                others.append((item, "speech", ""))
        noises = folder.files(data.root / folder.NOISE)
        for file in noises:
            for split in dict.fromkeys(uses.values()):
                others.append((Item(file, folder.NOISE, file.stem, split), "noise", ""))
    for entry in recipe.negatives:
        others += [
            (item, entry.kind, entry.folder) for item in _used(_negatives(entry, root), uses)
        ]
    for label in labels:
        for split in uses.values():
            if not any(i.label == label and i.split == split for i, _ in words):
                raise NoRecordings(
                    f"'{label}' has no {split} recordings. Record more people, put voices of"
                    " `mcu-ghost data synth` beside them, or name who is in which split in"
                    " validation_list.txt and testing_list.txt."
                )
    return _Plan(tuple(words), tuple(others), tuple(notes))


def _used(items: Iterable[Item], uses: Mapping[Split, Split]) -> Iterator[Item]:
    """Yield the recordings that are for something, by what they are for."""
    for item in items:
        if item.split in uses:
            yield replace(item, split=uses[item.split])


def _negatives(entry: Negatives, root: Path) -> list[Item]:
    path = root / entry.folder
    folders = sorted(p for p in [path, *path.rglob("*")] if p.is_dir())
    found = sorted(file for each in folders for file in folder.files(each))
    if not found:
        raise GhostError(f"{path}: holds no WAV or FLAC files, to be sounds without the words.")
    first, last = (round(share * len(found)) for share in entry.part)
    items = []
    for file in found[first:last]:
        group = folder.group_of(file)
        split = folder.split_of(group) if entry.use == "split" else entry.use
        items.append(Item(file, entry.kind, group, split))
    return items


def _said(samples: Samples, label: int, origin: int, clip_ms: int) -> Said:
    if len(samples) > clip_ms * RATE // 1000:
        samples = audio.cut(samples, clip_ms)
    start, end = extent(samples)
    edge = _EDGE_MS * RATE // 1000
    first, last = max(0, start - edge), min(len(samples), end + edge)
    return Said(samples[first:last], label, start - first, end - first, origin)


def extent(samples: Samples) -> tuple[int, int]:
    """Return where speech begins and ends in a recording of a word.

    Speech is what is louder than 25 dB below the loudest 20 ms, and than 8 dB above the quietest
    tenth of the recording.
    """
    count = len(samples) // _FRAME
    if count < 2:
        return 0, len(samples)
    frames = samples[: count * _FRAME].astype(np.float64).reshape(count, _FRAME)
    level = 10 * np.log10((frames**2).mean(1) + 1)
    floor = min(max(level.max() - 25, np.percentile(level, 10) + 8), level.max() - 6)
    loud = np.flatnonzero(level >= floor)
    return int(loud[0]) * _FRAME, int(loud[-1] + 1) * _FRAME


def _notes(
    labels: tuple[str, ...], pools: dict[Split, Pool], skipped: list[tuple[Path, str]]
) -> Iterator[str]:
    for path, reason in skipped[:5]:
        yield f"{path} is left out: {reason}"
    if skipped:
        yield f"{text.count(len(skipped), 'recording')} cannot be read: left out."
    counts = Counter(word.label for word in pools["train"].words) if "train" in pools else {}
    for number, label in enumerate(labels if counts else ()):
        if counts[number] < _FEW:
            yield (
                f"'{label}' has only {text.count(counts[number], 'training recording')};"
                " some hundreds are usual."
            )
    for split, pool in pools.items():
        if not pool.speech:
            yield f"There is no {split} speech without the words: name some as negatives."


def _digest(recipe: SoundRecipe, plan: _Plan) -> str:
    facts = [
        [item.path.parent.name, item.path.name, _size(item.path), item.split, tag]
        for item, tag in [*plan.words, *(other[:2] for other in plan.others)]
    ]
    text = json.dumps([facts, recipe.words.labels, recipe.clip_ms])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _size(path: Path) -> int:
    """Return a file's size, 0 of one that is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0

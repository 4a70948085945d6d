# SPDX-License-Identifier: Apache-2.0
"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mcu_ghost.audio import RATE, SILENT, Samples
from mcu_ghost.data import dataset, folder, recording
from mcu_ghost.data.folder import Item, Split
from mcu_ghost.errors import GhostError

_RUN = 3  # samples at full scale in a row are clipped; a lone one may be a normalised peak
_CLIPPED = 0.001  # share of clipped samples that is worth a word
_OFFSET = 0.01  # mean over full scale that is worth a word
_UNBALANCED = 5  # largest over smallest class


@dataclass(frozen=True)
class Facts:
    """What was found in one recording.

    Attributes:
        seconds: Duration.
        rate: Samples per second.
        channels: How many.
        clipped: Share of samples at full scale in runs.
        silent: Whether nothing is louder than 8 of 32768.
        offset: Mean over full scale, without a sign.
        digest: Hash of the rate and the samples, mixed down.
    """

    seconds: float
    rate: int
    channels: int
    clipped: float
    silent: bool
    offset: float
    digest: str


@dataclass(frozen=True)
class Class:
    """A class of a data set.

    Attributes:
        label: Its folder.
        counts: Readable recordings by split.
        seconds: Shortest, median, longest and total duration.
        clipped: Recordings with clipped samples.
        silent: Recordings without sound.
        offset: Recordings with a mean far from zero.
        stereo: Recordings of several channels.
        unreadable: Recordings left out.
    """

    label: str
    counts: dict[Split, int]
    seconds: tuple[float, float, float, float]
    clipped: int
    silent: int
    offset: int
    stereo: int
    unreadable: int


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        classes: By label.
        rates: Recordings by samples per second.
        noise_seconds: Of usable background noise.
        unreadable: Path and reason.
        clipped: Paths, as `silent` and `offset`.
        silent: Paths.
        offset: Paths.
        duplicates: Groups of paths with the same samples in one split.
        leaks: Groups of paths with the same samples in several splits.
        speakers: Groups (names before the first `_`) that are in several splits.
        errors: Sentences: why training must not use the set.
        warnings: Sentences: what to know or mend.
    """

    classes: tuple[Class, ...]
    rates: dict[int, int]
    noise_seconds: float
    unreadable: tuple[tuple[str, str], ...]
    clipped: tuple[str, ...]
    silent: tuple[str, ...]
    offset: tuple[str, ...]
    duplicates: tuple[tuple[str, ...], ...]
    leaks: tuple[tuple[str, ...], ...]
    speakers: tuple[str, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def inspect(path: Path) -> Facts:
    """Read a recording and measure it.

    Raises:
        GhostError: It is not readable.
    """
    raw = recording.decode(path)
    mixed = raw.mixed()
    return Facts(
        seconds=len(mixed) / raw.rate,
        rate=raw.rate,
        channels=raw.samples.shape[1],
        clipped=max(clipped(channel) for channel in raw.samples.T),
        silent=int(np.abs(mixed.astype(np.int32)).max()) <= SILENT,
        offset=abs(float(mixed.mean())) / 32768,
        digest=hashlib.sha256(str(raw.rate).encode() + mixed.tobytes()).hexdigest()[:32],
    )


def clipped(samples: Samples) -> float:
    """Return the share of int16 samples at full scale in runs of at least three."""
    full = (samples == 32767) | (samples == -32768)
    if not full.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= _RUN].sum()) / len(samples)


def check(
    root: Path,
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read all of a data set.

    Raises:
        GhostError: There is no data set in the folder.
    """
    labels = folder.labels(root)
    empty = [label for label in labels if not any(folder.files(root / label))]
    found = folder.scan(root, [label for label in labels if label not in empty])
    noises = [Item(p, folder.NOISE, "", "train") for p in folder.files(root / folder.NOISE)]
    facts: dict[Item, Facts] = {}
    unreadable = {}
    for item, result in dataset.each(found + noises, lambda i: inspect(i.path), jobs, progress):
        if isinstance(result, GhostError):
            unreadable[item] = str(result).removeprefix(f"{item.path}: ")
        else:
            facts[item] = result
    noise_seconds = sum(facts.pop(noise).seconds for noise in noises if noise in facts)
    classes = tuple(_class(label, facts, unreadable) for label in labels)
    same = defaultdict(list)
    for item, fact in facts.items():
        if not fact.silent:
            same[fact.digest].append(item)
    copies = [items for items in same.values() if len(items) > 1]
    leaks = [items for items in copies if len({i.split for i in items}) > 1]
    where = defaultdict(set)
    for item in facts:
        where[item.group].add(item.split)
    report = Report(
        classes=classes,
        rates=dict(sorted(Counter(f.rate for f in facts.values()).items())),
        noise_seconds=noise_seconds,
        unreadable=tuple((_name(i), reason) for i, reason in unreadable.items()),
        clipped=tuple(_name(i) for i, f in facts.items() if f.clipped > _CLIPPED),
        silent=tuple(_name(i) for i, f in facts.items() if f.silent),
        offset=tuple(_name(i) for i, f in facts.items() if f.offset > _OFFSET),
        duplicates=tuple(tuple(map(_name, items)) for items in copies if items not in leaks),
        leaks=tuple(tuple(map(_name, items)) for items in leaks),
        speakers=tuple(sorted(group for group, splits in where.items() if len(splits) > 1)),
        errors=(),
        warnings=(),
    )
    return replace(
        report,
        errors=tuple(_errors(report, empty)),
        warnings=tuple([*_list_warnings(root, found), *_warnings(report)]),
    )


def _name(item: Item) -> str:
    return f"{item.label}/{item.path.name}"


def _class(label: str, facts: dict[Item, Facts], unreadable: dict[Item, str]) -> Class:
    mine = {item: fact for item, fact in facts.items() if item.label == label}
    counts = Counter(item.split for item in mine)
    seconds = [fact.seconds for fact in mine.values()] or [0.0]
    return Class(
        label=label,
        counts={split: counts[split] for split in folder.SPLITS},
        seconds=(min(seconds), float(np.median(seconds)), max(seconds), sum(seconds)),
        clipped=sum(fact.clipped > _CLIPPED for fact in mine.values()),
        silent=sum(fact.silent for fact in mine.values()),
        offset=sum(fact.offset > _OFFSET for fact in mine.values()),
        stereo=sum(fact.channels > 1 for fact in mine.values()),
        unreadable=sum(item.label == label for item in unreadable),
    )


def _errors(report: Report, empty: list[str]) -> Iterator[str]:
    for label in empty:
        yield f"'{label}' holds no WAV or FLAC files: record some, or take the folder away."
    for one in report.classes:
        usable = sum(one.counts.values())
        if one.unreadable > usable:
            yield (
                f"'{one.label}': {one.unreadable} of {usable + one.unreadable} recordings cannot "
                "be read: convert or replace them."
            )
        elif usable and not one.counts["train"]:
            yield f"'{one.label}' has no training recordings: it cannot be learned."
    if report.leaks:
        first = " = ".join(report.leaks[0])
        yield (
            f"{_many(report.leaks, 'recording is', 'recordings are')} in several splits ({first}): "
            "tests would be of what was learned by heart. Keep one copy of each."
        )


def _list_warnings(root: Path, found: list[Item]) -> Iterator[str]:
    names = {_name(item) for item in found}
    for split, file in folder.LISTS.items():
        missing = sorted(folder.listed(root, split) - names)
        if missing:
            yield f"{file} names {len(missing)} files that are not there, such as {missing[0]}."


def _warnings(report: Report) -> Iterator[str]:
    totals = {one.label: sum(one.counts.values()) for one in report.classes}
    for one in report.classes:
        if totals[one.label] == 1:
            yield f"'{one.label}' has a single recording: it cannot be learned and tested."
        elif one.counts["train"]:
            for split in folder.LISTS:
                if not one.counts[split]:
                    yield f"'{one.label}' has no {split} recordings: record more people."
    order = sorted((label for label in totals if totals[label]), key=totals.__getitem__)
    if order and totals[most := order[-1]] > _UNBALANCED * totals[few := order[0]]:
        yield (
            f"'{most}' has {totals[most]} recordings, '{few}' only {totals[few]}: "
            "record more of the rare ones."
        )
    for found, one_is, some_are, advice in (
        (report.unreadable, "file cannot", "files cannot", "be read; they are left out"),
        (report.clipped, "recording is", "recordings are", "clipped: lower the microphone's gain"),
        (report.silent, "recording is", "recordings are", "silent: take them out of word classes"),
        (report.offset, "recording has", "recordings have", "a DC offset of 1 % or more"),
        (report.duplicates, "recording is", "recordings are", "there several times in a split"),
        (report.speakers, "name", "names", "before the first _ are in several splits: is each one "
         "a person? Then tests are of known voices"),
    ):  # fmt: skip
        if found:
            first = found[0] if isinstance(found[0], str) else found[0][0]
            yield f"{_many(found, one_is, some_are)} {advice} (such as {first})."
    stereo = sum(one.stereo for one in report.classes)
    if stereo:
        yield f"{stereo} recordings have several channels; they are mixed down to one."
    low = sum(count for rate, count in report.rates.items() if rate < RATE)
    if low:
        yield f"{low} recordings have less than {RATE} samples per second: they sound dull."


def _many(found: tuple[object, ...], one: str, some: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else some}"

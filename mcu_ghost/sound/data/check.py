# SPDX-License-Identifier: Apache-2.0
"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import bandwidth, dataset, folder, layouts
from mcu_ghost.sound.data.facts import Class, Facts, Inspection, inspect
from mcu_ghost.sound.data.folder import Item
from mcu_ghost.sound.data.speakers import SpeakerPattern

_NO_WORD = "unknown"
_UNBALANCED = 5  # largest over smallest class


def check(
    root: Path,
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
    speaker: SpeakerPattern | None = None,
) -> Inspection:
    """Read all of a data set.

    Args:
        root: Its folder.
        jobs: Files read at a time.
        progress: Called with the files done and the files in total.
        speaker: Where a file's name says who speaks.

    Raises:
        GhostError: There is no data set in the folder, or a file is not called so.
    """
    data = layouts.read(root, speaker)
    found = list(data.items)
    noises = [Item(p, folder.NOISE, "", "train") for p in folder.files(data.root / folder.NOISE)]
    facts: dict[Item, Facts] = {}
    unreadable = {}
    for item, result in dataset.each(found + noises, lambda i: inspect(i.path), jobs, progress):
        if isinstance(result, GhostError):
            unreadable[item] = dataset.reason(item, result)
        else:
            facts[item] = result
    noise_seconds = sum(facts.pop(noise).seconds for noise in noises if noise in facts)
    classes = tuple(_class(label, facts, unreadable) for label in data.labels)
    same = defaultdict(list)
    for item, fact in facts.items():
        if not fact.silent:
            same[fact.digest].append(item)
    copies = [items for items in same.values() if len(items) > 1]
    crossing = [len({item.split for item in items}) > 1 for items in copies]
    names = [tuple(map(_name, items)) for items in copies]
    where = defaultdict(set)
    for item in facts:
        where[item.group].add(item.split)
    report = Inspection(
        classes=classes,
        rates=dict(sorted(Counter(f.rate for f in facts.values()).items())),
        noise_seconds=noise_seconds,
        unreadable=tuple((_name(i), reason) for i, reason in unreadable.items()),
        cut_off=tuple((_name(i), f.cut_off) for i, f in facts.items() if f.cut_off),
        clipped=tuple(_name(i) for i, f in facts.items() if f.clipped),
        silent=tuple(_name(i) for i, f in facts.items() if f.silent),
        offset=tuple(_name(i) for i, f in facts.items() if f.offset),
        duplicates=tuple(n for n, leak in zip(names, crossing, strict=True) if not leak),
        leaks=tuple(n for n, leak in zip(names, crossing, strict=True) if leak),
        speakers=tuple(sorted(group for group, splits in where.items() if len(splits) > 1)),
        errors=(),
        warnings=(),
    )
    return replace(
        report,
        errors=tuple(_errors(report, data.empty)),
        warnings=tuple([*data.notes, *_list_warnings(data.root, found), *_warnings(report)]),
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
        clipped=sum(fact.clipped for fact in mine.values()),
        silent=sum(fact.silent for fact in mine.values()),
        offset=sum(fact.offset for fact in mine.values()),
        stereo=sum(fact.channels > 1 for fact in mine.values()),
        dull=sum(fact.dull is True for fact in mine.values()),
        unreadable=sum(item.label == label for item in unreadable),
    )


def _errors(report: Inspection, empty: Iterable[str]) -> Iterator[str]:
    for label in empty:
        yield f"'{label}' holds no WAV or FLAC files: record some, or take the folder away."
    for one in report.classes:
        usable = sum(one.counts.values())
        if one.unreadable > usable:
            every = text.count(usable + one.unreadable, "recording")
            yield (
                f"'{one.label}': {one.unreadable} of {every} cannot be read: convert or replace"
                " them."
            )
        elif usable and not one.counts["train"]:
            yield f"'{one.label}' has no training recordings: it cannot be learned."
        elif usable and one.label != _NO_WORD:  # `train` refuses a word without one of them
            yield from dataset.gaps(one.label, one.counts)
    if report.leaks:
        first = " = ".join(report.leaks[0])
        leaks = text.count(len(report.leaks), "recording is", "recordings are")
        yield (
            f"{leaks} in several splits ({first}): "
            "tests would be of what was learned by heart. Keep one copy of each."
        )


def _list_warnings(root: Path, found: list[Item]) -> Iterator[str]:
    names = {_name(item) for item in found}
    for split, file in folder.LISTS.items():
        missing = sorted(folder.listed(root, split) - names)
        if missing:
            absent = text.count(len(missing), "file that is", "files that are")
            yield f"{file} names {absent} not there, such as {missing[0]}."


def _warnings(report: Inspection) -> Iterator[str]:
    totals = {one.label: sum(one.counts.values()) for one in report.classes}
    for one in report.classes:
        if one.counts["train"] and one.label == _NO_WORD:  # else it is an error
            yield from dataset.gaps(one.label, one.counts)
    order = sorted((label for label in totals if totals[label]), key=totals.__getitem__)
    if order and totals[most := order[-1]] > _UNBALANCED * totals[few := order[0]]:
        yield (
            f"'{most}' has {text.count(totals[most], 'recording')}, '{few}' only {totals[few]}: "
            "record more of the rare ones."
        )
    for found, one_is, some_are, advice in (
        (report.unreadable, "file cannot", "files cannot", "be read; they are left out"),
        (report.cut_off, "recording ends", "recordings end", "before what the header promises"),
        (report.clipped, "recording is", "recordings are", "clipped: lower the microphone's gain"),
        (report.silent, "recording is", "recordings are", "silent: take them out of word classes"),
        (report.offset, "recording has", "recordings have", "a DC offset of 1 % or more"),
        (report.duplicates, "recording is", "recordings are", "there several times in a split"),
        (report.speakers, "name", "names", "before the first _ are in several splits: is each one "
         "a person? Then tests are of known voices"),
    ):  # fmt: skip
        if found:
            first = found[0] if isinstance(found[0], str) else found[0][0]
            yield f"{text.count(len(found), one_is, some_are)} {advice} (such as {first})."
    stereo = sum(one.stereo for one in report.classes)
    if stereo:
        have = text.count(stereo, "recording has", "recordings have")
        yield f"{have} several channels, mixed down to one."
    yield from _dull(report)


def _dull(report: Inspection) -> Iterator[str]:
    """Say which classes are dull, and what a network makes of that."""
    shares = {
        one.label: one.dull / total for one in report.classes if (total := sum(one.counts.values()))
    }
    dull = sum(one.dull for one in report.classes)
    if not dull or max(shares.values()) < bandwidth.UNLIKE:
        return
    dullest, clearest = (pick(shares, key=shares.__getitem__) for pick in (max, min))
    are_dull = text.count(dull, "recording is dull", "recordings are dull")
    what = (
        f"{are_dull}: no sound above {bandwidth.DULL_HZ / 1000:g} kHz, as by telephone or from"
        " a file of 8 kHz, whatever rate they state."
    )
    if shares[dullest] - shares[clearest] < bandwidth.UNLIKE:
        yield (
            f"{what} Other speech that is not would teach the network 'dull = word', and a"
            " device's microphone is not dull: let [[negatives]] be recorded alike, or record"
            " the words at 16 kHz. `train` compares them."
        )
        return
    yield (
        f"{what} That is {shares[dullest]:.0%} of '{dullest}', {shares[clearest]:.0%} of"
        f" '{clearest}': the network would learn 'dull = {dullest}'. Record both alike, at 16 kHz."
    )

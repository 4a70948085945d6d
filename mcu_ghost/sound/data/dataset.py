# SPDX-License-Identifier: Apache-2.0
"""What training reads: the usable recordings of a folder, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.data import folder
from mcu_ghost.sound.data.augment import Noise
from mcu_ghost.sound.data.folder import Item, Split

T = TypeVar("T")


@dataclass(frozen=True)
class DataSet:
    """A data set whose every item can be read.

    Attributes:
        labels: The classes, in the order that was asked for.
        items: The recordings, by label and name.
        skipped: What could not be read: path and reason.
        notes: Sentences on what a person should know of the set.
    """

    labels: tuple[str, ...]
    items: tuple[Item, ...]
    skipped: tuple[tuple[Path, str], ...]
    notes: tuple[str, ...]

    def of(self, split: Split) -> list[Item]:
        """Return the items of a split."""
        return [item for item in self.items if item.split == split]


def load(
    root: Path,
    labels: Iterable[str] | None = None,
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DataSet:
    """Read every recording of a data set once, to know which ones can be used.

    Args:
        root: The folder.
        labels: The classes; all folders if left out.
        jobs: Files read at a time.
        progress: Called with the files done and the files in total.

    Raises:
        GhostError: A class is missing or empty, or more than half of one cannot be read.
    """
    present = folder.labels(root)
    chosen = present if labels is None else tuple(labels)
    for label in chosen:
        if label not in present:
            hint = did_you_mean(label, present)
            raise GhostError(f"{root}: has no recordings of '{label}'.{hint}")
    found = folder.scan(root, chosen)
    items, skipped, stereo, cut_off = [], [], 0, 0
    for item, known in each(found, _known, jobs, progress):
        if isinstance(known, GhostError):
            skipped.append((item.path, reason(item, known)))
        else:
            items.append(item)
            stereo += known[0] > 1
            cut_off += known[1]
    wanted = Counter(item.label for item in found)
    usable = Counter(item.label for item in items)
    for label in chosen:
        refuse_mostly_broken(root / label, wanted[label], usable[label])
    notes = tuple(_notes(chosen, items, len(skipped), stereo, cut_off))
    return DataSet(chosen, tuple(items), tuple(skipped), notes)


def read(item: Item) -> Samples:
    """Return an item's int16 samples at 16 kHz, mixed down to one channel.

    Raises:
        GhostError: It cannot be read (any more).
    """
    return recording.read(item.path)


def noise(root: Path) -> Noise:
    """Return a data set's background noise, by turns with generated kinds.

    Recordings that cannot be read are left out; `data check` names them.
    """
    found = [Item(path, folder.NOISE, "", "train") for path in folder.files(root / folder.NOISE)]
    results = [result for _, result in each(found, read)]
    return Noise(tuple(r for r in results if not isinstance(r, GhostError)))


def each(
    items: list[Item],
    work: Callable[[Item], T],
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[Item, T | GhostError]]:
    """Do something with every item, some at a time; an item's `GhostError` is its result."""

    def attempt(item: Item) -> T | GhostError:
        try:
            return work(item)
        except GhostError as error:
            return error

    pool = futures.ThreadPoolExecutor(jobs)
    try:
        for done, pair in enumerate(zip(items, pool.map(attempt, items), strict=True), 1):
            progress(done, len(items))
            yield pair
    finally:
        pool.shutdown(cancel_futures=True)


def reason(item: Item, error: GhostError) -> str:
    """Return what is wrong with an item, without its path."""
    return str(error).removeprefix(f"{item.path}: ")


def _known(item: Item) -> tuple[int, bool]:
    """Return a recording's channels, and whether it has lost its end."""
    found = recording.decode(item.path)
    return found.samples.shape[1], bool(found.missing)


def refuse_mostly_broken(path: Path, wanted: int, usable: int) -> None:
    """Raise a `GhostError` when less than half of a class's recordings can be used."""
    if 2 * usable < wanted:
        raise GhostError(
            f"{path}: only {usable} of {wanted} recordings can be read. `mcu-ghost data check` "
            "names the others; replace them, or take the class out."
        )


def _notes(
    labels: tuple[str, ...], items: list[Item], skipped: int, stereo: int, cut_off: int
) -> Iterator[str]:
    counts = Counter((item.label, item.split) for item in items)
    if skipped:
        yield f"{skipped} of {skipped + len(items)} recordings cannot be read and are left out."
    if cut_off:
        yield f"{cut_off} recordings end before what their headers promise."
    if stereo:
        yield f"{stereo} recordings have several channels and are mixed down to one."
    for label in labels:
        yield from gaps(label, {split: counts[label, split] for split in folder.SPLITS})


def gaps(label: str, counts: dict[Split, int]) -> Iterator[str]:
    """Yield sentences on the splits that a class is missing from."""
    if sum(counts.values()) == 1:
        yield f"'{label}' has a single recording: it cannot be learned and tested."
        return
    for split in folder.SPLITS:
        if not counts[split]:
            yield f"'{label}' has no {split} recordings: record more people."

# SPDX-License-Identifier: Apache-2.0
"""Recordings of a data set that are read, and what is said of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import TypeVar

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.data import folder
from mcu_ghost.sound.data.folder import Item, Split

T = TypeVar("T")


def read(item: Item) -> Samples:
    """Return an item's int16 samples at 16 kHz, mixed down to one channel.

    Raises:
        GhostError: It cannot be read (any more).
    """
    return recording.read(item.path)


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


def refuse_mostly_broken(path: Path, wanted: int, usable: int) -> None:
    """Raise a `GhostError` when less than half of a class's recordings can be used."""
    if 2 * usable < wanted:
        raise GhostError(
            f"{path}: only {usable} of {count(wanted, 'recording')} can be read. `mcu-ghost data"
            " check` names the others; replace them, or take the class out."
        )


def gaps(label: str, counts: dict[Split, int]) -> Iterator[str]:
    """Yield sentences on the splits that a class is missing from."""
    if sum(counts.values()) == 1:
        yield f"'{label}' has a single recording: it cannot be learned and tested."
        return
    for split in folder.SPLITS:
        if not counts[split]:
            yield f"'{label}' has no {split} recordings: record more people."

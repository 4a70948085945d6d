# SPDX-License-Identifier: Apache-2.0
"""Folders of recordings in the layout of Google Speech Commands, and who is in which split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcu_ghost.host.errors import GhostError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
LISTS: dict[Split, str] = {"validation": "validation_list.txt", "test": "testing_list.txt"}
NOISE = "_background_noise_"
_SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".au",
             ".caf", ".w64"}  # fmt: skip
"""What libsndfile reads, as its files are called."""
_TRAIN, _VALIDATION = 0.7, 0.8  # below the first: train; below the second: validation


@dataclass(frozen=True)
class Item:
    """One file of a data set.

    Attributes:
        path: The WAV or FLAC file.
        label: The folder it is in.
        group: What must never be in two splits: the file name before its first `_`.
        split: Where the group belongs.
    """

    path: Path
    label: str
    group: str
    split: Split


def split_of(group: str) -> Split:
    """Return the split of a group: 70 % train, 10 % validation, 20 % test, by its hash alone."""
    at = position(group)
    return "train" if at < _TRAIN else "validation" if at < _VALIDATION else "test"


def position(group: str) -> float:
    """Return where a group's hash stands between 0 and 1."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def group_of(path: Path) -> str:
    """Return the part of a file's name before the first `_`."""
    return path.stem.split("_")[0]


def files(folder: Path) -> list[Path]:
    """Return the recordings directly in a folder, sorted by name; hidden ones left out."""
    return sorted(p for p in folder.glob("[!.]*") if p.suffix.lower() in _SUFFIXES)


def recordings(folder: Path) -> list[Path]:
    """Return the recordings directly in a folder, as `files`.

    Raises:
        GhostError: The folder is missing or holds none.
    """
    found = files(folder)
    if not found:
        raise GhostError(
            f"{folder}: holds no WAV or FLAC files. A data set is a folder <label>/*.flac; "
            "put recordings there, or take the folder away."
        )
    return found


def labels(folder: Path) -> tuple[str, ...]:
    """Return the labels of a data set: its folders, but `_background_noise_` and the like.

    Raises:
        GhostError: There are none.
    """
    found = tuple(path.name for path in subfolders(folder))
    if not found:
        raise GhostError(f"{folder}: holds no folders of recordings, <label>/*.flac.")
    return found


def subfolders(folder: Path) -> list[Path]:
    """Return what may be a label's folder, sorted: no `_background_noise_`, no hidden one."""
    return sorted(path for path in folder.glob("[!_.]*") if path.is_dir())


def listed(folder: Path, split: Split) -> set[str]:
    """Return the `<label>/<file>` that the list of a split (not train) names; none without one.

    A list that was made on Windows has backslashes.
    """
    path = folder / LISTS[split]
    lines = path.read_text("utf-8", "surrogateescape").splitlines() if path.is_file() else []
    return {line.strip().replace("\\", "/").removeprefix("./") for line in lines} - {""}


def scan(
    folder: Path,
    labels: Iterable[str],
    lists: Path | None = None,
    group_of: Callable[[Path], str] = group_of,
) -> list[Item]:
    """Return the recordings of some labels, sorted by label and name.

    `validation_list.txt` and `testing_list.txt`, lines of `<label>/<file>`, decide the split where
    they exist, in the data set or in the folder `lists`; else the hash of the group does.

    Raises:
        GhostError: A label's folder is missing or empty.
    """
    place = lists or folder
    validation, test = listed(place, "validation"), listed(place, "test")
    found = []
    for label in labels:
        for path in recordings(folder / label):
            name, group = f"{label}/{path.name}", group_of(path)
            split = split_of(group)
            if validation or test:
                split = "test" if name in test else "validation" if name in validation else "train"
            found.append(Item(path, label, group, split))
    return found

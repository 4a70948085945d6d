# SPDX-License-Identifier: Apache-2.0
"""Reads data sets in the layouts that people have: labels, splits and speakers of their files.

Besides `<label>/<speaker>_<anything>.wav` of Google Speech Commands these are folders of splits,
exports of Edge Impulse, a list in a CSV file, files whose names are their labels, and a data set
that lies deeper in a folder. Whatever was guessed is said.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.sound.data import folder
from mcu_ghost.sound.data.folder import Item, Split
from mcu_ghost.sound.data.speakers import SpeakerPattern

_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}
_OTHER_SOUND = {".m4a", ".aac", ".wma", ".amr", ".3gp", ".webm", ".mp4"}  # not libsndfile's
_COLUMNS = {
    "path": ("path", "file", "filename", "wav", "clip"),
    "label": ("label", "class", "word", "keyword"),
    "speaker": ("speaker", "speaker_id", "client_id", "person"),
    "split": ("split", "set", "category", "subset"),
}
_NOBODY = ": nothing says who speaks, so tests may be of known voices"
_LARGEST_LIST = 16 << 20


@dataclass(frozen=True)
class DataSet:
    """A data set as it lies in a folder.

    Attributes:
        root: The folder in which the labels, or the files, are.
        labels: All of them, sorted.
        items: The recordings, sorted by label and name.
        empty: Labels whose folders hold no recording.
        notes: Sentences: what was guessed, and what was left out.
    """

    root: Path
    labels: tuple[str, ...]
    items: tuple[Item, ...]
    empty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Groups = Callable[[Path], str]
"""From a recording to what must never be in two splits."""


def read(root: Path, speaker: SpeakerPattern | None = None) -> DataSet:
    """Find the recordings of a data set.

    Args:
        root: The folder.
        speaker: Where a file's name says who speaks; None: before its first `_`, if at all.

    Raises:
        GhostError: There is none in the folder, a list names files that are not there, or a file
            is not called as `speaker` says.
    """
    readers: tuple[Callable[[Path, Groups | None], DataSet | None], ...]
    readers = (_listed, _edge_impulse, _splits, _plain, _inner, _named)
    for reader in readers:
        found = reader(root, speaker.of if speaker else None)
        if found is not None:
            return replace(found, notes=(*found.notes, *_left_out(root)))
    labels = folder.labels(root)  # or it says that there are none
    return DataSet(root, labels, (), empty=labels)


def _plain(root: Path, group_of: Groups | None = None, lists: Path | None = None) -> DataSet | None:
    """Folders of labels; where a file's name says the label again, nobody knows who speaks."""
    labels = [path.name for path in folder.subfolders(root)]
    empty = tuple(label for label in labels if not folder.files(root / label))
    if len(empty) == len(labels):
        return None
    items: list[Item] = []
    notes = []
    used = [label for label in labels if label not in empty]
    found = folder.scan(root, used, lists, group_of or folder.group_of)
    for label, group in itertools.groupby(found, lambda item: item.label):
        mine = list(group)
        if group_of is None and len(mine) > 1 and {item.group for item in mine} == {label}:
            mine = _each_by_itself(lists or root, mine)
            notes.append(
                f"all recordings of '{label}' begin with its name, so nothing says who speaks:"
                " each file is taken for a speaker, and tests may be of known voices."
            )
        items += mine
    return DataSet(root, tuple(labels), tuple(items), empty, tuple(notes))


def _each_by_itself(root: Path, items: list[Item]) -> list[Item]:
    """Let every file be a group; lists go on deciding where there are any."""
    if any(folder.listed(root, split) for split in folder.LISTS):
        return items
    return [
        replace(item, group=item.path.stem, split=folder.split_of(item.path.stem)) for item in items
    ]


def _splits(root: Path, group_of: Groups | None) -> DataSet | None:
    """`train/<label>/…`, `test/<label>/…`."""
    tops = folder.subfolders(root)
    if not tops or not all(top.name.lower() in _SPLITS for top in tops):
        return None
    inner = {top: [path for path in folder.subfolders(top) if folder.files(path)] for top in tops}
    if not all(inner.values()):
        return None
    items = [
        Item(file, path.name, (group_of or folder.group_of)(file), _SPLITS[top.name.lower()])
        for top, paths in inner.items()
        for path in paths
        for file in folder.files(path)
    ]
    return _of(root, _with_validation(items), "folders of splits")


def _edge_impulse(root: Path, group_of: Groups | None) -> DataSet | None:
    """`training/<label>.<id>.wav`, `testing/…`, with an `info.labels` that has names and labels."""
    parts: dict[str, Split] = {"training": "train", "testing": "test"}
    files = {part: folder.files(root / part) for part in parts if (root / part).is_dir()}
    if not files.get("training"):
        return None
    said = _info_labels(root / "info.labels")
    items = [
        Item(file, said.get(f"{part}/{file.name}", file.name.partition(".")[0]),
             group_of(file) if group_of else file.stem, parts[part])
        for part, found in files.items()
        for file in found
    ]  # fmt: skip
    note = "an export of Edge Impulse"
    if group_of is None:
        note += _NOBODY
    return _of(root, _with_validation(items), note)


def _info_labels(path: Path) -> dict[str, str]:
    """Return the labels by path; nothing where there is no such file, or it says something else."""
    try:
        entries = json.loads(path.read_text("utf-8"))["files"]
        return {str(entry["path"]): str(entry["label"]["label"]) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _listed(root: Path, group_of: Groups | None) -> DataSet | None:
    """A CSV file of paths and labels, with speakers and splits if it has such columns."""
    lists = [path for path in sorted(root.glob("[!.]*.csv")) if path.is_file()]
    for path in lists if len(lists) == 1 else ():
        if path.stat().st_size > _LARGEST_LIST:
            raise GhostError(f"{path}: more than {_LARGEST_LIST >> 20} MiB is too long for a list.")
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            table = csv.DictReader(file)
            columns = _columns(table.fieldnames or ())
            if not {"path", "label"} <= set(columns):
                return None
            rows = list(table)
        return _of(
            root,
            _with_validation(_rows(root, path, rows, columns, group_of)),
            f"the list {path.name}",
        )
    return None


def _columns(names: Iterable[str]) -> dict[str, str]:
    known = {name.strip().lower(): name for name in names}
    return {key: known[word] for key, words in _COLUMNS.items() for word in words if word in known}


def _rows(
    root: Path,
    path: Path,
    rows: list[dict[str, str]],
    columns: dict[str, str],
    group_of: Groups | None,
) -> list[Item]:
    items = []
    for number, row in enumerate(rows, start=2):
        values = {key: (row.get(column) or "").strip() for key, column in columns.items()}
        file = root / values["path"]
        if not file.is_file():  # a list that was made on Windows
            file = root / PureWindowsPath(values["path"]).as_posix()
        if not values["label"] or not file.resolve().is_relative_to(root.resolve()):
            raise GhostError(f"{path}:{number}: needs a label, and a path within {root}.")
        if not file.is_file():
            raise GhostError(f"{path}:{number}: {values['path']} is not there.")
        group = values.get("speaker") or (group_of or folder.group_of)(file)
        split = values.get("split", "").lower()
        if split and split not in _SPLITS:
            raise GhostError(f"{path}:{number}: '{split}' is no split: train, validation or test.")
        items.append(
            Item(file, values["label"], group, _SPLITS[split] if split else folder.split_of(group))
        )
    return items


def _inner(root: Path, group_of: Groups | None) -> DataSet | None:
    """A data set that lies deeper, such as `train/audio/<label>/`; lists may lie above it."""
    for depth in ("*", "*/*"):
        found = [
            path
            for path in sorted(root.glob(depth))
            if path.is_dir()
            and sum(bool(folder.files(inner)) for inner in folder.subfolders(path)) > 1
        ]
        if len(found) == 1:
            around = [path for path in (found[0], *found[0].parents) if path.is_relative_to(root)]
            lists = (path for path in around for file in folder.LISTS.values()
                     if (path / file).is_file())  # fmt: skip
            data = _plain(found[0], group_of, next(lists, None))
            assert data is not None
            return replace(data, notes=(f"the data set is {found[0]}.", *data.notes))
    return None


def _named(root: Path, group_of: Groups | None) -> DataSet | None:
    """`yes_0.wav`, `no-1.wav`: labels are the beginnings of the names."""
    begins = re.compile(r"[^\W\d_]+(?:[ _-]?[^\W\d_]+)*")
    found = {file: begins.match(file.stem) for file in folder.files(root)}
    labels = Counter(match[0] for match in found.values() if match)
    if len(labels) < 2 or min(labels.values()) < 2 or sum(labels.values()) < len(found):
        return None
    items = [
        Item(file, match[0], group, folder.split_of(group))
        for file, match in found.items()
        if match
        for group in [group_of(file) if group_of else file.stem]
    ]
    note = "files called by their labels"
    if group_of is None:
        note += _NOBODY
    return _of(root, items, note)


def _of(root: Path, items: list[Item], note: str) -> DataSet:
    labels = tuple(sorted({item.label for item in items}))
    ordered = tuple(sorted(items, key=lambda item: (item.label, item.path)))
    return DataSet(root, labels, ordered, notes=(f"read as {note}.",))


def _with_validation(items: list[Item]) -> list[Item]:
    """Take an eighth of training for validation where a set has none: whole groups."""
    if any(item.split == "validation" for item in items):
        return items
    groups = sorted({item.group for item in items if item.split == "train"}, key=folder.position)
    chosen = {group for group in groups if folder.position(group) < 1 / 8}
    for label in {item.label for item in items}:
        mine = {item.group for item in items if (item.label, item.split) == (label, "train")}
        if len(mine) > 1 and not mine & chosen:
            chosen.add(next(group for group in groups if group in mine))
    return [
        replace(item, split="validation")
        if item.split == "train" and item.group in chosen
        else item
        for item in items
    ]


def _holds(path: Path) -> bool:
    return bool(folder.files(path))


def _left_out(root: Path) -> list[str]:
    """Say which recordings libsndfile does not read."""
    found = [path for path in root.rglob("[!.]*") if path.suffix.lower() in _OTHER_SOUND]
    if not found:
        return []
    kinds = ", ".join(sorted({path.suffix.lower() for path in found}))
    many, them = count(len(found), "file is", "files are"), "them" if len(found) > 1 else "it"
    return [
        f"{many} left out ({kinds}), such as {found[0].relative_to(root)}: convert {them}, for"
        " example by ffmpeg -i a.m4a a.flac."
    ]

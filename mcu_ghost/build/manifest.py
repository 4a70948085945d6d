# SPDX-License-Identifier: Apache-2.0
"""What a build folder holds of ours: every generated file and every result, by its hash.

The manifest is what makes a folder a build folder, so it is written before anything else; a build
that dies leaves a folder that the next one takes over. A generated file that is none of those the
manifest tells of was edited by hand, and is not overwritten. An image whose files are not all those
of the manifest is no image: results are made elsewhere, then the old ones are disowned, replaced,
and the new ones named.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError

NAME = "mcu-ghost.json"
_FORMAT = 1
_OURS = ".mcu-ghost."  # the lock, and a manifest that was never finished
_LEGACY = "app_model.h"  # what folders were told by before there was a manifest


@dataclass(frozen=True)
class Manifest:
    """What a build folder holds.

    Attributes:
        files: The SHA-256 of each generated file by its path; while files are being replaced, that
            of the old one and of the new one.
        image: The SHA-256 of each result by its name; "" of all while they are being replaced.
    """

    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    image: Mapping[str, str] = field(default_factory=dict)


def own(folder: Path) -> None:
    """Refuse a folder that holds anything else than an earlier build.

    Raises:
        GhostError: It does, or it cannot be read.
    """
    try:
        names = [path.name for path in folder.iterdir()] if folder.exists() else []
    except OSError as error:
        raise GhostError(
            f"{folder}: not a folder that can be written ({error.strerror})."
        ) from error
    if NAME in names or _LEGACY in names:
        return
    if not all(name.startswith(_OURS) for name in names):
        raise GhostError(
            f"{folder}: holds other files than an mcu-ghost build; choose another folder with -o."
        )


def replace_files(made: Path, folder: Path, force: bool = False) -> None:
    """Take over generated files; those that already say the same are left alone.

    Args:
        made: A folder with all of the files, and nothing else.
        folder: The build folder, held by the caller. Generated files that are not among the new
            ones are removed.
        force: Whether to overwrite files that were edited by hand.

    Raises:
        GhostError: Files were edited by hand, or the folder cannot be written.
    """
    old = _read(folder) or Manifest()
    new = {
        path.relative_to(made).as_posix(): path.read_bytes()
        for path in sorted(made.rglob("*"))
        if path.is_file()
    }
    hashes = {name: _hash(data) for name, data in new.items()}
    if not force:
        _refuse_edited(folder, old, hashes)
    both = {name: tuple(dict.fromkeys((*was, hashes[name]) if name in hashes else was))
            for name, was in old.files.items()}  # fmt: skip
    _write(folder, Manifest({name: (digest,) for name, digest in hashes.items()} | both, old.image))
    try:
        _remove_remains(folder, {*old.files, *new, *old.image, NAME})
        for name in old.files.keys() - new.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise GhostError(f"{folder}: cannot be written ({error.strerror}).") from error
    for name, data in new.items():
        if _hash_of(folder / name) != hashes[name]:
            files.write_bytes(folder / name, data)
    _write(folder, Manifest({name: (digest,) for name, digest in hashes.items()}, old.image))


def replace_image(made: Path, folder: Path) -> None:
    """Take over the results of a build, all of them or none.

    Args:
        made: A folder with all of them, and nothing else.
        folder: The build folder, held by the caller.

    Raises:
        GhostError: The folder cannot be written.
    """
    old = _read(folder) or Manifest()
    new = {path.name: path.read_bytes() for path in sorted(made.iterdir())}
    hashes = {name: _hash(data) for name, data in new.items()}
    beside = {name: folder / f".{name}.new" for name in new}
    for name, data in new.items():
        files.write_bytes(beside[name], data)  # where a disk that is full does no harm
    _write(folder, Manifest(old.files, dict.fromkeys((*old.image, *new), "")))
    try:
        for name in old.image.keys() - new.keys():
            (folder / name).unlink(missing_ok=True)
        for name, path in beside.items():
            path.replace(folder / name)
    except OSError as error:
        raise GhostError(f"{folder}: cannot be written ({error.strerror}).") from error
    _write(folder, Manifest(old.files, hashes))


def validate_image(folder: Path) -> None:
    """Refuse a folder whose image is not the complete result of one build.

    Raises:
        GhostError: It is not.
    """
    found = _read(folder)
    wrong = ["firmware.elf"] if found is None or not found.image else _wrong(folder, found)
    if wrong:
        raise GhostError(
            f"{folder}: {', '.join(wrong)}: not what a complete build left there; it was cut off,"
            " or the file was replaced. Build again."
        )


def _wrong(folder: Path, manifest: Manifest) -> list[str]:
    """Return the results that are not what the manifest says."""
    return [n for n, digest in manifest.image.items() if _hash_of(folder / n) != digest]


def _refuse_edited(folder: Path, old: Manifest, new: Mapping[str, str]) -> None:
    edited = [
        name
        for name, known in sorted(old.files.items())
        if _hash_of(folder / name) not in (None, *known, new.get(name))
    ]
    if edited:
        raise GhostError(
            f"{folder}: edited by hand since they were generated: {', '.join(edited)}. Nothing was"
            " overwritten. To keep them, choose another folder with -o, or go on here with cmake;"
            f" to have them written anew, delete them or run `mcu-ghost build --force -o {folder}`."
        )


def _remove_remains(folder: Path, names: Iterable[str]) -> None:
    """Remove what builds that were killed left beside the files that they were writing."""
    for name in names:
        path = folder / name
        for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
            left.unlink(missing_ok=True)


def _read(folder: Path) -> Manifest | None:
    """Return a folder's manifest; None where there is none."""
    path = folder / NAME
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            raise ValueError
        known = {str(name): tuple(map(str, was)) for name, was in data["files"].items()}
        image = {str(name): str(digest) for name, digest in data["image"].items()}
        if any(Path(n).is_absolute() or ".." in Path(n).parts for n in (*known, *image)):
            raise ValueError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GhostError(
            f"{path}: not a manifest that this version of mcu-ghost wrote, so it cannot tell which"
            " files were edited by hand. Delete the folder, or choose another with -o."
        ) from error
    return Manifest(known, image)


def _write(folder: Path, manifest: Manifest) -> None:
    content = {"format": _FORMAT, "files": manifest.files, "image": manifest.image}
    files.write_text(folder / NAME, json.dumps(content, indent=1, sort_keys=True) + "\n")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash_of(path: Path) -> str | None:
    """Return a file's hash; None where there is none."""
    try:
        return _hash(path.read_bytes())
    except OSError:
        return None

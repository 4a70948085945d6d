# SPDX-License-Identifier: Apache-2.0
"""Arrays out of files of a user: `.npy`, `.npz`, CSV. No code runs, no header asks for memory."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count

Array = npt.NDArray[Any]

X_NAMES, Y_NAMES = ("x", "X", "data", "inputs"), ("y", "Y", "labels", "expect")
"""What people call inputs, and what they should give, in a `.npz`."""

_MOST_VALUES = 1 << 28  # 1 GiB as float32
_MOST_TEXT = 1 << 26  # bytes of a CSV file
_WRONG = (ValueError, EOFError, OverflowError, MemoryError, TypeError, KeyError, zipfile.BadZipFile)


def read(path: Path, names: Sequence[str] = ()) -> Array:
    """Return the array of a file.

    Of a `.npz` with several arrays the first of `names` that it has. A CSV file has one row a line,
    with or without a line of headings; its cells come as float64, or as text if any is no number.

    Raises:
        GhostError: There is no such file, it is none of the three, holds Python objects, or the
            array is none of the names.
    """
    with files.open_file(path) as file:
        start = file.read(4)
    if path.suffix.lower() == ".csv":
        return _table(path)
    if start[:2] == b"PK":
        return _member(path, names)
    try:
        # A map holds what the header says, or it is refused.
        with np.errstate(over="ignore"):
            found = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except _WRONG as error:
        raise GhostError(f"{path}: not a NumPy .npy array ({_why(error)}).") from error
    return _small(path, found)


def read_all(path: Path, wanted: Sequence[str]) -> dict[str, Array]:
    """Return the arrays of a `.npz` by these names.

    Raises:
        GhostError: It cannot be read, or lacks one of them.
    """
    found = names(path)
    missing = next((name for name in wanted if name not in found), None)
    if missing is not None:
        named = ", ".join(f"'{name}'" for name in wanted)
        raise GhostError(
            f"{path}: has no array '{missing}': give an .npz with an array for each of {named}."
        )
    return {name: _member(path, (name,), alone=False) for name in wanted}


def names(path: Path) -> list[str]:
    """Return the names of the arrays in a `.npz`; none of another file.

    Raises:
        GhostError: The file cannot be read.
    """
    files.open_file(path).close()
    if path.suffix.lower() == ".csv" or not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def _member(path: Path, wanted: Sequence[str], alone: bool = True) -> Array:
    """Return the first of some arrays; where `alone`, the only one whatever it is called."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {i.filename.removesuffix(".npy"): i.file_size for i in archive.infolist()}
        found = list(sizes)
        name = (
            found[0] if alone and len(found) == 1 else next((w for w in wanted if w in found), None)
        )
        if name is None:
            listed = ", ".join(found) or "none"
            hint = f"; call the one to take {' or '.join(wanted)}" if wanted else ""
            raise GhostError(f"{path}: holds {count(len(found), 'array')} ({listed}){hint}.")
        if sizes[name] > 8 * _MOST_VALUES:
            raise GhostError(f"{path}: array {name} is too large.")
        with np.load(path, allow_pickle=False) as archive:
            return _small(path, archive[name])
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except _WRONG as error:
        raise GhostError(f"{path}: not a NumPy .npz archive ({_why(error)}).") from error


def _why(error: Exception) -> str:
    if "allow_pickle" in str(error) or "Python objects" in str(error):
        return "it holds Python objects, which could run code; save numbers or text"
    return str(error)


def _small(path: Path, found: Array) -> Array:
    if found.size > _MOST_VALUES:
        raise GhostError(
            f"{path}: holds {count(found.size, 'number')}; some thousand frames are enough."
        )
    return found


def _table(path: Path) -> Array:
    data = files.read_file(path, _MOST_TEXT + 1)
    if len(data) > _MOST_TEXT:
        raise GhostError(f"{path}: larger than {_MOST_TEXT >> 20} MiB; save it as .npy instead.")
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise GhostError(f"{path}: not a CSV file ({error}).") from error
    if not rows:
        raise GhostError(f"{path}: there is nothing in it.")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise GhostError(
                f"{path}: line {line} has {count(len(row), 'value')},"
                f" line {rows[0][0]} has {width}."
            )
    if len(rows) > 1 and _numbers(rows[0][1]) is None and _numbers(rows[1][1]) is not None:
        del rows[0]
    numbers = [_numbers(row) for _, row in rows]
    if any(row is not None for row in numbers):
        for (line, row), values in zip(rows, numbers, strict=True):
            if values is None:
                wrong = next(cell for cell in row if _numbers([cell]) is None)
                raise GhostError(f"{path}: line {line} holds {wrong!r}, which is no number.")
        return np.array(numbers, np.float64)
    return np.array([row for _, row in rows])


def _numbers(row: list[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in row]
    except ValueError:
        return None

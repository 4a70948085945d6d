# SPDX-License-Identifier: Apache-2.0
"""Reading what is a file and nothing else; writing results whole, beside and then renamed.

A failure never costs an earlier good result, and a pipe of a file's name never waits for a writer.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mcu_ghost.host.errors import GhostError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_file(path: Path) -> BinaryIO:
    """Open a file to read it; a pipe, a device or a folder is refused, and never waited for.

    Raises:
        GhostError: It is no file, is missing, or cannot be read.
    """
    try:
        _need_file(path, path.stat().st_mode)  # opening a device may do something
        waits_not = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, os.O_RDONLY | waits_not), "rb")
        try:
            _need_file(path, os.fstat(file.fileno()).st_mode)
        except GhostError:
            file.close()
            raise
        return file
    except FileNotFoundError as error:
        link = "a link to nothing" if path.is_symlink() else "there is no such file"
        raise GhostError(f"{path}: {link}.") from error
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise GhostError(f"{path}: cannot be read ({error}).") from None  # a name with a NUL in it


def read_file(path: Path, most: int) -> bytes:
    """Return the first `most` bytes of a file, as `open_file` opens it.

    Raises:
        GhostError: As `open_file`, or the disk fails.
    """
    with open_file(path) as file:
        try:
            return file.read(most)
        except OSError as error:
            raise GhostError(f"{path}: cannot be read ({error.strerror}).") from error


def _need_file(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise GhostError(f"{path}: is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, no file.")


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Yield an empty file that takes a path's place when the block ends, and is gone if it fails.

    Raises:
        GhostError: The folder cannot be written, or the disk is full.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        yield Path(temporary)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        temporary = ""
    except OSError as error:
        raise GhostError(f"{path}: cannot be written ({error.strerror}).") from error
    finally:
        if temporary:  # also where the program is being ended
            Path(temporary).unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        GhostError: The folder cannot be written, or the disk is full.
    """
    with beside(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> bool:
    r"""Write a text file unless it already says the same; return whether it changed.

    Leaving an unchanged file alone is what lets a build tool skip it. Bytes of a file's name that
    are no UTF-8 become `\udcff`.

    Raises:
        GhostError: The folder cannot be written, or the disk is full.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.read_bytes() == data:
            return False
    except OSError:
        pass
    write_bytes(path, data)
    return True


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    """Write NumPy arrays as one uncompressed `.npz`, whole or not at all.

    Raises:
        GhostError: The folder cannot be written, or the disk is full.
    """
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_bytes(path, content.getvalue())


def add_line(path: Path, line: bytes) -> None:
    """Add a line to a file that only grows; it is made where it is not there.

    Raises:
        GhostError: It cannot be written.
    """
    try:
        with path.open("ab") as file:
            file.write(line + b"\n")
    except OSError as error:
        raise GhostError(f"{path}: cannot be written ({error.strerror}).") from error

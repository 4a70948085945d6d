# SPDX-License-Identifier: Apache-2.0
"""Writing results so that a failure never costs an earlier good one: beside, then rename."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.host.errors import GhostError


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        GhostError: The folder cannot be written, or the disk is full.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise GhostError(f"{path}: cannot be written ({error.strerror}).") from error


def write_text(path: Path, text: str) -> bool:
    """Write a text file unless it already says the same; return whether it changed.

    Leaving an unchanged file alone is what lets a build tool skip it.

    Raises:
        GhostError: The folder cannot be written, or the disk is full.
    """
    data = text.encode()
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

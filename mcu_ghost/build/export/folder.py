# SPDX-License-Identifier: Apache-2.0
"""Writes an export as a whole: beside its place, then renamed; never over somebody's own files."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from mcu_ghost.host.errors import GhostError

MARK = "mcu-ghost.json"
"""The file that says which files of a folder an export wrote."""

_PRODUCTS = {"build", ".pio", "twister-out"}  # folders that build tools can make again


def write(texts: dict[str, str], facts: dict[str, str], out: Path) -> None:
    """Write an export, in place of an earlier one.

    Args:
        texts: The files by path.
        facts: What else the mark says.
        out: The folder; it may exist if it is empty or holds an earlier export, with what build
            tools made of it, and nothing else.

    Raises:
        GhostError: The folder holds something else, or cannot be written.
    """
    mark = json.dumps({**facts, "files": sorted([*texts, MARK])}, indent=2) + "\n"
    try:
        out = out.resolve()
        _validate(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
            new, old = Path(beside) / "new", Path(beside) / "old"
            for path, text in {**texts, MARK: mark}.items():
                (new / path).parent.mkdir(parents=True, exist_ok=True)
                (new / path).write_text(text, encoding="utf-8", newline="\n")
            if out.exists():
                out.rename(old)
            try:
                new.rename(out)
            except OSError:
                if old.exists():
                    old.rename(out)
                raise
            if old.exists():
                shutil.rmtree(old)
    except OSError as error:
        raise GhostError(f"{out}: cannot be written ({error.strerror}).") from error


def _validate(out: Path) -> None:
    """Refuse a folder with files that no export wrote."""
    if not out.exists():
        return
    if not out.is_dir():
        raise GhostError(f"{out}: is not a folder; choose another with -o.")
    files = [file.relative_to(out) for file in out.rglob("*") if not file.is_dir()]
    if not files:
        return
    try:
        known = json.loads((out / MARK).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if not isinstance(known, list):
        raise GhostError(
            f"{out}: holds other files than an mcu-ghost export; choose another folder with -o."
        )
    own = [file for file in files if _PRODUCTS.isdisjoint(file.parts[:-1])]
    added = [file for file in own if file.as_posix() not in known]
    if added:
        raise GhostError(
            f"{out}: holds {min(added)}, which no export wrote. The folder would be replaced as a"
            " whole: move your own files out of it, or choose another with -o."
        )

# SPDX-License-Identifier: Apache-2.0
"""Debian packages, fetched and unpacked beside the system's own."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from mcu_ghost.host.errors import GhostError


def unpacked(package: str, folder: Path) -> Path:
    """Return a package's files, fetched where they are not there yet."""
    target = folder / package
    if not target.is_dir():
        run(["apt-get", "download", "-qq", package], folder)
        archive = next(folder.glob(f"{package}_*.deb"))
        partial = folder / f"{package}.partial"
        run(["dpkg-deb", "-x", str(archive), str(partial)], folder)
        partial.rename(target)
    return target


def run(command: list[str], folder: Path) -> None:
    """Run a program; what it says is shown when it fails."""
    try:
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise GhostError(f"{command[0]} is not installed: apt install {command[0]}") from None
    if result.returncode:
        raise GhostError(f"{command[0]}: {result.stderr.strip()}")


def out_folder(about: str | None) -> Path:
    """Return the folder that the command line of a script names; `about` is what `--help` says."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="a folder; what is there stays")
    found: Path = parser.parse_args().out.resolve()
    return found

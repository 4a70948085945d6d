# SPDX-License-Identifier: Apache-2.0
"""How a project says which mcu-ghost it is for, so that `pip install -r` finds the one of here.

Pip writes down where it installed a package from unless that was an index (PEP 610).
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.files import read_file, write_bytes
from mcu_ghost.host.version import __version__

WHEELS = "wheels"
"""Folder of a project for what no index has."""

_BUILDING = 600.0  # seconds
_LARGEST_WHEEL = 64 << 20


def requirement(folder: Path) -> str:
    """Return what installs this mcu-ghost elsewhere, with `{extra}` where the extra's name goes.

    It is the version on an index, a commit of a repository, or a wheel, put into the project.

    Args:
        folder: The project's.

    Raises:
        GhostError: It came from a folder, and no wheel can be made of that.
    """
    origin = _origin()
    url = str(origin.get("url", ""))
    if not url:
        return f"mcu-ghost[{{extra}}]=={__version__}"
    if not re.fullmatch(r"[!-~]+", url) or "{" in url:
        raise GhostError(f"mcu-ghost was installed from {url!r}, which no requirement can name.")
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        part = f"#subdirectory={origin['subdirectory']}" if "subdirectory" in origin else ""
        return f"mcu-ghost[{{extra}}] @ {vcs['vcs']}+{url}@{vcs['commit_id']}{part}"
    if urlsplit(url).scheme != "file":
        return f"mcu-ghost[{{extra}}] @ {url}"
    path = Path(url2pathname(unquote(urlsplit(url).path)))
    wheel = _made(path, folder / WHEELS) if path.is_dir() else _copied(path, folder / WHEELS)
    return f"./{WHEELS}/{wheel.name}[{{extra}}]"


def _origin() -> dict[str, Any]:
    """Return what pip wrote down; nothing where it came from an index, or was not installed."""
    try:
        text = importlib.metadata.distribution("mcu-ghost").read_text("direct_url.json")
        found = json.loads(text or "{}")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _made(checkout: Path, into: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    done = processes.run([*command, "--wheel-dir", into, checkout], _BUILDING)
    wheels = sorted(into.glob("mcu_ghost-*.whl"))
    if done.code or not wheels:
        raise GhostError(
            f"mcu-ghost was installed from {checkout}, and pip cannot make a wheel of that for the"
            f" project: {done.err.strip()[-500:]}"
        )
    return wheels[-1]


def _copied(wheel: Path, into: Path) -> Path:
    write_bytes(into / wheel.name, read_file(wheel, _LARGEST_WHEEL))
    return into / wheel.name

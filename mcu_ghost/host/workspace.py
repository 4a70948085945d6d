# SPDX-License-Identifier: Apache-2.0
"""Where a user works: his project's folder, from wherever in it he calls."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = "ghost.toml"
"""The file that makes a folder a project's."""


def root() -> Path:
    """Return the nearest folder, from the current one upwards, with a `ghost.toml`.

    Without one it is the current folder. `boards/`, `build/` and `.cache/` stand in it. The path is
    relative to the current folder.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / PROJECT).is_file():
            return Path(os.path.relpath(folder, here))
    return Path()

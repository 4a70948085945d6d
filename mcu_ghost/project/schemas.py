# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the files that people write, for their editors."""

from __future__ import annotations

import json
from typing import Any, Literal

from mcu_ghost.boards import Board
from mcu_ghost.host import json_schema
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.train.recipe import Recipe

File = Literal["board", "recipe", "project"]

_FILES: dict[File, tuple[Any, str]] = {
    "board": (Board, "A board of mcu-ghost, boards/NAME.toml"),
    "recipe": (Recipe, "What mcu-ghost train reads, NAME.toml"),
    "project": (Project, "A project of mcu-ghost, ghost.toml"),
}


def text(file: File) -> str:
    """Return the schema of a kind of file as JSON."""
    return json.dumps(json_schema.of(*_FILES[file]), indent=2) + "\n"

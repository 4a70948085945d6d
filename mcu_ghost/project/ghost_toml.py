# SPDX-License-Identifier: Apache-2.0
"""`ghost.toml`: what a user's project builds, and what it may cost.

It stands in the folder that commands are given in; its paths are relative to that.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcu_ghost.build import apps
from mcu_ghost.host import schema
from mcu_ghost.host.errors import GhostError, did_you_mean

NAME = "ghost.toml"


@dataclass(frozen=True)
class Tolerance:
    """`[tolerance]`: how much worse than `baseline.json` a number may be.

    Attributes:
        flash_percent: Of flash.
        ram_percent: Of RAM, the whole stack included.
        instructions_percent: Of instructions per frame, and per hop of sound.
        accuracy_points: Percentage points of recordings that are no longer recognised.
    """

    flash_percent: float = 1.0
    ram_percent: float = 1.0
    instructions_percent: float = 1.0
    accuracy_points: float = 0.0


@dataclass(frozen=True)
class Budget:
    """`[budget]`: what must never be exceeded, whatever the baseline says; no limit if left out.

    Attributes:
        flash_bytes: Of flash.
        ram_bytes: Of RAM, the whole stack included.
        instructions_per_frame: Emulated, from entry to return of the network's step.
    """

    flash_bytes: int | None = None
    ram_bytes: int | None = None
    instructions_per_frame: int | None = None


@dataclass(frozen=True)
class Project:
    """A project.

    Attributes:
        boards: What it is for; verbs that take one board take the first.
        model: The `.tflite`; the bundled keyword model if left out.
        app: The firmware's main program, one of `mcu_ghost.build.apps.APPS`.
        toolchain: What the baseline is built with; the first that is installed if left out.
        recipe: What `mcu-ghost train` reads.
        recordings: Folder of recordings that accuracy is counted on, `<word>/*.wav|flac`.
        tolerance: How much worse than the baseline it may get.
        budget: What it may never exceed.
    """

    boards: tuple[str, ...]
    model: str | None = None
    app: str = apps.DEFAULT
    toolchain: Literal["gcc", "zig"] | None = None
    recipe: str | None = None
    recordings: str | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    budget: Budget = field(default_factory=Budget)


def here() -> Project | None:
    """Return the project in the current folder, or None if there is none.

    Raises:
        GhostError: Its `ghost.toml` is wrong; the message names the key.
    """
    return read(Path(NAME)) if Path(NAME).is_file() else None


def need() -> Project:
    """Return the project in the current folder.

    Raises:
        GhostError: There is none, or its `ghost.toml` is wrong.
    """
    project = here()
    if project is None:
        raise GhostError(
            f"There is no {NAME} here. Go to the project's folder, or make one:"
            " `mcu-ghost new NAME --board nrf52840`."
        )
    return project


def read(path: Path) -> Project:
    """Read and check a project's file.

    Raises:
        GhostError: Unreadable, an unknown key, or a value that makes no sense.
    """
    project = schema.read(path, Project)
    if not project.boards:
        raise GhostError(f'{path}: boards names none, for example boards = ["nrf52840"].')
    if project.app not in apps.APPS:
        raise GhostError(
            f"{path}: app must be one of {', '.join(apps.APPS)}, not {project.app!r}."
            f"{did_you_mean(project.app, apps.APPS)}"
        )
    for key, value in dataclasses.asdict(project.tolerance).items():
        if not 0 <= value <= 100:
            raise GhostError(f"{path}: tolerance.{key} must be 0 to 100, not {value:g}.")
    for key, limit in dataclasses.asdict(project.budget).items():
        if limit is not None and limit <= 0:
            raise GhostError(f"{path}: budget.{key} must be more than 0, not {limit}.")
    return project

# SPDX-License-Identifier: Apache-2.0
"""`ghost.toml`: what a user's project builds, and what it may cost.

Commands may be given in its folder or anywhere below; its paths are relative to it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from mcu_ghost.build import apps
from mcu_ghost.host import schema, workspace
from mcu_ghost.host.errors import GhostError

NAME = workspace.PROJECT

if TYPE_CHECKING:
    App = str
else:
    App = Literal[tuple(apps.APPS)]
Hundredths = Annotated[float, Meta(ge=0, le=100)]
Limit = Annotated[int, Meta(gt=0, lt=2**32)]


@dataclass(frozen=True)
class Tolerance:
    """`[tolerance]`: how much worse than `baseline.json` a number may be.

    Attributes:
        flash_percent: Of flash.
        ram_percent: Of RAM, the whole stack included.
        instructions_percent: Of instructions per frame, and per hop of sound.
        accuracy_points: Percentage points of recordings or samples that are no longer recognised.
        error_percent: Of the mean error of outputs.
        si_sdr_db: Of the SI-SDR that recordings gain by being cleaned, in dB.
    """

    flash_percent: Hundredths = 1.0
    ram_percent: Hundredths = 1.0
    instructions_percent: Hundredths = 1.0
    accuracy_points: Hundredths = 0.0
    error_percent: Hundredths = 1.0
    si_sdr_db: Hundredths = 0.1


@dataclass(frozen=True)
class Budget:
    """`[budget]`: what must never be exceeded, whatever the baseline says; no limit if left out.

    Attributes:
        flash_bytes: Of flash.
        ram_bytes: Of RAM, the whole stack included.
        instructions_per_frame: Emulated, from entry to return of the network's step.
    """

    flash_bytes: Limit | None = None
    ram_bytes: Limit | None = None
    instructions_per_frame: Limit | None = None


@dataclass(frozen=True)
class Project:
    """A project.

    Attributes:
        boards: What it is for; verbs that take one board take the first.
        model: The `.tflite`; the bundled keyword model if left out.
        app: The firmware's main program, one of `mcu_ghost.build.apps.APPS`.
        toolchain: What the baseline is built with; the first that is installed if left out.
        recipe: What `mcu-ghost train` reads.
        recordings: Folder of recordings that accuracy is counted on, `<word>/*.wav|flac`; of those
            to be cleaned, `*.wav|flac`, where the model cleans speech.
        tolerance: How much worse than the baseline it may get.
        budget: What it may never exceed.
        data: Inputs of your own that accuracy or error is counted on instead of recordings,
            `.npy`, `.npz` or `.csv`.
        expect: What should come out of them.
        clean: Folder of `recordings` without their noise, of the same names and lengths, which a
            model that cleans speech is compared with.
    """

    boards: Annotated[tuple[str, ...], Meta(min_length=1, examples=[["nrf52840"]])]
    model: str | None = None
    app: App = apps.DEFAULT
    toolchain: Literal["gcc", "zig"] | None = None
    recipe: str | None = None
    recordings: str | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    budget: Budget = field(default_factory=Budget)
    data: str | None = None
    expect: str | None = None
    clean: str | None = None


def here() -> Project | None:
    """Return the project in the current folder or around it, or None if there is none.

    Its paths are as the current folder sees them.

    Raises:
        GhostError: Its `ghost.toml` is wrong; the message names the key.
    """
    root = workspace.root()
    if not (root / NAME).is_file():
        return None
    project = read(root / NAME)
    return dataclasses.replace(
        project,
        model=project.model and str(root / project.model),
        recipe=project.recipe and str(root / project.recipe),
        recordings=project.recordings and str(root / project.recordings),
        data=project.data and str(root / project.data),
        expect=project.expect and str(root / project.expect),
        clean=project.clean and str(root / project.clean),
    )


def need() -> Project:
    """Return the project in the current folder or around it.

    Raises:
        GhostError: There is none, or its `ghost.toml` is wrong.
    """
    project = here()
    if project is None:
        raise GhostError(
            f"There is no {NAME} here or above. Go to the project's folder, or make one:"
            " `mcu-ghost new NAME --board nrf52840`."
        )
    return project


def read(path: Path) -> Project:
    """Read and check a project's file.

    Raises:
        GhostError: Unreadable, an unknown key, or a value that makes no sense.
    """
    return schema.read(path, Project)

# SPDX-License-Identifier: Apache-2.0
"""What cleans speech around a library's network: a hop of samples in, a hop of clean ones out."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.build import enhancer_c, model_c
from mcu_ghost.build.export import checks
from mcu_ghost.build.kernels.constants import align
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network.model import Model
from mcu_ghost.sound import enhancement
from mcu_ghost.sound.enhancement import Transform


@dataclass(frozen=True)
class Cleaner:
    """What the templates show of it.

    Attributes:
        version: Of mcu-ghost.
        name: The library's.
        transform: How sound is cut into frames.
        bytes: Of `NAME_cleaner_t`.
        tables_bytes: Constants of the transforms.
        check: What the example must make of the sound that it makes itself.
    """

    version: str
    name: str
    transform: Transform
    bytes: int
    tables_bytes: int
    check: checks.Cleaning


def make(model: Model, network: model_c.ModelContext) -> tuple[Cleaner, dict[str, str]] | None:
    """Return what cleans speech and its C by file name, or None of a model for something else.

    `enhancer_c.SOURCES` are compiled with it.

    Raises:
        GhostError: The model says something impossible of cleaning speech.
    """
    task = enhancement.task_of(model)
    if task is None:
        return None
    transforms = enhancer_c.context(task, f"{model.name}_")
    cleaner = Cleaner(
        version=__version__,
        name=model.name,
        transform=task.transform,
        bytes=_bytes(task, network),
        tables_bytes=sum(array.bytes for array in transforms.arrays.values()),
        check=checks.cleaning(model),
    )
    own = {file: render(f"export/{file}.jinja", cleaner) for file in ("cleaner.h", "cleaner.c")}
    return cleaner, enhancer_c.sources(transforms) | own


def _bytes(task: enhancement.EnhancementTask, network: model_c.ModelContext) -> int:
    """Return the size of `NAME_cleaner_t` as a compiler for Arm lays it out."""
    settings, late = task.transform.settings, task.transform.delay
    sound = align(8 * settings.bins + (4 + 2) * late, 4)
    scratch = align(max(4 * task.bands, network.plan.scratch_bytes))
    return align(align(sound + network.plan.state_bytes) + scratch + 2 * task.bands)

# SPDX-License-Identifier: Apache-2.0
"""Golden cases: random sequences and what the reference answers to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcu_ghost import __version__, reference
from mcu_ghost.model import Int8s, Model
from mcu_ghost.pack import Array
from mcu_ghost.random_model import random_inputs


@dataclass(frozen=True, eq=False)
class Golden:
    """Cases of one length.

    Attributes:
        inputs: (cases, frames, input size) int8.
        outputs: (cases, output size) int8, after the last frame of each case.
    """

    inputs: Int8s
    outputs: Int8s


@dataclass(frozen=True, eq=False)
class GoldenContext:
    """What `golden.c.jinja` shows."""

    version: str
    frames: Array
    inputs: Array
    outputs: Array


def make(model: Model, cases: int = 4, frames: int = 8, seed: int = 0) -> Golden:
    """Make cases for a model with the reference as the judge."""
    x = random_inputs(seed, model, cases, frames)
    y = reference.run(model, x)
    return Golden(x, y[:, -1] if model.head_per_frame else y)


def context(golden: Golden) -> GoldenContext:
    """Lay golden cases out for the template."""
    cases, frames, _ = golden.inputs.shape
    return GoldenContext(
        version=__version__,
        frames=Array("golden_frames", np.full(cases, frames, np.uint16)),
        inputs=Array("golden_inputs", golden.inputs),
        outputs=Array("golden_outputs", golden.outputs),
    )

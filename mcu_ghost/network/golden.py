# SPDX-License-Identifier: Apache-2.0
"""Golden cases: random sequences and what the reference answers to them."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tensor import Int8s

_FRAMES = 8  # of a stream
_LONGEST = 8192  # bytes of all windows, if one is not longer


@dataclass(frozen=True, eq=False)
class Golden:
    """Cases of one length.

    Attributes:
        inputs: (cases, frames, input size) int8.
        outputs: (cases, output size) int8, after the last frame of each case.
    """

    inputs: Int8s
    outputs: Int8s


def make(model: Model, cases: int = 4, frames: int | None = None, seed: int = 0) -> Golden:
    """Make cases for a model with the reference as the judge.

    Args:
        model: The network.
        cases: How many; fewer of long windows, which lie in flash.
        frames: Of each; a window if None, or some of a stream.
        seed: The same seed makes the same cases.
    """
    if frames is None:
        frames = model.window or _FRAMES
        size = model.input_size
        cases = min(cases, max(1, _LONGEST // (model.window * size))) if model.window else cases
    x = random_inputs(seed, model, cases, frames)
    y = reference.run(model, x)
    return Golden(x, y[:, -1] if model.head_per_frame else y)

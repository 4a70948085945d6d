# SPDX-License-Identifier: Apache-2.0
"""Golden cases as C arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcu_ghost.build.pack import Array
from mcu_ghost.host.version import __version__
from mcu_ghost.network.golden import Golden


@dataclass(frozen=True, eq=False)
class GoldenContext:
    """What `golden.c.jinja` shows."""

    version: str
    frames: Array
    inputs: Array
    outputs: Array


def context(golden: Golden) -> GoldenContext:
    """Lay golden cases out for the template."""
    cases, frames, _ = golden.inputs.shape
    return GoldenContext(
        version=__version__,
        frames=Array("golden_frames", np.full(cases, frames, np.uint16)),
        inputs=Array("golden_inputs", golden.inputs),
        outputs=Array("golden_outputs", golden.outputs),
    )

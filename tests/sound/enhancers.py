# SPDX-License-Identifier: Apache-2.0
"""Random networks of the form of those that clean speech, and sound to give them."""

from __future__ import annotations

import numpy as np

from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.sound import enhancement
from mcu_ghost.sound.enhancement import BandScales, Gains, Transform

RATE = 16000


def random_enhancer(
    seed: int = 1,
    bands: int = 20,
    units: int = 24,
    transform: Transform = Transform(),  # noqa: B008
    exponent: float = 1.0,
) -> Model:
    """Return a network that makes of sound something that depends on all of it."""
    rng = np.random.default_rng(seed)
    tensors = [Tensor("bands", (bands,), "int8", enhancement.INPUT_SCALE, 0)]
    body, y = GhostGRU.random(rng, tensors[0], 0, units=units, gain=2.0, stateful=True)
    dense, logits = FullyConnected.random(rng, y, 1, outputs=bands)
    sigmoid, gains = Elementwise.random(rng, logits, 2, function="logistic")
    scales = BandScales.of(rng.uniform(32, 44, bands), rng.uniform(2, 6, bands))
    return Model.chain(
        "clean",
        1,
        [*tensors, y, logits, gains],
        [body],
        [dense, sigmoid],
        head_per_frame=True,
        metadata=enhancement.metadata("clean", transform, scales, Gains(exponent)),
    )


def sound(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return int16 with syllables in noise, loud, quiet and silent in turn, clipped a little."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE))
    pitch = 120 + 40 * np.sin(time / 9000)
    voice = sum(np.sin(np.cumsum(pitch) * k * 2 * np.pi / RATE) / k for k in range(1, 20))
    made = voice * (np.sin(time / 1300) > 0) * 9000 + rng.normal(0, 300, len(time))
    made[time % 16000 > 15000] = 0
    return np.clip(made * (1 + 3 * (time % 9000 > 8500)), -32768, 32767).astype(np.int16)

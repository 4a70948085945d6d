# SPDX-License-Identifier: Apache-2.0
"""A network that listens without end, with random weights, and sounds to play to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.sound import audio
from mcu_ghost.sound.keywords import KIND, RATE

FRONT_END: dict[str, Any] = {"kind": KIND, **asdict(audio.KEYWORDS)}
FORMULA = audio.Formula(multiplier=11, shift=5, zero_point=-128)
LABELS = ["alexa", 'the "door" \\', "größe", "other"]


def listener(
    seed: int = 14, units: int = 24, labels: Sequence[str] = LABELS, stack: int = 1, **metadata: Any
) -> Model:
    """Return a network whose words come often; `metadata` overrides what it says of itself."""
    inputs = 40 * stack
    classes = len(labels)
    model = random_model(
        seed, units=units, ratio=2, inputs=inputs, classes=classes, head_per_frame=True, gain=3.0
    )
    word = {"threshold": 0.3, "refractory_ms": 300}
    said = {
        "labels": list(labels),
        "reset": "never",
        "frame": {"shape": [inputs], "hop_ms": 20},
        "front_end": FRONT_END | {"stack": stack},
        "features_to_int8": asdict(FORMULA),
        "detector": {"window": 4, "words": dict.fromkeys(labels[:-1], word)},
    }
    return dataclasses.replace(model, metadata=model.metadata | said | metadata)


def noise(ms: int) -> np.ndarray:
    """Return noise that comes and goes, up to full scale."""
    rng = np.random.default_rng(3)
    count = ms * RATE // 1000
    swell = 32767 * np.abs(np.sin(np.arange(count) / 3000)) ** 3
    return (rng.uniform(-1, 1, count) * swell).astype(np.int16)

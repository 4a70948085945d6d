# SPDX-License-Identifier: Apache-2.0
"""Small data sets of tones, with the troubles that real ones have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def tone(seed: int, rate: int = 16000, channels: int = 1, seconds: float = 0.3) -> np.ndarray:
    """Return int16 samples that no other seed has, (samples, channels)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(rate * seconds)) / rate
    wave = 6000 * np.sin(2 * np.pi * (300 + 7 * seed) * time)[:, None]
    noise = rng.normal(0, 60, (len(time), channels))
    return (wave + noise).astype(np.int16)


def put(path: Path, samples: np.ndarray, rate: int = 16000) -> Path:
    """Write a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


def two_classes(root: Path, people: int = 20) -> Path:
    """Fill a folder with one recording of `go` and `stop` for each of some people."""
    for person in range(people):
        for number, word in enumerate(("go", "stop")):
            put(root / word / f"p{person}_0.flac", tone(2 * person + number))
    return root

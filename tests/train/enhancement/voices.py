# SPDX-License-Identifier: Apache-2.0
"""A small recipe for enhancement: voices that hum in syllables, and two kinds of noise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mcu_ghost.host import files
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import RATE, Samples

PEOPLE = 24

RECIPE = """\
task = "enhancement"

[speech]
folders = ["speech"]
speakers = "speakers.json"

[[noise]]
folder = "noise/hiss"
[[noise]]
folder = "noise/beeps"
use = "test"

[network]
bands = 24
units = 24

[training]
steps = {steps}
batch = 4
seconds = 1.0
every = {every}
mixtures = 8
test = 1
learning_rate = 5e-3
"""


def voice(rng: np.random.Generator, seconds: float, pitch: float) -> Samples:
    """Return harmonics that come and go, int16."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.2 * np.sin(5 * time + rng.uniform(0, 6)))) / RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    loud = np.clip(np.sin(2 * np.pi * rng.uniform(1, 3) * time + rng.uniform(0, 6)), 0, 1)
    return (tone * loud * 6000).astype(np.int16)


def write(folder: Path, steps: int = 30, every: int = 15) -> Path:
    """Write recordings and a recipe of a name; return the recipe."""
    rng = np.random.default_rng(4)
    speakers = {}
    for person in range(PEOPLE):
        pitch = rng.uniform(90, 300)
        for number in range(2):
            name = f"{person * 2 + number:03d}.wav"
            speakers[name] = person
            _write(folder / "speech" / name, voice(rng, 2.0, pitch))
    for number in range(12):
        hiss = rng.normal(0, 2000, 2 * RATE)
        _write(folder / f"noise/hiss/{chr(97 + number)}.wav", hiss.astype(np.int16))
    for number in range(3):
        time = np.arange(RATE // 4) / RATE
        beep = 8000 * np.sin(2 * np.pi * rng.uniform(500, 3000) * time)
        _write(folder / f"noise/beeps/{chr(97 + number)}.wav", beep.astype(np.int16))
    files.write_text(folder / "speakers.json", json.dumps(speakers))
    recipe = folder / "voices.toml"
    files.write_text(recipe, RECIPE.format(steps=steps, every=every))
    return recipe


def _write(path: Path, samples: Samples) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(path, recording.encode(samples, "wav"))

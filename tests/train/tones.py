# SPDX-License-Identifier: Apache-2.0
"""A data set that needs no speech: words are rising and falling tones, other speech is level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from mcu_ghost.sound import audio

RECIPE = """
[words]
folders = ["words"]

[[negatives]]
folder = "others"
kind = "speech"

[network]
units = 16

[scenes]
train_hours = 0.3
validation_hours = 0.16
noise_hours = 0.05
speed = 0.0
reverb = 0.0
snr_db = [10.0, 30.0]

[training]
epochs = {epochs}
qat_epochs = {qat_epochs}
streams = 8
frames = 50
learning_rate = 0.01
qat_learning_rate = 0.002
{more}
"""


def tone(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Return 0.4 s of a tone, with 0.1 s of almost nothing before and behind."""
    length = audio.RATE * 4 // 10
    low, high = rng.uniform(400, 600), rng.uniform(1800, 2600)
    ends = {"rise": (low, high), "fall": (high, low), "level": (rng.uniform(400, 2600),) * 2}[kind]
    pitch = np.geomspace(*ends, length)
    wave = 8000 * np.sin(2 * np.pi * np.cumsum(pitch) / audio.RATE)
    edge = audio.RATE // 10
    return (np.pad(wave, edge) + rng.normal(0, 3, length + 2 * edge)).astype(np.int16)


def write(root: Path, epochs: int = 3, qat_epochs: int = 1, more: str = "") -> Path:
    """Write the data set and its recipe, and return the recipe."""
    rng = np.random.default_rng(5)
    for kind, folder in (("rise", "words/rise"), ("fall", "words/fall"), ("level", "others")):
        (root / folder).mkdir(parents=True)
        for i in range(40):
            soundfile.write(root / folder / f"s{i}_0.wav", tone(rng, kind), audio.RATE)
    recipe = root / "tones.toml"
    recipe.write_text(RECIPE.format(epochs=epochs, qat_epochs=qat_epochs, more=more))
    return recipe

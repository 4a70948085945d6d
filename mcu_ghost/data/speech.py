# SPDX-License-Identifier: Apache-2.0
"""Speech synthesised with espeak-ng and flite, with voices that stay in one split each."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost import audio
from mcu_ghost.audio import Samples
from mcu_ghost.data.folder import Split, split_of
from mcu_ghost.errors import GhostError

ACCENTS = (
    "en-gb",
    "en-us",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
    "en-us-nyc",
)
# Whispering, croaking and robot voices of espeak-ng are left out: nobody speaks like that.
VARIANTS = tuple(
    "Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario "
    "Michael Mike Mr_serious Nguyen Storm Tweaky adam anika announcer antonio aunty belinda "
    "benjamin boris caleb david ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa gustave iven "
    "iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo "
    "max michel miguel norbert pablo paul pedro quincy rob robert sandro shelby steph steph2 "
    "steph3 travis victor zac".split()
)


@dataclass(frozen=True)
class Voice:
    """A voice of one engine.

    Attributes:
        engine: `espeak-ng` or `flite`.
        name: flite's voice, or espeak-ng's variant.
        accent: espeak-ng's language; "" for flite.
    """

    engine: str
    name: str
    accent: str = ""


def variants(split: Split) -> list[str]:
    """Return espeak-ng's voice variants of a split; whatever the accent, a variant is one voice."""
    return [name for name in VARIANTS if split_of(f"espeak-ng {name}") == split]


def say(text: str, voice: Voice, speed: int = 160, pitch: int = 50) -> Samples:
    """Speak a text.

    Args:
        text: Plain English.
        voice: Who speaks.
        speed: Words per minute (espeak-ng).
        pitch: 0 to 99 (espeak-ng).

    Returns:
        int16 samples at 16 kHz, without the silence around them.

    Raises:
        GhostError: The engine is not installed, or fails.
    """
    if shutil.which(voice.engine) is None:
        raise GhostError(
            f"{voice.engine} is not installed; speech is synthesised with it: "
            f"apt install {voice.engine}"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        if voice.engine == "flite":
            command = ["flite", "-voice", voice.name, "-t", text, "-o", str(path)]
        else:
            name = f"{voice.accent}+{voice.name.replace('_', ' ')}"
            command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch)]
            command += ["-w", str(path), text]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode or not path.is_file():
            raise GhostError(f"{' '.join(command)}: {result.stderr.strip() or 'failed'}")
        return trim(audio.read(path))


def trim(samples: Samples, floor: float = 0.02) -> Samples:
    """Cut off what is quieter than a fraction of the peak at both ends."""
    level = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(level > floor * level.max())
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples

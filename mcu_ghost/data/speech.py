# SPDX-License-Identifier: Apache-2.0
"""Speech synthesised with espeak-ng and flite, with voices that stay in one split each."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np

from mcu_ghost.audio import Samples
from mcu_ghost.data import recording
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
# Variants that sound the same are one voice and stay in one split. Measured: the front end's
# features of the same words, aligned in time, differ by less than 13, where 42 is the median of all
# pairs (caleb and klatt are equal to the last sample, adam differs from them by 1.6).
FAMILIES = tuple(
    tuple(names.split())
    for names in (
        "klatt klatt2 klatt3 adam benjamin caleb edward edward2",
        "Diogo Henrique Hugo michel miguel",
        "iven iven2 iven3 iven4",
        "steph steph2 steph3",
        "Gene Gene2",
        "Michael gustave",
        "rob robert",
    )
)
_FAMILY = {name: names[0] for names in FAMILIES for name in names}
_FLITE: dict[Split, tuple[str, ...]] = {
    "train": ("awb", "kal16"),
    "validation": ("rms",),
    "test": ("slt",),
}


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
    return [v for v in VARIANTS if split_of(f"espeak-ng {_FAMILY.get(v, v)}") == split]


def voices(split: Split) -> list[Voice]:
    """Return the voices of a split, of the engines that are installed; accents are left open."""
    found = [Voice("espeak-ng", name) for name in variants(split)]
    if shutil.which("flite"):
        found += [Voice("flite", name) for name in _FLITE[split]]
    return found


def say(text: str, voice: Voice, speed: int = 160, pitch: int = 50) -> Samples:
    """Speak a text.

    Args:
        text: Plain English.
        voice: Who speaks.
        speed: Words per minute.
        pitch: 0 to 99 (espeak-ng).

    Returns:
        int16 samples at 16 kHz, without the silence around them.

    Raises:
        GhostError: The engine is not installed, fails, or has nothing to say.
    """
    if shutil.which(voice.engine) is None:
        raise GhostError(
            f"{voice.engine} is not installed; speech is synthesised with it: "
            f"apt install {voice.engine}"
        )
    if voice.engine == "flite":
        command = ["flite", "-voice", voice.name, "--setf", f"duration_stretch={160 / speed:.3f}"]
        command += ["-t", text, "-o", "/dev/stdout"]
    else:
        # A variant whose name espeak-ng does not know would be the plain voice, without a word.
        name = f"{voice.accent}+{voice.name.replace('_', ' ')}"
        command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), "--stdout"]
        command += ["--", text]
    result = subprocess.run(command, capture_output=True)
    told = result.stderr.decode(errors="replace").strip()
    if result.returncode or not result.stdout:
        raise GhostError(f"{' '.join(command)}: {told or 'failed'}")
    said = trim(recording.decode(io.BytesIO(result.stdout), " ".join(command)).mono())
    if not said.any():
        raise GhostError(f"{voice.engine} has nothing to say for '{text}'. Spell it in letters.")
    return said


def trim(samples: Samples, floor: float = 0.02) -> Samples:
    """Cut off what is quieter than a fraction of the peak at both ends."""
    level = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(level > floor * level.max())
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples

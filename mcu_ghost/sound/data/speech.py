# SPDX-License-Identifier: Apache-2.0
"""Speech synthesised with espeak-ng and flite, with voices that stay in one split each."""

from __future__ import annotations

import functools
import hashlib
import io
import re
from dataclasses import dataclass

import numpy as np

from mcu_ghost.host import processes, tools
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import recording
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.data.folder import Split

_LIMIT = 120.0  # seconds for an engine to say a text
ENGLISH = "en"
_ACCENTS = (
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
# Variants that sound alike are one voice and stay in one split: those whose front-end features of
# the same words, aligned in time, differ by less than 20, directly or by way of others. Measured:
# one variant at another pitch (40, not 50) differs from itself by 6 to 22, the median of all pairs
# is 42, caleb and klatt are equal to the last sample.
FAMILIES = tuple(
    tuple(names.split())
    for names in (
        "Alex Mike Mr_serious Nguyen Tweaky grandpa john m1 m2 m3 m4 m5 m6 m7 max paul pedro",
        "adam announcer benjamin caleb edward edward2 klatt klatt2 klatt3",
        "Denis Diogo Henrique Hugo michel miguel victor",
        "iven iven2 iven3 iven4",
        "Mario Michael gustave",
        "quincy rob robert",
        "steph steph2 steph3",
        "Gene Gene2",
        "aunty f4",
        "belinda linda",
        "f2 f5",
    )
)
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
        accent: espeak-ng's language, one of `accents`; "" for flite.
    """

    engine: str
    name: str
    accent: str = ""


@functools.cache
def accents(language: str) -> tuple[str, ...]:
    """Return how espeak-ng can speak a language: `pt` and `pt-br` for `pt`.

    Raises:
        GhostError: It is not installed, or does not speak it.
    """
    if language == ENGLISH:
        return _ACCENTS
    hint = tools.missing("espeak-ng")
    if hint is not None:
        raise GhostError(hint)
    lines = processes.run(["espeak-ng", "--voices"], processes.MOMENT).text.splitlines()
    rows = [re.match(r" *\d+ +(\S+) +\S+ +\S+ +(\S+)", line) for line in lines]
    # Those of MBROLA have data of their own that is seldom there.
    known = sorted({row[1] for row in rows if row and not row[2].startswith("mb/")})
    found = tuple(name for name in known if f"{name}-".startswith(f"{language}-"))
    if not found:
        raise GhostError(f"espeak-ng does not speak '{language}'. It has {', '.join(known)}.")
    return found


def families(split: Split) -> list[tuple[str, ...]]:
    """Return espeak-ng's voices of a split, each with the variants that sound like it.

    Of all voices in the order of their hashes, the first fifth is for tests, the next tenth for
    validation: no seed moves a voice to another split.
    """
    alike = {name for names in FAMILIES for name in names}
    every = [*FAMILIES, *((name,) for name in VARIANTS if name not in alike)]
    every.sort(key=lambda names: hashlib.sha256(f"espeak-ng {names[0]}".encode()).digest())
    test, validation = round(0.2 * len(every)), round(0.3 * len(every))
    parts = {"test": every[:test], "validation": every[test:validation]}
    return parts.get(split, every[validation:])


def variants(split: Split) -> list[str]:
    """Return espeak-ng's voice variants of a split; whatever the accent, a variant is one voice."""
    return sorted(name for names in families(split) for name in names)


def voices(split: Split, language: str = ENGLISH) -> list[tuple[Voice, ...]]:
    """Return the voices of a split, of the engines that are installed; accents are left open.

    What is in one tuple sounds alike. flite speaks English only.
    """
    found = [tuple(Voice("espeak-ng", name) for name in names) for names in families(split)]
    if language == ENGLISH and tools.missing("flite") is None:
        found += [(Voice("flite", name),) for name in _FLITE[split]]
    return found


def with_accent(rng: np.random.Generator, voice: Voice, language: str = ENGLISH) -> Voice:
    """Return a voice with one of the language's accents, where its engine has any."""
    if voice.engine != "espeak-ng":
        return voice
    return Voice(voice.engine, voice.name, str(rng.choice(accents(language))))


def say(text: str, voice: Voice, speed: int = 160, pitch: int = 50) -> Samples:
    """Speak a text.

    Args:
        text: Words of the voice's language.
        voice: Who speaks.
        speed: Words per minute.
        pitch: 0 to 99 (espeak-ng).

    Returns:
        int16 samples at 16 kHz, without the silence around them.

    Raises:
        GhostError: The engine is not installed, fails, or has nothing to say.
    """
    hint = tools.missing(voice.engine)
    if hint is not None:
        raise GhostError(hint)
    if voice.engine == "flite":
        command = ["flite", "-voice", voice.name, "--setf", f"duration_stretch={160 / speed:.3f}"]
        command += ["-t", text, "-o", "/dev/stdout"]
    else:
        # A variant whose name espeak-ng does not know would be the plain voice, without a word.
        name = f"{voice.accent}+{voice.name.replace('_', ' ')}"
        command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), "--stdout"]
        command += ["--", text]
    spoken = processes.run(command, _LIMIT)
    if spoken.code or not spoken.out:
        raise GhostError(f"{' '.join(command)}: {spoken.err.strip() or 'failed'}")
    said = trim(recording.decode(io.BytesIO(spoken.out), " ".join(command)).mono())
    if not said.any():
        raise GhostError(f"{voice.engine} has nothing to say for '{text}'. Spell it in letters.")
    return said


def trim(samples: Samples, floor: float = 0.02) -> Samples:
    """Cut off what is quieter than a fraction of the peak at both ends."""
    level = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(level > floor * level.max())
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples

# SPDX-License-Identifier: Apache-2.0
"""What the example of a library must compute: golden cases, and a number for what sound becomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.build import golden_c
from mcu_ghost.host.templates import render
from mcu_ghost.network import golden, reference
from mcu_ghost.network.model import Model
from mcu_ghost.sound import detector
from mcu_ghost.sound.enhancement import Enhancer
from mcu_ghost.sound.front_end import Samples
from mcu_ghost.sound.keywords import KeywordTask

_HOPS = 192
_CLEANED = 64  # hops
_FNV = (2166136261, 16777619)
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Listening:
    """What must be recognised of the noise that the example makes.

    Attributes:
        hops: How long it is.
        hash: FNV-1a of the word and the outputs after each hop.
    """

    hops: int
    hash: int


@dataclass(frozen=True)
class Cleaning:
    """What must become of the noisy speech that the example makes, more or less speech.

    Attributes:
        hops: How long it is.
        hash: FNV-1a of all clean samples, the low byte of each first.
    """

    hops: int
    hash: int


def golden_sources(model: Model) -> dict[str, str]:
    """Return the C files of the golden cases by name."""
    context = golden_c.context(golden.make(model))
    return {name: render(f"model/{name}.jinja", context) for name in ("golden.h", "golden.c")}


def listening(model: Model, task: KeywordTask, chosen: detector.DetectorSettings) -> Listening:
    """Return what must be recognised."""
    settings = task.front_end
    frames = task.frames(_noise(_HOPS, settings.hop))
    outputs = reference.run(model, frames)
    at = (settings.hops(np.arange(len(frames))) - 1).tolist()  # the hop that completes each frame
    labels = [word.label for word in chosen.words]
    reported = {at[e.frame]: labels.index(e.label) + 1 for e in detector.events(outputs, chosen)}
    latest = bytes(outputs.shape[1])
    by_hop = dict(zip(at, outputs, strict=True))
    heard = bytearray()
    for hop in range(_HOPS):
        latest = by_hop[hop].tobytes() if hop in by_hop else latest
        heard += bytes([reported.get(hop, 0)]) + latest
    return Listening(_HOPS, _hash(heard))


def cleaning(model: Model) -> Cleaning:
    """Return what must become of noisy speech."""
    enhancer = Enhancer(model)
    clean = enhancer.feed(_speech(_CLEANED, enhancer.task.transform.hop))
    return Cleaning(_CLEANED, _hash(clean.astype("<i2").tobytes()))


def _hash(data: bytes | bytearray) -> int:
    """Return FNV-1a of bytes."""
    code, prime = _FNV
    for byte in data:
        code = (code ^ byte) * prime % 2**32
    return code


def _noise(hops: int, hop: int) -> Samples:
    """Return what `check.c` makes for a listener: noise, louder and softer."""
    divisors = 1 << np.arange(hops).repeat(hop) // 8 % 8
    return _divided(_random(hops * hop), divisors).astype(np.int16)


def _speech(hops: int, hop: int) -> Samples:
    """Return what `check.c` makes for a cleaner: syllables, a buzz, in noise, loud and soft."""
    number = np.arange(hops).repeat(hop)
    buzz = np.arange(hops * hop) * 491 % 65536 - 32768  # of 120 Hz at 16 kHz
    mixed = np.where(number // 4 % 2, buzz, 0) + _divided(_random(hops * hop), 8)
    return _divided(mixed, 2 << number // 8 % 4).astype(np.int16)


def _random(count: int) -> Integers:
    """Return numbers of 16 bits by a linear congruential generator."""
    state, values = 1, np.empty(count, np.int64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 16) - 32768
    return values


def _divided(values: Integers, divisors: Integers | int) -> Integers:
    """Return quotients as C has them, rounded towards zero."""
    return np.where(values < 0, -(-values // divisors), values // divisors)

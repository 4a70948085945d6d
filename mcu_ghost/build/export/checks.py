# SPDX-License-Identifier: Apache-2.0
"""What the example of a library must compute: golden cases, and a number for what it hears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcu_ghost.build import golden_c
from mcu_ghost.host.templates import render
from mcu_ghost.network import golden, reference
from mcu_ghost.network.model import Model
from mcu_ghost.sound import detector
from mcu_ghost.sound.front_end import Samples
from mcu_ghost.sound.keywords import KeywordTask

_HOPS = 192
_FNV = (2166136261, 16777619)


@dataclass(frozen=True)
class Listening:
    """What must be recognised of the noise that the example makes.

    Attributes:
        hops: How long it is.
        hash: FNV-1a of the word and the outputs after each hop.
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
    code, prime = _FNV
    latest = bytes(outputs.shape[1])
    by_hop = dict(zip(at, outputs, strict=True))
    for hop in range(_HOPS):
        latest = by_hop[hop].tobytes() if hop in by_hop else latest
        for byte in (reported.get(hop, 0), *latest):
            code = (code ^ byte) * prime % 2**32
    return Listening(_HOPS, code)


def _noise(hops: int, hop: int) -> Samples:
    """Return what `check.c` makes: a linear congruential generator, louder and softer."""
    state, values = 1, np.empty(hops * hop, np.int64)
    for i in range(len(values)):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = (state >> 16) - 32768
    divisors = 1 << np.arange(hops).repeat(hop) // 8 % 8
    # C divides towards zero.
    return (np.sign(values) * (np.abs(values) // divisors)).astype(np.int16)

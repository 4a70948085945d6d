# SPDX-License-Identifier: Apache-2.0
"""What a board must report of a sound: the words, and a CRC over every output."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.sound import audio, detector
from mcu_ghost.sound.front_end import FrontEnd, Samples, Settings
from mcu_ghost.sound.lines import Word

RATE = audio.RATE  # that microphones have
PAUSE_MS = 500  # of silence behind each recording


def hearing(model: Model) -> tuple[Settings, detector.Settings]:
    """Return how a model hears, and how its scores become words.

    Raises:
        GhostError: It does not say, or its input is not what its front end makes.
    """
    chosen = detector.settings(model)
    heard = Settings.read(model.metadata.get("front_end"))
    size = model.tensors[model.inputs[0]].size
    if len(model.inputs) != 1 or len(model.outputs) != 1 or size != heard.channels:
        raise GhostError(
            f"The model '{model.name}' reads {size} values, but its front end makes"
            f" {heard.channels}: it must have one input, one frame of features, and one output."
        )
    return heard, chosen


def recording(path: Path, rate: int = RATE) -> Samples:
    """Return a recording of any rate as it is played to a board, with silence behind it.

    Raises:
        GhostError: It cannot be used.
    """
    return np.concatenate([audio.read(path, rate), np.zeros(PAUSE_MS * rate // 1000, np.int16)])


@dataclass(frozen=True, eq=False)
class Expected:
    """What a board must report of some sound.

    Attributes:
        words: The lines that it sends of them.
        crcs: CRC-32 of all outputs after each hop that was not lost, by the milliseconds of sound.
    """

    words: tuple[Word, ...]
    crcs: dict[int, int]


def expected(model: Model, samples: Samples, lost: Sequence[tuple[int, int]] = ()) -> Expected:
    """Compute what a board must report.

    Args:
        model: A network that listens without end.
        samples: Whole hops of int16.
        lost: (first, count) of hops that the board dropped.

    Raises:
        GhostError: The model does not say how it hears or how its scores become words.
    """
    chosen = detector.settings(model)
    ears = Settings.read(model.metadata.get("front_end"))
    hops = samples.reshape(-1, ears.hop)
    kept = np.ones(len(hops), bool)
    for first, count in lost:
        kept[first : first + count] = False
    ends = (np.flatnonzero(kept) + 1) * ears.hop_ms  # of each hop, in milliseconds of sound
    features = FrontEnd(ears).feed(hops[kept].reshape(-1))[ears.step - 1 :: ears.step]
    frames = audio.to_int8(features, model.metadata["features_to_int8"])
    outputs = reference.run(model, frames) if len(frames) else np.zeros((0, 1), np.int8)
    at = ears.hops(np.arange(len(frames))) - 1  # the hop that completes each frame
    crc, crcs, done = 0, {}, 0
    for hop, end in enumerate(ends.tolist()):
        if done < len(at) and at[done] == hop:
            crc = zlib.crc32(outputs[done].tobytes(), crc)
            done += 1
        crcs[end] = crc
    words = tuple(
        Word(
            word=event.label,
            ms=int(ends[at[event.frame]]),
            score=event.sum * 1000 // (detector.FULL_SCALE * chosen.window) / 1000,
            sum=event.sum,
        )
        for event in (detector.events(outputs, chosen) if len(frames) else ())
    )
    return Expected(words, crcs)

# SPDX-License-Identifier: Apache-2.0
"""From a recording to the int8 frames that a keyword model reads.

The front end (`mcu_ghost.sound.front_end`) makes uint16 features; they become int8 by an integer
formula. Training goes through these functions, devices through their C.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mcu_ghost.host import console
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound import front_end, recording
from mcu_ghost.sound.front_end import Features as Features
from mcu_ghost.sound.front_end import FrontEndSettings
from mcu_ghost.sound.front_end import Samples as Samples
from mcu_ghost.sound.recording import RATE as RATE

CLIP_MS = 1500
SHORTEST_MS = 200  # shorter words are padded
SILENT = 8  # a recording that never gets louder than this, of 32768, has no speech in it

KEYWORDS = FrontEndSettings(RATE, 30, 10, 40, 125.0, 7500.0, step=2)
"""A front end for keywords: a feature every 20 ms, half of what a recipe takes by default."""


@dataclass(frozen=True)
class Formula:
    """From features to int8, `features_to_int8` of a model's metadata.

    ``clamp(((f * multiplier + (1 << (shift - 1))) >> shift) + zero_point)``, in 32 bits.

    Attributes:
        multiplier: Of a feature.
        shift: Bits that are dropped, with rounding.
        zero_point: What a feature of 0 becomes, before it is clamped to int8.

    Raises:
        ValueError: The largest feature does not fit.
    """

    multiplier: Annotated[int, Meta(ge=1, le=32767)]
    shift: Annotated[int, Meta(ge=1, le=30)]
    zero_point: Annotated[int, Meta(ge=-(1 << 15), le=1 << 15)]

    def __post_init__(self) -> None:
        if self.multiplier * 65535 + (1 << self.shift - 1) >= 1 << 31:
            raise ValueError(
                f"multiplier is {self.multiplier} and shift is {self.shift};"
                " with both halved it fits in 32 bits."
            )


def read(path: Path, rate: int = RATE) -> Samples:
    """Read a recording as int16 samples at `rate`; others are resampled, channels are mixed down.

    A warning tells of channels, and of a file that has lost its end.

    Raises:
        GhostError: The file is missing, unreadable, or silent.
    """
    with advised(path, rate):
        found = recording.decode(path)
    for told in filter(None, (mixed_down(found.samples.shape[1]), found.cut_off)):
        warn(path, told)
    return usable(found.mono(rate), str(path), rate)


@contextlib.contextmanager
def advised(path: Path, rate: int = RATE) -> Iterator[None]:
    """Say of a recording that cannot be read what to do about it."""
    try:
        yield
    except GhostError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise GhostError(f"{error} Name a WAV or FLAC recording.") from error
        if error.__cause__ is None or isinstance(error.__cause__, OSError):
            raise  # it is no file, or readable and of no use
        raise GhostError(
            f"{error} Convert it first, for example: ffmpeg -i '{path}' -ac 1 -ar {rate} fixed.wav"
        ) from error


def mixed_down(channels: int) -> str:
    """Return what becomes of several channels, "" of one."""
    return f"its {count(channels, 'channel')} are mixed down" if channels > 1 else ""


def warn(path: Path, told: str) -> None:
    """Print a warning about a recording."""
    console.note(f"[yellow]warning:[/] {console.literal(f'{path}: {told}')}")


def usable(samples: Samples, name: str, rate: int) -> Samples:
    """Return samples, a very short word with silence on both sides; refuse what holds no sound.

    Raises:
        GhostError: It is silent.
    """
    missing = SHORTEST_MS * rate // 1000 - len(samples)
    if missing > 0:
        samples = np.pad(samples, (missing // 2, missing - missing // 2))
    if int(np.abs(samples.astype(np.int32)).max()) <= SILENT:
        raise GhostError(
            f"{name}: is silent. Check that the microphone is connected and not muted, "
            "and record again."
        )
    return samples


def cut(samples: Samples, clip_ms: int = CLIP_MS, rate: int = RATE) -> Samples:
    """Cut a recording to the loudest clip in it, or pad it with zeros on both sides."""
    length = clip_ms * rate // 1000
    missing = length - len(samples)
    if missing >= 0:
        return np.pad(samples, (missing // 2, missing - missing // 2))
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    starts = np.arange(0, 1 - missing, rate // 100)
    start = int(starts[np.argmax(energy[starts + length] - energy[starts])])
    return samples[start : start + length]


def frames(samples: Samples, settings: FrontEndSettings = KEYWORDS) -> Features:
    """Run a fresh front end over samples.

    Args:
        samples: int16 samples at the settings' rate.
        settings: The model's.

    Returns:
        (frames, inputs) uint16.
    """
    features = front_end.features(samples, settings)
    return joined(np.concatenate([nothing_yet(settings), features]), settings)


def nothing_yet(settings: FrontEndSettings) -> Features:
    """Return the features before the first one: (stack - 1, channels) uint16, all 0."""
    return np.zeros((settings.stack - 1, settings.channels), np.uint16)


def joined(features: Features, settings: FrontEndSettings) -> Features:
    """Return the network's frames of features.

    Args:
        features: (stack - 1 and any number, channels) uint16, the ones before the first ahead.
        settings: The model's.

    Returns:
        (frames, inputs) uint16: of every `step`-th feature, beginning with the `step`-th, and of
        those before it, the newest last.
    """
    if len(features) < settings.stack:
        return np.zeros((0, settings.inputs), np.uint16)
    views = np.lib.stride_tricks.sliding_window_view(features, settings.stack, axis=0)
    return views[settings.step - 1 :: settings.step].swapaxes(1, 2).reshape(-1, settings.inputs)


def to_int8(values: npt.NDArray[np.integer[Any]], formula: Formula) -> Int8s:
    """Quantise features.

    Args:
        values: uint16 features of any shape.
        formula: How.
    """
    half = 1 << (formula.shift - 1)
    scaled = (values.astype(np.int32) * formula.multiplier + half) >> formula.shift
    return np.clip(scaled + formula.zero_point, -128, 127).astype(np.int8)

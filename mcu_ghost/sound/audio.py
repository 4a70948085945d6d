# SPDX-License-Identifier: Apache-2.0
"""From a recording to the int8 frames that a keyword model reads.

The front end (`mcu_ghost.sound.front_end`) makes uint16 features; they become int8 by the integer
formula in the model's metadata. Training goes through these functions, devices through their C.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import console
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.tensor import Int8s
from mcu_ghost.sound import front_end, recording
from mcu_ghost.sound.front_end import Features as Features
from mcu_ghost.sound.front_end import Samples as Samples
from mcu_ghost.sound.front_end import Settings
from mcu_ghost.sound.recording import RATE as RATE

CHANNELS = 40
CLIP_MS = 1500
SHORTEST_MS = 200
SILENT = 8  # a recording that never gets louder than this, of 32768, has no speech in it

FRONT_END: dict[str, Any] = {
    "kind": "micro_features",
    "sample_rate": RATE,
    "window_ms": 30,
    "hop_ms": 10,
    "channels": CHANNELS,
    "low_hz": 125,
    "high_hz": 7500,
    "stack": "skip",
    "step": 2,
    "clip_ms": CLIP_MS,
}
"""The front end of keyword models as it stands in their metadata."""

_KEYWORDS = Settings.read(FRONT_END)


def read(path: Path, rate: int = RATE) -> Samples:
    """Read a mono WAV or FLAC file as int16 samples at `rate`; others are resampled.

    Of a file that has lost its end a warning says so.

    Raises:
        GhostError: The file is missing, unreadable, not mono, too short, or silent.
    """
    try:
        found = recording.decode(path)
    except GhostError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise GhostError(f"{error} Name a WAV or FLAC recording.") from error
        if error.__cause__ is None or isinstance(error.__cause__, OSError):
            raise  # it is no file, or readable and of no use
        raise GhostError(
            f"{error} Convert it first, for example: ffmpeg -i '{path}' -ac 1 -ar {rate} fixed.wav"
        ) from error
    channels = found.samples.shape[1]
    if channels != 1:
        raise GhostError(
            f"{path}: has {channels} channels, one is needed. "
            f"Mix it down, for example: ffmpeg -i '{path}' -ac 1 mono.wav"
        )
    if found.cut_off:
        console.say(f"[yellow]warning:[/] {console.literal(f'{path}: {found.cut_off}')}")
    mono = found.mono(rate)
    _check(mono, str(path), rate)
    return mono


def _check(samples: Samples, name: str, rate: int) -> None:
    if len(samples) * 1000 < SHORTEST_MS * rate:
        raise GhostError(
            f"{name}: is {len(samples) * 1000 // rate} ms long, at least {SHORTEST_MS} ms are "
            "needed. Record the whole word."
        )
    if int(np.abs(samples.astype(np.int32)).max()) <= SILENT:
        raise GhostError(
            f"{name}: is silent. Check that the microphone is connected and not muted, "
            "and record again."
        )


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


def frames(samples: Samples, settings: Settings = _KEYWORDS) -> Features:
    """Run a fresh front end over samples.

    Args:
        samples: int16 samples at the settings' rate.
        settings: The model's; those of keyword models unless given.

    Returns:
        (frames, channels) uint16: every `step`-th, beginning with the `step`-th.
    """
    return front_end.features(samples, settings)[settings.step - 1 :: settings.step]


def to_int8(values: npt.NDArray[np.integer[Any]], formula: dict[str, int]) -> Int8s:
    """Quantise features: ``clamp(((f * multiplier + (1 << (shift-1))) >> shift) + zero_point)``.

    Args:
        values: uint16 features of any shape.
        formula: `multiplier`, `shift` (at least 1) and `zero_point`.
    """
    shift = formula["shift"]
    scaled = (values.astype(np.int64) * formula["multiplier"] + (1 << (shift - 1))) >> shift
    return np.clip(scaled + formula["zero_point"], -128, 127).astype(np.int8)


def features(source: Path | str | Samples, metadata: dict[str, Any]) -> Int8s:
    """Return the network's frames of one recording.

    Args:
        source: A WAV or FLAC file, or int16 samples at the model's rate.
        metadata: The model's, with `front_end` and `features_to_int8`.

    Returns:
        (frames, channels) int8; as many frames as training clips had, whatever the recording's
        length, unless the model runs on without end (`"reset": "never"`).

    Raises:
        GhostError: The recording is not usable, or the model has no front end that is known here.
    """
    front_end, formula = metadata.get("front_end"), metadata.get("features_to_int8")
    if not isinstance(front_end, dict) or not isinstance(formula, dict):
        raise GhostError(
            f"The model '{metadata.get('name', '')}' does not say how to turn audio into its "
            "input, so recordings cannot be played to it. Convert it with a front end."
        )
    settings = Settings.read(front_end)
    if isinstance(source, np.ndarray):
        samples = source
        _check(samples, "The samples", settings.sample_rate)
    else:
        samples = read(Path(source), settings.sample_rate)
    if metadata.get("reset") != "never":
        samples = cut(samples, int(front_end.get("clip_ms", CLIP_MS)), settings.sample_rate)
    return to_int8(frames(samples, settings), formula)

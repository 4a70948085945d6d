# SPDX-License-Identifier: Apache-2.0
"""From a recording to the int8 frames that a keyword model reads.

The front end is TensorFlow Lite Micro's audio front end (noise reduction, PCAN gain control, log of
a mel filter bank) as packaged by pymicro-features; its uint16 features become int8 by the integer
formula in the model's metadata. Training and devices go through these same functions.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.errors import GhostError
from mcu_ghost.model import Int8s

Samples = npt.NDArray[np.int16]
Features = npt.NDArray[np.uint16]

RATE = 16000  # samples per second
CHANNELS = 40
CLIP_MS = 1500
SHORTEST_MS = 200
SILENT = 8  # a recording that never gets louder than this, of 32768, has no speech in it
_HOP = RATE // 100
_FEATURE_STEP = 0.0390625  # pymicro-features returns the uint16 features times this

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


def read(path: Path) -> Samples:
    """Read a mono WAV or FLAC file as int16 samples at 16 kHz; other rates are resampled.

    Raises:
        GhostError: The file is missing, unreadable, not mono, too short, or silent.
    """
    import soundfile

    if not path.is_file():
        raise GhostError(f"{path}: there is no such file. Name a WAV or FLAC recording.")
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise GhostError(
            f"{path}: not a readable recording ({error}). "
            f"Convert it first, for example: ffmpeg -i '{path}' -ac 1 -ar {RATE} fixed.wav"
        ) from error
    if samples.shape[1] != 1:
        raise GhostError(
            f"{path}: has {samples.shape[1]} channels, one is needed. "
            f"Mix it down, for example: ffmpeg -i '{path}' -ac 1 mono.wav"
        )
    mono = resample(samples[:, 0], int(rate))
    _check(mono, str(path))
    return mono


def _check(samples: Samples, name: str) -> None:
    if len(samples) * 1000 < SHORTEST_MS * RATE:
        raise GhostError(
            f"{name}: is {len(samples) * 1000 // RATE} ms long, at least {SHORTEST_MS} ms are "
            "needed. Record the whole word."
        )
    if int(np.abs(samples.astype(np.int32)).max()) <= SILENT:
        raise GhostError(
            f"{name}: is silent. Check that the microphone is connected and not muted, "
            "and record again."
        )


def resample(samples: Samples, rate: int) -> Samples:
    """Return samples taken at `rate` per second as 16 kHz ones."""
    if rate == RATE:
        return samples
    from scipy import signal

    common = math.gcd(rate, RATE)
    out = signal.resample_poly(samples.astype(np.float64), RATE // common, rate // common)
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)


def cut(samples: Samples, clip_ms: int = CLIP_MS) -> Samples:
    """Cut a recording to the loudest clip in it, or pad it with zeros on both sides."""
    length = clip_ms * RATE // 1000
    missing = length - len(samples)
    if missing >= 0:
        return np.pad(samples, (missing // 2, missing - missing // 2))
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    starts = np.arange(0, 1 - missing, _HOP)
    start = int(starts[np.argmax(energy[starts + length] - energy[starts])])
    return samples[start : start + length]


def frames(samples: Samples, step: int = 2) -> Features:
    """Run a fresh front end over 16 kHz samples.

    Args:
        samples: int16 samples.
        step: Every how many of the 10 ms features one is kept, beginning with the `step`-th.

    Returns:
        (frames, 40) uint16.
    """
    from pymicro_features import MicroFrontend

    front_end = MicroFrontend()
    data = np.ascontiguousarray(samples, "<i2").tobytes()
    every = []
    for start in range(0, len(data) - 2 * _HOP + 1, 2 * _HOP):
        found = front_end.process_samples(data[start : start + 2 * _HOP]).features
        if found:
            every.append(found)
    values = np.rint(np.array(every, np.float64).reshape(-1, CHANNELS) / _FEATURE_STEP)
    return values.astype(np.uint16)[step - 1 :: step]


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
        source: A WAV or FLAC file, or int16 samples at 16 kHz.
        metadata: The model's, with `front_end` and `features_to_int8`.

    Returns:
        (frames, 40) int8; as many frames as training clips had, whatever the recording's length,
        unless the model runs on without end (`"reset": "never"`).

    Raises:
        GhostError: The recording is not usable, or the model names no front end that is known here.
    """
    front_end, formula = metadata.get("front_end"), metadata.get("features_to_int8")
    if not isinstance(front_end, dict) or not isinstance(formula, dict):
        raise GhostError(
            f"The model '{metadata.get('name', '')}' does not say how to turn audio into its "
            "input, so recordings cannot be played to it. Convert it with a front end."
        )
    for key in ("kind", "sample_rate", "window_ms", "hop_ms", "channels", "low_hz", "high_hz"):
        if front_end.get(key) != FRONT_END[key]:
            raise GhostError(
                f"The model's front end has {key} = {front_end.get(key)!r}, "
                f"only {FRONT_END[key]!r} is built in."
            )
    if isinstance(source, np.ndarray):
        samples = source
        _check(samples, "The samples")
    else:
        samples = read(Path(source))
    if metadata.get("reset") != "never":
        samples = cut(samples, int(front_end.get("clip_ms", CLIP_MS)))
    return to_int8(frames(samples, int(front_end.get("step", 1))), formula)

# SPDX-License-Identifier: Apache-2.0
"""Recordings: any rate, any number of channels, WAV or FLAC."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.front_end import Samples

RATE = 16000  # samples per second, unless a model's front end says otherwise
_LOWEST, _HIGHEST = 4000, 384000  # samples per second that a recording may have
_BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class Raw:
    """A recording as its file holds it.

    Attributes:
        samples: (samples, channels) int16.
        rate: Samples per second.
    """

    samples: Samples
    rate: int

    def mixed(self) -> Samples:
        """Return the mean of the channels, int16 at the file's rate."""
        if self.samples.shape[1] == 1:
            return self.samples[:, 0]
        return np.rint(self.samples.mean(1)).astype(np.int16)

    def mono(self, rate: int = RATE) -> Samples:
        """Return the mean of the channels, int16 at another rate."""
        return resample(self.mixed(), self.rate, rate)


def resample(samples: Samples, rate: int, wanted: int = RATE) -> Samples:
    """Return samples taken at `rate` per second as ones taken at `wanted`."""
    if rate == wanted:
        return samples
    from scipy import signal

    common = math.gcd(rate, wanted)
    out = signal.resample_poly(samples.astype(np.float64), wanted // common, rate // common)
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)


def to_int16(values: npt.NDArray[np.float64]) -> Samples:
    """Round and saturate."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def decode(source: Path | BinaryIO, name: str = "") -> Raw:
    """Read a WAV or FLAC file, whole.

    Args:
        source: A file, or its content.
        name: What errors call it; the file's path if left out.

    Raises:
        GhostError: It is missing, not readable to its end, or holds no samples.
    """
    import soundfile

    name = name or str(source)
    try:
        with soundfile.SoundFile(source) as file:
            rate = int(file.samplerate)
            blocks = list(_blocks(file))
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise GhostError(f"{name}: not a readable recording ({reason}).") from error
    if not blocks:
        raise GhostError(f"{name}: holds no samples.")
    if not _LOWEST <= rate <= _HIGHEST:
        raise GhostError(f"{name}: not a readable recording ({rate} samples per second).")
    return Raw(np.concatenate(blocks), rate)


def _blocks(file: Any) -> Iterator[Samples]:
    """Yield all samples, in pieces: a broken header may promise more than memory holds."""
    real = file.subtype in ("FLOAT", "DOUBLE")  # which libsndfile would not scale to integers
    found = 0
    while len(block := file.read(_BLOCK, "float64" if real else "int16", always_2d=True)):
        found += len(block)
        yield to_int16(np.nan_to_num(block).clip(-1, 1) * 32768) if real else block
    if found < file.frames:
        raise RuntimeError(f"it ends after {found} of {file.frames} samples")


def read(path: Path) -> Samples:
    """Return a recording as int16 samples at 16 kHz, mixed down to one channel.

    Raises:
        GhostError: As `decode`.
    """
    return decode(path).mono()


def encode(samples: Samples, kind: str) -> bytes:
    """Return the content of a 16 kHz mono file.

    Args:
        samples: int16.
        kind: `wav` or `flac`.
    """
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, samples, RATE, subtype="PCM_16", format=kind.upper())
    return content.getvalue()

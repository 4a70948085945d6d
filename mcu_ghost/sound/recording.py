# SPDX-License-Identifier: Apache-2.0
"""Recordings: any rate, any number of channels, WAV or FLAC."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.sound.front_end import Samples

RATE = 16000  # samples per second, unless a model's front end says otherwise
_LOWEST, _HIGHEST = 4000, 384000  # samples per second that a recording may have
_COPRIME = 50_000  # the largest rate, over its common divisor with `RATE`: resampling costs by it
_BLOCK = 1 << 20  # values read at a time, of all channels
_LONGEST = 1 << 28  # values: two hours of stereo at 16 kHz, half a GiB
_CHUNKS = 1000  # of a WAV file, before its samples
_UNKNOWN = 0x7FFF0000  # and more: the length of a WAV file that was written without knowing it


@dataclass(frozen=True, eq=False)
class Raw:
    """A recording as its file holds it.

    Attributes:
        samples: (samples, channels) int16.
        rate: Samples per second.
        missing: Samples that the file's header promises and the file does not hold.
    """

    samples: Samples
    rate: int
    missing: int = 0

    @property
    def cut_off(self) -> str:
        """A sentence on what is missing, "" where nothing is."""
        if not self.missing:
            return ""
        there = len(self.samples) / self.rate
        return (
            f"ends after {there:.2f} s, its header promises"
            f" {there + self.missing / self.rate:.2f} s: copy or record it again."
        )

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
    """Read a WAV or FLAC file, whole; a WAV file may have lost its end.

    Args:
        source: A file, or its content.
        name: What errors call it; the file's path if left out.

    Raises:
        GhostError: It is missing or no file, not readable, holds no samples, or too many.
    """
    if isinstance(source, Path):
        with files.open_file(source) as opened:
            return decode(opened, name or str(source))
    import soundfile

    try:
        promised = _promised(source)
        with soundfile.SoundFile(source) as file:
            rate = int(file.samplerate)
            if not _LOWEST <= rate <= _HIGHEST or rate // math.gcd(rate, RATE) > _COPRIME:
                raise GhostError(f"{name}: not a readable recording ({rate} Hz).")
            blocks = list(_blocks(file, name))
            width = file.channels * max(1, _WIDTHS.get(file.subtype, 0))
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise GhostError(f"{name}: not a readable recording ({reason}).") from error
    if not blocks:
        raise GhostError(f"{name}: holds no samples.")
    samples = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
    return Raw(samples, rate, max(0, promised // width - len(samples)))


_WIDTHS = {"PCM_U8": 1, "PCM_S8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
"""Bytes of a sample, of the kinds whose length a WAV file's header tells."""


def _promised(source: BinaryIO) -> int:
    """Return the bytes of samples that a WAV file's header promises, 0 where it does not say.

    libsndfile takes a file that has lost its end for a shorter one.
    """
    start = source.tell()
    try:
        mark, _, kind = struct.unpack("<4sI4s", source.read(12))
        for _ in range(_CHUNKS if (mark, kind) == (b"RIFF", b"WAVE") else 0):
            name, size = struct.unpack("<4sI", source.read(8))
            if name == b"data":
                return size if size < _UNKNOWN else 0
            source.seek(size + size % 2, io.SEEK_CUR)
    except struct.error:  # the header itself is cut off, or this is no WAV file
        pass
    finally:
        source.seek(start)
    return 0


def _blocks(file: Any, name: str) -> Iterator[Samples]:
    """Yield all samples, in pieces: a broken header may promise more than memory holds."""
    real = file.subtype in ("FLOAT", "DOUBLE")  # which libsndfile would not scale to integers
    found, most = 0, _BLOCK // file.channels + 1
    while len(block := file.read(most, "float64" if real else "int16", always_2d=True)):
        found += len(block)
        if found * file.channels > _LONGEST:
            hours = found / file.samplerate / 3600
            raise GhostError(f"{name}: is longer than {hours:.1f} hours. Cut it into pieces.")
        yield to_int16(np.nan_to_num(block).clip(-1, 1) * 32768) if real else block
    if found < file.frames:
        raise RuntimeError(f"it ends after {found} of {count(file.frames, 'sample')}")


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

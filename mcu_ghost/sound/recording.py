# SPDX-License-Identifier: Apache-2.0
"""Recordings: any rate, any number of channels, WAV or FLAC."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound import sound_file
from mcu_ghost.sound.front_end import Samples
from mcu_ghost.sound.sound_file import RATE as RATE
from mcu_ghost.sound.sound_file import to_int16 as to_int16

_LONGEST = 1 << 28  # values: two hours of stereo at 16 kHz, half a GiB
_REACH = 10  # of the filter of `resample`, in periods of the lower of the two rates


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
        return sound_file.cut_off(len(self.samples), self.missing, self.rate)

    def mixed(self) -> Samples:
        """Return the mean of the channels, int16 at the file's rate."""
        return mixed(self.samples)

    def mono(self, rate: int = RATE) -> Samples:
        """Return the mean of the channels, int16 at another rate."""
        return resample(self.mixed(), self.rate, rate)


def mixed(samples: Samples) -> Samples:
    """Return the mean of the channels, (samples,) int16 of (samples, channels)."""
    if samples.shape[1] == 1:
        return samples[:, 0]
    return np.rint(samples.mean(1)).astype(np.int16)


def resample(samples: Samples, rate: int, wanted: int = RATE) -> Samples:
    """Return samples taken at `rate` per second as ones taken at `wanted`."""
    if rate == wanted:
        return samples
    from scipy import signal

    common = math.gcd(rate, wanted)
    out = signal.resample_poly(samples.astype(np.float64), wanted // common, rate // common)
    return to_int16(out)


class Resampler:
    """A stream on its way to another rate, in all the very samples that `resample` makes of it.

    Blocks go through `resample` with as much of the stream on both sides as its filter reaches, cut
    where a sample of one rate falls on a sample of the other.

    Args:
        rate: Samples per second of what comes.
        wanted: Samples per second of what goes.
    """

    def __init__(self, rate: int, wanted: int = RATE) -> None:
        common = math.gcd(rate, wanted)
        self._rate, self._wanted = rate, wanted
        self._up, self._down = wanted // common, rate // common
        reach = _REACH * max(self._up, self._down) / self._up
        self._beside = math.ceil(reach / self._down) * self._down
        self._pending = np.zeros(self._beside, np.int16)  # before a recording there is silence

    def feed(self, samples: Samples) -> Samples:
        """Take the next samples; return what they complete, both (any number,) int16."""
        self._pending = np.concatenate([self._pending, samples])
        whole = (len(self._pending) - 2 * self._beside) // self._down * self._down
        if whole <= 0:
            return np.zeros(0, np.int16)
        made = self._resampled(self._pending[: whole + 2 * self._beside], whole)
        self._pending = self._pending[whole:]
        return made

    def finish(self) -> Samples:
        """Return the rest, behind which there is silence."""
        rest = len(self._pending) - self._beside
        return self._resampled(np.pad(self._pending, (0, self._beside)), rest)

    def _resampled(self, samples: Samples, inner: int) -> Samples:
        """Return what becomes of `inner` samples that others are beside."""
        start, length = self._beside // self._down * self._up, -(-inner * self._up // self._down)
        return resample(samples, self._rate, self._wanted)[start : start + length]


def decode(source: Path | BinaryIO, name: str = "") -> Raw:
    """Read a WAV or FLAC file, whole; a WAV file may have lost its end.

    Args:
        source: A file, or its content.
        name: What errors call it; the file's path if left out.

    Raises:
        GhostError: It is missing or no file, not readable, holds no samples, or too many.
    """
    with sound_file.reading(source, name) as file:
        blocks = []
        for block in file.blocks():
            if file.found * file.channels > _LONGEST:
                hours = file.found / file.rate / 3600
                raise GhostError(
                    f"{file.name}: is longer than {hours:.1f} hours. Cut it into pieces."
                )
            blocks.append(block)
        samples = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
        return Raw(samples, file.rate, file.missing)


def read(path: Path) -> Samples:
    """Return a recording as int16 samples at 16 kHz, mixed down to one channel.

    Raises:
        GhostError: As `decode`.
    """
    return decode(path).mono()


def encode(samples: Samples, kind: str, rate: int = RATE) -> bytes:
    """Return the content of a mono file.

    Args:
        samples: int16.
        kind: `wav` or `flac`.
        rate: Samples per second.
    """
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, samples, rate, subtype="PCM_16", format=kind.upper())
    return content.getvalue()

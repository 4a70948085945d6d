# SPDX-License-Identifier: Apache-2.0
"""Files of sound, read and written block by block: however long they are, memory stays small."""

from __future__ import annotations

import contextlib
import io
import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.sound.front_end import Samples

RATE = 16000  # samples per second, unless a model's front end says otherwise
WRITTEN = {".wav": "WAV", ".flac": "FLAC"}
"""What can be written, by the ends of names."""

_LOWEST, _HIGHEST = 4000, 384000  # samples per second that a recording may have
_COPRIME = 50_000  # the largest rate, over its common divisor with `RATE`: resampling costs by it
_BLOCK = 1 << 20  # values read at a time, of all channels
_CHUNKS = 1000  # of a WAV file, before its samples
_UNKNOWN = 0x7FFF0000  # and more: the length of a WAV file that was written without knowing it
_LONGEST_WAV = (1 << 32) - (1 << 12)  # bytes of samples that its header can say
_WIDTHS = {"PCM_U8": 1, "PCM_S8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
"""Bytes of a sample, of the kinds whose length a WAV file's header tells."""
_REAL = ("FLOAT", "DOUBLE", "VORBIS", "OPUS")
"""Kinds that are read as floats: libsndfile scales the first two to no integers, and lets integers
of the others wrap where they are louder than full scale."""


class Reading:
    """A file of sound while it is read.

    Attributes:
        name: What errors call it.
        rate: Samples per second.
        channels: How many.
        frames: Samples of each channel, as the header says; what is there may be less.
        found: Samples of each channel that were read.
        not_numbers: Values that were read and are none: NaN became 0, infinities full scale.
    """

    def __init__(self, file: Any, name: str, promised: int) -> None:
        self._file = file
        self._promised = promised // file.channels // max(1, _WIDTHS.get(file.subtype, 0))
        self.name = name
        self.rate, self.channels = int(file.samplerate), int(file.channels)
        self.frames = int(file.frames)
        self.found = self.not_numbers = 0

    @property
    def missing(self) -> int:
        """Samples that the header promises and that did not come."""
        return max(0, self._promised - self.found)

    def blocks(self, most: int = _BLOCK) -> Iterator[Samples]:
        """Yield all samples in pieces: a broken header may promise more than memory holds.

        Args:
            most: Samples of a piece; with many channels fewer.

        Returns:
            (samples, channels) int16.

        Raises:
            GhostError: They cannot be read, or there are none.
        """
        real = self._file.subtype in _REAL
        most = min(most, _BLOCK // self.channels + 1)
        with _readable(self.name):
            while len(
                block := self._file.read(most, "float64" if real else "int16", always_2d=True)
            ):
                self.found += len(block)
                yield self._from_real(block) if real else block
            if not self.found:
                raise GhostError(f"{self.name}: holds no samples.")
            if self.found < self.frames:
                raise RuntimeError(f"it ends after {self.found} of {count(self.frames, 'sample')}")

    def _from_real(self, block: npt.NDArray[np.float64]) -> Samples:
        self.not_numbers += block.size - int(np.count_nonzero(np.isfinite(block)))
        return to_int16(np.nan_to_num(block).clip(-1, 1) * 32768)


@contextlib.contextmanager
def reading(source: Path | BinaryIO, name: str = "") -> Iterator[Reading]:
    """Open a file of sound of any kind that libsndfile knows.

    Args:
        source: A file, or its content.
        name: What errors call it; the file's path if left out.

    Raises:
        GhostError: It is missing, no file, or not readable.
    """
    if isinstance(source, Path):
        with files.open_file(source) as opened, reading(opened, name or str(source)) as found:
            yield found
        return
    import soundfile

    with contextlib.ExitStack() as stack:
        with _readable(name):
            promised = _promised(source)
            file = stack.enter_context(soundfile.SoundFile(source))
        rate = int(file.samplerate)
        if not _LOWEST <= rate <= _HIGHEST or rate // math.gcd(rate, RATE) > _COPRIME:
            raise GhostError(f"{name}: not a readable recording ({rate} Hz).")
        yield Reading(file, name, promised)


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    """Say what cannot be read, and why."""
    import soundfile

    try:
        yield
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise GhostError(f"{name}: not a readable recording ({reason}).") from error


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


def to_int16(values: npt.NDArray[np.float64]) -> Samples:
    """Round and saturate."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def cut_off(found: int, missing: int, rate: int) -> str:
    """Return a sentence on samples that a file's header promises in vain, "" where there are none.

    Args:
        found: Samples that are there.
        missing: Samples that are not.
        rate: Samples per second.
    """
    if not missing:
        return ""
    there, promised = found / rate, (found + missing) / rate
    return (
        f"ends after {there:.2f} s, its header promises {promised:.2f} s: copy or record it again."
    )


@contextlib.contextmanager
def writing(path: Path, rate: int = RATE) -> Iterator[Callable[[Samples], None]]:
    """Yield what writes the next samples of a mono file of 16 bits, which is there when all are.

    Args:
        path: Of a kind in `WRITTEN`.
        rate: Samples per second.

    Raises:
        GhostError: The folder cannot be written, the disk is full, or a WAV file too long.
    """
    import soundfile

    kind, written = WRITTEN[path.suffix.lower()], 0

    def write(samples: Samples) -> None:
        nonlocal written
        written += samples.nbytes
        if kind == "WAV" and written > _LONGEST_WAV:
            raise GhostError(f"{path}: is too long for a WAV file. Name a .flac file.")
        file.write(samples)

    with files.beside(path) as temporary:
        try:
            with soundfile.SoundFile(
                temporary, "w", rate, 1, subtype="PCM_16", format=kind
            ) as file:
                yield write
        except soundfile.SoundFileError as error:
            reason = getattr(error, "error_string", str(error)).rstrip(".")
            raise GhostError(
                f"{path}: cannot be written ({reason}). Look whether the disk is full."
            ) from error

# SPDX-License-Identifier: Apache-2.0
"""From a file of noisy speech to a clean one, block by block, and what can be said of the two.

Nobody knows here how the speech was without its noise; what is told are levels, before and after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.text import count
from mcu_ghost.sound import audio, recording, sound_file
from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.enhancement import Cleaner, Transform, in_place
from mcu_ghost.sound.recording import Resampler
from mcu_ghost.sound.sound_file import Reading

PIECE_MS = 20  # whose levels are compared
_SECONDS = (
    4  # of a recording at a time: what a network works on stays small, and is worth its calls
)
_FULL = 32767  # a sample that cannot be louder; some converters never give -32768
_FLOOR = 1 / 12  # the mean square of what rounding to 16 bits adds: nothing is quieter
_STEPS = 10  # of a decibel, in which levels are counted
_CLIPPED = 1e-4  # of all samples: a share that is told
_OFFSET = 0.01  # of full scale: an offset that is told

Pair = tuple[float, float]


def decibels(mean_square: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return levels in dB of a square wave of full scale; silence of 16 bits has -101 dB.

    Args:
        mean_square: Of int16 samples.
    """
    return 10 * np.log10((mean_square + _FLOOR) / 32768**2)


class Levels:
    """How loud a recording's quietest and loudest pieces are, before and after.

    Pieces are counted by their level before, so memory does not grow with the recording.

    Args:
        rate: Samples per second.
    """

    def __init__(self, rate: int) -> None:
        self._piece = rate * PIECE_MS // 1000
        self._rest: Samples = np.zeros((2, 0), np.int16)
        self._lowest = float(decibels(np.zeros(1))[0])
        size = round(-self._lowest * _STEPS) + 1
        self._table = np.zeros((3, size))  # pieces, and their mean squares before and after

    def add(self, before: Samples, after: Samples) -> None:
        """Take the next samples of both, as many of one as of the other."""
        both = np.concatenate([self._rest, np.stack([before, after])], axis=1)
        pieces = both.shape[1] // self._piece
        whole = both[:, : pieces * self._piece].astype(np.float64)
        self._rest = both[:, pieces * self._piece :]
        squares = (whole.reshape(2, pieces, self._piece) ** 2).mean(axis=2)
        squares = squares[:, squares[0] > 0]  # where there was nothing, nothing gets quieter
        places = np.rint((decibels(squares[0]) - self._lowest) * _STEPS).astype(np.intp)
        for row, weights in zip(self._table, (None, *squares), strict=True):
            row += np.bincount(places, weights, len(row))

    def tenth(self, loudest: bool = False) -> Pair | None:
        """Return the level of a tenth of the pieces before and after, in dB.

        Args:
            loudest: Of those that were loudest before, instead of the quietest.

        Returns:
            Before and after; None where no piece has any sound.
        """
        pieces, *squares = self._table[:, ::-1] if loudest else self._table
        if not pieces.any():
            return None
        wanted = max(1.0, pieces.sum() / 10)
        taken = np.clip(wanted - (np.cumsum(pieces) - pieces), 0, pieces)
        shares = taken / np.maximum(pieces, 1) / taken.sum()
        before, after = decibels(np.array([row @ shares for row in squares])).tolist()
        return before, after


class Watched:
    """A recording on its way to a model: one channel, the model's rate, and what is wrong with it.

    Args:
        reading: The file.
        rate: Samples per second of the model.
    """

    def __init__(self, reading: Reading, rate: int) -> None:
        self._reading, self._rate = reading, rate
        self._clipped = self._samples = self._sum = self._peak = 0

    def blocks(self) -> Iterator[Samples]:
        """Yield all of it, (any number,) int16.

        Raises:
            GhostError: It cannot be read.
        """
        resampler = Resampler(self._reading.rate, self._rate)
        for block in self._reading.blocks(_SECONDS * self._reading.rate):
            self._clipped += _clipped(block)
            yield self._seen(resampler.feed(recording.mixed(block)))
        yield self._seen(resampler.finish())

    def _seen(self, samples: Samples) -> Samples:
        self._samples += len(samples)
        self._sum += int(samples.sum(dtype=np.int64))
        self._peak = max(self._peak, int(np.abs(samples.astype(np.int32)).max(initial=0)))
        return samples

    def of_the_file(self) -> list[str]:
        """Return what can be told before it is read: what becomes of it."""
        rate = self._reading.rate
        told = [audio.mixed_down(self._reading.channels)]
        if rate != self._rate:
            lost = f"; what is above {self._rate // 2000} kHz is lost" if rate > self._rate else ""
            told += [f"is resampled from {count(rate)} Hz to {count(self._rate)} Hz{lost}"]
        return list(filter(None, told))

    def of_the_sound(self) -> list[str]:
        """Return what can be told after it was read: what is wrong with it."""
        found, channels = self._reading.found, self._reading.channels
        told = [sound_file.cut_off(found, self._reading.missing, self._reading.rate)]
        if n := self._reading.not_numbers:
            are = "is no number" if n == 1 else "are no numbers"
            told += [f"{count(n, 'sample')} {are}: NaN became 0, infinity full scale."]
        if (share := self._clipped / (found * channels)) >= _CLIPPED:
            told += [f"is clipped, {share:.2%} of its samples. What that adds is no noise that a"
                     " model knows: record it again, quieter."]  # fmt: skip
        offset = self._sum / max(1, self._samples) / 32768
        if abs(offset) >= _OFFSET:
            told += [f"has an offset of {offset:.1%} of full scale. Take it off first, for example:"
                     f" ffmpeg -i '{self._reading.name}' -af highpass=f=20 fixed.wav"]  # fmt: skip
        if self._peak <= audio.SILENT:
            told += ["is silent: there was nothing to clean."]
        return list(filter(None, told))


def _clipped(block: Samples) -> int:
    """Return how many samples are at full scale beside another one; a lone one is a peak."""
    full = (block >= _FULL) | (block <= -_FULL)
    beside = np.zeros_like(full)
    beside[1:] = full[:-1]
    beside[:-1] |= full[1:]
    return int(np.count_nonzero(full & beside))


@dataclass(frozen=True)
class Cleaned:
    """What was done to a recording.

    Attributes:
        samples: How many were written.
        rate: Of them, per second.
        took: Seconds of work.
        quietest: Level of the quietest tenth of its pieces before and after, in dB, or None.
        loudest: Likewise of the loudest tenth.
        warnings: What is wrong with the recording, and what was done about it.
    """

    samples: int
    rate: int
    took: float
    quietest: Pair | None
    loudest: Pair | None
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples / self.rate

    @property
    def times_real_time(self) -> float:
        """Seconds of sound for each second of work."""
        return self.seconds / self.took


def clean_file(
    path: Path,
    out: Path,
    cleaner: Cleaner,
    transform: Transform,
    seen: Callable[[Samples, Samples], None] = lambda before, after: None,
    progress: Callable[[float, float], None] = lambda done, total: None,
    warn: Callable[[Path, str], None] = audio.warn,
) -> Cleaned:
    """Clean a recording of any length, in memory that does not grow with it.

    Args:
        path: What libsndfile reads, of any rate, with any number of channels.
        out: A .wav or .flac file, of 16 bits, mono, at the transform's rate; as long as the
            recording. It is there when it is whole, and not before.
        cleaner: Which has heard nothing yet.
        transform: Its own.
        seen: Takes each piece of it, before and after.
        progress: Takes the seconds that are done, and how many the file says there are.
        warn: Takes a file and a sentence about it.

    Raises:
        GhostError: The recording cannot be read, or the file not written.
    """
    rate, levels, written, told = transform.sample_rate, Levels(transform.sample_rate), 0, []

    def tell(sentences: list[str]) -> None:
        for sentence in sentences:
            warn(path, sentence)
            told.append(sentence)

    with (
        sound_file.writing(out, rate) as write,
        audio.advised(path, rate),  # inside, for it must not hear of what cannot be written
        sound_file.reading(path) as reading,
    ):
        watched = Watched(reading, rate)
        tell(watched.of_the_file())
        start = time.perf_counter()
        for before, after in in_place(cleaner, transform, watched.blocks()):
            write(after)
            levels.add(before, after)
            seen(before, after)
            written += len(after)
            progress(written / rate, reading.frames / reading.rate)
        took = time.perf_counter() - start
        tell(watched.of_the_sound())
    return Cleaned(written, rate, took, levels.tenth(), levels.tenth(loudest=True), tuple(told))

# SPDX-License-Identifier: Apache-2.0
"""From samples to spectra and back, frame by frame, in integers of 32 bits.

The square root of a periodic Hann window before the Fourier transform and behind its inverse, and
frames that overlap by a half or by three quarters, give back what came in. This is the
specification of `firmware/sound/ghost_stft.c`.

Factors of windows and transforms have 15 fraction bits; half of a product with one is
`x * factor >> 16`, rounded down, and a complex one is the sum of two of these. Forwards every stage
halves: a sum of four of magnitude M is at most 2 M. Backwards a stage takes the mean, which never
exceeds what it is the mean of. The window's coefficients have a mean of 2 / pi, so the loudest sum
is below 2^15 * frame * 2 / pi, and with its fraction bits below 2^30.4: nothing overflows. Most
speech comes back bit for bit; where it is loudest, factors of 16 bits cost a step or a few.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.audio import Samples
from mcu_ghost.sound.front_end_tables import order, radices

Spectra = npt.NDArray[np.int32]
_Longs = npt.NDArray[np.int64]
_Int16s = npt.NDArray[np.int16]


@dataclass(frozen=True)
class StftSettings:
    """How sound is cut into frames.

    Attributes:
        frame: Samples of a frame.
        hop: Samples from frame to frame, a half or a quarter of that.

    Raises:
        ValueError: The hop is neither.
    """

    frame: Literal[256, 512, 1024] = 512
    hop: int = 256

    def __post_init__(self) -> None:
        if self.hop not in (self.frame // 2, self.frame // 4):
            half, quarter = self.frame // 2, self.frame // 4
            raise ValueError(f"hop must be {half} or {quarter}, not {self.hop}.")

    @property
    def points(self) -> int:
        """Length of the complex transform."""
        return self.frame // 2

    @property
    def bins(self) -> int:
        """Frequencies of a spectrum, 0 and half the sample rate among them."""
        return self.points + 1

    @property
    def fraction(self) -> int:
        """Bits by which a spectrum is finer than the sums of its windowed samples."""
        return 16 - self.points.bit_length()

    @property
    def window_shift(self) -> int:
        """From a sample times its window to what the transform takes."""
        return 15 - self.fraction - len(radices(self.points))

    @property
    def output_shift(self) -> int:
        """From sums of frames to samples."""
        overlapping = self.frame // self.hop // 2  # windows' squares add up to this
        return self.fraction - 1 + overlapping.bit_length() - 1


class Analysis:
    """A stream of samples on its way to spectra; before its first sample there is silence.

    Args:
        settings: Of the frames.
    """

    def __init__(self, settings: StftSettings) -> None:
        self.settings = settings
        self._pending = np.zeros(settings.frame - settings.hop, np.int16)

    def feed(self, samples: Samples) -> Spectra:
        """Take the next samples; how a stream is cut makes no difference.

        Args:
            samples: (any number,) int16.

        Returns:
            (frames, bins, 2) int32 of each hop that is complete now: real and imaginary part of
            the sum of the windowed samples, with `fraction` bits more.
        """
        s = self.settings
        pending = np.concatenate([self._pending, samples])
        count = (len(pending) - s.frame + s.hop) // s.hop
        self._pending = pending[count * s.hop :]
        if not count:
            return np.zeros((0, s.bins, 2), np.int32)
        views = np.lib.stride_tricks.sliding_window_view(pending, s.frame)[:: s.hop][:count]
        windowed = views.astype(np.int64) * window(s.frame) >> s.window_shift
        return _real_spectrum(_forward(windowed.reshape(count, s.points, 2).transpose(2, 0, 1)))


class Synthesis:
    """A stream of spectra on its way to samples, which come `frame - hop` samples late.

    Args:
        settings: Of the frames.
        halved: Whether spectra are half as loud as `Analysis` gives them.
    """

    def __init__(self, settings: StftSettings, halved: bool = False) -> None:
        self.settings = settings
        self._shift = settings.output_shift - halved
        self._overlap = np.zeros(settings.frame - settings.hop, np.int64)

    def feed(self, spectra: Spectra) -> Samples:
        """Take the next spectra.

        Args:
            spectra: (frames, bins, 2) int32, as `Analysis` gives them, no louder.

        Returns:
            (frames * hop,) int16.
        """
        s = self.settings
        x = _backward(_complex_spectrum(spectra.astype(np.int64)))
        frames = x.transpose(1, 2, 0).reshape(len(spectra), s.frame) * window(s.frame) >> 16
        sums = np.zeros(len(spectra) * s.hop + s.frame - s.hop, np.int64)
        sums[: len(self._overlap)] = self._overlap
        for start, frame in zip(range(0, len(sums), s.hop), frames, strict=False):
            sums[start : start + s.frame] += frame
        done = len(spectra) * s.hop
        self._overlap = sums[done:]
        half = 1 << self._shift - 1
        return np.clip(sums[:done] + half >> self._shift, -32768, 32767).astype(np.int16)


@functools.cache
def window(frame: int) -> _Int16s:
    """Return the square root of a periodic Hann window, (frame,) Q15."""
    return _q15(np.sin(np.arange(frame) * (math.pi / frame)))


@functools.cache
def twiddles(points: int) -> _Int16s:
    """Return exp(-2 pi i k q / points), (points / 4, 3, 2) of k from 0 and q from 1, Q15."""
    turns = np.arange(points // 4)[:, None] * np.arange(1, 4)
    return _turned(turns / points)


@functools.cache
def real_twiddles(points: int) -> _Int16s:
    """Return exp(-pi i k / points), (points / 2, 2) of k from 1 on, Q15."""
    return _turned(np.arange(1, points // 2 + 1) / (2 * points))


def _turned(turns: npt.NDArray[np.float64]) -> _Int16s:
    phases = -2 * math.pi * turns
    return _q15(np.stack([np.cos(phases), np.sin(phases)], axis=-1))


def _q15(values: npt.NDArray[np.float64]) -> _Int16s:
    return np.minimum(np.floor(0.5 + 32768 * values), 32767).astype(np.int16)


def _product(x: _Longs, factors: _Int16s, conjugate: bool = False) -> _Longs:
    """Return halves of complex products; parts are first in `x`, and last in the factors."""
    c, s = np.moveaxis(factors.astype(np.int64), -1, 0)
    if conjugate:  # of the factors
        return np.stack([(x[0] * c >> 16) + (x[1] * s >> 16), (x[1] * c >> 16) - (x[0] * s >> 16)])
    return np.stack([(x[0] * c >> 16) - (x[1] * s >> 16), (x[0] * s >> 16) + (x[1] * c >> 16)])


def _times_i(x: _Longs) -> _Longs:
    return np.stack([-x[1], x[0]])


def _forward(x: _Longs) -> _Longs:
    """Return the Fourier transforms of (2, frames, points), halved in each stage."""
    _, frames, points = x.shape
    x, done = x[:, :, order(points)], 1
    for radix in radices(points):
        legs = np.moveaxis(x.reshape(2, frames, points // radix // done, radix, done), 3, 0)
        if radix == 2:
            first, second = legs >> 1
            made = [first + second, first - second]
        else:
            rows = twiddles(points)[:: points // 4 // done]
            a, b, c, d = legs[0] >> 1, *(
                _turned_leg(legs[q], rows[:, q - 1]) for q in (1, 2, 3)
            )  # fmt: skip
            even, odd, total, across = a + c, a - c, b + d, _times_i(b - d)
            made = [even + total, odd - across, even - total, odd + across]
        x, done = np.stack(made, axis=3).reshape(2, frames, points), done * radix
    return x


def _turned_leg(x: _Longs, factors: _Int16s) -> _Longs:
    """Return half of it times its factors, the first of which is 1."""
    turned = _product(x, factors)
    turned[..., 0] = x[..., 0] >> 1
    return turned


def _backward(x: _Longs) -> _Longs:
    """Return the inverse transforms of (2, frames, points)."""
    _, frames, points = x.shape
    left = points
    for radix in reversed(radices(points)):
        left //= radix
        legs = np.moveaxis(x.reshape(2, frames, points // radix // left, radix, left), 3, 0) >> 1
        if radix == 2:
            made = [legs[0] + legs[1], legs[0] - legs[1]]
        else:
            rows = twiddles(points)[:: points // 4 // left]
            a, b, c, d = legs
            even, odd, total, across = a + c, a - c, b + d, _times_i(b - d)
            made = [even + total >> 1]
            for q, y in enumerate((odd + across, even - total, odd - across)):
                turned = _product(y, rows[:, q], conjugate=True)
                turned[..., 0] = y[..., 0] >> 1
                made.append(turned)
        x = np.stack(made, axis=3).reshape(2, frames, points)
    return x[:, :, np.argsort(order(points))]


def _real_spectrum(z: _Longs) -> Spectra:
    """Return (frames, bins, 2): the spectra of twice as many real values."""
    _, frames, points = z.shape
    half = points // 2
    a, b = z[:, :, 1 : half + 1], z[:, :, : half - 1 : -1]
    b = np.stack([b[0], -b[1]])
    total, turned = a + b >> 1, _times_i(_product(a - b, real_twiddles(points)))
    x = np.zeros((2, frames, points + 1), np.int64)
    x[:, :, 1 : half + 1] = total - turned
    x[0, :, : half - 1 : -1][:, 1:] = (total + turned)[0]
    x[1, :, : half - 1 : -1][:, 1:] = -(total + turned)[1]
    x[0, :, 0], x[0, :, points] = z[0, :, 0] + z[1, :, 0], z[0, :, 0] - z[1, :, 0]
    return np.moveaxis(x, 0, -1).astype(np.int32)


def _complex_spectrum(spectra: _Longs) -> _Longs:
    """Return (2, frames, points): what transforms back to pairs of real values."""
    x = np.moveaxis(spectra, -1, 0)
    points = x.shape[2] - 1
    half = points // 2
    a, b = x[:, :, 1 : half + 1], x[:, :, points - 1 : half - 1 : -1]
    b = np.stack([b[0], -b[1]])
    total = a + b >> 1
    turned = _times_i(_product(a - b, real_twiddles(points), conjugate=True))
    z = np.zeros((2, x.shape[1], points), np.int64)
    z[:, :, 1 : half + 1] = total + turned
    z[0, :, points - 1 : half - 1 : -1] = (total - turned)[0]
    z[1, :, points - 1 : half - 1 : -1] = -(total - turned)[1]
    first, last = x[0, :, 0], x[0, :, points]
    z[0, :, 0], z[1, :, 0] = first + last >> 1, first - last >> 1
    return z

# SPDX-License-Identifier: Apache-2.0
"""The front end's settings, and every table that follows from them.

The tables are those of TensorFlow Lite Micro's audio front end for the same settings. It computes
some of them in single precision, and so does this, one operation at a time: cosine and power are
the correctly rounded ones, which a C library has too, and the logarithm is spelled out, since C
libraries do not agree on it. So the tables do not depend on the machine that makes them.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from msgspec import Meta

WindowMs = Annotated[int, Meta(ge=10, le=64)]
HopMs = Annotated[int, Meta(ge=5, le=20)]
Channels = Annotated[int, Meta(ge=8, le=64)]
BandEdge = Annotated[float, Meta(ge=0, le=8000)]
Step = Annotated[int, Meta(ge=1, le=100)]
Stack = Annotated[int, Meta(ge=1, le=16)]

WINDOW_BITS = 12
WEIGHT_BITS = 12
SMOOTHING_BITS = 10
SMOOTHING = (409, 983)  # of 2^14: 0.025 for even channels, 0.06 for odd ones
REMAINING = 819  # of 2^14: 0.05 of a channel is kept, however noisy it is
SNR_BITS = 12
_GAIN_BITS = 21
_STRENGTH = 0.95
_OFFSET = 80.0

_Single = np.float32
_LARGE_MANTISSA = _Single(0.707107)  # fdlibm's bounds: near sqrt(1/2)
_SMALL = _Single(0.414213866)  # and sqrt(2) - 1
_LN2_HIGH, _LN2_LOW = _Single(0.69313812), _Single(9.0580006e-06)
_LOG1P = np.array(
    [0.66666669, 0.40000001, 0.2857143, 0.22222199, 0.18183573, 0.15313838, 0.14798199], _Single
)
_Singles = npt.NDArray[np.float32]
_Int16s = npt.NDArray[np.int16]


@dataclass(frozen=True)
class FrontEndSettings:
    """A front end, as `front_end` of a model's metadata says it.

    Attributes:
        sample_rate: Samples per second, 8000 or 16000.
        window_ms: Length of what one frame is computed from.
        hop_ms: From feature to feature, at most the window.
        channels: Values of a feature.
        low_hz: Where the lowest mel band begins.
        high_hz: Where the highest one ends, at most half the sample rate.
        step: Features from one frame of the network to the next; the `step`-th completes the first.
        stack: Features of a frame: the last ones, the newest behind.

    Raises:
        ValueError: Two of them do not go together; the message begins with the name of one.
    """

    sample_rate: Annotated[int, Meta(ge=8000, le=16000, multiple_of=8000)]
    window_ms: WindowMs
    hop_ms: HopMs
    channels: Channels
    low_hz: BandEdge
    high_hz: BandEdge
    step: Step = 1
    stack: Stack = 1

    def __post_init__(self) -> None:
        if self.hop_ms > self.window_ms:
            raise ValueError(f"hop_ms must be at most window_ms, not {self.hop_ms}.")
        if self.high_hz > self.sample_rate / 2:
            raise ValueError(f"high_hz must be at most half of sample_rate, not {self.high_hz:g}.")
        if self.high_hz <= self.low_hz or not len(bands(self)):
            raise ValueError(
                f"high_hz must be further above low_hz = {self.low_hz:g}, not {self.high_hz:g}."
            )

    @property
    def window(self) -> int:
        """Samples of a window."""
        return self.window_ms * self.sample_rate // 1000

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return self.hop_ms * self.sample_rate // 1000

    @property
    def history(self) -> int:
        """Samples kept from hop to hop: all whole hops that a window reaches back."""
        return (-(-self.window // self.hop) - 1) * self.hop

    @property
    def points(self) -> int:
        """Length of the complex transform, half the power of two that holds a window."""
        return 1 << (self.window - 1).bit_length() - 1

    @property
    def inputs(self) -> int:
        """Values of the network's frame."""
        return self.channels * self.stack

    @property
    def frame_ms(self) -> int:
        """Milliseconds from frame to frame of the network."""
        return self.hop_ms * self.step

    def hops(self, frame: Any) -> Any:
        """Return after how many hops of sound the network's frame of a number is complete.

        The first feature needs a whole window; every `step`-th feature is a frame, from frame 0 on.
        """
        return self.history // self.hop + self.step * (frame + 1)

    @property
    def headroom(self) -> int:
        """Bits between a channel's value and its unit: the transform's scaling, less weights."""
        return self.points.bit_length() - WEIGHT_BITS // 2

    @property
    def snr_shift(self) -> int:
        """From a channel times its gain to a ratio with SNR_BITS fractional bits."""
        return _GAIN_BITS - self.headroom - SNR_BITS


def radices(points: int) -> list[int]:
    """Return the radices of the transform's stages, innermost first: fours, perhaps after a two."""
    fours, two = divmod(points.bit_length() - 1, 2)
    return [2] * two + [4] * fours


def order(points: int) -> npt.NDArray[np.intp]:
    """Return which input the transform has at each place before its first stage."""
    places = np.zeros(1, np.intp)
    for radix in radices(points):
        places = (radix * places + np.arange(radix)[:, None]).ravel()
    return places


@functools.cache
def window(size: int) -> _Int16s:
    """Return a Hann window of `size` coefficients with WINDOW_BITS fractional bits."""
    step = _Single(math.pi) * _Single(2) / _Single(size)
    phases = step * (np.arange(size, dtype=_Single) + _Single(0.5))
    cosines = np.cos(phases.astype(np.float64)).astype(_Single)
    return _rounded((_Single(0.5) - _Single(0.5) * cosines) * _Single(1 << WINDOW_BITS))


def _rounded(values: _Singles) -> _Int16s:
    return np.floor(values + _Single(0.5)).astype(np.int16)


def _turned(phases: npt.NDArray[np.float64]) -> _Int16s:
    """Return exp(i phase) in Q0.15, real and imaginary part last."""
    parts = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
    return np.floor(0.5 + 32767 * parts).astype(np.int16)


@functools.cache
def twiddles(points: int) -> _Int16s:
    """Return the factors of the last stage's three legs: (points / 4, 3, 2), Q0.15.

    A stage that combines four transforms of length m takes every (points / 4 / m)-th row.
    """
    turns = np.arange(points // 4)[:, None] * np.arange(1, 4)
    return _turned(-2 * math.pi * turns / points)


@functools.cache
def real_twiddles(points: int) -> _Int16s:
    """Return the factors that turn the complex transform into a real one of twice the length.

    Returns:
        (points / 2, 2), Q0.15, for bins 1 … points / 2.
    """
    return _turned(-math.pi * (np.arange(1, points // 2 + 1) / points + 0.5))


def _log1p(x: _Singles) -> _Singles:
    """Return ln(1 + x) of x >= 0 as fdlibm does, and glibc up to 2.40: not always the nearest.

    1 + x = 2^k (1 + f), f from sqrt(1/2) - 1 to sqrt(2) - 1; ln(1 + f) = f - f^2/2 + s (f^2/2 + R)
    with s = f / (2 + f) and R a polynomial in s^2; `lost` is what 1 + x has lost in rounding.
    """
    one, u = _Single(1), _Single(1) + x
    small = x < _SMALL
    mantissa, k = np.frexp(u)
    above = mantissa >= _LARGE_MANTISSA
    k = np.where(small, 0, k - 1 + above)
    f = np.where(small, x, mantissa * np.where(above, one, _Single(2)) - one)
    lost = np.where(small, _Single(0), np.where(u >= 2, one - (u - x), x - (u - one)) / u)
    half_square = _Single(0.5) * f * f
    s = f / (_Single(2) + f)
    z = s * s
    r = np.zeros_like(z)
    for factor in _LOG1P[::-1]:
        r = z * (factor + r)
    powers = k.astype(_Single)
    low = powers * _LN2_LOW + lost
    series = s * (half_square + r)
    with_powers = powers * _LN2_HIGH - ((half_square - (series + low)) - f)
    return np.where(k == 0, f - (half_square - series), with_powers)


def _mel(hz: _Singles) -> _Singles:
    return _Single(1127) * _log1p(hz / _Single(700))


def _hz_per_bin(s: FrontEndSettings) -> np.float32:
    return _Single(0.5) * _Single(s.sample_rate) / _Single(s.points)


def first_bin(s: FrontEndSettings) -> int:
    """Return the first bin of the spectrum that counts; never 0, which is the mean."""
    return int(_Single(1.5) + _Single(s.low_hz) / _hz_per_bin(s))


@functools.cache
def _filter_bank(s: FrontEndSettings) -> tuple[npt.NDArray[np.intp], _Int16s]:
    """Return the band of each bin from the first on, and its pair of weights."""
    low, high = (_mel(np.array([hz], _Single)) for hz in (s.low_hz, s.high_hz))
    spacing = (high - low) / _Single(s.channels + 1)
    tops = low + spacing * np.arange(1, s.channels + 2, dtype=_Single)
    bottoms = np.concatenate([low, tops[:-1]])
    bins = np.arange(first_bin(s), s.points + 1, dtype=_Single)
    mels = _mel(bins * _hz_per_bin(s))
    band = np.searchsorted(tops, mels)
    inside = band <= s.channels
    band, mels = band[inside], mels[inside]
    falling = (tops[band] - mels) / (tops[band] - bottoms[band])
    pair = np.stack([falling, _Single(1) - falling], axis=-1)
    pairs = _rounded(pair * _Single(1 << WEIGHT_BITS))
    band.flags.writeable = pairs.flags.writeable = False
    return band, pairs


def bands(s: FrontEndSettings) -> npt.NDArray[np.intp]:
    """Return which of the channels + 1 bands each bin from `first_bin` on lies in, ascending."""
    return _filter_bank(s)[0]


def weights(s: FrontEndSettings) -> _Int16s:
    """Return (bins, 2): what a bin of band b gives to channels b - 1 and b, WEIGHT_BITS."""
    return _filter_bank(s)[1]


@functools.cache
def gains(headroom: int) -> _Int16s:
    """Return the automatic gain as parabolas over octaves of the noise estimate.

    Row i is for estimates of i bits: (value at the octave's start, slope, curvature, 0); the
    gain at a fraction f of the octave is value + slope f + curvature f^2.

    Returns:
        (33, 4) int16.
    """
    scale = _Single(1 << SMOOTHING_BITS - headroom)

    def gain(x: int) -> int:
        base = _Single(x) / scale + _Single(_OFFSET)
        power = _Single(math.pow(float(base), -float(_Single(_STRENGTH))))
        value = _Single(1 << _GAIN_BITS) * power
        return 32767 if value > 32767 else int(value + _Single(0.5))

    rows = [[gain(0), 0, 0, 0], [gain(1), 0, 0, 0]]
    for bits in range(2, 33):
        start = 1 << bits - 1
        end = min(2 * start, 2**32 - 1)
        value, middle, last = gain(start), gain(start + start // 2), gain(end)
        slope = 4 * (middle - value) - (last - value)
        rows.append([value, slope, last - value - slope, 0])
    return np.array(rows).astype(np.int16)


@functools.cache
def logarithms() -> npt.NDArray[np.uint16]:
    """Return log2(1 + i / 128) - i / 128 in 2^-16, i = 0 … 128."""
    x = np.arange(129) / 128
    return np.floor((np.log2(1 + x) - x) * 65536 + 0.5).astype(np.uint16)

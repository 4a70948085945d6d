# SPDX-License-Identifier: Apache-2.0
"""From samples to features: TensorFlow Lite Micro's audio front end, in NumPy integers.

Hann window, fixed-point Fourier transform, mel bands, noise reduction, per-channel automatic gain,
logarithm. This is the specification of `firmware/sound`; both equal the original bit for bit.
Arrays have the frames last until the channels are there, since then one NumPy call does one step
of many frames.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound import front_end_tables as tables
from mcu_ghost.sound.front_end_tables import FrontEndSettings

__all__ = ["Features", "FrontEnd", "Samples", "FrontEndSettings", "features"]

Samples = npt.NDArray[np.int16]
Features = npt.NDArray[np.uint16]

_Halves = npt.NDArray[np.int16]
_Words = npt.NDArray[np.int32]
_Longs = npt.NDArray[np.int64]
_BLOCK = 64  # frames at a time: what one step works on stays in a core's cache
_WORD = 0xFFFFFFFF


class FrontEnd:
    """A stream of samples on its way to features.

    Args:
        settings: The model's.
    """

    def __init__(self, settings: FrontEndSettings) -> None:
        self.settings = settings
        self._weights = tables.weights(settings).astype(np.float64)
        self._bands, self._starts = np.unique(tables.bands(settings), return_index=True)
        self.reset()

    def reset(self) -> None:
        """Forget all samples and noise."""
        self._pending = np.zeros(0, np.int16)
        self._noise = np.zeros(self.settings.channels, np.int64)

    def feed(self, samples: Samples) -> Features:
        """Take the next samples; how a stream is cut makes no difference.

        Args:
            samples: (any number,) int16.

        Returns:
            (frames, channels) uint16: of each hop that is complete now and reaches back a window.
        """
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise ValueError(f"need one channel of int16, got {samples.dtype} {samples.shape}")
        s = self.settings
        pending = np.concatenate([self._pending, samples])
        count = max(0, (len(pending) - s.history) // s.hop)
        out = np.empty((count, s.channels), np.uint16)
        for start in range(0, count, _BLOCK):
            stop = min(start + _BLOCK, count)
            part = pending[start * s.hop : (stop - 1) * s.hop + s.window]
            out[start:stop] = self._frames(part)
        self._pending = pending[count * s.hop :]
        return out

    def _frames(self, samples: Samples) -> Features:
        s = self.settings
        windows = np.lib.stride_tricks.sliding_window_view(samples, s.window)[:: s.hop]
        x, shift = _windowed(windows.T, tables.window(s.window))
        z = np.zeros((2, s.points, x.shape[1]), np.int16)
        z[:, : len(x) // 2] = x.reshape(-1, 2, x.shape[1]).swapaxes(0, 1)
        first = tables.first_bin(s)
        energy = _energy(_transform(z))[first : first + len(self._weights)]
        signal = (_root(self._channels(energy)) >> shift).T
        signal, self._noise, noise = _reduce_noise(signal, self._noise)
        ratio = _gain(signal, noise, tables.gains(s.headroom), s.snr_shift)
        return _logarithm(ratio << s.headroom & _WORD)

    def _channels(self, energy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the energies of the channels; sums stay below 2^31 · 2^12 · 2^10, so are exact."""
        sums = np.zeros((2, self.settings.channels + 1, energy.shape[1]))
        for i in range(2):
            weighted = energy * self._weights[:, i, None]
            sums[i, self._bands] = np.add.reduceat(weighted, self._starts)
        return sums[0, 1:] + sums[1, :-1]


def features(samples: Samples, settings: FrontEndSettings) -> Features:
    """Return all frames of a recording from a fresh front end, whatever the settings' step.

    Args:
        samples: (any number,) int16 at the settings' sample rate.
        settings: The model's.

    Returns:
        (frames, channels) uint16.
    """
    return FrontEnd(settings).feed(samples)


def _windowed(samples: Samples, coefficients: _Halves) -> tuple[_Halves, _Longs]:
    """Return the window's samples and by how much each frame was shifted left to fill 16 bits."""
    x = samples.astype(np.int32, order="C") * coefficients[:, None] >> tables.WINDOW_BITS
    peak = np.bitwise_or.reduce(np.abs(x), axis=0) & 32767  # as many bits as the largest; a
    shift = 15 - np.frexp(peak.astype(np.float64))[1].astype(np.int64)  # lone -32768 has none
    return (x << shift.astype(np.int32)).astype(np.int16), shift


def _rounded(x: _Words) -> _Words:
    """Return x / 2^15, rounded half up; works in place."""
    x += 1 << 14
    x >>= 15
    return x


def _divided(x: _Halves, by: int) -> _Words:
    return _rounded(x.astype(np.int32) * np.int32(32767 // by))


def _turned(x: _Words, factors: _Halves) -> _Halves:
    """Return complex products; `x` has real and imaginary parts first, the factors last."""
    real, imaginary = factors[..., 0].astype(np.int32), factors[..., 1].astype(np.int32)
    return np.stack(
        [
            _rounded(x[0] * real - x[1] * imaginary).astype(np.int16),
            _rounded(x[0] * imaginary + x[1] * real).astype(np.int16),
        ]
    )


def _transform(z: _Halves) -> _Halves:
    """Return the Fourier transforms of (2, points, frames), divided by `points`.

    Sums are of 16 bits and wrap, as they do in the original.
    """
    points, frames = z.shape[1:]
    factors = tables.twiddles(points)
    z = z[:, tables.order(points)]
    done = 1
    for radix in tables.radices(points):
        legs = _divided(z, radix).reshape(2, -1, radix, done, frames)
        z = np.empty(legs.shape, np.int16)
        first = legs[:, :, 0].astype(np.int16)
        if radix == 2:  # the innermost stage, whose factor 32767 changes no number up to 2^14
            second = legs[:, :, 1].astype(np.int16)
            z[:, :, 0], z[:, :, 1] = first + second, first - second
        else:
            rows = factors[:: points // 4 // done].swapaxes(0, 1)[:, :, None]
            a, b, c = _turned(legs[:, :, 1:], rows).transpose(2, 0, 1, 3, 4)
            even, odd, total, across = first + b, first - b, a + c, a - c
            z[:, :, 0], z[:, :, 2] = even + total, even - total
            z[0, :, 1], z[1, :, 1] = odd[0] + across[1], odd[1] - across[0]
            z[0, :, 3], z[1, :, 3] = odd[0] - across[1], odd[1] + across[0]
        done *= radix
        z = z.reshape(2, points, frames)
    return z


def _energy(z: _Halves) -> npt.NDArray[np.float64]:
    """Return the energies of the real transform's bins, (points + 1, frames), exact in float64.

    Below 2^31: sums of a halved pair are at most 32766, so parts are at least -32767.
    """
    points = z.shape[1]
    half = points // 2
    forward = _divided(z[:, 1 : half + 1], 2)
    mirrored = z[:, : half - 1 : -1].copy()
    np.negative(mirrored[1], out=mirrored[1])
    backward = _divided(mirrored, 2)
    total = forward + backward
    turned = _turned(forward - backward, tables.real_twiddles(points)[:, None])
    x = np.zeros((2, points + 1, z.shape[2]), np.float64)
    x[:, 1 : half + 1] = total + turned >> 1
    x[:, points - 1 : half - 1 : -1] = total - turned >> 1  # the middle bin is this one
    x[1, points - 1 : half - 1 : -1] = turned[1] - total[1] >> 1
    mean = _divided(z[:, 0], 2)
    x[0, 0], x[0, points] = mean[0] + mean[1], mean[0] - mean[1]
    return x[0] * x[0] + x[1] * x[1]


def _root(x: npt.NDArray[np.float64]) -> _Longs:
    """Return square roots, rounded to the nearest; those of 32-bit numbers fit in 16 bits."""
    root = np.floor(np.sqrt(x))
    root += x - root * root > root
    return np.where((x < 2.0**32) & (root == 65536), 65535, root).astype(np.int64)


def _reduce_noise(signal: _Longs, noise: _Longs) -> tuple[_Longs, _Longs, _Longs]:
    """Return what stands out of the noise, and the noise after the last and after each frame."""
    smoothing = np.resize(np.array(tables.SMOOTHING, np.int64), signal.shape[1])
    keep = (1 << 14) - smoothing
    scaled = signal << tables.SMOOTHING_BITS & _WORD
    estimates = scaled * smoothing
    for row in estimates:
        noise = noise * keep
        noise += row
        noise >>= 14
        row[:] = noise
    above = scaled - np.minimum(estimates, scaled) >> tables.SMOOTHING_BITS
    return np.maximum(above, signal * tables.REMAINING >> 14), noise, estimates


def _gain(signal: _Longs, noise: _Longs, gains: _Halves, shift: int) -> _Longs:
    """Return the compressed ratio of signal to noise, 6 fractional bits."""
    bits = np.frexp(noise.astype(np.float64))[1]
    value, slope, curvature, _ = gains.astype(np.int64)[bits].transpose(2, 0, 1)
    fraction = np.where(
        bits < 11, noise << np.maximum(11 - bits, 0), noise >> np.maximum(bits - 11, 0)
    )
    fraction &= 1023
    gain = value + (((curvature * fraction >> 5) + (slope << 5)) * fraction + (1 << 14) >> 15)
    ratio = signal * gain >> shift & _WORD
    small = ratio < 2 << tables.SNR_BITS
    square = np.where(small, ratio, 0) ** 2 >> 20
    return np.where(small, square, (ratio >> 6) - 64)


def _logarithm(x: _Longs) -> Features:
    """Return 64 ln x, rounded; 0 of 0 and 1."""
    table = tables.logarithms().astype(np.int64)
    value = np.maximum(x, 1)
    whole = np.frexp(value.astype(np.float64))[1].astype(np.int64) - 1
    fraction = (value << 16 >> whole) - (1 << 16)
    segment, position = fraction >> 9, fraction & 511
    bend = (table[np.minimum(segment + 1, 128)] - table[segment]) * position >> 16
    log2 = (whole << 16) + fraction + table[segment] + bend
    natural = log2 * 45426 + 32768 >> 16
    return (natural * 64 + 32768 >> 16).astype(np.uint16)

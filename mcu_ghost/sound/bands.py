# SPDX-License-Identifier: Apache-2.0
"""What a network hears of a spectrum, and how loud it lets each frequency be: bands, in integers.

Bands are triangles over mel-spaced centres, at least a bin apart, which add up to one everywhere.
Forwards the energies of the bins become the binary logarithm of each band's energy; backwards a
gain for each band becomes one for each bin, by the same weights. This is the specification of
`firmware/sound/ghost_bands.c`.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.front_end_tables import logarithms
from mcu_ghost.sound.stft import Spectra

LOG_BITS = 10
"""Fraction bits of a logarithm to base 2."""

_FINENESS = 1 << 20  # of a bin, in which centres are counted
_SILENCE = -(1 << 15)  # in LOG_BITS: what a band without any energy has
_Floats = npt.NDArray[np.float64]
_Longs = npt.NDArray[np.int64]


@functools.cache
def centres(count: int, bins: int, rate: int) -> _Floats:
    """Return where the bands are loudest, in bins: from 0 to the last, evenly in mel.

    Args:
        count: Bands.
        bins: Of a spectrum, up to half the sample rate.
        rate: Samples per second.

    Raises:
        ValueError: There are more bands than bins.
    """
    if not 2 <= count <= bins:
        raise ValueError(f"bands must be 2 to {bins}, not {count}.")
    top = 1127 * np.log1p(rate / 2 / 700)
    hertz = 700 * np.expm1(np.linspace(0, top, count) / 1127)
    found = hertz * (bins - 1) / (rate / 2)
    for i in range(1, count):  # low bands would lie within a bin
        found[i] = max(found[i], found[i - 1] + 1)
    # A centre upon a bin is exactly there, whichever C library took the logarithm.
    return np.rint(found * ((bins - 1) / found[-1]) * _FINENESS) / _FINENESS


@functools.cache
def shares(count: int, bins: int, rate: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int16]]:
    """Return the lower of the two bands of each bin, and that band's share of it.

    Returns:
        (bins,) from 0 to count - 2; (bins,) Q15: the upper band has the rest of 2^15.
    """
    middle = centres(count, bins, rate)
    place = np.arange(bins)
    lower = np.clip(np.searchsorted(middle, place, side="right") - 1, 0, count - 2)
    share = (middle[lower + 1] - place) / (middle[lower + 1] - middle[lower])
    rounded = np.floor(0.5 + 32768 * share.clip(0, 1)).clip(0, 32767)
    lower.flags.writeable = False
    return lower, rounded.astype(np.int16)


class Bands:
    """Bands of a spectrum.

    Args:
        count: How many.
        bins: Of a spectrum.
        rate: Samples per second.
    """

    def __init__(self, count: int, bins: int, rate: int) -> None:
        self.count, self.bins = count, bins
        self._lower, share = shares(count, bins, rate)
        self._share = share.astype(np.int64)
        self._edges = np.searchsorted(self._lower, np.arange(count))

    def logarithms(self, spectra: Spectra) -> npt.NDArray[np.int32]:
        """Return the binary logarithms of the bands' energies.

        A frame is shifted left as far as its largest part allows, and the upper 16 bits of parts
        make energies; sums have 64 bits. So a band 90 dB below the loudest part is silent.

        Args:
            spectra: (frames, bins, 2) int32.

        Returns:
            (frames, count) int32 with LOG_BITS; of the sum of the squares of what is given, times
            the band's shares in 2^15.
        """
        x = spectra.astype(np.int64)
        largest = np.bitwise_or.reduce(np.abs(x).reshape(len(x), -1), axis=1, initial=0)
        shift = 31 - np.frexp(largest.astype(np.float64))[1].astype(np.int64)
        halves = (x << shift[:, None, None]) >> 16
        energy = (halves * halves).sum(axis=2)
        sums = np.zeros((len(x), self.count), np.int64)
        lower = energy * self._share
        sums[:, :-1] = self._summed(lower)
        sums[:, 1:] += self._summed((energy << 15) - lower)
        return np.where(
            sums > 0, _log2(np.maximum(sums, 1)) - (2 * shift[:, None] - 32 << LOG_BITS), _SILENCE
        ).astype(np.int32)

    def _summed(self, x: _Longs) -> _Longs:
        """Return (frames, count - 1) sums of (frames, bins) between the centres of two bands."""
        sums = np.zeros((len(x), self.bins + 1), np.int64)
        np.cumsum(x, axis=1, out=sums[:, 1:])
        return np.diff(sums[:, self._edges], axis=1)

    def apply(self, gains: npt.NDArray[np.int16], spectra: Spectra) -> Spectra:
        """Return half of the spectra, each bin made quieter.

        Args:
            gains: (frames, count) Q15, not negative.
            spectra: (frames, bins, 2) int32.

        Returns:
            (frames, bins, 2) int32.
        """
        g = gains.astype(np.int64)
        below, above = g[:, self._lower], g[:, self._lower + 1]
        each = above + ((below - above) * self._share + (1 << 14) >> 15)
        return (spectra * each[..., None] >> 16).astype(np.int32)


def _log2(x: _Longs) -> _Longs:
    """Return logarithms of 1 and more to base 2 with LOG_BITS, interpolated in 128 segments."""
    high = x >> 32
    whole = np.frexp(np.where(high, high, x).astype(np.float64))[1].astype(np.int64) - 1
    whole += np.where(high, 32, 0)
    fraction = np.where(whole >= 16, x >> np.maximum(whole - 16, 0), x << np.maximum(16 - whole, 0))
    fraction -= 1 << 16
    table = logarithms().astype(np.int64)
    segment, position = fraction >> 9, fraction & 511
    bend = (table[np.minimum(segment + 1, 128)] - table[segment]) * position >> 9
    return (whole << LOG_BITS) + (fraction + table[segment] + bend >> 16 - LOG_BITS)

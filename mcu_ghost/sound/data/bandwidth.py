# SPDX-License-Identifier: Apache-2.0
"""How far up a recording's sound reaches, whatever rate its file states.

Telephones, low sample rates and strong compression leave nothing above some frequency, and a file
that was resampled since does not say so. Words that are dull, among other sounds that are not,
teach a network that dull means word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.audio import RATE, SILENT, Samples

DULL_HZ = 5500  # a recording that reaches no higher is dull; one of 8 kHz reaches 4.75 at most
CUT_HZ = (3400, 4000)  # where telephones and files of 8000 samples per second end
UNLIKE = 0.25  # difference of shares of dull recordings that a network would learn
_RANGE_DB = 60  # under the strongest band: sound, not what a filter leaves of it
_BAND_HZ = 250
_AT_A_TIME = 1024  # windows of a spectrum: a recording may last for hours
_ROUNDING = 4 / 12  # four times the power of rounding to int16


def reach(samples: Samples, rate: int = RATE) -> float | None:
    """Return the frequency in hertz up to which a recording has sound.

    That is the upper end of the highest 250 Hz of its long-term spectrum within 60 dB of the
    strongest and above what rounding makes. Speech reaches 6 kHz and more, short words without a
    sibilant seldom less than 5 kHz.

    Args:
        samples: int16.
        rate: Samples per second.

    Returns:
        Hertz, at most half the rate; None where nothing can be told: silence, or less than 50 ms.
    """
    if len(samples) < rate // 20 or int(np.abs(samples.astype(np.int32)).max()) <= SILENT:
        return None
    length = 4 * rate // _BAND_HZ  # four bins of the spectrum are a band
    power = _power(samples, rate, length)
    bands = power[: len(power) // 4 * 4].reshape(-1, 4).mean(1)
    floor = max(bands.max() / 10 ** (_RANGE_DB / 10), _ROUNDING / (rate / 2))
    heard = np.flatnonzero(bands > floor)
    return min(float(heard[-1] + 1) * _BAND_HZ, rate / 2) if len(heard) else None


def _power(samples: Samples, rate: int, length: int) -> npt.NDArray[np.float64]:
    """Return the power density of each bin, by Welch's method: Hann windows that overlap by half.

    The bins at 0 Hz and at half the rate count twice what they hold.
    """
    window = np.hanning(length + 1)[:-1]
    every = np.lib.stride_tricks.sliding_window_view(samples, length)[:: length - length // 2]
    total = np.zeros(length // 2 + 1)
    for start in range(0, len(every), _AT_A_TIME):
        some = every[start : start + _AT_A_TIME].astype(np.float64)
        spectra = np.fft.rfft((some - some.mean(1, keepdims=True)) * window)
        total += (spectra.real**2 + spectra.imag**2).sum(0)
    return 2 * total / (len(every) * rate * (window**2).sum())


def dull(samples: Samples, rate: int = RATE) -> bool | None:
    """Return whether a recording reaches no higher than `DULL_HZ`; None if it cannot be told."""
    found = reach(samples, rate)
    return None if found is None else found < DULL_HZ


def share(found: Iterable[bool | None]) -> float | None:
    """Return the share of dull recordings among those of which it can be told; None of none."""
    told = [one for one in found if one is not None]
    return sum(told) / len(told) if told else None


def limit(rng: np.random.Generator, samples: Samples) -> Samples:
    """Take away what a telephone would: all above a frequency of 3.4 to 4 kHz."""
    from scipy import signal

    from mcu_ghost.sound.recording import to_int16

    filter_ = signal.cheby2(10, 60, rng.uniform(*CUT_HZ) * 1.12, output="sos", fs=RATE)
    return to_int16(signal.sosfilt(filter_, samples.astype(np.float64)))


def to_match(mine: float | None, other: float | None) -> float:
    """Return the share of wide-band sounds to limit so that as many are dull as of the others.

    None of them where the difference is too small to be learnt, or nothing is known.
    """
    if mine is None or other is None or other - mine < UNLIKE:
        return 0.0
    return (other - mine) / (1 - mine)


def told(words: Sequence[bool | None], others: Sequence[bool | None]) -> str:
    """Return what unlike shares of dull recordings among words and other speech mean, "" if alike.

    Args:
        words: Of each recording of a word, `dull`.
        others: Of each recording of other speech.
    """
    first, second = share(words), share(others)
    if first is None or second is None or abs(first - second) < UNLIKE:
        return ""
    word, other = ("dull", "clear") if first > second else ("clear", "dull")
    return (
        f"{first:.0%} of the words are dull (no sound above {DULL_HZ / 1000:g} kHz, as by telephone"
        f" or from a file of 8 kHz), but {second:.0%} of the other speech: the network would learn"
        f" '{word} = word, {other} = none'."
    )

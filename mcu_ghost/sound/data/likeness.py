# SPDX-License-Identifier: Apache-2.0
"""Whether a recording sounds like somebody who speaks, and how much noise is behind a voice.

Both are guesses by simple numbers, good enough to ask a person to listen.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment
from mcu_ghost.sound.recording import to_int16

_PIECE = RATE // 50  # 20 ms
_ENVELOPE = 100  # values of an envelope per second
_LISTENED = 30 * RATE  # of a recording
_SHORTEST = RATE  # in which syllables can be told
_VOICE_HZ = (250, 3400)  # where most of a voice's energy is
_RUMBLE_HZ = 70
_SYLLABLES_HZ = (2, 8)
_QUIET, _SYLLABIC, _VOICED = 0.5, 0.15, 0.3  # the least shares of speech
_PITCH_HZ = (80, 400)
_GLIDE = 1 / 3  # of an octave, from frame to frame
_ROW = 4  # frames, 20 ms apart, that have a pitch
_PERIODIC = 0.6  # of a frame's energy: it has a pitch
_RANGE_DB = 40.0  # below the loudest, where an envelope ends
_ROUNDING = 1 / 12  # to 16 bits, of a mean square


def like_speech(samples: Samples) -> bool | None:
    """Return whether a recording sounds like one person who speaks.

    Speech is quiet half of the time (by E. Scheirer and M. Slaney, ICASSP 1997: half of the pieces
    of 20 ms have less than half the mean amplitude), changes its level as often as syllables come,
    2 to 8 times a second, and a third of what is loud has a pitch that stays or glides. Of recorded
    sentences 94 % were so, of single words 68 %; of streets, machines, weather, music and several
    people at once up to 2 %, of animals 7 %, of generated clatter 24 %.

    Args:
        samples: int16 at 16 kHz; of long ones the first 30 s are listened to.

    Returns:
        None where it is too short to tell.
    """
    heard = samples[:_LISTENED].astype(np.float64)
    if len(heard) < _SHORTEST:
        return None
    voice = _passed(heard, _VOICE_HZ, "bandpass")
    amplitude = np.sqrt(_energies(voice, _PIECE))
    quiet = float(np.mean(amplitude < amplitude.mean() / 2))
    return quiet >= _QUIET and _syllabic(voice) >= _SYLLABIC and _voiced(heard) >= _VOICED


def noise_below(samples: Samples) -> float | None:
    """Return how far the quietest tenth of a recording is below what is said in it, in dB.

    Pauses of clean sentences are 45 dB down and more, with noise at 20 dB about 24.

    Args:
        samples: int16 at 16 kHz, of speech; of long ones the first 30 s are listened to.

    Returns:
        None where there is less than 200 ms of sound.
    """
    heard = np.trim_zeros(samples[:_LISTENED])  # what was filled up tells nothing
    if len(heard) < 10 * _PIECE:
        return None
    voice = _passed(heard.astype(np.float64), _RUMBLE_HZ, "highpass")
    energies = _energies(voice, _PIECE) + _ROUNDING
    return float(
        10 * np.log10(augment.loudness(to_int16(voice)) ** 2 / np.percentile(energies, 10))
    )


def _passed(values: augment.Reals, hz: float | tuple[float, float], kind: str) -> augment.Reals:
    from scipy import signal

    passed: augment.Reals = signal.sosfilt(_filter(hz, kind), values)
    return passed


@functools.cache
def _filter(hz: float | tuple[float, float], kind: str) -> npt.NDArray[np.float64]:
    from scipy import signal

    sections: npt.NDArray[np.float64] = signal.butter(4, hz, kind, fs=RATE, output="sos")
    return sections


def _energies(values: augment.Reals, length: int) -> augment.Reals:
    """Return the mean square of each whole piece of a length."""
    count = len(values) // length
    found: augment.Reals = (values[: count * length].reshape(count, length) ** 2).mean(1)
    return found


def _syllabic(voice: augment.Reals) -> float:
    """Return the share of a level's changes that comes as often as syllables."""
    from scipy import signal

    levels = 10 * np.log10(_energies(voice, RATE // _ENVELOPE) + _ROUNDING)
    levels = np.maximum(levels, np.percentile(levels, 95) - _RANGE_DB)
    window = min(2 * _ENVELOPE, len(levels))
    hz, power = signal.welch(levels - levels.mean(), fs=_ENVELOPE, nperseg=window)
    among = (hz >= _SYLLABLES_HZ[0]) & (hz <= _SYLLABLES_HZ[1])
    return float(power[among].sum() / (power[hz > 0.4].sum() + 1e-9))


def _voiced(values: augment.Reals) -> float:
    """Return the share of loud frames, of 40 ms, in a row of which each has nearly the same pitch.

    What is struck has a pitch, too, but not for long.
    """
    from scipy import signal

    rate = RATE // 2
    frame = rate // 25
    shortest, longest = rate // _PITCH_HZ[1], rate // _PITCH_HZ[0]
    halved = signal.resample_poly(values, 1, 2)
    frames = np.lib.stride_tricks.sliding_window_view(halved, frame)[:: frame // 2]
    frames = frames - frames.mean(1, keepdims=True)
    energies = (frames**2).mean(1)
    loud = energies >= np.percentile(energies, 95) / 1000
    window = np.hanning(frame)
    found = _autocorrelation(frames * window) / _autocorrelation(window[None])
    peaks = (found / (found[:, :1] + 1e-9))[:, shortest:longest]
    at = peaks.argmax(1)
    inside = (at > 0) & (at < peaks.shape[1] - 1)  # at its ends a peak is none
    pitched = loud & inside & (peaks.max(1) >= _PERIODIC)
    octaves = np.abs(np.diff(np.log2(shortest + at)))
    goes_on = pitched[1:] & pitched[:-1] & (octaves < _GLIDE)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], goes_on, [False]]).astype(np.int8)))
    rows = edges[1::2] - edges[::2] + 1
    return float(rows[rows >= _ROW].sum() / loud.sum())


def _autocorrelation(frames: augment.Reals) -> npt.NDArray[np.float64]:
    """Return that of (frames, length), half as many lags."""
    length = frames.shape[1]
    power = np.abs(np.fft.rfft(frames, 2 * length)) ** 2
    found: npt.NDArray[np.float64] = np.fft.irfft(power)[:, : length // 2]
    return found

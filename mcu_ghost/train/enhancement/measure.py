# SPDX-License-Identifier: Apache-2.0
"""How good a network cleans speech: SI-SDR, PESQ and STOI by kind of noise and SNR."""

from __future__ import annotations

import importlib
import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.data import augment, mixtures
from mcu_ghost.sound.data.augment import Reals
from mcu_ghost.sound.data.mixtures import Material
from mcu_ghost.sound.recording import to_int16

SNRS = (0.0, 5.0, 10.0, 15.0)
GENERATED = ("white", "pink", "hum")  # kinds of the test that every recipe has
BABBLE = "babble"
_LEVEL_DB = -26.0  # of the speech in a test mixture, under full scale
_LEAST = 1e-9


@dataclass(frozen=True)
class Score:
    """How near a sound is to the speech in it, a mean of several.

    Attributes:
        si_sdr_db: Scale-invariant ratio of signal to distortion (arXiv:1811.02508).
        pesq: Wide-band PESQ (ITU-T P.862.2); None where it cannot be computed here.
        stoi: Short-time objective intelligibility; None likewise.
    """

    si_sdr_db: float
    pesq: float | None
    stoi: float | None

    def over(self, other: Score) -> Score:
        """Return the difference."""
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return Score(*(None if None in pair else pair[0] - pair[1] for pair in pairs))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Mixture:
    """A sound of the test.

    Attributes:
        kind: Of the noise.
        snr_db: Speech over noise.
        noisy: int16.
        clean: The speech in it.
    """

    kind: str
    snr_db: float
    noisy: Samples
    clean: Samples


def kinds(material: Material) -> list[str]:
    """Return the kinds of noise of a test: those of its recordings, generated ones, and babble."""
    return [*material.noises, *GENERATED, BABBLE]


def test_set(
    material: Material, wanted: Iterable[str], each: int, seconds: float, seed: int
) -> list[Mixture]:
    """Return speech of the test split in noise of each kind, at each of `SNRS`.

    Args:
        material: Of the test split.
        wanted: Of its `kinds`.
        each: Mixtures of a kind and an SNR.
        seconds: Of a mixture.
        seed: The same seed gives the same set.
    """
    length = round(seconds * RATE)
    found = []
    for number, kind in enumerate(sorted(wanted)):
        rng = np.random.default_rng([seed, 7, number])
        for snr in SNRS:
            for _ in range(each):
                said = _sentence(rng, material.speech, length)
                noise = _noise(rng, material, kind, length)
                noisy, clean = mixtures.mixed(said, noise, snr, _LEVEL_DB)
                found.append(Mixture(kind, snr, noisy, to_int16(clean)))
    return found


def _sentence(rng: np.random.Generator, speech: tuple[Samples, ...], length: int) -> Reals:
    """Return a piece of a sentence in which somebody speaks, or several in a row."""
    one = speech[int(rng.integers(len(speech)))]
    while len(one) < length:
        one = np.concatenate([one, speech[int(rng.integers(len(speech)))]])
    starts = rng.integers(0, len(one) - length + 1, 5)
    cuts = [one[start : start + length].astype(np.float64) for start in starts]
    return max(cuts, key=lambda cut: float((cut**2).sum()))


def _noise(rng: np.random.Generator, material: Material, kind: str, length: int) -> Reals:
    if kind == BABBLE:
        return augment.noise(rng, length, "babble", material.speech)
    if kind in GENERATED:
        return augment.noise(rng, length, kind)
    while True:  # a recording may be silent for seconds
        found = mixtures.recorded(rng, material.noises[kind], length)
        if np.abs(found).max() > 0:
            return mixtures.unit(found)


def si_sdr(made: npt.NDArray[Any], clean: npt.NDArray[Any]) -> float:
    """Return the scale-invariant ratio of signal to distortion in dB, of (samples,) each."""
    x, s = made.astype(np.float64), clean.astype(np.float64)
    wanted = (x @ s) / (s @ s + _LEAST) * s
    rest = x - wanted
    return float(10 * np.log10((wanted @ wanted + _LEAST) / (rest @ rest + _LEAST)))


def missing() -> tuple[str, ...]:
    """Return which packages for scores are not installed."""
    return tuple(name for name in ("pesq", "pystoi") if not _package(name))


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def score(made: Samples, clean: Samples) -> Score:
    """Return how near one sound is to the speech in it, int16 at 16 kHz each."""
    pesq, stoi = _package("pesq"), _package("pystoi")
    x, s = (values.astype(np.float32) / 32768 for values in (made, clean))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of silence, which has no score
        quality = pesq.pesq(RATE, s, x, "wb", on_error=1) if pesq else None
        intelligible = float(stoi.stoi(s, x, RATE)) if stoi else None
    heard = None if quality is None or quality < 0 else float(quality)
    return Score(si_sdr(made, clean), heard, intelligible)


def mean(scores: Iterable[Score]) -> Score:
    """Return the mean of scores; what one of them lacks is left out."""
    rows = [tuple(asdict(one).values()) for one in scores]
    columns = [[v for v in column if v is not None] for column in zip(*rows, strict=True)]
    found = [float(np.mean(column)) if column else None for column in columns]
    return Score(found[0] or 0.0, found[1], found[2])


def scores(
    pairs: list[tuple[Samples, Samples]], tell: Callable[[int, int], None] = lambda done, all: None
) -> list[Score]:
    """Return the scores of (made, clean) pairs, in several processes."""
    # Not forked: the threads of TensorFlow would be missing from what it locked.
    spawned = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(mp_context=spawned) as pool:
        return list(_told(pool.map(_score, pairs, chunksize=4), len(pairs), tell))


def _score(pair: tuple[Samples, Samples]) -> Score:
    return score(*pair)


def _told(found: Iterator[Score], count: int, tell: Callable[[int, int], None]) -> Iterator[Score]:
    for done, one in enumerate(found, 1):
        tell(done, count)
        yield one

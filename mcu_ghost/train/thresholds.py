# SPDX-License-Identifier: Apache-2.0
"""Chooses thresholds: what each one misses and lets through, on validation sounds.

A few hours hold a handful of false accepts, so the count at one threshold is mostly chance: a
single report more, and the lowest threshold that has few enough is another one. Here the rate is
read off a curve instead, which many reports decide. Over the log odds x of the threshold the number
of reports falls exponentially, as tails of scores do: n(x) = n(a) · exp(-s · (x - a)). There a is
the threshold that some twenty reports more than are allowed reach, and s is the maximum-likelihood
estimate for lifetimes of which some are censored: the reports that end between a and the highest
threshold, over the area under their count. Below a the count itself is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.sound.data.augment import Noise
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.data.sounds import Pool, Said
from mcu_ghost.sound.detector import SENSITIVITIES, Sensitivity
from mcu_ghost.train import evaluate
from mcu_ghost.train.evaluate import Judge, Runs, Silent, Sums

THRESHOLDS = tuple(percent / 100 for percent in range(20, 100))
LOWEST = 0.4  # threshold that is ever chosen
DECIDE = 3.0  # reports without which nothing is decided: none among 3 expected has a chance of 5 %
NOISY_DB = 10.0  # words over noise
FINEST = 0.1  # of a report: the curve is not followed any further
_BASIS = 20  # reports more than are allowed, which the curve is laid through
_MOST = 200  # recordings of a word that its misses are counted on


@dataclass(frozen=True)
class Counts:
    """What happens at some thresholds, for each word.

    Attributes:
        missed: Words that are not reported, or as another one; said without noise.
        missed_in_noise: The same, said in noise at `NOISY_DB`.
        accepts: Reports where none is said.
    """

    missed: tuple[int, ...]
    missed_in_noise: tuple[int, ...]
    accepts: tuple[int, ...]


@dataclass(frozen=True)
class WordCurve:
    """What becomes of a word at each threshold, the same for all words.

    Attributes:
        label: The word.
        said: How often it is said.
        missed: How often it is missed without noise.
        missed_in_noise: How often it is missed in noise at `NOISY_DB`.
        accepts: How often it is reported where none is said.
    """

    label: str
    said: int
    missed: tuple[int, ...]
    missed_in_noise: tuple[int, ...]
    accepts: tuple[int, ...]


@dataclass(frozen=True)
class TradeOff:
    """Misses against false accepts on validation sounds, and the threshold that follows.

    Attributes:
        thresholds: Those that were tried.
        hours: Of sound without words.
        limit: False accepts per hour that all words together may have.
        words: What becomes of each.
        expected: False accepts per hour at each threshold, by the curve through their counts.
        chosen: The lowest threshold at which no more than the limit is expected, else the highest.
        warnings: Sentences: what these hours cannot decide, and what no threshold keeps.
    """

    thresholds: tuple[float, ...]
    hours: float
    limit: float
    words: tuple[WordCurve, ...]
    expected: tuple[float, ...]
    chosen: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Heard:
    """Smoothed scores of validation sounds.

    Attributes:
        judge: Of the network they are from.
        hours: Of sound without words.
        quiet: Streams of that.
        clean: Streams of words without noise, and where the words are.
        noisy: The same words in noise.
    """

    judge: Judge
    hours: float
    quiet: list[Sums]
    clean: tuple[list[Sums], tuple[tuple[Span, ...], ...]]
    noisy: tuple[list[Sums], tuple[tuple[Span, ...], ...]]

    @property
    def said(self) -> tuple[int, ...]:
        """How often each word is said."""
        found = Counter(span.label for spans in self.clean[1] for span in spans)
        return tuple(found[number] for number in range(len(self.judge.labels)))

    def at(self, thresholds: float | Sequence[float]) -> Counts:
        """Return what happens at one threshold, or at one for each word."""
        missed, missed_in_noise = (
            self.judge.missed(self.judge.matched(sums, spans, thresholds), spans)
            for sums, spans in (self.clean, self.noisy)
        )
        return Counts(missed, missed_in_noise, self.judge.accepts(self.quiet, thresholds))


def hear(
    judge: Judge,
    run: Runs,
    pool: Pool,
    quiet: Sequence[Silent],
    seed: int,
    tell: Callable[[str], None] = lambda step: None,
) -> Heard:
    """Run a network over validation sounds.

    Args:
        judge: Of the network.
        run: The network.
        pool: Its words are said, each once without noise and once in noise.
        quiet: Sound without words.
        seed: Of the noise, and of the choice of recordings where there are many.
        tell: Called with each step.
    """
    tell("mixing words with noise")
    words, noise = _some(pool.words, seed), Noise(pool.noise, speech=pool.speech)
    said = [
        evaluate.spoken(words, noise, snr, seed, judge.settings) for snr in (float("inf"), NOISY_DB)
    ]
    tell("running the integer network over validation streams")
    parts = [one.features for one in said] + [one.features for one in quiet]
    clean, noisy, *rest = [judge.sums(out) for out in evaluate.outputs(run, parts)]
    return Heard(judge, sum(one.hours for one in quiet), [s for sums in rest for s in sums],
                 (clean, said[0].spans), (noisy, said[1].spans))  # fmt: skip


def _some(words: Sequence[Said], seed: int) -> list[Said]:
    """Return at most `_MOST` recordings of each word."""
    rng = np.random.default_rng([seed, 10])
    taken: Counter[int] = Counter()
    found = []
    for number in rng.permutation(len(words)):
        taken[words[number].label] += 1
        if taken[words[number].label] <= _MOST:
            found.append(words[number])
    return found


def trade_off(heard: Heard, limit: float) -> TradeOff:
    """Choose one threshold for all words.

    Args:
        heard: Validation sounds.
        limit: False accepts per hour that all words together may have.
    """
    found = [heard.at(threshold) for threshold in THRESHOLDS]
    words = tuple(
        WordCurve(
            label,
            heard.said[i],
            tuple(one.missed[i] for one in found),
            tuple(one.missed_in_noise[i] for one in found),
            tuple(one.accepts[i] for one in found),
        )
        for i, label in enumerate(heard.judge.labels)
    )
    counts, allowed = [sum(one.accepts) for one in found], limit * heard.hours
    reports = expected(counts, allowed)
    chosen = choose(reports, allowed)
    at = THRESHOLDS.index(chosen)
    warnings = _short(heard.hours, limit)
    if chosen == THRESHOLDS[-1] and reports[at] > max(allowed, FINEST):
        missed = sum(found[at].missed) / max(1, sum(heard.said))
        warnings += (
            f"No threshold keeps false accepts to {limit:g} an hour: {chosen:g}, the highest, is"
            f" taken, at which {reports[at] / heard.hours:.2g} an hour are expected ({counts[at]}"
            f" in {heard.hours:.2g} h) and {missed:.0%} of the words are missed even without"
            " noise. Train longer and with more sounds like those it takes for words, or allow"
            " more.",
        )
    return TradeOff(THRESHOLDS, heard.hours, limit, words,
                    tuple(float(n) / heard.hours for n in reports), chosen, warnings)  # fmt: skip


def sensitivities(trade: TradeOff) -> dict[Sensitivity, float]:
    """Return thresholds for which a fifth of the limit, it, and four times as many are expected.

    Args:
        trade: What each threshold lets through, and how many may be at medium sensitivity.
    """
    counts = [sum(each) for each in zip(*(word.accepts for word in trade.words), strict=True)]
    found: dict[Sensitivity, float] = {}
    for name, share in zip(SENSITIVITIES, (0.2, 1.0, 4.0), strict=True):
        allowed = share * trade.limit * trade.hours
        found[name] = choose(expected(counts, allowed), allowed)
    return found


def expected(counts: Sequence[int], allowed: float) -> npt.NDArray[np.float64]:
    """Return how many reports to expect at each of `THRESHOLDS`, in the same hours.

    Args:
        counts: Of reports at each of them.
        allowed: How many there may be; near it the curve is most sure.
    """
    odds = np.log(THRESHOLDS) - np.log1p(-np.array(THRESHOLDS))
    reports = np.maximum.accumulate(np.array(counts, np.float64)[::-1])[::-1]
    enough = np.flatnonzero(reports >= allowed + _BASIS)
    a = max(THRESHOLDS.index(LOWEST), int(enough[-1]) if len(enough) else 0)
    area = ((reports[a:-1] + reports[a + 1 :]) / 2 * np.diff(odds[a:])).sum()
    slope = (reports[a] - reports[-1]) / area if area else 0.0
    found: npt.NDArray[np.float64] = reports.copy()
    found[a:] = reports[a] * np.exp(-slope * (odds[a:] - odds[a]))
    return found


def choose(reports: npt.NDArray[np.float64], allowed: float) -> float:
    """Return the lowest threshold at which few enough reports are expected, else the highest."""
    few = reports <= max(allowed, FINEST)
    return next((t for t, ok in zip(THRESHOLDS, few, strict=True) if ok and t >= LOWEST),
                THRESHOLDS[-1])  # fmt: skip


def _short(hours: float, limit: float) -> tuple[str, ...]:
    """Say that the hours are too few for what was asked."""
    if limit * hours >= DECIDE:
        return ()
    need = (
        f"{DECIDE / limit:.2g} h are needed for that, or ask for {DECIDE / hours:.2g} an hour."
        if limit
        else "No length of sound shows that there are none at all."
    )
    return (
        f"{hours:.2g} h of validation sounds without words cannot tell whether a threshold keeps"
        f" false accepts to {limit:g} an hour: even none at all in them only shows that there are"
        f" less than {DECIDE / hours:.2g} an hour (95 %). {need} Until then the threshold is an"
        " estimate, from reports at lower ones. More recordings of speech and of the place where"
        " it will listen help; more generated noise would only hide what speech does.",
    )


def near(trade: TradeOff, rows: int = 5) -> list[int]:
    """Return the numbers of some thresholds around the chosen one, each of twice the odds."""
    odds = trade.chosen / (1 - trade.chosen)
    wanted = [odds * 2.0**step for step in range(-rows, rows + 1)]
    places = np.searchsorted(trade.thresholds, [o / (1 + o) - 1e-9 for o in wanted])
    found = sorted({min(int(place), len(trade.thresholds) - 1) for place in places})
    first = found.index(trade.thresholds.index(trade.chosen)) - rows // 2
    first = max(0, min(first, len(found) - rows))
    return found[first : first + rows]

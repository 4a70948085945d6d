# SPDX-License-Identifier: Apache-2.0
"""Things that were counted, and how sure that makes one of how often they happen."""

from __future__ import annotations

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rate:
    """Something counted, per trial or per hour, with a confidence interval.

    Attributes:
        count: How often it happened.
        of: Trials, or hours.
        low: Lower end of the interval of the rate, exact (Clopper-Pearson, Garwood).
        high: Upper end.
    """

    count: int
    of: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """Return the rate itself."""
        return self.count / self.of if self.of else float("nan")


def share(count: int, of: int) -> Rate:
    """Return a share of trials with its Clopper-Pearson interval."""
    from scipy import stats

    if not of:
        return Rate(count, of, 0.0, 1.0)
    low, high = stats.binomtest(count, of).proportion_ci(CONFIDENCE)
    return Rate(count, of, float(low), float(high))


def per_hour(count: int, hours: float) -> Rate:
    """Return events per hour with Garwood's interval for a Poisson count."""
    from scipy import stats

    if not hours:
        return Rate(count, hours, 0.0, float("inf"))
    tail = (1 - CONFIDENCE) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * count + 2) / 2
    return Rate(count, hours, float(low / hours), float(high / hours))

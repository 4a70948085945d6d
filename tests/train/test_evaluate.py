# SPDX-License-Identifier: Apache-2.0
"""How words that were said and words that were reported are brought together and counted."""

import numpy as np
import pytest

from mcu_ghost.sound.audio import RATE
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.detector import Event
from mcu_ghost.sound.front_end import FrontEndSettings
from mcu_ghost.train import evaluate
from mcu_ghost.train.evaluate import Judge, match, per_hour, share
from mcu_ghost.train.recipe import Detector

EARS = FrontEndSettings(16000, 30, 10, 40, 125.0, 7500.0, 2)
LABELS = ("yes", "no")


def at(ms: int, label: str) -> Event:
    """An event of the frame that is complete at a time."""
    return Event((ms - 20) // 20 - 1, label, 500)


def said(label: int, start_ms: int, end_ms: int) -> Span:
    return Span(label, start_ms * RATE // 1000, end_ms * RATE // 1000)


def test_a_report_counts_from_the_words_beginning_to_a_little_after_its_end() -> None:
    spans = [said(0, 1000, 1500)]
    for ms, heard in ((980, ""), (1000, "yes"), (1500, "yes"), (2240, "yes"), (2260, "")):
        found = match([at(ms, "yes")], spans, LABELS, EARS)
        assert found.reported == (heard,), ms
        assert found.extra == (heard == "")


def test_the_right_word_is_preferred_and_each_report_used_once() -> None:
    spans = [said(0, 1000, 1500), said(1, 1700, 2100)]
    events = [at(1600, "no"), at(1700, "yes"), at(2200, "no")]
    assert match(events, spans, LABELS, EARS) == evaluate.Matched(("yes", "no"), 1)
    assert match(events[:1], spans, LABELS, EARS) == evaluate.Matched(("no", ""), 0)


def test_intervals_are_the_exact_ones() -> None:
    # Clopper-Pearson: no failure in n trials is at most 1 - (alpha/2)^(1/n).
    rate = share(0, 20)
    assert (rate.low, rate.high) == (0, pytest.approx(1 - 0.025 ** (1 / 20)))
    # Garwood: no event in t hours is at most -ln(alpha/2) / t.
    rate = per_hour(0, 2.0)
    assert (rate.low, rate.high) == (0, pytest.approx(-np.log(0.025) / 2))
    rate = per_hour(10, 1.0)
    assert (rate.low, rate.high) == (pytest.approx(4.795, abs=1e-3), pytest.approx(18.39, abs=0.01))


def test_the_threshold_is_the_lowest_that_is_quiet_enough() -> None:
    judge = Judge(LABELS, Detector(window=1, refractory_ms=0, false_accepts_per_hour=2.0), EARS)
    outputs = np.full((1, 1000, 3), -128, np.int8)
    outputs[0, 10:13, 0] = 256 * 7 // 10 - 128  # three frames of 0.7
    outputs[0, 20, 1] = 127  # a single one of the other word
    sums = judge.sums(outputs)
    assert judge.accepts(sums, 0.5) == 4
    assert judge.choose(sums, 2.0) == evaluate.LOWEST
    assert judge.choose(sums, 1.9) == 0.7  # 0.7 is 180 of 256, they have 179
    assert judge.choose(sums, 0.4) == 0.99  # nothing is quiet enough


def test_misses_count_wrong_words_too() -> None:
    judge = Judge(LABELS, Detector(window=1, refractory_ms=400), EARS)
    outputs = np.full((1, 300, 3), -128, np.int8)
    outputs[0, 60, 1] = 127  # "no" is reported where "yes" was said
    spans = [[said(0, 1000, 1500), said(1, 3000, 3500)]]
    found = judge.matched(judge.sums(outputs), spans, 0.5)
    assert found.reported == ("no", "")
    assert judge.misses(found, spans).count == 2

# SPDX-License-Identifier: Apache-2.0
"""How words that were said and words that were reported are brought together and counted."""

import numpy as np
import pytest

from mcu_ghost.sound.audio import RATE
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.detector import Event
from mcu_ghost.sound.front_end import FrontEndSettings
from mcu_ghost.train import evaluate
from mcu_ghost.train.evaluate import Judge, match
from mcu_ghost.train.rates import per_hour, share
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


def judge(refractory_ms: int) -> Judge:
    given = Detector(window=1, refractory_ms=refractory_ms).given(LABELS)
    return Judge(given, (*LABELS, evaluate.OTHER), EARS)


def test_false_accepts_are_counted_word_by_word() -> None:
    outputs = np.full((1, 1000, 3), -128, np.int8)
    outputs[0, 10:13, 0] = 256 * 7 // 10 - 128  # three frames of 0.7
    outputs[0, 20, 1] = 127  # a single one of the other word
    all_words = judge(0)
    sums = all_words.sums(outputs)
    assert all_words.accepts(sums, 0.5) == (3, 1)
    assert all_words.accepts(sums, 0.7) == (0, 1)  # 0.7 is 180 of 256, they have 179
    assert all_words.accepts(sums, (0.5, 1.0)) == (3, 0)


def test_misses_count_wrong_words_too() -> None:
    one = judge(400)
    outputs = np.full((1, 300, 3), -128, np.int8)
    outputs[0, 60, 1] = 127  # "no" is reported where "yes" was said
    spans = [[said(0, 1000, 1500), said(1, 3000, 3500)]]
    found = one.matched(one.sums(outputs), spans, 0.5)
    assert found.reported == ("no", "")
    assert one.misses(found, spans).count == 2
    assert one.missed(found, spans) == (1, 1)

# SPDX-License-Identifier: Apache-2.0
"""Which threshold is chosen, how sure that is, and what is said where it is not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mcu_ghost.sound import audio
from mcu_ghost.sound.audio import KEYWORDS, RATE
from mcu_ghost.sound.data.scenes import Span
from mcu_ghost.sound.data.sounds import Said
from mcu_ghost.train import evaluate, thresholds
from mcu_ghost.train.evaluate import Judge
from mcu_ghost.train.recipe import Detector
from mcu_ghost.train.thresholds import LOWEST, THRESHOLDS, Heard


def odds(threshold: float) -> float:
    return float(np.log(threshold / (1 - threshold)))


def falling(reports: int, slope: float = 1.1) -> list[float]:
    """Return what reports reach whose number falls exponentially over the log odds from 0.4 on."""
    x = odds(0.4) - np.log((np.arange(reports) + 0.5) / reports) / slope
    return [float(1 / (1 + np.exp(-one))) for one in x]


def counts(reached: list[float]) -> list[int]:
    return [sum(one >= t for one in reached) for t in THRESHOLDS]


def lowest_with_few_enough(found: list[int], allowed: float) -> float:
    """The rule that hangs on single reports."""
    return next((t for t, n in zip(THRESHOLDS, found, strict=True) if t >= LOWEST and n <= allowed),
                THRESHOLDS[-1])  # fmt: skip


def chosen(found: list[int], allowed: float) -> float:
    return thresholds.choose(thresholds.expected(found, allowed), allowed)


def test_one_report_more_moves_the_threshold_little() -> None:
    reached, allowed = falling(30), 0.7
    before, after = counts(reached[1:]), counts([*reached[1:], 0.989])
    assert lowest_with_few_enough(before, allowed) == 0.92
    assert lowest_with_few_enough(after, allowed) == 0.99
    assert (chosen(before, allowed), chosen(after, allowed)) == (0.93, 0.96)
    moved = [odds(rule(after, allowed)) - odds(rule(before, allowed))
             for rule in (lowest_with_few_enough, chosen)]  # fmt: skip
    assert moved[0] > 2 and 0 < moved[1] < 0.6


@pytest.mark.parametrize("allowed", [0.7, 3, 40])
def test_the_curve_is_that_of_the_reports(allowed: float) -> None:
    found = counts(falling(200))
    for threshold in (0.5, 0.7, 0.9):
        there = thresholds.expected(found, allowed)[THRESHOLDS.index(threshold)]
        assert there == pytest.approx(200 * np.exp(-1.1 * (odds(threshold) - odds(0.4))), rel=0.2)


def test_what_most_reports_reach_is_not_taken_for_the_end_of_a_tail() -> None:
    """Reports above the highest threshold count as what they are: of unknown height."""
    found = counts([*falling(20), *[0.995] * 10])
    assert thresholds.expected(found, 1)[-1] > 5
    assert chosen(found, 1) == THRESHOLDS[-1]


def test_no_report_at_all_takes_the_lowest() -> None:
    assert chosen([0] * len(THRESHOLDS), 0) == LOWEST
    assert chosen(counts([0.39] * 50), 1) == LOWEST


def heard(reached: list[float], minutes: int) -> Heard:
    """Return one word said ten times, heard at 0.85 of which half are in noise, and silence."""
    judge = Judge(Detector(window=1, refractory_ms=0).given(("yes", "no")),
                  ("yes", "no", evaluate.OTHER), KEYWORDS)  # fmt: skip
    frames = minutes * 60 * 50
    quiet = np.full((1, frames, 3), -128, np.int8)
    for number, one in enumerate(reached):
        quiet[0, 10 * number, number % 2] = int(one * 256) - 128
    spans = tuple(Span(0, i * RATE, i * RATE + RATE // 2) for i in range(1, 11))
    words = np.full((2, 600, 3), -128, np.int8)
    for number in range(1, 11):
        words[0, 50 * number + 10, 0] = int(0.85 * 256) - 128
        words[1, 50 * number + 10, 0] = int((0.85 if number % 2 else 0.2) * 256) - 128
    said = [(judge.sums(words[i : i + 1]), (spans,)) for i in (0, 1)]
    return Heard(judge, minutes / 60, judge.sums(quiet), said[0], said[1])


def test_each_word_has_its_curve() -> None:
    found = thresholds.trade_off(heard([0.5, 0.6, 0.7], 60), 3)
    yes, no = found.words
    at = THRESHOLDS.index
    assert (yes.label, yes.said, no.said) == ("yes", 10, 0)
    assert (yes.missed[at(0.8)], yes.missed[at(0.9)]) == (0, 10)
    assert (yes.missed_in_noise[at(0.8)], yes.missed_in_noise[at(0.9)]) == (5, 10)
    assert [word.accepts[at(0.55)] for word in found.words] == [1, 1]
    assert [word.accepts[at(0.65)] for word in found.words] == [1, 0]
    assert found.thresholds == THRESHOLDS and len(found.expected) == len(THRESHOLDS)
    assert found.warnings == ()


def test_too_few_hours_are_told_with_how_many_are_needed() -> None:
    (told,) = thresholds.trade_off(heard([0.5, 0.6], 42), 1).warnings
    assert told.startswith("0.7 h of validation sounds without words cannot tell")
    assert "keeps false accepts to 1 an hour" in told
    assert "less than 4.3 an hour (95 %). 3 h are needed for that, or ask for 4.3" in told
    assert thresholds.trade_off(heard([0.5, 0.6], 42), 4.3).warnings == ()
    (told,) = thresholds.trade_off(heard([0.5, 0.6], 42), 0).warnings
    assert "No length of sound shows that there are none at all." in told


def test_where_no_threshold_keeps_the_limit_it_is_said_aloud() -> None:
    found = thresholds.trade_off(heard([0.995] * 12, 60), 3)
    assert found.chosen == 0.99
    (told,) = found.warnings
    assert re.match("No threshold keeps false accepts to 3 an hour: 0.99, the highest, is", told)
    assert "12 an hour are expected (12 in 1 h) and 100% of the words are missed" in told


@pytest.mark.parametrize("reached", [[], falling(30), [0.995] * 12])
def test_the_rows_that_are_shown_hold_the_chosen_one(reached: list[float]) -> None:
    found = thresholds.trade_off(heard(reached, 60), 3)
    rows = thresholds.near(found)
    assert THRESHOLDS.index(found.chosen) in rows
    assert len(rows) == 5 and rows == sorted(set(rows))


def test_a_word_with_many_recordings_is_heard_by_some() -> None:
    samples = np.zeros(audio.RATE, np.int16)
    words = [Said(samples, int(i < 5), 0, 1) for i in range(500)]
    found = thresholds._some(words, 1)
    assert [sum(word.label == label for word in found) for label in (0, 1)] == [200, 5]

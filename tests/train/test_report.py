# SPDX-License-Identifier: Apache-2.0
"""The page of a training shows the numbers that were measured."""

from __future__ import annotations

import dataclasses

import pytest

from mcu_ghost.train import report, thresholds
from mcu_ghost.train.rates import Rate
from mcu_ghost.train.thresholds import THRESHOLDS
from tests.pages import PAGES, SIZE, Reader, enhanced, enhancement, training

WORDS = ("yes", "no")


def titles(chart: str) -> list[list[str]]:
    return [title.split("\n") for title, _ in Reader(chart).hits]


def test_misses_against_false_accepts() -> None:
    found = titles(report.curve(training(WORDS)))
    assert len(found) == SIZE  # each threshold has other false accepts here
    # Two recordings of 4 h each, and at the first threshold 80 reports in each of them.
    assert found[-1] == ["threshold 0.2: 20 false accepts per hour", "no noise: 0 %",
                         "noise at 5 dB: 0 %"]  # fmt: skip
    assert found[0] == ["threshold 0.99: 0.25 false accepts per hour", "no noise: 98.8 %",
                        "noise at 5 dB: 98.8 %"]  # fmt: skip
    rings = [part for part in report.curve(training(WORDS)).split("<circle") if "ring" in part]
    assert len(rings) == 2  # the first folder's, each at its threshold


def test_each_word_at_each_threshold() -> None:
    quiet, noisy, accepts = (titles(chart) for chart in report.by_threshold(training(WORDS)))
    for n, threshold in enumerate(THRESHOLDS):
        share = 100 * (90 * n // SIZE) / 90
        assert quiet[n] == [f"threshold {threshold:g}", f"yes: {share:.3g} %", f"no: {share:.3g} %"]
        assert noisy[n][1] == f"yes: {100 * n / 90:.3g} %"
        hourly = {"yes": max(0, 40 - n) / 2, "no": max(0, 39 - n) / 2}
        wanted = [f"{word}: {rate:.3g}" for word, rate in hourly.items() if rate]
        if 60 * 0.9**n >= 0.05:  # a tenth of a report in the 2 h
            wanted.append(f"all words, expected: {60 * 0.9**n:.3g}")
        assert accepts[n][1:] == wanted


def test_none_at_all_is_drawn_too() -> None:
    one = training(WORDS)
    words = tuple(dataclasses.replace(w, accepts=(0,) * SIZE) for w in one.validation.words)
    silent = dataclasses.replace(one.validation, words=words, expected=(0.0,) * SIZE, limit=0.0)
    accepts = report.by_threshold(dataclasses.replace(one, validation=silent))[2]
    assert "nan" not in accepts and all(len(title) == 1 for title in titles(accepts))
    assert thresholds.near(silent)[2] == THRESHOLDS.index(0.8)


def test_losses_of_all_phases_one_after_the_other() -> None:
    assert titles(report.losses(training(WORDS).losses)) == [
        ["epoch 1", "float, training: 0.9", "float, validation: 0.8"],
        ["epoch 2", "float, training: 0.625", "float, validation: 0.5"],
        ["epoch 3", "QAT, training: 0.438", "QAT, validation: 0.375"],
    ]


def test_numbers_as_people_read_them() -> None:
    assert report.share(Rate(3, 10, 0.067, 0.6525)) == "30.0 % (6.7 to 65.2 %)"
    assert report.hourly(Rate(0, 2.0, 0, 1.84)) == "0 (less than 1.8)"
    assert [report.shade(n, (0, 1, 9)) for n in (0, 1, 9)] == [0, 1, 9]


def test_the_page_holds_every_table() -> None:
    reader = Reader(PAGES["train"](WORDS))
    for cell in ("yes, no noise", "yes, noise at 5 dB", "30.0 % (10.0 to 60.0 %)", "0.80", "90"):
        assert cell in reader.texts["td"], cell
    assert reader.texts["b"][:4] == ["1 B", "68.4 KiB", "4.9 KiB", "55 283"]
    none = PAGES["train, no image"](WORDS)
    assert "Memory and instructions were not measured: yes" in none


def test_what_is_gained_by_kind_and_by_snr() -> None:
    page = enhancement(("hum", "keys"))
    found = dict(title.split("\n", 1) for title, _ in Reader(page).hits if "\n" in title)
    # Kinds gain -1 and 0 dB here, on mixtures of 5 and of 10 dB.
    assert found["hum"] == "SI-SDR 7.5 → 6.5 dB\nPESQ 1.25 → 1.50\nSTOI 0.500 → 0.750"
    assert found["keys, unheard of in training"].startswith("SI-SDR 7.5 → 7.5 dB")
    assert found["noise at 5 dB"] == found["noise at 10 dB"] == "hum: -1 dB\nkeys: 0 dB"
    assert found["10 steps"] == "made clean: 2.5 dB" and found["20 steps"] == "made clean: 4.25 dB"
    assert [row.title for row in enhanced(("hum", "keys")).rows()[2:]] == ["hum", "keys"]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_kind_that_lacks_an_snr_has_no_value_there(lost: int) -> None:
    from mcu_ghost.train.enhancement import report as other

    found = enhanced(("hum", "keys"))
    fewer = tuple(c for n, c in enumerate(found.conditions) if n != lost)
    made = titles(other._by_snr(dataclasses.replace(found, conditions=fewer)))
    assert made[lost] == [f"noise at {(5, 10)[lost]} dB", "keys: 0 dB"] and len(made[1 - lost]) == 3

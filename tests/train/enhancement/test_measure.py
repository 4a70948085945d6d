# SPDX-License-Identifier: Apache-2.0
"""Scores of cleaned speech, the set they are taken on, and means of them."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from mcu_ghost.sound.data import augment
from mcu_ghost.sound.data.mixtures import Material
from mcu_ghost.train.enhancement import measure
from mcu_ghost.train.enhancement.measure import BABBLE, GENERATED, SNRS, Score
from mcu_ghost.train.enhancement.result import Condition, Result
from tests.train.enhancement.voices import voice


@functools.cache
def material() -> Material:
    rng = np.random.default_rng(1)
    said = tuple(voice(rng, seconds, 140) for seconds in (0.4, 3.0, 1.0))
    beeps = tuple((9000 * np.sin(np.arange(n) / 3)).astype(np.int16) for n in (800, 40_000))
    return Material(said, {"beeps": beeps})


def test_si_sdr_is_the_ratio_whatever_the_scale() -> None:
    rng = np.random.default_rng(2)
    clean, noise = rng.normal(0, 1000, (2, 40_000))
    noise -= noise @ clean / (clean @ clean) * clean
    for scale in (0.01, 1.0, 7.0):
        found = measure.si_sdr(scale * (clean + 0.1 * noise), clean)
        wanted = 20 * np.log10(10 * np.linalg.norm(clean) / np.linalg.norm(noise))
        assert found == pytest.approx(wanted, abs=1e-6)
    assert measure.si_sdr(np.zeros(100, np.int16), clean[:100]) <= 0  # a silent output is no number


def test_the_set_has_every_kind_at_every_snr_and_is_always_the_same() -> None:
    kinds = ["beeps", *GENERATED, BABBLE]
    found = measure.test_set(material(), kinds, 2, 1.0, 3)
    again = measure.test_set(material(), reversed(kinds), 2, 1.0, 3)
    assert [(m.kind, m.snr_db) for m in found] == [
        (kind, snr) for kind in sorted(kinds) for snr in SNRS for _ in range(2)
    ]
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.noisy, other.noisy)
    for one in found:
        assert len(one.noisy) == len(one.clean) == 16_000
        noise = one.noisy - one.clean.astype(np.float64)
        snr = 20 * np.log10(augment.loudness(one.clean) / np.sqrt((noise**2).mean()))
        assert snr == pytest.approx(one.snr_db, abs=0.3)
        assert 400 < augment.loudness(one.clean) < 1700  # 26 dB under full scale, if it fits


def test_a_mean_leaves_out_what_is_missing() -> None:
    found = measure.mean([Score(1, 2, 0.5), Score(3, None, 0.7)])
    assert found == Score(2, 2, pytest.approx(0.6))
    assert found.over(Score(1, None, 0.5)) == Score(1, None, pytest.approx(0.1))
    assert measure.mean([Score(1, None, None)]) == Score(1, None, None)


def test_rows_weigh_conditions_by_their_mixtures() -> None:
    def condition(kind: str, count: int, gain: float, snr: float = 0.0) -> Condition:
        ends = [Score(5 + gain * share, None, None) for share in (0, 1.1, 1)]
        return Condition(kind, kind == "new", snr, count, *ends)

    result = Result(
        history=((1, 0.0, 0.0),), validation_noisy_db=0, clean=Score(0, None, None), missing=(),
        conditions=(condition("hum", 3, 4), condition(BABBLE, 1, 0), condition("new", 1, 2, 5.0)),
        model_bytes=1, latency_ms=32, image=None, no_image="",
    )  # fmt: skip
    everything, without, hum, babble, new = result.rows()
    assert everything.int8.si_sdr_db == pytest.approx(14 / 5) and everything.count == 5
    assert without.int8.si_sdr_db == pytest.approx(14 / 4)
    assert without.float32.si_sdr_db == pytest.approx(1.1 * 14 / 4)
    assert [r.title for r in (hum, babble, new)] == ["hum", BABBLE, "new"]
    assert [r.unseen for r in (hum, babble, new)] == [False, False, True]
    assert [r.count for r in result.by_snr()] == [4, 1]

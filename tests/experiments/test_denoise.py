# SPDX-License-Identifier: Apache-2.0
"""The networks of the comparison on speech in noise are those promised."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments.denoise import report
from experiments.denoise.networks import HALF, VARIANTS, Variant, made, matched
from experiments.denoise.peers import PEERS
from tests.conftest import ROOT


def test_the_matched_gru_has_the_nearest_number_of_parameters() -> None:
    found = matched(HALF)
    assert found in VARIANTS and found.ratio == 1
    away = [abs(Variant("", n).parameters - HALF.parameters) for n in range(1, 128)]
    assert abs(found.parameters - HALF.parameters) == min(away)


def test_the_text_says_what_was_scored() -> None:
    folder = ROOT / "docs/experiments"
    text = (folder / "denoise.md").read_text("utf-8")
    scored = json.loads((folder / "denoise.json").read_text("utf-8"))
    assert set(scored) == {"noisy", "clean_speech", *PEERS}
    for name in set(scored) - {"noisy"}:
        every = [scored[name][kind] for kind in ("everything", "all but babble")]
        numbers = [f"{o['si_sdr_db']:+.2f} | {o['pesq']:+.2f} | {o['stoi']:+.3f}" for o in every]
        assert f"| {' | '.join(numbers)} |" in text, name
        kinds = sorted(set(scored[name]) - {"everything", "all but babble"})
        each = " | ".join(f"{scored[name][kind]['si_sdr_db']:+.1f}" for kind in kinds)
        assert f"| {' | '.join(kinds)} |" in text and f"| {each} |" in text, name


def test_the_tables_are_what_was_measured() -> None:
    assert report.TEXT.read_text("utf-8") == report.rendered()
    runs = report.load()
    assert tuple(runs) == VARIANTS
    for variant, several in runs.items():
        assert [run["seed"] for run in several] == [1, 2, 3]
        assert all(run["parameters"] == variant.parameters for run in several)
    assert len({run["steps"] for several in runs.values() for run in several}) == 1


def test_gains_are_means_over_mixtures_of_a_group() -> None:
    def condition(kind: str, unseen: bool, *gained: float) -> dict[str, object]:
        noisy = {"si_sdr_db": 2.0, "pesq": 1.0, "stoi": 0.5}
        made = [{score: value + more for score, value in noisy.items()} for more in gained]
        return {"kind": kind, "unseen": unseen, "noisy": noisy,
                "float32": made[0], "int8": made[1]}  # fmt: skip

    conditions = [condition("babble", False, 1, 3), condition("nature", True, 3, 1),
                  condition("work", False, 5, 5)]  # fmt: skip
    found = report.gains({"conditions": conditions})
    assert found["all"]["int8"] == dict.fromkeys(report.SCORES, 3.0)
    assert found["all but babble"]["float32"]["pesq"] == 4.0
    assert found["babble"]["int8"]["stoi"] == 3.0 and found["unheard"]["int8"]["si_sdr_db"] == 1.0
    assert found["all"]["noisy"]["si_sdr_db"] == 2.0


@pytest.mark.train
@pytest.mark.parametrize("variant", VARIANTS[1:3], ids=lambda v: v.name)
def test_parameters_are_counted_right_and_diagonals_stay(variant: Variant) -> None:
    model = made(variant, 5)
    x = np.random.default_rng(1).normal(0, 1, (2, 5, 64)).astype(np.float32)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros_like(x), epochs=2, verbose=0)
    found = sum(np.count_nonzero(w) for w in model.get_weights())
    assert found <= variant.parameters <= found + 3  # a zero among the rest is chance

# SPDX-License-Identifier: Apache-2.0
"""The networks of the comparison on speech in noise are those promised."""

from __future__ import annotations

import json

import numpy as np
import pytest

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


@pytest.mark.train
@pytest.mark.parametrize("variant", VARIANTS[1:3], ids=lambda v: v.name)
def test_parameters_are_counted_right_and_diagonals_stay(variant: Variant) -> None:
    model = made(variant, 5)
    x = np.random.default_rng(1).normal(0, 1, (2, 5, 64)).astype(np.float32)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros_like(x), epochs=2, verbose=0)
    found = sum(np.count_nonzero(w) for w in model.get_weights())
    assert found <= variant.parameters <= found + 3  # a zero among the rest is chance

# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mcu_ghost.train.inputs import fit
from mcu_ghost.train.metrics import macro_accuracy


def test_macro_accuracy_weighs_classes_alike() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    predicted = np.array([0] * 8 + [1, 0])
    assert macro_accuracy(labels, predicted, 2) == 0.75
    assert macro_accuracy(labels, predicted, 3) == 0.75  # a class without clips is left out


def test_the_input_format_covers_the_features_and_is_exact() -> None:
    features = np.random.default_rng(0).integers(0, 660, (20, 74, 40)).astype(np.uint16)
    form = fit(features)
    q = form.quantize(features)
    assert q.min() == -128 and q.max() == 127
    assert np.log2(form.scale) % 1 == 0
    real = form.real(features)
    assert np.array_equal(real / form.scale + form.zero_point, q)
    low, high = form.range
    assert low <= real.min() and real.max() <= high
    assert (high - low) / 255 == form.scale
    assert real.mean() == pytest.approx(0, abs=0.02)

# SPDX-License-Identifier: Apache-2.0
import tracemalloc

import numpy as np
import pytest

from mcu_ghost.train.inputs import of_features


def test_the_input_format_covers_the_features_and_is_exact() -> None:
    features = np.random.default_rng(0).integers(0, 660, (20, 74, 40)).astype(np.uint16)
    form = of_features(features)
    q = form.quantize(features)
    assert q.min() == -128 and q.max() == 127
    assert np.log2(form.scale) % 1 == 0
    real = form.real(features)
    assert np.array_equal(real / form.scale + form.zero_point, q)
    low, high = form.range
    assert low <= real.min() and real.max() <= high
    assert (high - low) / 255 == form.scale
    assert real.mean() == pytest.approx(0, abs=0.02)


def test_hours_of_features_are_never_converted_as_a_whole() -> None:
    features = np.random.default_rng(0).integers(0, 660, (40, 500, 200)).astype(np.uint16)
    tracemalloc.start()
    try:
        of_features(features)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < features.nbytes

# SPDX-License-Identifier: Apache-2.0
"""Ranges from data: what a glitch may decide, and what is said of it."""

import numpy as np
import pytest

from mcu_ghost.network import calibration

rng = np.random.default_rng(7)
CLEAN = rng.normal(1, 2, 3000).astype(np.float32)


def with_glitches(*values):
    return np.concatenate([CLEAN, np.array(values, np.float32)])


def test_clean_values_are_all_inside():
    for values in (CLEAN, CLEAN[:50], np.abs(CLEAN) ** 1.5, rng.laplace(0, 1, 5000)):
        assert calibration.robust(np.asarray(values, np.float32)) == (
            pytest.approx(values.min()),
            pytest.approx(values.max()),
        )


@pytest.mark.parametrize("values", [[1000], [-250], [1000, -1000, 250], [1e30]])
def test_glitches_are_outside(values):
    assert calibration.robust(with_glitches(*values)) == (CLEAN.min(), CLEAN.max())
    few = np.array([0.1, -0.2, 0.3, 0.25, -0.1, *values], np.float32)
    if len(values) == 1:
        assert calibration.robust(few) == (np.float32(-0.2), np.float32(0.3))


def test_a_channel_that_hardly_moves_and_one_that_is_larger_keep_their_values():
    button = np.zeros(3000, np.float32)
    button[17] = 1
    assert calibration.robust(button) == (0, 1)
    both = np.stack([CLEAN / 1000, button, 50 * CLEAN], -1)
    low, high = calibration.choose(both.reshape(10, 300, 3))
    assert (low, high) == (50 * CLEAN.min(), 50 * CLEAN.max())


def test_a_range_holds_zero():
    assert calibration.choose(np.full((9, 1), 3.0, np.float32)) == (0, 3)
    assert calibration.choose(np.full((9, 1), -3.0, np.float32)) == (-3, 0)


def test_what_is_clipped_is_said():
    frames = np.stack([CLEAN, CLEAN], -1)
    frames[5, 1], frames[6, 1] = 1000, -250
    (found,) = calibration.clipped_inputs(frames, -10.0, 12.0)
    assert (found.where, found.count, found.total) == ("input 1", 2, 3000)
    assert str(found) == (
        "input 1: 2 of 3 000 values are outside -10 to 12, as far as -250 and 1000."
    )
    assert calibration.clipped_inputs(frames[:5], -10.0, 12.0) == ()

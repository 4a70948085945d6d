# SPDX-License-Identifier: Apache-2.0
"""The integer recurrent kinds against Keras' equations in float, and their way through a file."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops import gates
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.lstm import LSTM, cell_bits
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from tests import recurrent
from tests.recurrent import X, alone, comes_back, hard

RNG = np.random.default_rng(1)
FRAMES = RNG.integers(-128, 128, (200, X.size))
SLOPES = [0.0, 0.2, 1 / 6]


def gate(slope: float) -> recurrent.Gate:
    return hard(slope) if slope else recurrent.sigmoid


@pytest.mark.parametrize("slope", [0.2, 1 / 6])
def test_a_hard_sigmoid_is_off_by_half_a_step_of_its_slope(slope: float) -> None:
    every = np.arange(-32768, 32768)
    exact = 32768 * hard(slope)(every / 4096)
    found = gates.hard_sigmoid(every, gates.slope(slope))
    assert np.abs(found - exact).max() < 1.0
    assert found.min() == 0 and found.max() == 32768


@pytest.mark.parametrize("slope", [0.0, -0.2, 0.5, float("nan")])
def test_other_slopes_are_refused(slope: float) -> None:
    with pytest.raises(GhostError, match="must lie between 0 and 0.5"):
        gates.slope(slope)


@pytest.mark.parametrize("slope", SLOPES)
def test_lstm_follows_the_float_equations(slope: float) -> None:
    n = 24
    w = recurrent.weights(3, X.size, n, 4)
    h, c, exact, cells = np.zeros(n), np.zeros(n), [], []
    for frame in (FRAMES - X.zero_point) * X.scale:
        h, c = recurrent.lstm(w, frame, h, c, gate(slope))
        exact.append(h)
        cells.append(c)
    largest = float(np.abs(cells).max())
    op = LSTM.quantized(X, **w, inputs=(0,), output=1, largest_cell=largest, hard=slope)
    assert 2.0**op.cell_bits / 2 <= largest < 2.0**op.cell_bits
    state = tuple(np.zeros(v.size, np.int64) for v in op.variables)
    for frame, h, c in zip(FRAMES, exact, cells, strict=True):
        y, state = op.run((X,), X, (frame,), state)
        assert np.abs(y / 128 - h).max() < 0.04
        assert np.abs(state[0] * op.variables[0].scale - c).max() < 0.1
    assert np.abs(exact).max() > 0.5  # it moved


def test_a_cell_takes_the_power_of_two_above_what_it_reaches() -> None:
    cases = {0.0: 0, 0.4: 0, 0.999: 0, 1.0: 1, 1.5: 1, 2.0: 2, 7.9: 3, 32767.0: 15}
    assert {largest: cell_bits(largest) for largest in cases} == cases
    for largest in (32768.0, float("inf"), float("nan"), -1.0):
        with pytest.raises(GhostError, match="cell reaches"):
            cell_bits(largest)


@pytest.mark.parametrize("largest", [0.5, 3.0, 20000.0])
def test_a_cell_counts_as_far_as_it_was_calibrated(largest: float) -> None:
    """Open gates and a candidate of 1 add 1 a frame, until 16 bits are full."""
    wide = {"kernel": np.zeros((X.size, 4)), "recurrent_kernel": np.zeros((1, 4))}
    op = LSTM.quantized(
        X, **wide, bias=np.full(4, 7.9), inputs=(0,), output=1, largest_cell=largest
    )
    state = tuple(np.zeros(v.size, np.int64) for v in op.variables)
    most = 2.0**op.cell_bits
    for frame in range(1, 30):
        _, state = op.run((X,), X, (FRAMES[0],), state)
        step = op.variables[0].scale
        assert abs(state[0][0] * step - min(frame, most)) <= 0.01 * frame + step
    assert (state[0][0] == 32767) == (most < 29)


@pytest.mark.parametrize("slope", SLOPES)
def test_lstm_comes_back_from_a_file(slope: float) -> None:
    comes_back(alone(LSTM.random(np.random.default_rng(2), X, 0, units=9, hard=slope)))


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("after", [False, True])
def test_gru_follows_the_float_equations(after: bool, slope: float) -> None:
    n = 24
    w = recurrent.weights(4, X.size, n, 3, biases=2)
    op = ResetGRU.quantized(X, **w, inputs=(0,), output=1, reset_after=after, hard=slope)
    state, h = tuple(np.zeros(v.size, np.int64) for v in op.variables), np.zeros(n)
    for frame in FRAMES:
        y, state = op.run((X,), X, (frame,), state)
        h = recurrent.gru(w, (frame - X.zero_point) * X.scale, h, after, gate(slope))
        assert np.abs(y / 128 - h).max() < 0.04
    assert np.abs(h).max() > 0.3  # it moved


def test_a_gru_with_the_reset_after_is_a_ghost_gru_without_ghosts() -> None:
    w = recurrent.weights(5, X.size, 10, 3, biases=2)
    none = {"ghost_kernel": np.zeros((10, 0)), "ghost_bias": np.zeros(0)}
    ghost = GhostGRU.quantized(X, **w, **none, inputs=(0,), output=1, ratio=1)
    op = ResetGRU.quantized(X, **w, inputs=(0,), output=1, reset_after=True)
    state = other = tuple(np.zeros(10, np.int64) for _ in range(2))
    for frame in FRAMES:
        y, state = op.run((X,), X, (frame,), state)
        wanted, other = ghost.run((X,), X, (frame,), other)
        np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize("after", [False, True])
def test_gru_comes_back_from_a_file(after: bool) -> None:
    rng = np.random.default_rng(2)
    comes_back(alone(ResetGRU.random(rng, X, 0, units=9, reset_after=after, hard=0.2)))


@pytest.mark.parametrize("activation", [np.tanh, recurrent.relu])
def test_simple_rnn_follows_the_float_equations(activation: recurrent.Gate) -> None:
    n, exact = 24, []
    w, h = recurrent.weights(6, X.size, n, 1), np.zeros(n)
    for frame in (FRAMES - X.zero_point) * X.scale:
        h = recurrent.simple_rnn(w, frame, h, activation)
        exact.append(h)
    largest = None if activation is np.tanh else float(np.max(exact))
    op = SimpleRNN.quantized(X, **w, inputs=(0,), output=1, largest=largest)
    state = (np.zeros(n, np.int64),)
    for frame, h in zip(FRAMES, exact, strict=True):
        y, state = op.run((X,), X, (frame,), state)
        assert np.abs(y * op.scale - h).max() < 4 * op.scale
    assert np.max(exact) > 0.7 and (largest is None or op.scale * 127 == pytest.approx(largest))


@pytest.mark.parametrize("largest", [None, 20.0])
def test_simple_rnn_comes_back_from_a_file(largest: float | None) -> None:
    comes_back(alone(SimpleRNN.random(np.random.default_rng(2), X, 0, units=9, largest=largest)))

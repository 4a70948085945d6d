# SPDX-License-Identifier: Apache-2.0
"""The specification against mathematics: rounding, activations, and a float GhostGRU."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.ops import gates
from mcu_ghost.network.ops.ghost_gru import GhostGRU, step
from mcu_ghost.network.random_model import random_inputs, random_model
from mcu_ghost.network.tensor import Tensor

EVERY = np.arange(-32768, 32768)


def test_sigmoid_and_tanh_are_close_monotonic_and_symmetric() -> None:
    sigmoid, tanh = gates.sigmoid(EVERY), gates.tanh(EVERY)
    assert np.abs(sigmoid - 32768 / (1 + np.exp(-EVERY / 4096))).max() <= 1.3
    assert np.abs(tanh - 32768 * np.tanh(EVERY / 4096)).max() <= 2.1
    assert (np.diff(sigmoid) >= 0).all() and (np.diff(tanh) >= 0).all()
    assert sigmoid.min() >= 0 and sigmoid.max() <= 32768
    assert np.abs(tanh).max() <= 32767 and gates.tanh(np.array([0]))[0] == 0
    assert np.abs(tanh[1:] + tanh[1:][::-1]).max() <= 1


@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_heads_side_by_side_equal_one_after_the_other(batch: tuple[int, ...]) -> None:
    model = random_model(5, units=6, ratio=2, inputs=3, classes=4, head_per_frame=True)
    x = np.random.default_rng(5).integers(-128, 128, (*batch, 70, 3)).astype(np.int8)
    runner, every = reference.Runner(model, batch), []
    for frame in range(70):
        runner.step(x[..., frame, :])
        every.append(runner.answer())
    np.testing.assert_array_equal(reference.run(model, x), np.stack(every, axis=-2))


def test_the_table_in_c_is_that_of_the_reference() -> None:
    source = resources.folder("firmware") / "kernels" / "plain" / "ghost_sigmoid_table.c"
    body = source.read_text().split("{")[1]
    numbers = [int(n) for n in re.findall(r"-?\d+", body)]
    assert numbers == gates.SIGMOID_TABLE.tolist()


@given(st.floats(1e-6, 1000), st.integers(1, 2**28), st.integers(-(2**28), 2**28))
def test_a_requantizer_multiplies_to_within_half_a_step(real: float, most: int, acc: int) -> None:
    acc = max(-most, min(most, acc))
    try:
        rq = gates.requantizer(real, most)
    except GhostError:
        assert most * real * 4 >= 2**31 - 1
        return
    assert 0 < rq.multiplier < 2**31 and most << rq.shift < 2**31
    exact = acc * real
    relative = 0.5 / rq.multiplier
    assert abs(int(gates.requantize(np.int64(acc), rq)) - exact) <= 0.501 + abs(exact) * relative


@pytest.mark.parametrize("real", [0.0, -1.0, float("nan"), float("inf"), 1e-30])
def test_impossible_multipliers_are_refused(real: float) -> None:
    with pytest.raises(GhostError):
        gates.requantizer(real, 100)


def float_step(weights: dict[str, np.ndarray], x: np.ndarray, s: np.ndarray, m: int) -> np.ndarray:
    """One step of the paper's equations in float64, reset after the product."""

    def gate(name: str, v: np.ndarray) -> np.ndarray:
        i = "zrc".index(name)
        return v[..., i * m : (i + 1) * m]

    def sigmoid(v: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-v))

    wx = x @ weights["kernel"] + weights["bias"][0]
    us = s @ weights["recurrent_kernel"] + weights["bias"][1]
    z, r = (sigmoid(gate(g, wx) + gate(g, us)) for g in "zr")
    uc = gate("c", weights["recurrent_kernel"])
    inner = s[:m] @ uc[:m] + gate("c", weights["bias"][1])
    c = np.tanh(gate("c", wx) + r * inner + s[m:] @ uc[m:])
    h = (1 - z) * c + z * s[:m]
    g = np.tanh(h @ weights["ghost_kernel"] + weights["ghost_bias"])
    return np.concatenate([h, g])


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_integers_follow_the_float_equations(ratio: int) -> None:
    n, d, m = 30, 8, 30 // ratio
    rng = np.random.default_rng(ratio)
    weights = {
        "kernel": rng.normal(0, 0.4, (d, 3 * m)),
        "recurrent_kernel": rng.normal(0, 0.15, (n, 3 * m)),
        "bias": rng.normal(0, 0.2, (2, 3 * m)),
        "ghost_kernel": rng.normal(0, 0.3, (m, n - m)),
        "ghost_bias": rng.normal(0, 0.2, n - m),
    }
    x = Tensor("x", (d,), "int8", float(np.float32(0.02)), 7)
    op = GhostGRU.quantized(x, **weights, inputs=(0,), output=1, ratio=ratio)
    carry, state = (np.zeros(v.size, np.int64) for v in op.variables)
    exact = np.zeros(n)
    for frame in rng.integers(-128, 128, (200, d)):
        state, carry = step(op, frame, state, carry)
        exact = float_step(weights, (frame - 7) * x.scale, exact, m)
        assert np.abs(state / 128 - exact).max() < 0.04
    assert np.abs(exact).max() > 0.3  # it moved


def test_all_zero_weights_quantise() -> None:
    x = Tensor("x", (3,), "int8", 0.5, 0)
    zero = np.zeros
    op = GhostGRU.quantized(x, zero((3, 6)), zero((4, 6)), np.full((2, 6), 3.0), zero((2, 2)),
                            np.full(2, -5.0), inputs=(0,), output=1, ratio=2)  # fmt: skip
    carry, state = (np.zeros(v.size, np.int64) for v in op.variables)
    state, carry = step(op, np.array([1, 2, 3]), state, carry)
    assert (np.abs(state[2:] / 128 - np.tanh(-5.0)) < 0.01).all()


def test_batches_are_independent_sequences() -> None:
    model = random_model(4, units=11, ratio=2, inputs=3, layers=2, head_per_frame=True)
    x = random_inputs(4, model, 5, 9)
    together = reference.run(model, x)
    np.testing.assert_array_equal(together, np.stack([reference.run(model, one) for one in x]))


def test_extreme_networks_reach_the_limits() -> None:
    model = random_model(9, units=20, ratio=2, inputs=6, gain=60.0, classes=0)
    y = reference.run(model, random_inputs(9, model, 8, 20))
    assert y.max() == 127 and y.min() <= -127

# SPDX-License-Identifier: Apache-2.0
"""Layer normalisation in integers against float, and its way through a file."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops.layer_norm import LayerNorm, reciprocal_root
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.tensor import Tensor
from tests.recurrent import alone, comes_back


def test_the_reciprocal_root_is_close_everywhere() -> None:
    powers = [2**k + i for k in range(53) for i in (-1, 0, 1) if 2**k + i > 0]
    random = np.random.default_rng(0).integers(1, 2**53, 1000) >> np.arange(1000) % 45
    w = np.array([*powers, *np.maximum(random, 1)], np.int64)
    inverse, exponent = reciprocal_root(w)
    assert inverse.min() >= 2**15 and inverse.max() <= 2**16
    exact = np.array([1 / math.sqrt(v) for v in w.tolist()])
    assert np.abs(inverse * 2.0 ** -(31 + exponent) / exact - 1).max() < 2**-14


@pytest.mark.parametrize("size", [2, 3, 40, 1000])
@pytest.mark.parametrize("spread", [0, 1, 30, 128])
def test_it_follows_the_float_equation(size: int, spread: int) -> None:
    rng = np.random.default_rng(size)
    x = Tensor("x", (size,), "int8", float(np.float32(0.013)), 5)
    y = Tensor("y", (size,), "int8", float(np.float32(8 / 256)), -7)
    gamma, beta = rng.normal(1, 0.4, size), rng.normal(0, 0.4, size)
    op = LayerNorm.quantized(x, y, gamma, beta, 1e-3, inputs=(0,), output=1)
    q = np.clip(rng.integers(-spread, spread + 1, (20, size)) + 17, -128, 127)
    real = (q - x.zero_point) * x.scale
    centred = real - real.mean(axis=-1, keepdims=True)
    exact = gamma * centred / np.sqrt(real.var(axis=-1, keepdims=True) + 1e-3) + beta
    wanted = np.clip(exact / y.scale + y.zero_point, -128, 127)
    assert np.abs(op.run((x,), y, (q,), ())[0] - wanted).max() < 0.52


def test_equal_values_without_epsilon_give_beta() -> None:
    x, y = Tensor("x", (3,), "int8", 0.1, 0), Tensor("y", (3,), "int8", 0.25, 1)
    op = LayerNorm.quantized(x, y, np.ones(3), np.array([0, 1, -2]), 0.0, inputs=(0,), output=1)
    np.testing.assert_array_equal(op.run((x,), y, (np.full(3, 127),), ())[0], [1, 5, -7])


def test_weights_beyond_the_outputs_are_refused() -> None:
    x, y = Tensor("x", (2,), "int8", 0.1, 0), Tensor("y", (2,), "int8", 1e-3, 0)
    with pytest.raises(GhostError, match="too large for its outputs"):
        LayerNorm.quantized(x, y, np.full(2, 40.0), np.zeros(2), 1e-3, inputs=(0,), output=1)


def test_it_comes_back_from_a_file() -> None:
    rng = np.random.default_rng(0)
    x = Tensor("x", (9,), "int8", 0.1, 0)
    norm = LayerNorm.random(rng, x, 0)
    comes_back(alone(norm, SimpleRNN.random(rng, norm[1], 1), x=x))

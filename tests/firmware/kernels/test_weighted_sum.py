# SPDX-License-Identifier: Apache-2.0
"""Sums of two values as weighted sums: where they are TFLite's, and where nothing is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcu_ghost.build.kernels import plain_arithmetic
from mcu_ghost.build.kernels.weighted_sum import weights
from mcu_ghost.network.ops.add import Add, Sub
from mcu_ghost.network.tensor import Tensor

EVERY = np.arange(-128, 128)


def tensor(scale: float, zero_point: int = 0, shape: tuple[int, ...] = (3, 4)) -> Tensor:
    return Tensor("t", shape, "int8", float(np.float32(scale)), zero_point)


def computed(op: Add, xs: tuple[Tensor, Tensor], y: Tensor) -> tuple[np.ndarray, int] | None:
    """Return what the weights make of all pairs, by floats of 53 bits, and whether by halves."""
    found = weights(op, xs, y)
    if found is None:
        return None
    first, second, added, then_added, away = found
    sums = added + np.floor(EVERY[:, None] * first / 256) + np.floor(EVERY * second / 256)
    assert np.abs(sums).max() < 2**31
    if away:
        sums += then_added - (sums < 0)
        assert np.abs(sums).max() < 2**31
    return np.clip(np.floor(sums / 2**20), -128, 127), away


def expected(op: Add, xs: tuple[Tensor, Tensor], y: Tensor) -> np.ndarray:
    shaped = [dataclasses.replace(x, shape=(256, 256)) for x in xs]
    values = tuple(np.broadcast_arrays(EVERY[:, None], EVERY))
    return op.run(tuple(shaped), dataclasses.replace(y, shape=(256, 256)), values, ())[0]


@pytest.mark.parametrize("kind", [Add, Sub])
def test_of_random_scales_it_is_tflites(kind: type[Add]) -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        one, other = (tensor(10 ** rng.uniform(-2, 0), int(rng.integers(-128, 128))) for _ in "ab")
        y = tensor(max(one.scale, other.scale) * rng.uniform(0.4, 3), int(rng.integers(-128, 128)))
        op = kind((0, 1), 2)
        found = computed(op, (one, other), y)
        assert found is not None and not found[1]
        np.testing.assert_array_equal(found[0], expected(op, (one, other), y))


@pytest.mark.parametrize("kind", [Add, Sub])
@pytest.mark.parametrize("scales", [(1, 1, 2), (1, 0.25, 1), (0.5, 1, 4), (1, 1, 1)])
def test_halves_go_away_from_zero(kind: type[Add], scales: tuple[float, ...]) -> None:
    one, other, y = (tensor(s / 128, z) for s, z in zip(scales, (3, -128, -7), strict=True))
    op = kind((0, 1), 2)
    found = computed(op, (one, other), y)
    assert found is not None and found[1] == (scales != (1, 1, 1))
    np.testing.assert_array_equal(found[0], expected(op, (one, other), y))


@pytest.mark.parametrize(("zero_point", "of_y"), [(-128, 127), (127, -128)])
def test_sums_that_all_are_saturated_fit(zero_point: int, of_y: int) -> None:
    """No operand is below its zero point, and the output's is the largest value; or above."""
    x, y = tensor(0.1, zero_point), tensor(0.15, of_y)
    found = computed(Add((0, 1), 2), (x, x), y)
    assert found is not None and set(found[0].ravel()) == {of_y}


def function(first: Tensor, second: Tensor, y: Tensor, op: Add = Add((0, 1), 2)) -> str:  # noqa: B008
    return plain_arithmetic.KERNELS["add"].pack(op, (first, second), y).function


def test_what_has_no_weights_takes_three_scalings() -> None:
    x, y = tensor(0.1), tensor(0.15)
    assert function(x, x, y) == function(tensor(0.1, shape=(4,)), x, y) == "ghost_add_rows_s8"
    general = "ghost_add_s8"
    assert function(x, tensor(0.1, shape=(3, 1)), y) == general  # repeated value by value
    assert function(x, x, tensor(1e-7)) == general  # sums of more than 31 bits
    assert function(x, x, y, Add((0, 1), 2, "relu")) == general  # the zero point is above -128
    assert function(x, x, tensor(0.1, -128), Add((0, 1), 2, "relu")) == "ghost_add_rows_s8"

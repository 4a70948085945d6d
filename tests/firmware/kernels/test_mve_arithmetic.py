# SPDX-License-Identifier: Apache-2.0
"""Sums and pools on the vector unit, random ones side by side in one image."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.pack import pack
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.add import Add, Sub
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.lookup import Lookup
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D
from mcu_ghost.network.ops.reduce import Mean, Sum
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels.networks import check

KINDS: list[type[Operator]] = [Add, Sub, MaxPool2D, AveragePool2D, Mean, Sum]
IMAGE = (7, 5, 19)
FAST = {
    "ghost_add_rows_constant_s8",
    "ghost_max_pool_2d_s8",
    "ghost_average_few_2d_s8",
    "ghost_mean_few_s8",
}


def side_by_side(kinds: list[type[Operator]], count: int) -> Model:
    """Return random operators that all read one image."""
    rng = np.random.default_rng(count)
    tensors = [Tensor("x", IMAGE, "int8", 0.1, int(rng.integers(-128, 128)))]
    made: list[Operator] = []
    for number in range(count):
        op, y = kinds[number % len(kinds)].random(rng, tensors[0], 0)
        made.append(dataclasses.replace(op, output=number + 1))
        tensors.append(dataclasses.replace(y, name=f"y_{number}"))
    ends = tuple(range(1, count + 1))
    return Model("m", Graph(tuple(tensors), (0,), ends, tuple(made)), {})


def functions(model: Model) -> list[str]:
    return [p.function for p in pack(model, "mve")]


def test_a_reciprocal_divides_every_sum_of_few_taps() -> None:
    """What ghost_average_few_2d_s8.c computes is the quotient."""
    for taps in range(2, 257):
        n = np.arange(128 * taps + taps // 2 + 1)
        found = n * ((2**32 - 1) // taps + 1) >> 32
        np.testing.assert_array_equal(found, n // taps)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_same_bytes(kind: str, tmp_path: Path) -> None:
    model = side_by_side(KINDS, 36 + len(KINDS) * (kind == "zig"))
    assert FAST <= set(functions(model))
    check(model, "mps3-an547", "mve", kind, tmp_path, "qemu")


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_tables(kind: str, tmp_path: Path) -> None:
    """Of an image whose last values do not fill a vector."""
    model = side_by_side([Elementwise, Lookup], 8)
    assert set(functions(model)) == {"ghost_lookup_wide_s8"}
    check(model, "mps3-an547", "mve", kind, tmp_path, "qemu")

# SPDX-License-Identifier: Apache-2.0
"""Operators of two values and along axes: NumPy, plain C and stock TFLite Micro agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.network.ops.add import Add, Sub
from mcu_ghost.network.ops.binary import Binary
from mcu_ghost.network.ops.extremum import Maximum, Minimum
from mcu_ghost.network.ops.lookup import Lookup
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.prelu import PRelu
from mcu_ghost.network.ops.reduce import Mean, ReduceMax, ReduceMin, Sum
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels import single

PAIRS = [
    ((4, 3, 5), (4, 3, 5)),
    ((4, 3, 5), (1, 1, 5)),
    ((4, 1, 1), (4, 3, 5)),
    ((6, 1), (6, 7)),
    ((2, 1, 5), (2, 4, 5)),
    ((9,), (9,)),
]


def of_two(kind: type[Binary]) -> single.Make:
    """Return what makes operators of two tensors, of one shape or of shapes that fit."""

    def make(rng: np.random.Generator) -> tuple[Operator, tuple[Tensor, Tensor], Tensor]:
        first, second = (single.tensor(rng, s) for s in PAIRS[rng.integers(len(PAIRS))])
        scale, zero_point = kind._operand(rng, first)
        second = Tensor("other", second.shape, "int8", scale, zero_point)
        op, y = kind.random(rng, first, 0, other=second)
        return op, (first, second), y

    return make


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", [Add, Sub, Mul, Maximum, Minimum])
def test_two_tensors(kind: type[Binary], tmp_path: Path) -> None:
    single.check(of_two(kind), 60, tmp_path)


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", [Add, Sub, Mul, Maximum, Minimum])
def test_a_constant(kind: type[Binary], tmp_path: Path) -> None:
    """As either operand, of the whole shape or repeated along leading axes."""
    single.check(single.unary(kind), 40, tmp_path)


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", [Mean, Sum, ReduceMax, ReduceMin])
def test_along_axes(kind: type[Operator], tmp_path: Path) -> None:
    single.check(single.unary(kind), 60, tmp_path)


@pytest.mark.toolchain
def test_prelu(tmp_path: Path) -> None:
    single.check(single.unary(PRelu), 40, tmp_path)


@pytest.mark.toolchain
def test_lookup(tmp_path: Path) -> None:
    """An operator of ours, which stock TFLite Micro does not know."""
    single.check(single.unary(Lookup), 5, tmp_path, stock=False)

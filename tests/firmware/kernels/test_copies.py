# SPDX-License-Identifier: Apache-2.0
"""Operators that move values: NumPy, plain C and stock TFLite Micro agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.network.ops.broadcast_to import BroadcastTo
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.resize_nearest_neighbor import ResizeNearestNeighbor
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.ops.transpose import Transpose
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels import single


def joined(rng: np.random.Generator) -> tuple[Operator, list[Tensor], Tensor]:
    """Return a concatenation of tensors that differ along its axis."""
    first, axis = single.image(rng), -int(rng.integers(1, 4))
    lengths = [int(n) for n in rng.integers(1, 6, rng.integers(2, 6))]
    shapes = [(*first.shape[: 3 + axis], n, *first.shape[3 + axis + 1 :]) for n in lengths]
    xs = [Tensor("x", s, "int8", first.scale, first.zero_point) for s in shapes]
    whole = (*first.shape[: 3 + axis], sum(lengths), *first.shape[3 + axis + 1 :])
    y = Tensor("y", whole, "int8", first.scale, first.zero_point)
    return Concatenation(tuple(range(len(xs))), len(xs), axis), xs, y


@pytest.mark.toolchain
def test_concatenation(tmp_path: Path) -> None:
    single.check(joined, 40, tmp_path)


@pytest.mark.toolchain
@pytest.mark.parametrize(
    "kind", [Pad, StridedSlice, Transpose, ResizeNearestNeighbor, BroadcastTo, Concatenation]
)
def test_same_bytes(kind: type[Operator], tmp_path: Path) -> None:
    single.check(single.unary(kind), 40, tmp_path)

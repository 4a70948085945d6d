# SPDX-License-Identifier: Apache-2.0
"""Softmax: NumPy, plain C and stock TFLite Micro agree, of few values and of thousands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels import single


@pytest.mark.toolchain
def test_any_values(tmp_path: Path) -> None:
    def make(rng: np.random.Generator) -> tuple[Operator, tuple[Tensor], Tensor]:
        x = single.tensor(rng, (int(rng.integers(1, 40)),))
        op, y = Softmax.random(rng, x, 0)
        return op, (x,), y

    single.check(make, 60, tmp_path)


@pytest.mark.toolchain
@pytest.mark.parametrize("size", [255, 511, 513, 1023, 1025, 2049, 4000])
def test_as_good_as_equal_values(size: int, tmp_path: Path) -> None:
    """Shares of less than half a step are none, however far that has to be shifted.

    Stock TFLite Micro ends the program there.
    """

    def make(rng: np.random.Generator) -> tuple[Operator, tuple[Tensor], Tensor]:
        x = Tensor("x", (size,), "int8", 2**-13, 0)
        op, y = Softmax.random(rng, x, 0)
        return op, (x,), y

    single.check(make, 3, tmp_path, stock=size < 512)

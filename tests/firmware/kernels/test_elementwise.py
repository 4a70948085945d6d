# SPDX-License-Identifier: Apache-2.0
"""Functions of one value: NumPy, plain C and stock TFLite Micro agree."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from mcu_ghost.network.ops.elementwise import Elementwise, Function
from mcu_ghost.network.ops.lookup import tabulate
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels import single


@pytest.mark.toolchain
@pytest.mark.parametrize("function", get_args(Function))
def test_every_value(function: Function, tmp_path: Path) -> None:
    def make(rng: np.random.Generator) -> tuple[Operator, tuple[Tensor], Tensor]:
        x = single.tensor(rng, (1, 4, 150))  # nearly every value is among them
        op, y = Elementwise.random(rng, x, 0, function=function)
        return op, (x,), y

    single.check(make, 60, tmp_path)


def test_tabulated_functions_are_rounded_and_saturated() -> None:
    x, y = Tensor("x", (1,), "int8", 0.5, 0), Tensor("y", (1,), "int8", 0.25, -10)
    answers = tabulate(lambda real: real * real, x, y)
    assert answers[128:136].tolist() == [-10, -9, -6, -1, 6, 15, 26, 39]
    assert answers[0] == 127

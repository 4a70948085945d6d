# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pools: NumPy, plain C and stock TFLite Micro give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D
from tests.firmware.kernels import single


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", [Conv2D, DepthwiseConv2D, AveragePool2D, MaxPool2D])
def test_same_bytes(kind: type[Operator], tmp_path: Path) -> None:
    """Random shapes, groups, strides, dilations, paddings, scales and fused activations."""
    single.check(single.unary(kind), 60, tmp_path)

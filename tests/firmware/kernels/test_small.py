# SPDX-License-Identifier: Apache-2.0
"""Depthwise windows, pools, means and pairs of tensors on cores with DSP instructions."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.build.pack import pack
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.add import Add, Sub
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D
from mcu_ghost.network.ops.reduce import Mean
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels.networks import check, loud
from tests.firmware.kernels.test_dsp import each_run

IMAGE = (31, 9, 12)  # more rows and columns than a tile has


class Built:
    """A graph whose every operator reads the image, or it and another tensor."""

    def __init__(self, seed: int, image: tuple[int, int, int] = IMAGE) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = [Tensor("x", image, "int8", 0.1, int(self.rng.choice([-128, -3, 127])))]
        self.operators: list[Operator] = []

    def put(self, op: Operator, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        """Add an operator and what it writes."""
        self.operators.append(dataclasses.replace(op, output=len(self.tensors)))
        self.tensors.append(Tensor(f"y_{len(self.tensors)}", shape, "int8", scale, zero_point))
        return len(self.tensors) - 1

    def window(self, size: tuple[int, int], strides: tuple[int, int], same: bool) -> Window:
        bare = Window(size, strides)
        padding = bare.same(self.tensors[0].shape) if same else bare.padding
        return dataclasses.replace(bare, padding=padding)

    def depthwise(self, strides: tuple[int, int], same: bool, zero_point: int) -> int:
        """Add windows of 3 x 3, a third of the weights at the extremes, some sums saturated."""
        channels, window = self.tensors[0].shape[2], self.window((3, 3), strides, same)
        op = DepthwiseConv2D((0,), 0, *loud(self.rng, (3, 3, channels), channels), window)
        shape = (*window.output(self.tensors[0].shape), channels)
        return self.put(op, shape, 0.9, zero_point)

    def pool(self, kind: type[MaxPool2D] | type[AveragePool2D], window: Window) -> int:
        x = self.tensors[0]
        shape = (*window.output(x.shape), x.shape[2])
        return self.put(kind((0,), 0, window, "relu"), shape, x.scale, x.zero_point)

    def model(self) -> Model:
        outputs = tuple(range(1, len(self.tensors)))
        return Model("m", Graph(tuple(self.tensors), (0,), outputs, tuple(self.operators)), {})


def functions(model: Model) -> list[str]:
    return [p.function for p in pack(model, "dsp")]


def windows(seed: int) -> Model:
    """Return depthwise windows of every stride and padding, with and without the sign."""
    built = Built(seed)
    for strides in ((1, 1), (2, 2), (1, 2), (2, 1)):
        for same in (True, False):
            built.depthwise(strides, same, -128 if same == (strides[0] == 1) else 7)
    return built.model()


def values(seed: int, channels: int) -> Model:
    """Return pools, means and pairs of tensors."""
    built = Built(seed, (9, 7, channels))
    for size, strides, same in (((2, 2), (2, 2), False), ((3, 2), (1, 2), True)):
        window = built.window(size, strides, same)
        built.pool(MaxPool2D, window)
        built.pool(AveragePool2D, window)
    built.pool(AveragePool2D, built.window((9, 7), (1, 1), False))
    built.put(Mean((0,), 0, (-3, -2)), (channels,), 0.03, -5)
    near, shape = built.depthwise((1, 1), True, 3), built.tensors[0].shape
    for kind in (Add, Sub, Mul):
        built.put(kind((0, near), 0), shape, 0.7, -4)
        built.put(kind((near, 0), 0), shape, 0.7, 127)
    twin = built.put(Sub((0, 0), 0), shape, 0.1, 0)
    built.put(Add((0, twin), 0), shape, 0.2, 0)
    return built.model()


def test_what_is_out_of_bounds_takes_plain_c() -> None:
    def depthwise(**members: Any) -> str:
        built = Built(0)
        built.depthwise((1, 1), True, 0)
        built.operators = [dataclasses.replace(built.operators[0], **members)]
        return functions(built.model())[0]

    assert depthwise() == "ghost_depthwise_3x3_s8"
    plain = "ghost_depthwise_conv_2d_s8"
    assert depthwise(activation="relu") == plain  # the zero point is above -128
    assert depthwise(bias=np.full(12, 2**30, np.int32)) == plain
    assert depthwise(window=Window((3, 3), padding=((2, 2), (2, 2)), dilation=(2, 2))) == plain
    assert "ghost_depthwise_3x3_s8" not in functions(values(0, 5))
    wide = functions(values(0, 12))
    fast = ("wide", "rows", "even", "few")
    assert {name for name in wide if any(word in name for word in fast)} == set(wide) - {
        "ghost_depthwise_3x3_s8"
    }


@pytest.mark.emulator
@each_run
def test_every_stride_and_padding(board: str, kind: str, engine: str, tmp_path: Path) -> None:
    model = windows(len(kind))
    assert set(functions(model)) == {"ghost_depthwise_3x3_s8"}
    check(model, board, "dsp", kind, tmp_path, engine)


@pytest.mark.emulator
@each_run
def test_pools_means_and_pairs(board: str, kind: str, engine: str, tmp_path: Path) -> None:
    """Of 13 channels, which blocks of eight and four overlap."""
    check(values(len(board), 13), board, "dsp", kind, tmp_path, engine)

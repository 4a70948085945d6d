# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolutions on the vector unit: planes of four channels, tiles of places."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.kernels import mve_windows
from mcu_ghost.build.pack import pack
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.windows import Window, image
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels.networks import check, loud

FAST, PLAIN = "ghost_depthwise_planes_s8", "ghost_depthwise_conv_2d_s8"
# Size, strides, dilation, SAME padding, outputs of each channel, activation.
WINDOWS = [
    ((3, 3), (1, 1), (1, 1), True, 4, "none"),
    ((3, 3), (2, 1), (1, 1), True, 1, "relu"),
    ((2, 3), (1, 2), (1, 2), False, 1, "relu6"),
    ((1, 4), (1, 1), (1, 3), True, 3, "none"),
    ((4, 1), (1, 3), (1, 1), True, 1, "relu_n1_to_1"),
    ((4, 4), (1, 1), (1, 1), True, 1, "none"),
    ((1, 1), (1, 1), (1, 1), True, 1, "none"),
]


def depthwise(
    rng: np.random.Generator, x: Tensor, source: int, target: int, number: int
) -> tuple[Operator, Tensor]:
    """Return one of the windows on an image, and what it writes: some outputs saturate."""
    size, strides, dilation, same, multiplier, activation = WINDOWS[number]
    window = Window(size, strides, dilation)
    if same:
        window = dataclasses.replace(window, padding=window.same(x.shape))
    outputs = image(x.shape)[2] * multiplier
    made = loud(rng, (*size, outputs), outputs)
    y_scale, zero_point = x.scale * np.sqrt(size[0] * size[1]), int(rng.integers(-128, 128))
    y = Tensor(f"y_{target}", (*window.output(x.shape), outputs), "int8", y_scale, zero_point)
    return DepthwiseConv2D((source,), target, *made, window, activation), y


def chain(seed: int) -> Model:
    """Return all of them one behind the other; a wide image first."""
    rng = np.random.default_rng(seed)
    tensors = [Tensor("x", (5, 33, 5), "int8", 0.1, int(rng.integers(-128, 128)))]
    made = []
    for number in range(len(WINDOWS)):
        op, y = depthwise(rng, tensors[-1], number, number + 1, number)
        made.append(op)
        tensors.append(y)
    ends = tuple(range(1, len(tensors)))
    return Model("m", Graph(tuple(tensors), (0,), ends, tuple(made)), {})


def functions(model: Model) -> list[str]:
    return [p.function for p in pack(model, "mve")]


def test_tiles_are_what_a_byte_reaches_and_memory_holds() -> None:
    def tile(shape: tuple[int, int, int], *window: tuple[int, int]) -> tuple[int, int] | None:
        around = dataclasses.replace(Window(*window), padding=Window(*window).same(shape))
        return mve_windows._tile(around, Tensor("x", shape, "int8", 0.1, 0))

    assert tile((25, 5, 64), (3, 3)) == (25, 5)
    assert tile((96, 20, 8), (3, 3)) == (8, 20)
    assert tile((96, 96, 8), (3, 3)) == (1, 24)
    assert tile((96, 96, 8), (3, 3), (2, 2)) == (1, 12)
    assert tile((1, 900, 8), (1, 9)) == (1, 180)
    assert tile((900, 1, 8), (9, 1)) == (180, 1)
    assert tile((99, 99, 8), (3, 3), (1, 1), (9, 9)) is None


def test_what_does_not_fit_takes_plain_c() -> None:
    rng = np.random.default_rng(0)
    x = Tensor("x", (8, 8, 3), "int8", 0.1, 0)
    op, y = depthwise(rng, x, 0, 1, 0)

    def function(op: Operator, y: Tensor) -> str:
        return functions(Model("m", Graph((x, y), (0,), (1,), (op,)), {}))[0]

    assert function(op, y) == FAST
    assert function(op, dataclasses.replace(y, scale=1e-5)) == PLAIN  # a shift to the left
    large = Window((3, 6))
    weights = rng.integers(-127, 128, (3, 6, 12)).astype(np.int8)
    op = dataclasses.replace(op, weights=weights, window=large)
    assert function(op, dataclasses.replace(y, shape=(6, 3, 12))) == PLAIN


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_every_window(kind: str, tmp_path: Path) -> None:
    model = chain(len(kind))
    assert set(functions(model)) == {FAST}
    check(model, "mps3-an547", "mve", kind, tmp_path, "qemu")

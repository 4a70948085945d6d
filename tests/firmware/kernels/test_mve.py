# SPDX-License-Identifier: Apache-2.0
"""The Helium kernels: what they rely on, and images of every awkward size against the reference."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.kernels import mve
from mcu_ghost.host import resources
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops import gates
from mcu_ghost.network.random_model import random_model
from tests.firmware.kernels.networks import (
    EDGES,
    LADDERS,
    LARGE,
    check,
    extreme_inputs,
    normal,
    one_way,
    signs,
    stack,
)


def test_pairs_give_the_interpolation_everywhere_without_a_look_at_the_sign() -> None:
    source = resources.folder("firmware") / "kernels" / "ghost_sigmoid_pairs.c"
    words = [int(n, 16) for n in re.findall(r"0x\w+", source.read_text())]
    assert len(words) == 512
    node, step = np.array(words).astype(np.uint16).astype(np.int16), np.array(words) >> 16
    u = np.arange(-(2**17), 2**17)
    entry = 256 + (u >> 9)
    value = 512 * node[entry].astype(int) + (u & 511) * step[entry]
    inside = np.clip(u, 1 - 2**17, 2**17 - 1)
    np.testing.assert_array_equal(value, gates.interpolate(inside))


def test_tanh_may_be_clipped_as_early_as_the_kernel_does() -> None:
    every = np.arange(-32768, 32768)
    exact = gates.tanh(every)
    np.testing.assert_array_equal(gates.tanh(np.clip(every, -21845, 21845)), exact)
    state = gates.to_state(exact)
    np.testing.assert_array_equal(gates.to_state(gates.tanh(every.clip(max=11000))), state)
    merged = (gates.interpolate(6 * np.clip(every, -21845, 11000)) + 256 + 2**16) >> 17
    np.testing.assert_array_equal(merged, state)


def test_packed_rows_are_every_weight_once_and_nothing_else() -> None:
    """Weights come out by the layout that ghost_sums_s8.h describes."""
    for rows, columns in ((1, 1), (7, 16), (10, 33), (11, 15), (21, 47), (27, 64), (5, 0)):
        matrix = np.arange(rows * columns).reshape(rows, columns)
        flat = list(mve._rows(matrix))
        whole, found = columns // 16 * 16, np.full(matrix.shape, -1)
        row = 0
        for size in (7, 3, 1):
            while rows - row >= size:
                for block in range(0, whole, 16):
                    for i in range(row, row + size):
                        found[i, block : block + 16], flat = flat[:16], flat[16:]
                row += size
        for i in range(rows):
            rest = columns - whole
            found[i, whole:], flat = flat[:rest], flat[rest:]
        np.testing.assert_array_equal(found, matrix)
        assert len(flat) == -rows * columns % 4


def test_scratch_holds_three_sums_of_a_row_or_one_of_every_ghost() -> None:
    for units, ratio, words in ((8, 1, 24), (9, 2, 12), (10, 2, 24), (31, 7, 28), (30, 30, 32)):
        layer = random_model(1, units=units, ratio=ratio, inputs=3).layers[0]
        assert mve.KERNELS["ghost_gru"].pack(layer, None, None).scratch_bytes == 4 * words


def run(model: Model, kind: str, folder: Path) -> None:
    check(model, "mps3-an547", "mve", kind, folder, "qemu")


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("ratio", LADDERS)
def test_every_small_size(ratio: int, kind: str, tmp_path: Path) -> None:
    run(stack(normal(ratio, 1.5), LADDERS[ratio], 2 * ratio - 1), kind, tmp_path)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_large_layers_and_few_intrinsic_states(kind: str, tmp_path: Path) -> None:
    run(stack(normal(9, 2.0), LARGE, 100), kind, tmp_path)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("gain", [0.3, 60.0])
def test_weights_of_nothing_but_extremes(gain: float, kind: str, tmp_path: Path) -> None:
    model = stack(signs(3, gain), EDGES, 33)
    assert all((abs(layer.recurrent_kernel) == 127).all() for layer in model.layers)
    run(model, kind, tmp_path)


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_states_of_nothing_but_extremes(sign: int, kind: str, tmp_path: Path) -> None:
    model = stack(one_way(sign), EDGES, 16)
    runner = reference.Runner(model)
    for frame in extreme_inputs(model)[0]:
        runner.step(frame)
    for _, state in runner.state.values():
        assert (state == (127 if sign > 0 else -128)).all()
    run(model, kind, tmp_path)

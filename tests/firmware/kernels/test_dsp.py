# SPDX-License-Identifier: Apache-2.0
"""The kernels for cores with DSP instructions: assembly on emulators, its sibling in C here too."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build.kernels import dsp
from mcu_ghost.build.pack import pack
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.operator import Recurrent
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tensor import Tensor
from tests.conftest import compile_model
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
from tests.firmware.test_generated_model import run_c
from tests.networks import network, rebuilt

LONG = "ghost_gru_long_step_s8"
# Both emulators and both compilers, over the three cores.
RUNS = [
    ("nrf52840", "gcc", "unicorn"),
    ("mps2-an386", "zig", "qemu"),
    ("mps2-an505", "gcc", "qemu"),
    ("mps2-an500", "zig", "unicorn"),
]
each_run = pytest.mark.parametrize(("board", "kind", "engine"), RUNS)


def functions(model: Model) -> set[str]:
    return {p.function for p in pack(model, "dsp") if isinstance(p.op, Recurrent)}


def changed(**members: object) -> set[str]:
    """Return the functions of a small network whose layer has other members."""
    model = random_model(0, units=8, ratio=2, inputs=3)
    layer = dataclasses.replace(model.layers[0], **members)
    return functions(rebuilt(model, body=[layer]))


def unpack(words: np.ndarray, columns: int) -> np.ndarray:
    """Return the (4, columns) weights that a words stand for, by what the kernel does."""
    halves = np.stack([words & 0xFFFF, words >> 16], axis=-1).astype(np.uint16).astype(np.int16)
    second = halves.astype(np.int8).astype(int)
    first = (halves - second) >> 8
    by_pair = np.stack([first, second]).reshape(2, -1, 2, 2)  # row of pair, inputs, pair, input
    return by_pair.transpose(2, 0, 1, 3).reshape(4, -1)[:, :columns]


def test_paired_rows_are_the_weights() -> None:
    rng = np.random.default_rng(0)
    for columns in (1, 2, 3, 8, 77):
        weights = rng.choice([-127, -1, 0, 1, 127, *rng.integers(-127, 128, 9)], (4, columns))
        np.testing.assert_array_equal(unpack(dsp._pairs(weights), columns), weights)


def test_a_layer_out_of_bounds_takes_the_long_way() -> None:
    assert functions(random_model(0, units=154, ratio=2, inputs=10)) == {"ghost_gru_step_s8"}
    assert functions(stack(signs(0, 0.5), [(510, 1)], 4)) == {"ghost_gru_step_s8"}
    assert functions(stack(signs(0, 0.5), [(520, 1)], 4)) == {LONG}  # rows of 520 times ±127
    layer = random_model(0, units=8, ratio=2, inputs=3).layers[0]
    bias = layer.bias.copy()
    bias[1, 2, 1] = -(1 << 23)
    assert changed(bias=bias) == {LONG}
    steep = dataclasses.replace(layer.input_requantizers[0], multiplier=1 << 22, shift=9)
    gates = (steep, *layer.input_requantizers[1:])
    assert changed(input_requantizers=gates) == {LONG}


@pytest.fixture
def always_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every layer packed for what also runs on this machine."""
    monkeypatch.setattr(dsp, "EXACT", 0)


@pytest.mark.toolchain
@pytest.mark.usefixtures("always_long")
@pytest.mark.parametrize("seed", range(6))
def test_the_long_way_is_right_for_every_network(seed: int, tmp_path: Path) -> None:
    model = network(seed)
    assert functions(model) == {LONG}
    library = compile_model(model, tmp_path, "dsp")
    for x in extreme_inputs(model):
        np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


@pytest.mark.toolchain
def test_long_rows_of_extremes(tmp_path: Path) -> None:
    """Rows of up to 1 100 inputs times ±127 with states of ±127, and the largest biases."""
    model = stack(signs(1, 0.5), [(523, 1), (1100, 44)], 601)
    assert functions(model) == {LONG}
    library = compile_model(model, tmp_path, "dsp")
    for x in extreme_inputs(model, 4):
        np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


@pytest.mark.toolchain
@pytest.mark.usefixtures("always_long")
@pytest.mark.parametrize("outputs", [1, 3, 4, 5, 12])
def test_dense_layers_of_every_remainder(outputs: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(outputs)
    for inputs in (1, 2, 3, 4, 5, 23):
        bare = random_model(0, units=inputs, ratio=1, inputs=2, classes=0)
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = rng.integers(-5000, 5000, outputs).astype(np.int32)
        dense = FullyConnected((1,), 2, weights, bias, (0.004,))
        model = rebuilt(bare, head=[dense], more=[Tensor("y", (outputs,), "int8", 0.1, 5)])
        library = compile_model(model, tmp_path / str(inputs), "dsp")
        for x in extreme_inputs(model):
            np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


@pytest.mark.emulator
@pytest.mark.parametrize("ratio", LADDERS)
def test_every_small_size(ratio: int, tmp_path: Path) -> None:
    board, kind, engine = RUNS[ratio - 1]
    model = stack(normal(ratio, 1.5), LADDERS[ratio], 2 * ratio - 1)
    assert functions(model) == {"ghost_gru_step_s8"}
    check(model, board, "dsp", kind, tmp_path, engine)


@pytest.mark.emulator
@each_run
def test_large_layers_and_few_intrinsic_states(
    board: str, kind: str, engine: str, tmp_path: Path
) -> None:
    check(stack(normal(9, 2.0), LARGE, 100), board, "dsp", kind, tmp_path, engine)


@pytest.mark.emulator
@each_run
def test_weights_of_nothing_but_extremes(
    board: str, kind: str, engine: str, tmp_path: Path
) -> None:
    gain = 60.0 if kind == "gcc" else 0.3
    model = stack(signs(3, gain), EDGES, 33)
    assert all((abs(layer.recurrent_kernel) == 127).all() for layer in model.layers)
    check(model, board, "dsp", kind, tmp_path, engine)


@pytest.mark.emulator
@pytest.mark.parametrize("sign", [-1, 1])
def test_states_of_nothing_but_extremes(sign: int, tmp_path: Path) -> None:
    model = stack(one_way(sign), EDGES, 16)
    runner = reference.Runner(model)
    for frame in extreme_inputs(model)[0]:
        runner.step(frame)
    for _, state in runner.state.values():
        assert (state == (127 if sign > 0 else -128)).all()
    check(model, "nrf52840", "dsp", "gcc", tmp_path, "unicorn")


@pytest.mark.emulator
@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_the_longest_rows_that_assembly_takes_and_longer_ones(kind: str, tmp_path: Path) -> None:
    """Rows of 510 and 522 weights of ±127: just below the bound, and beyond it."""
    model = stack(signs(2, 0.5), [(510, 30), (522, 29)], 40)
    assert functions(model) == {"ghost_gru_step_s8", LONG}
    check(model, "nrf52840", "dsp", kind, tmp_path, "unicorn")

# SPDX-License-Identifier: Apache-2.0
"""Dense layers, convolutions and gates on cores without DSP instructions: rows in lanes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.build.kernels import lanes
from mcu_ghost.build.pack import pack
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.rounding import multiply
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.tensor import Tensor
from tests.conftest import compile_model
from tests.firmware.kernels.networks import check, extreme_inputs, loud
from tests.firmware.kernels.test_rows import Built, every
from tests.firmware.test_generated_model import run_c
from tests.recurrent import X, alone, extreme

ROWS = {"ghost_rows_s8", "ghost_conv_rows_s8"}
# Both cores and compilers, both emulators.
RUNS = [("microbit", "gcc", "unicorn"), ("mps2-an385", "zig", "qemu")]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let even the smallest layers go in lanes."""
    monkeypatch.setattr(lanes, "_WORTH", -(10**9))


def functions(model: Model) -> list[str]:
    return [p.function for p in pack(model, "lanes") if p.op.kind != "reshape"]


def clamped(seed: int) -> Model:
    """Return `every` shape, the limits of each operator closer than those of int8 or not."""
    model = every(seed)
    activations = ("relu", "none", "relu6", "relu_n1_to_1")
    made: list[Operator] = [
        dataclasses.replace(op, activation=activations[i % 4]) if op.kind != "reshape" else op
        for i, op in enumerate(model.graph.operators)
    ]
    graph = dataclasses.replace(model.graph, operators=tuple(made))
    return Model("m", graph, {})


def gated(seed: int, gain: float, **options: Any) -> Model:
    """Return layers of every kind of gates and every rest of rows, one behind the other."""
    rng = np.random.default_rng(seed)
    made: list[tuple[Operator, Tensor]] = []
    for units in (1, 2, 3, 4, 7, 17):
        for kind, more in (
            (LSTM, {"largest_cell": (0.4, 3.0, 400.0)[units % 3]}),
            (SimpleRNN, {"largest": 3.0} if units % 2 else {}),
            (ResetGRU, {"reset_after": True}),
            (ResetGRU, {"reset_after": False}),
        ):
            before = made[-1][1] if made else X
            more = {**more, **({} if kind is SimpleRNN else options)}
            made.append(kind.random(rng, before, len(made), units=units, gain=gain, **more))
    return alone(*made)


def same(model: Model, folder: Path) -> None:
    """Compare the C with the reference, on this machine."""
    library, x = compile_model(model, folder, "lanes"), extreme_inputs(model)
    for sequence in x:
        np.testing.assert_array_equal(
            run_c(library, model, sequence), reference.run(model, sequence[np.newaxis])[0]
        )


def test_half_away_from_zero_is_a_shift_and_one_more() -> None:
    """What ghost_rows_s8.c computes of a sum is what TFLite does."""
    rng = np.random.default_rng(0)
    for s in range(31):
        a = rng.integers(-(2**30) + 1, 2**30, 500)
        a[:250] = rng.integers(-300, 300, 250) * 2 ** int(rng.integers(0, 21))  # ties
        multiplier = int(rng.choice([2**30, 2**31 - 1, 2**30 + 2**29, rng.integers(2**30, 2**31)]))
        v = (2 * a * multiplier + 2**31) >> 32
        found = (((v + (a >> 31)) >> s) + 1) >> 1
        np.testing.assert_array_equal(found, multiply(a, multiplier, -s - 1))


def test_a_stream_takes_what_plain_c_does() -> None:
    """But for a byte of odd inputs in each row, and for words that are filled up."""
    for outputs, inputs, one in ((256, 256, True), (64, 64, False), (16, 33, False)):
        built = Built(outputs)
        x = Tensor("x", (inputs,), "int8", 0.1, -3)
        scales = (0.01,) if one else tuple(np.linspace(0.01, 0.02, outputs))
        weights = loud(built.rng, (outputs, inputs), outputs)[0]
        op = FullyConnected((0,), 1, weights, np.zeros(outputs, np.int32), scales)
        y = Tensor("y", (outputs,), "int8", 3.0, 0)
        packed = lanes.KERNELS["fully_connected"].pack(op, (x,), y).arrays
        assert list(packed) == ["stream"]
        requantizer = 5 if one else 5 * outputs
        plain = op.weights.size + 4 * outputs + requantizer
        assert 0 <= packed["stream"].nbytes - plain <= outputs * (inputs % 2) + 7


def test_what_lanes_cannot_or_need_not_takes_plain_c() -> None:
    def dense(outputs: int, inputs: int, scale: float = 0.01, bias: int = 0) -> list[str]:
        built = Built(0)
        built.tensors[0] = Tensor("x", (inputs,), "int8", 0.1, 0)
        weights = loud(built.rng, (outputs, inputs), outputs)[0]
        y = Tensor("y", (outputs,), "int8", 3.0, 0)
        op = FullyConnected((0,), 0, weights, np.full(outputs, bias, np.int32), (scale,))
        built.put(op, y)
        return functions(built.model(1))

    assert dense(12, 64) == ["ghost_rows_s8"]
    assert dense(12, 64, bias=2**30) == ["ghost_fully_connected_s8"]
    assert dense(12, 64, scale=20.0) == ["ghost_fully_connected_s8"]  # a row rounds once
    assert dense(2, 500) == ["ghost_fully_connected_s8"]  # two rows do not pay for a table
    assert dense(4, 16) == ["ghost_fully_connected_s8"]
    small, large = (LSTM.random(np.random.default_rng(0), X, 0, units=n) for n in (2, 8))
    assert functions(alone(small)) == ["ghost_lstm_step_s8"]
    assert functions(alone(large)) == ["ghost_lstm_lanes_step_s8"]


@pytest.mark.toolchain
@pytest.mark.usefixtures("always")
def test_every_shape_here(tmp_path: Path) -> None:
    for seed, model in enumerate((every(1), clamped(2))):
        assert set(functions(model)) == ROWS
        same(model, tmp_path / str(seed))


@pytest.mark.toolchain
@pytest.mark.usefixtures("always")
def test_every_layer_of_gates_here(tmp_path: Path) -> None:
    """Of usual weights, of a hard sigmoid, of weights of ±127 only."""
    for seed, model in enumerate(
        (gated(0, 0.8), gated(1, 0.8, hard=0.2), extreme(gated(2, 4.0), 2))
    ):
        assert all("lanes_step" in name for name in functions(model))
        same(model, tmp_path / str(seed))


@pytest.mark.emulator
@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("board", "kind", "engine"), RUNS)
def test_every_shape_on_its_cores(board: str, kind: str, engine: str, tmp_path: Path) -> None:
    check(clamped(len(board)), board, "lanes", kind, tmp_path / "rows", engine)
    check(extreme(gated(3, 4.0), 3), board, "lanes", kind, tmp_path / "gates", engine)

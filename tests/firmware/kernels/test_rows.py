# SPDX-License-Identifier: Apache-2.0
"""Dense layers, convolutions and LSTMs on cores with DSP instructions: one product in assembly."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.build.pack import pack
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.gates import Requantizer
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.rounding import multiply
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.tensor import Tensor
from tests.firmware.kernels.networks import check, loud
from tests.firmware.kernels.test_dsp import each_run
from tests.recurrent import X, alone, extreme

IMAGE = (6, 5, 6)
SAME, VALID = True, False
# Size, strides, dilation, padding, outputs: in place or gathered, one place left over or none.
WINDOWS = [
    ((1, 1), (1, 1), (1, 1), VALID, 9),
    ((1, 1), (2, 2), (1, 1), VALID, 4),
    ((3, 3), (1, 1), (1, 1), SAME, 4),
    ((3, 2), (1, 2), (2, 1), SAME, 3),
    ((2, 5), (2, 1), (1, 1), VALID, 1),
    ((2, 5), (1, 1), (2, 1), VALID, 2),
    ((6, 5), (1, 1), (1, 1), VALID, 6),
    ((1, 3), (1, 1), (1, 2), SAME, 5),
]
SIZES = (7, 33, 5, 1, 3, 2, 4, 12)


class Built:
    """A graph whose every operator reads the image, or the dense layer before."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = [Tensor("x", IMAGE, "int8", 0.1, int(self.rng.integers(-128, 128)))]
        self.operators: list[Operator] = []

    def put(self, op: Operator, y: Tensor) -> int:
        """Add an operator and what it writes."""
        self.operators.append(dataclasses.replace(op, output=len(self.tensors)))
        self.tensors.append(y)
        return len(self.tensors) - 1

    def result(self, shape: tuple[int, ...], inputs: int) -> Tensor:
        """Return a tensor that some of the sums saturate."""
        name = f"y_{len(self.tensors)}"
        return Tensor(name, shape, "int8", 0.3 * inputs**0.5, int(self.rng.integers(-128, 128)))

    def convolution(self, index: int) -> int:
        """Add one of the windows."""
        size, strides, dilation, same, outputs = WINDOWS[index]
        window = Window(size, strides, dilation)
        if same:
            window = dataclasses.replace(window, padding=window.same(IMAGE))
        made = loud(self.rng, (outputs, *size, IMAGE[2]), outputs)
        y = self.result((*window.output(IMAGE), outputs), made[0][0].size)
        return self.put(Conv2D((0,), 0, *made, window), y)

    def dense(self, source: int, outputs: int) -> int:
        """Add a dense layer."""
        inputs = self.tensors[source].size
        op = FullyConnected((source,), 0, *loud(self.rng, (outputs, inputs), outputs))
        return self.put(op, self.result((outputs,), inputs))

    def model(self, *outputs: int) -> Model:
        """Return the network."""
        return Model("m", Graph(tuple(self.tensors), (0,), outputs, tuple(self.operators)), {})


def every(seed: int) -> Model:
    """Return a network of all the windows and sizes, each with its answer."""
    built = Built(seed)
    outputs = [built.convolution(i) for i in range(len(WINDOWS))]
    x = built.tensors[0]
    flat = built.put(Reshape((0,), 0), dataclasses.replace(x, name="flat", shape=(x.size,)))
    for size in SIZES:
        flat = built.dense(flat, size)
        outputs.append(flat)
    return built.model(*outputs)


def functions(model: Model) -> list[str]:
    return [p.function for p in pack(model, "dsp")]


def test_what_is_added_makes_one_rounding_of_both() -> None:
    """What ghost_rows_s8.S computes of a sum is what TFLite does."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        a = rng.integers(-(2**23) + 1, 2**23, 500)
        multiplier = int(rng.choice([2**30, 2**31 - 1, 2**30 + 2**29, rng.integers(2**30, 2**31)]))
        exponent, zero_point = int(rng.integers(1, 23)), int(rng.integers(-128, 128))
        a[:250] = rng.integers(-300, 300, 250) * 2 ** int(rng.integers(0, 14))  # ties
        added = (1 << (exponent - 1)) + (zero_point << exponent)
        high = (2 * a * multiplier + (added << 32) + 2**31) >> 32  # SMMLAR
        found = (high + (a >> 31)) >> exponent
        np.testing.assert_array_equal(found, multiply(a, multiplier, -exponent) + zero_point)


def test_what_is_out_of_bounds_goes_another_way() -> None:
    built = Built(0)
    near, far = built.convolution(0), built.convolution(2)
    model = built.model(near, far)
    assert functions(model) == ["ghost_conv_rows_s8"] * 2
    ops, tensors = list(built.operators), list(built.tensors)

    def changed(**members: object) -> list[str]:
        built.operators = [dataclasses.replace(ops[0], **members), ops[1]]
        return functions(built.model(near, far))

    assert changed(activation="relu")[0] == "ghost_conv_2d_s8"  # the zero point is above -128
    assert changed(bias=np.full(9, 2**23, np.int32))[0] == "ghost_conv_2d_s8"
    built.tensors[near] = dataclasses.replace(tensors[near], scale=1e-4)  # a shift to the left
    assert changed() == ["ghost_conv_2d_s8", "ghost_conv_rows_s8"]
    built.tensors[near] = dataclasses.replace(tensors[near], zero_point=-128)
    assert changed(activation="relu")[0] == "ghost_conv_rows_s8"


def test_most_of_a_window_s_work_is_fast_and_the_rest_small() -> None:
    rng = np.random.default_rng(0)
    x = Tensor("x", (8, 6), "int8", 0.1, 0)
    flat, wide, narrow = (Tensor(f"y_{n}", (n,), "int8", 0.3, 0) for n in (48, 40, 2))

    def dense(source: int, inputs: int, y: Tensor) -> FullyConnected:
        weights = rng.integers(-127, 128, (y.size, inputs)).astype(np.int8)
        return FullyConnected((source,), source + 1, weights, np.zeros(y.size, np.int32), (0.01,))

    made = (Reshape((0,), 1), dense(1, 48, wide), dense(2, 40, narrow))
    model = Model("m", Graph((x, flat, wide, narrow), (0,), (3,), made), {"plan": "window"})
    assert model.head and not model.head_per_frame
    assert {p.function for p in pack(model, "dsp") if p.op.kind == "fully_connected"} == {
        "ghost_rows_s8"
    }
    layer, y = LSTM.random(rng, Tensor("x", (8, 6), "int8", 0.1, 0), 0, units=40)
    layer = dataclasses.replace(layer, return_sequences=False)
    graph = Graph((x, dataclasses.replace(y, shape=(40,)), narrow), (0,), (2,),
                  (layer, dense(1, 40, narrow)))  # fmt: skip
    assert functions(Model("m", graph, {"plan": "window"})) == [
        "ghost_lstm_rows_step_s8",
        "ghost_fully_connected_s8",
    ]


@pytest.mark.emulator
@each_run
def test_every_shape(board: str, kind: str, engine: str, tmp_path: Path) -> None:
    model = every(len(board))
    assert set(functions(model)) == {"ghost_conv_rows_s8", "ghost_rows_s8"}
    check(model, board, "dsp", kind, tmp_path, engine)


# Units, and what else there is of a layer: odd and even sizes, cells of every room.
LSTMS = [
    (LSTM, units, {"largest_cell": largest})
    for units, largest in ((1, 3.0), (2, 0.4), (7, 3.0), (34, 9.0), (65, 400.0), (3, 2.0**14))
]
OTHERS = [
    (ResetGRU, 1, {}),
    (ResetGRU, 6, {"hard": 0.2}),
    (SimpleRNN, 35, {}),
    (ResetGRU, 34, {"reset_after": True}),
    (ResetGRU, 7, {"reset_after": True, "hard": 1 / 6}),
    (SimpleRNN, 5, {"largest": 5.0}),
    (ResetGRU, 64, {}),
    (SimpleRNN, 8, {}),
]
ROWS = {"lstm": "ghost_lstm_rows_step_s8", "reset_gru": "ghost_reset_gru_rows_step_s8",
        "simple_rnn": "ghost_simple_rnn_rows_step_s8"}  # fmt: skip


def behind(layers: list[tuple[type[Gated], int, dict[str, Any]]], gain: float, seed: int) -> Model:
    """Return layers one behind the other."""
    rng = np.random.default_rng(seed)
    made: list[tuple[Operator, Tensor]] = []
    for number, (kind, units, options) in enumerate(layers):
        x = made[-1][1] if made else X
        made.append(kind.random(rng, x, number, units=units, gain=gain, **options))
    return alone(*made)


def test_an_lstm_that_the_assembly_cannot_takes_plain_c() -> None:
    op, y = LSTM.random(np.random.default_rng(0), X, 0, units=4)

    def function(**members: object) -> list[str]:
        return functions(alone((dataclasses.replace(op, **members), y)))

    assert function() == ["ghost_lstm_rows_step_s8"]
    assert function(bias=np.full_like(op.bias, 2**23)) == ["ghost_lstm_step_s8"]
    assert function(slope=6554) == ["ghost_lstm_step_s8"]
    far = tuple(Requantizer(rq.multiplier, 9) for rq in op.input_requantizers)
    assert function(input_requantizers=far) == ["ghost_lstm_step_s8"]


@pytest.mark.parametrize("kind", [ResetGRU, SimpleRNN])
def test_sums_that_could_be_large_take_plain_c(kind: type[Gated]) -> None:
    op, y = kind.random(np.random.default_rng(0), X, 0, units=4)
    large = dataclasses.replace(op, bias=np.full_like(op.bias, 2**23))
    assert functions(alone((op, y))) == [ROWS[op.kind]]
    assert functions(alone((large, y))) == [f"ghost_{op.kind}_step_s8"]


@pytest.mark.emulator
@each_run
@pytest.mark.parametrize("loud", [False, True])
@pytest.mark.parametrize("layers", [LSTMS, OTHERS], ids=["lstm", "others"])
def test_recurrent_layers_of_every_size(
    layers: Any, loud: bool, board: str, kind: str, engine: str, tmp_path: Path
) -> None:
    """Loud ones have weights of ±127 only."""
    model = extreme(behind(layers, 6.0, 1), 1) if loud else behind(layers, 0.8, 2)
    assert functions(model) == [ROWS[op.kind] for op in model.layers]
    bits = {op.cell_bits for op in model.layers if isinstance(op, LSTM)}
    assert layers is OTHERS or bits >= {0, 15}
    check(model, board, "dsp", kind, tmp_path, engine)

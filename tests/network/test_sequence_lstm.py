# SPDX-License-Identifier: Apache-2.0
"""TFLite's LSTM against stock TFLite Micro, frame by frame and of whole sequences."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.operator import Recurrent
from mcu_ghost.network.ops.sequence_lstm import TABLE, SequenceLSTM, sigmoid, tanh
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write
from mcu_ghost.network.tflite.builder import Builder
from tests.firmware import test_graphs_on_boards as on_boards
from tests.firmware.test_generated_graphs import compiled, differs

EVERY = np.arange(-32768, 32768)


def made(seed: int, frames: int = 6, last: bool = False, loud: bool = False) -> Model:
    """Return an LSTM; behind it a dense layer if only its last frame is used."""
    rng = np.random.default_rng(seed)
    x = Tensor("x", (int(rng.integers(1, 20)),), "int8", 0.03, int(rng.integers(-128, 128)))
    op, y = SequenceLSTM.random(rng, x, 0, units=int(rng.integers(1, 20)))
    if loud:
        scales = tuple(8 * s for s in op.kernel_scales)
        signs = rng.choice([-127, 127], op.kernel.shape).astype(np.int8)
        op = replace(op, kernel=signs, kernel_scales=scales)
    if not last:
        return Model.chain(f"lstm{seed}", frames, (x, y), (op,), head_per_frame=True)
    dense, z = FullyConnected.random(rng, y, 1, outputs=3)
    op = replace(op, return_sequences=False)
    return Model.chain(f"lstm{seed}", frames, (x, y, z), (op,), (dense,))


def stock(data: bytes, x: np.ndarray) -> np.ndarray:
    """Return what stock TFLite Micro answers to sequences, each from the zero state."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    answers = []
    for one in x:
        interpreter.reset()
        interpreter.set_input(one[None], 0)
        interpreter.invoke()
        answers.append(interpreter.get_output(0)[0].copy())
    return np.array(answers)


@pytest.mark.parametrize("loud", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_it_equals_stock_tflite_micro(last: bool, loud: bool) -> None:
    moved = 0
    for seed in range(12):
        model = made(seed, last=last, loud=loud)
        data = write.serialize(model)
        again = read.parse(data, model.name)
        assert write.serialize(again) == data
        assert [type(op) for op in again.graph.operators] == [
            type(op) for op in model.graph.operators
        ]
        x = random_inputs(seed, model, 5, 6)
        wanted = stock(data, x)
        np.testing.assert_array_equal(reference.run(again, x), wanted)
        whole = reference.whole(again.graph, [x])[again.graph.outputs[0]]
        np.testing.assert_array_equal(whole, wanted)
        moved += len(np.unique(wanted))
    assert moved > 100


def test_a_file_of_one_frame_is_a_stream() -> None:
    """TFLite Micro goes on from the state that an invocation leaves; so do we."""
    from tflite_micro.python.tflite_micro import runtime

    model = read.parse(write.serialize(made(3, frames=1)), "one")
    assert (model.window, model.head_per_frame) == (None, True)
    x = random_inputs(0, model, 1, 20)[0]
    interpreter = runtime.Interpreter.from_bytes(write.serialize(model), arena_size=1 << 18)
    for frame, answer in zip(x, reference.run(model, x), strict=True):
        interpreter.set_input(frame.reshape(1, 1, -1), 0)
        interpreter.invoke()
        np.testing.assert_array_equal(np.ravel(interpreter.get_output(0)), answer)


def test_its_state_begins_at_the_zero_point() -> None:
    model = made(1, last=True)
    (layer,) = model.layers
    assert model.window == 6 and isinstance(layer, SequenceLSTM)
    assert [v.initial for v in layer.variables] == [0, layer.state_zero_point]
    assert layer.state_zero_point != 0
    assert reference.Runner(model).state[1][1].tolist() == [layer.state_zero_point] * layer.units


def reverse(model: Model) -> Model:
    """Return it with an LSTM of the frames in reverse."""
    (op,), (x, y) = model.graph.operators, model.graph.tensors
    turned = replace(x, name="turned")
    n = x.shape[0]
    back = StridedSlice((0,), 1, ((n - 1, n, -1), (0, x.shape[1], 1)))
    layer = replace(op, inputs=(1,), output=2)
    graph = Graph((x, turned, y), (0,), (2,), (back, layer))
    return replace(model, graph=graph, name=f"{model.name}_back")


@pytest.mark.toolchain
def test_generated_c(tmp_path: Path) -> None:
    models = [made(seed, last=seed % 2 > 0, loud=seed % 3 == 0) for seed in range(12)]
    models += [reverse(made(seed, frames=9)) for seed in (20, 21)]
    assert any(step.passing for step in models[-1].steps)
    library = compiled(models, tmp_path, "plain")
    for model in models:
        for seed in range(3):
            x = random_inputs(seed, model, 1, model.frames)[0]
            assert differs(library, model, x) == "", model.name


@pytest.mark.emulator
def test_on_a_board(tmp_path: Path) -> None:
    model = read.parse(write.serialize(made(2, last=True)), "lstm")
    on_boards.check(model, "microbit", tmp_path)


def test_sigmoid_and_tanh_are_close() -> None:
    assert np.abs(sigmoid(EVERY) - 32768 / (1 + np.exp(-EVERY / 4096))).max() <= 1.3
    assert np.abs(tanh(3 * EVERY) - 32768 * np.tanh(EVERY / 4096)).max() <= 2.6
    for found in (sigmoid(EVERY), tanh(3 * EVERY)):
        assert (np.diff(found) >= 0).all()


def test_the_table_in_c_is_that_of_the_reference() -> None:
    source = resources.folder("firmware") / "kernels" / "plain" / "ghost_even_sigmoid_table.c"
    numbers = [int(n) for n in re.findall(r"-?\d+", source.read_text().split("{")[1])]
    assert numbers == TABLE.tolist()


class Odd(Builder):
    """A file whose operator has other inputs or options than it would."""

    def __init__(self, places: dict[int, int], time_major: bool, activation: int) -> None:
        super().__init__()
        self.places, self.time_major, self.activation = places, time_major, activation

    def operator(
        self, code: int, inputs: Any, output: Any, version: int, options: Any = None
    ) -> None:
        if code == tflite.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM:
            inputs = [self.places.get(i, index) for i, index in enumerate(inputs)]
            b = self.builder
            tflite.UnidirectionalSequenceLSTMOptionsStart(b)
            tflite.UnidirectionalSequenceLSTMOptionsAddTimeMajor(b, self.time_major)
            tflite.UnidirectionalSequenceLSTMOptionsAddFusedActivationFunction(b, self.activation)
            options = (options[0], tflite.UnidirectionalSequenceLSTMOptionsEnd(b))
        super().operator(code, inputs, output, version, options)


TANH, RELU = tflite.ActivationFunctionType.TANH, tflite.ActivationFunctionType.RELU


@pytest.mark.parametrize(
    ("places", "time_major", "activation", "words"),
    [
        ({10: 1}, False, TANH, "with peepholes is not supported"),
        ({16: 1}, False, TANH, "with a projection is not supported"),
        ({23: 1}, False, TANH, "with layer normalisation is not supported"),
        ({1: -1, 5: -1}, False, TANH, "without one of its gates is not supported"),
        ({}, True, TANH, "with time before the batch is not supported"),
        ({}, False, RELU, "with an activation that is not tanh is not supported"),
        ({18: 1}, False, TANH, "must be a variable of"),
    ],
)
def test_other_variants_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    places: dict[int, int],
    time_major: bool,
    activation: int,
    words: str,
) -> None:
    monkeypatch.setattr(write, "Builder", lambda: Odd(places, time_major, activation))
    data = write.serialize(made(0))
    with pytest.raises(GhostError, match=words):
        read.parse(data, "odd")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cell_power": 1}, "cell must have a scale of 2 to the -15"),
        ({"state_scale": 0.5}, "same scale and zero point of state and output"),
        ({"kernel_scales": (1e6,) * 4}, "can overflow 32 bits"),
    ],
)
def test_other_numbers_are_refused(change: dict[str, Any], words: str) -> None:
    model = made(0)
    (op,) = model.graph.operators
    assert isinstance(op, Recurrent)
    changed = replace(model, graph=replace(model.graph, operators=(replace(op, **change),)))
    with pytest.raises(GhostError, match=words):
        read.parse(write.serialize(changed), "odd")

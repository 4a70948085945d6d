# SPDX-License-Identifier: Apache-2.0
"""Networks that keep frames in variables: as stock TFLite Micro runs them, call by call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.assign_variable import AssignVariable
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write
from mcu_ghost.network.tflite.builder import Builder
from tests.firmware import test_graphs_on_boards as on_boards
from tests.firmware.test_generated_graphs import compiled, differs
from tests.image_networks import Growing
from tests.streaming import remember, streaming

SHAPE = (1, 4)
X = Tensor("x", SHAPE, "int8", 0.5, 3)
Codes = tflite.BuiltinOperator


def stock(data: bytes, model: Model, x: np.ndarray) -> np.ndarray:
    """Return what stock TFLite Micro answers, one invocation for each row."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    answers = []
    for one in x:
        interpreter.set_input(one.reshape(1, *model.graph.tensors[model.graph.inputs[0]].shape), 0)
        interpreter.invoke()
        answers.append(np.ravel(interpreter.get_output(0)).copy())
    return np.array(answers)


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_is_that_of_stock_tflite_micro(seed: int) -> None:
    model = streaming(seed).model({})
    assert (model.window, model.head, model.frames) == (None, (), 1)
    assert model.plan == "a stream, reset only where another sequence begins"
    data = write.serialize(model)
    assert write.serialize(read.parse(data, "again")) == data
    x = random_inputs(seed, model, 1, 12)[0]
    wanted = stock(data, model, x)
    np.testing.assert_array_equal(reference.run(model, x), wanted)
    assert (reference.run(model, x[1:])[0] != wanted[1]).any()  # something was remembered


@pytest.mark.toolchain
def test_generated_c(tmp_path: Path) -> None:
    made = [replace(streaming(seed).model({}), name=f"s{seed}") for seed in range(4)]
    library = compiled(made, tmp_path, "plain")
    for model in made:
        assert differs(library, model, random_inputs(1, model, 1, 12)[0]) == ""


@pytest.mark.emulator
def test_on_a_board(tmp_path: Path) -> None:
    on_boards.check(streaming(0).model({}), "nrf52840", tmp_path)


def test_memory_of_a_layer_is_free_before_the_next() -> None:
    """Its variable is assigned as soon as that can be, wherever it stands in the file."""
    graph = Growing(0, (3, 1, 6))
    remember(graph, 0, 4)
    *_, piece, assign = graph.operators
    graph.add(Elementwise, 2)
    graph.add(Elementwise)
    graph.operators = [*graph.operators[:1], *graph.operators[3:], piece, assign]
    kinds = [step.op.kind for step in graph.model({}).steps]
    assert kinds[:4] == ["concatenation", "strided_slice", "assign_variable", "elementwise"]


class Calls(Builder):
    """A file with variables `a` and `b`, written as a converter might."""

    def __init__(self) -> None:
        super().__init__()
        self.x = self.value("x")
        self.handles = {name: self.handle(name) for name in "ab"}

    def value(self, name: str, scale: float = 0.5) -> int:
        return self.tensor(name, (1, *SHAPE), "int8", (scale,), 3)

    def read(self, name: str, scale: float = 0.5) -> int:
        target = self.value(f"{name}_now", scale)
        self.operator(Codes.READ_VARIABLE, [self.handles[name]], target, 1)
        return target

    def assign(self, name: str, value: int) -> None:
        self.operator(Codes.ASSIGN_VARIABLE, [self.handles[name], value], (), 1)

    def tanh(self, x: int) -> int:
        target = self.tensor("tanh", (1, *SHAPE), "int8", (1 / 128,), 0)
        self.operator(Codes.TANH, [x], target, 1)
        return target

    def done(self, output: int) -> bytes:
        return self.file("calls", [self.x], [output], {})


def delays(file: Calls) -> int:
    """Assign one variable to the other, which reads it, in the order that needs another."""
    a, b = file.read("a"), file.read("b")
    file.assign("a", file.x)
    file.assign("b", a)
    return file.tanh(b)


def late(file: Calls) -> int:
    """Read a variable that is assigned before it is used, and again behind that."""
    a = file.read("a")
    file.assign("a", file.x)
    both = file.tensor("both", (1, 1, 8), "int8", (0.5,), 3)
    tflite.ConcatenationOptionsStart(file.builder)
    tflite.ConcatenationOptionsAddAxis(file.builder, 2)
    end = tflite.ConcatenationOptionsEnd(file.builder)
    options = (tflite.BuiltinOptions.ConcatenationOptions, end)
    file.operator(Codes.CONCATENATION, [a, file.read("a")], both, 2, options)
    return both


@pytest.mark.parametrize("make", [delays, late])
def test_what_is_read_is_what_was_assigned_before(make: Callable[[Calls], int]) -> None:
    file = Calls()
    data = file.done(make(file))
    model = read.parse(data, "calls")
    x = random_inputs(0, model, 1, 6)[0]
    np.testing.assert_array_equal(reference.run(model, x), stock(data, model, x))


def never(file: Calls) -> int:
    return file.tanh(file.read("a"))


def twice(file: Calls) -> int:
    a = file.read("a")
    file.assign("a", file.x)
    file.assign("a", file.x)
    return file.tanh(a)


def exchanged(file: Calls) -> int:
    a, b = file.read("a"), file.read("b")
    file.assign("a", b)
    file.assign("b", a)
    return file.tanh(file.x)


def rescaled(file: Calls) -> int:
    a = file.read("a", 0.25)
    file.assign("a", file.x)
    return file.tanh(a)


def given(file: Calls) -> int:
    a = file.read("a")
    file.assign("a", file.x)
    return a


def nothing(file: Calls) -> int:
    file.operator(Codes.ASSIGN_VARIABLE, [file.x, file.x], (), 1)
    return file.tanh(file.x)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (never, "variable 'a' is read, and never assigned"),
        (twice, "variable 'a' is assigned twice"),
        (exchanged, "variables that are assigned to each other are not supported"),
        (rescaled, "variable 'a' must have the same scale and zero point before and behind it"),
        (given, "a variable as it was before is an output of the network"),
        (nothing, "tensor 'x' is no variable"),
    ],
)
def test_other_variables_are_refused(make: Callable[[Calls], int], words: str) -> None:
    file = Calls()
    with pytest.raises(GhostError, match=words):
        read.parse(file.done(make(file)), "calls")


def test_its_name_is_shown_as_others_are() -> None:
    file = Calls()
    file.handles["a"] = file.handle("a\nb" + "c" * 80)
    with pytest.raises(GhostError, match=r"variable 'a\?bc{56}…' is read, and never assigned"):
        read.parse(file.done(never(file)), "calls")


def begun(values: Any, graph: int = 1, tail: bool = False) -> bytes:
    """Return a file whose variable begins with these values, set by the graph of this number."""
    file = Calls()
    file.call_once(graph)
    a = file.read("a")
    file.assign("a", file.x)
    file.close("calls", [file.x], [file.tanh(a)])
    value = file.constant("zeros", np.array(values, np.int8).reshape(1, *SHAPE), (0.5,), 3)
    if tail:
        file.tanh(value)
    file.operator(Codes.ASSIGN_VARIABLE, [file.handle("a"), value], (), 1)
    return file.file("initial", [], [], {})


def test_variables_begin_as_the_file_says() -> None:
    data = begun([-128] * 4)
    model = read.parse(data, "begun")
    (op,) = model.graph.variables
    assert (op.initial, op.size, model.state_bytes) == (-128, 4, 4 + 4)
    x = random_inputs(0, model, 1, 3)[0]
    np.testing.assert_array_equal(reference.run(model, x), stock(data, model, x))


def test_other_beginnings_are_refused() -> None:
    for data, words in (
        (begun([1, 1, 1, 2]), "variable 'a' begins with unlike values, which is not supported"),
        (begun([1] * 4, graph=2), "no subgraph 2"),
        (begun([1] * 4, tail=True), "CALL_ONCE with TANH is not supported, only constants"),
    ):
        with pytest.raises(GhostError, match=words):
            read.parse(data, "begun")


def test_a_second_graph_that_nothing_calls_is_refused() -> None:
    file = Calls()
    file.close("calls", [file.x], [file.tanh(file.x)])
    with pytest.raises(GhostError, match="must have one subgraph, has 2"):
        read.parse(file.file("more", [], [], {}), "more")


def test_a_variable_of_nothing_is_dropped() -> None:
    """What is only assigned needs no memory."""
    file = Calls()
    file.assign("a", file.x)
    model = read.parse(file.done(file.tanh(file.x)), "calls")
    assert (model.graph.variables, len(model.graph.operators)) == ((), 1)


def test_variables_are_of_a_graph_without_time() -> None:
    op = AssignVariable((0,), 1, X.size, X.scale, 0)
    kept = replace(X, name="kept")
    out = Tensor("y", SHAPE, "int8", 1 / 128, 0)
    graph = Graph((X, kept, out), (0,), (2,), (Elementwise((1,), 2, "tanh"), op))
    model = Model("m", graph, {"version": 1, "plan": "window"})
    assert (model.frames, model.input_size) == (1, 4)

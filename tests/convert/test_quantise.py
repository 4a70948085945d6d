# SPDX-License-Identifier: Apache-2.0
"""Float graphs become int8 networks that answer nearly the same, as a stream or in windows."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.convert import nodes, quantise
from mcu_ghost.convert.graph import FloatGraph, Input
from mcu_ghost.convert.nodes import Function, Node
from mcu_ghost.convert.quantise import Conversion
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference

RNG = np.random.default_rng(5)
FRAMES, WIDTH = 12, 6
RELU, SIGMOID = Function("relu"), Function("sigmoid")


def normal(*shape: int, gain: float = 1.0) -> np.ndarray:
    fan = int(np.prod(shape[:-1])) or 1
    return RNG.normal(0, gain / np.sqrt(fan), shape).astype(np.float32)


def dense(source: str, k: int, n: int, output: str) -> nodes.Dense:
    return nodes.Dense(output, (source,), output, normal(k, n), normal(n) / 4)


def gru(source: str, d: int, n: int, output: str, **options: object) -> nodes.GRU:
    return nodes.GRU(output, (source,), output, kernel=normal(d, 3 * n),
                     recurrent_kernel=normal(n, 3 * n), bias=normal(2, 3 * n) / 4, **options)  # type: ignore[arg-type]  # fmt: skip


def lstm(source: str, d: int, n: int, output: str, **options: object) -> nodes.LSTM:
    return nodes.LSTM(output, (source,), output, kernel=normal(d, 4 * n),
                      recurrent_kernel=normal(n, 4 * n), bias=normal(4 * n) / 4, **options)  # type: ignore[arg-type]  # fmt: skip


def conv(source: str, k: int, c: int, n: int, output: str, before: int, after: int = 0,
         stride: int = 1) -> nodes.Conv:  # fmt: skip
    return nodes.Conv(output, (source,), output, kernel=normal(k, 1, c, n), bias=normal(n) / 4,
                      strides=(stride, 1), padding=((before, after), (0, 0)))  # fmt: skip


def graph(*made: Node, shape: tuple[int, ...] = (FRAMES, WIDTH)) -> FloatGraph:
    return FloatGraph("net", (Input("x", shape),), made, (made[-1].output,)).checked()


def converted(network: FloatGraph, **metadata: object) -> Conversion:
    data = {e.name: RNG.normal(0, 1, (60, *e.shape)).astype(np.float32) for e in network.inputs}
    return quantise.quantise(network, "net", data, metadata=metadata)


def errors(network: FloatGraph, made: Conversion) -> tuple[float, float]:
    """Return mean and largest difference of other inputs' outputs, by the outputs' spread."""
    whole = made.network.graph
    x = RNG.normal(0, 1, (20, *network.inputs[0].shape)).astype(np.float32)
    exact = network.run({"x": x})[network.outputs[0]]
    values = reference.whole(whole, [whole.tensors[whole.inputs[0]].quantize(x)])
    rough = values[whole.outputs[0]]
    assert rough is not None
    off = np.abs(whole.tensors[whole.outputs[0]].dequantize(rough) - exact) / np.ptp(exact)
    return float(off.mean()), float(off.max())


NETWORKS: dict[str, tuple[Node, ...]] = {
    "dense": (dense("x", WIDTH, 9, "a"), nodes.Activation("r", ("a",), "r", RELU),
              dense("r", 9, 4, "y")),
    "activations": (dense("x", WIDTH, 9, "a"), nodes.Activation("b", ("a",), "b", Function("elu")),
                    nodes.Activation("c", ("b",), "c", Function("hard_sigmoid", (0.2, 0.5))),
                    dense("c", 9, 4, "y")),
    "gru": (gru("x", WIDTH, 8, "h"), dense("h", 8, 3, "a"),
            nodes.Activation("y", ("a",), "y", SIGMOID)),
    "gru_before": (gru("x", WIDTH, 8, "h", reset_after=False), dense("h", 8, 3, "y")),
    "lstm": (lstm("x", WIDTH, 8, "h", return_sequences=False), dense("h", 8, 3, "y")),
    "both_ways": (gru("x", WIDTH, 5, "f"), gru("x", WIDTH, 5, "b", backwards=True),
                  nodes.Concat("c", ("f", "b"), "c", 1), dense("c", 10, 3, "y")),
    "causal": (conv("x", 3, WIDTH, 8, "c", 2), nodes.Activation("r", ("c",), "r", RELU),
               conv("r", 2, 8, 5, "y", 1)),
    "strided": (conv("x", 3, WIDTH, 8, "c", 0, stride=2), gru("c", 8, 6, "h"),
                dense("h", 6, 3, "y")),
    "same": (conv("x", 3, WIDTH, 8, "c", 1, 1), dense("c", 8, 3, "y")),
    "affine": (nodes.Affine("n", ("x",), "n", RNG.uniform(0.5, 2, WIDTH).astype(np.float32),
                            normal(WIDTH)), nodes.Activation("r", ("n",), "r", RELU),
               dense("r", WIDTH, 3, "y")),
    "skip": (dense("x", WIDTH, 8, "a"), gru("a", 8, 8, "h"),
             nodes.Merge("s", ("a", "h"), "s", "add"), dense("s", 8, 3, "y")),
    "mean": (gru("x", WIDTH, 8, "h"), nodes.Reduce("m", ("h",), "m", "mean", (0,)),
             dense("m", 8, 3, "y")),
    "flat": (gru("x", WIDTH, 5, "h"), nodes.Reshape("f", ("h",), "f", (FRAMES * 5,)),
             dense("f", FRAMES * 5, 3, "y")),
    "decoder": (lstm("x", WIDTH, 6, "h", return_sequences=False), nodes.Repeat("r", ("h",), "r", 4),
                lstm("r", 6, 6, "d"), dense("d", 6, WIDTH, "y")),
    "norm": (nodes.LayerNorm("n", ("x",), "n", np.ones(WIDTH, np.float32), normal(WIDTH), 1e-3),
             gru("n", WIDTH, 8, "h", return_sequences=False), dense("h", 8, 3, "y")),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_int8_is_close_to_float(name: str) -> None:
    network = graph(*NETWORKS[name])
    mean, largest = errors(network, converted(network))
    assert mean < 0.02 and largest < 0.25, (mean, largest)  # some are outside the ranges


STREAMS = {"dense", "activations", "gru", "gru_before", "causal", "strided", "same", "affine",
           "skip"}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("plan", [None, "window"])
def test_frame_by_frame_is_the_whole(name: str, plan: str | None) -> None:
    made = converted(graph(*NETWORKS[name]), **({"plan": plan} if plan else {})).network
    assert (made.window is None) == (name in STREAMS and plan is None)
    whole = made.graph
    x = RNG.integers(-128, 128, (3, FRAMES, WIDTH)).astype(np.int8)
    wanted = reference.whole(whole, [x])[whole.outputs[0]]
    got = reference.run(made, x)
    assert wanted is not None
    if made.window is None:
        clock = made.schedule.answers
        got = got[:, clock.first :: clock.period]
        wanted = wanted[:, : got.shape[1]]
    np.testing.assert_array_equal(got, wanted.reshape(got.shape))


def test_delays_and_strides_are_said() -> None:
    same = converted(graph(*NETWORKS["same"])).network
    assert (same.schedule.answers.first, same.ticks) == (1, True)
    assert same.plan.endswith("the first answer comes with frame 2, then every frame one")
    strided = converted(graph(*NETWORKS["strided"])).network
    assert (strided.schedule.answers.first, strided.schedule.answers.period) == (2, 2)
    causal = converted(graph(*NETWORKS["causal"])).network
    assert not causal.ticks and causal.metadata["plan"] == "stream"


def test_of_all_frames_only_the_last_is_kept_where_only_that_is_read() -> None:
    last = nodes.Slice("last", ("h",), "s", (FRAMES - 1, 0), (FRAMES, 8), (1, 1))
    network = graph(gru("x", WIDTH, 8, "h"), last, nodes.Reshape("f", ("s",), "f", (8,)),
                    dense("f", 8, 3, "y"))  # fmt: skip
    made = converted(network)
    assert errors(network, made)[0] < 0.02
    (layer,) = made.network.layers
    assert not layer.return_sequences and made.network.window == FRAMES
    assert made.network.state_bytes == 16 + 8 + 4


def test_a_stateful_network_is_calibrated_as_one_sequence() -> None:
    network = graph(gru("x", WIDTH, 8, "h", stateful=True), dense("h", 8, 3, "y"), shape=(1, WIDTH))
    mean, largest = errors(network, converted(network))
    assert mean < 0.02 and largest < 0.25


def test_a_masked_frame_leaves_the_state() -> None:
    network = graph(gru("x", WIDTH, 8, "h", mask=0.0, return_sequences=False))
    made = converted(network).network
    x = RNG.normal(0, 1, (2, FRAMES, WIDTH)).astype(np.float32)
    x[:, 7:] = 0
    entry = made.graph.tensors[0]
    short, long = (reference.whole(made.graph, [entry.quantize(v)])[made.graph.outputs[0]]
                   for v in (np.pad(x[:, :7], ((0, 0), (5, 0), (0, 0))), x))  # fmt: skip
    assert short is not None and long is not None
    np.testing.assert_array_equal(short, long)


def test_tokens() -> None:
    table = nodes.Embedding("e", ("x",), "e", normal(200, 5) * 9)
    network = FloatGraph("net", (Input("x", (FRAMES,)),), (
        table, gru("e", 5, 8, "h", return_sequences=False), dense("h", 8, 3, "y"),
    ), ("y",)).checked()  # fmt: skip
    data = RNG.integers(0, 200, (50, FRAMES)).astype(np.float32)
    made = quantise.quantise(network, "net", {"x": data})
    entry = made.network.graph.tensors[0]
    assert (entry.scale, entry.zero_point) == (1.0, -128)
    exact = network.run({"x": data})["y"]
    rough = reference.run(made.network, entry.quantize(data)[..., None])
    found = made.network.graph.tensors[made.network.graph.outputs[0]].dequantize(rough)
    assert np.abs(found - exact).mean() < 0.02 * np.ptp(exact)
    many = nodes.Embedding("words", ("x",), "e", normal(300, 5))
    with pytest.raises(GhostError, match=r"'words' \(Embedding\): it has 300 rows, and an int8"):
        quantise.quantise(graph(many, gru("e", 5, 4, "h"), shape=(FRAMES,)), "net", {"x": data})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "give calibration data"),
        ({}, "nothing for the input 'x'"),
        ({"x": np.ones((3, 12, 7))}, "must have shape (samples, 12, 6), got (3, 12, 7)"),
        ({"x": np.zeros((3, FRAMES, WIDTH))}, "are all zero"),
        ({"x": np.full((3, FRAMES, WIDTH), np.nan)}, "not finite"),
        ({"x": np.array(["a"])}, "not an array of numbers"),
    ],
)  # fmt: skip
def test_calibration_that_does_not_fit(data: dict[str, np.ndarray] | None, told: str) -> None:
    with pytest.raises(GhostError) as caught:
        quantise.quantise(graph(*NETWORKS["dense"]), "net", data)
    assert told in str(caught.value)


def test_a_plan_that_cannot_be() -> None:
    with pytest.raises(GhostError, match="can be no stream: layer 'm' .* needs a whole sequence"):
        converted(graph(*NETWORKS["mean"]), plan="stream")

# SPDX-License-Identifier: Apache-2.0
"""The table of a network: what each layer became, and what it costs."""

import numpy as np
import pytest

from mcu_ghost.convert import inspection, passes
from mcu_ghost.convert.graph import FloatGraph, Input, Layer
from mcu_ghost.convert.inspection import of_graph
from mcu_ghost.convert.keras_config import read
from mcu_ghost.convert.nodes import (
    LINEAR,
    LSTM,
    Activation,
    Affine,
    Constant,
    Conv,
    Dense,
    Function,
    Merge,
    Pad,
    Reshape,
    Reverse,
)
from mcu_ghost.network import random_model
from mcu_ghost.network.tflite import write
from tests.convert.keras_config.by_hand import layer, sequential
from tests.convert.keras_config.by_hand import write as write_h5

RNG = np.random.default_rng(3)


def floats(*shape):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def chain(*nodes, shape=(5, 4)):
    """Return a graph of nodes by (name, kind, fields), one behind the other."""
    made, before = [], "x"
    for name, kind, fields in nodes:
        made.append(kind(name, (before,), name, **fields))
        before = name
    return FloatGraph("net", (Input("x", shape),), tuple(made), (before,))


def dense(name, k=4, n=3):
    return name, Dense, {"kernel": floats(k, n), "bias": floats(n)}


def affine(name, c):
    return name, Affine, {"scale": floats(c), "offset": floats(c)}


def lstm(name, **options):
    weights = {"kernel": floats(4, 8), "recurrent_kernel": floats(2, 8), "bias": floats(8)}
    return name, LSTM, {**weights, "return_sequences": True, **options}


def conv(name, stride=1, before=2):
    kernel = {"kernel": floats(3, 1, 4, 2), "bias": floats(2)}
    return name, Conv, {**kernel, "strides": (stride, 1), "padding": ((before, 0), (0, 0))}


def became(graph):
    return {row.layer: row.became for row in of_graph(graph).rows}


RELU = "act", Activation, {"function": Function("relu")}
NOTHING = "nothing", Activation, {"function": LINEAR}
TURN = {"axis": 0}


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        (chain(dense("a"), NOTHING), {"a": "FULLY_CONNECTED", "nothing": "dropped"}),
        (chain(dense("a"), RELU), {"a": "FULLY_CONNECTED + relu", "act": "folded into a"}),
        (chain(affine("n", 4), dense("a")), {"n": "folded into a", "a": "FULLY_CONNECTED"}),
        (chain(dense("a"), affine("n", 3)), {"a": "FULLY_CONNECTED", "n": "folded into a"}),
        (chain(affine("n", 4), RELU), {"n": "DEPTHWISE_CONV_2D + relu", "act": "folded into n"}),
        (
            chain(("p", Pad, {"padding": ((2, 0), (0, 0))}), conv("c", before=0)),
            {"p": "folded into c", "c": "PAD, CONV_2D"},
        ),
        (
            chain(("t", Reverse, TURN), lstm("l"), ("u", Reverse, TURN)),
            dict.fromkeys("tu", "folded into l") | {"l": "STRIDED_SLICE, LSTM 2, STRIDED_SLICE"},
        ),
        (
            chain(dense("a"), ("t", Reverse, TURN), ("u", Reverse, TURN)),
            {"a": "FULLY_CONNECTED", "t": "dropped", "u": "dropped"},
        ),
        (
            chain(affine("n", 4), ("r", Reshape, {"shape": (20,)}), dense("a", 20)),
            {"n": "folded into a", "r": "RESHAPE", "a": "FULLY_CONNECTED"},
        ),
        (
            chain(affine("n", 4), affine("m", 4), dense("a")),
            {"n": "folded into a", "m": "folded into a", "a": "FULLY_CONNECTED"},
        ),
    ],
)  # fmt: skip
def test_what_layers_became(graph, told):
    assert became(graph) == told


def test_a_constant_belongs_to_what_reads_it():
    nodes = (
        Constant("c", (), "c", floats(1, 4)),
        Merge("m", ("x", "c"), "m", "maximum"),
    )
    graph = FloatGraph("net", (Input("x", (5, 4)),), nodes, ("m",))
    assert became(graph) == {"c": "a constant of what reads it", "m": "MAXIMUM"}


def test_a_scale_that_two_layers_take():
    weights = {"kernel": floats(4, 3), "bias": floats(3)}
    nodes = (
        Affine("n", ("x",), "n", floats(4), floats(4)),
        Dense("a", ("n",), "a", **weights),
        Dense("b", ("n",), "b", **weights),
        Merge("m", ("a", "b"), "m", "add"),
    )
    graph = FloatGraph("net", (Input("x", (5, 4)),), nodes, ("m",))
    assert became(graph)["n"] == "folded into a, b"
    assert passes.simplified(graph).folded == {"n": ("a", "b")}


def test_costs_of_a_stream_are_a_frame_s():
    found = of_graph(chain(dense("a", 4, 4), conv("c", stride=2)))
    assert [row.macs for row in found.rows] == [16, 3 * 4 * 2 // 2]
    assert [row.bytes for row in found.rows] == [16 + 4 * 4, 3 * 4 * 2 + 2 * 4]
    assert [row.shape for row in found.rows] == [(5, 4), (3, 2)]
    assert found.network.window is None and found.network.schedule.answers.period == 2


def test_costs_of_a_window_are_all_of_its_frames():
    flat = "f", Reshape, {"shape": (15,)}
    found = of_graph(chain(dense("a"), flat, dense("b", 15, 2)))
    assert found.network.window == 5
    assert [row.macs for row in found.rows] == [5 * 4 * 3, 0, 15 * 2]


def test_operators_of_a_file(tmp_path):
    path = tmp_path / "m.tflite"
    model = random_model.random_model(3, units=12, ratio=2, inputs=5, classes=4)
    write.write(model, path)
    found = inspection.inspect(path, print)
    assert found.quantised and not found.fails
    called = [op.called for op in found.network.graph.operators]
    assert [row.became for row in found.rows] == called
    assert called[:2] == ["GhostGRU 12/2", "FULLY_CONNECTED"]
    assert sum(row.macs for row in found.rows) == 18 * 5 + 18 * 12 + 6 * 6 + 12 * 4


def test_layers_as_keras_lists_them(tmp_path):
    masked = layer("Masking", "mask", mask_value=0.0)
    recurrent = layer("GRU", "gru", units=2, reset_after=True)
    path = write_h5(
        tmp_path / "m.h5",
        sequential(masked, recurrent, layer("Dropout", "drop"), layer("Dense", units=3)),
        gru=(floats(4, 6), floats(2, 6), floats(2, 6)),
        a=(floats(2, 3), floats(3)),
    )
    assert read(path).layers == (
        Layer("mask", "Masking", (5, 4)),
        Layer("gru", "GRU", (2,)),
        Layer("drop", "Dropout", (2,)),
        Layer("a", "Dense", (3,)),
    )
    assert became(read(path)) == {
        "mask": "folded into gru",
        "gru": "GRU 2",
        "drop": "dropped",
        "a": "FULLY_CONNECTED",
    }

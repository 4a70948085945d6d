# SPDX-License-Identifier: Apache-2.0
"""Inputs as PyTorch's convolutions take them, (batch, channels, frames): streams of frames."""

import numpy as np
import pytest

from mcu_ghost.convert import quantise
from mcu_ghost.convert.inspection import of_graph
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from tests.convert.onnx_file.saved import Op, array, check, ints, kinds, network

C, T = 3, 24
CONV = Op("Conv", "_", array(6, C, 3), array(6), pads=[2, 0])
TURN = Op("Transpose", perm=[0, 2, 1])


def gru(d):
    return Op("GRU", "_", array(1, 12, d), array(1, 12, 4), array(1, 24), hidden_size=4,
              linear_before_reset=1, layout=0, out=("y",))  # fmt: skip


FRAMES_FIRST = Op("Transpose", perm=[2, 0, 1])
NETWORKS = {
    "conv": [CONV, Op("Relu"), Op("Conv", "_", array(2, 6, 3), dilations=[2], pads=[4, 0])],
    "conv then linear": [CONV, Op("Relu"), TURN, Op("MatMul", "_", array(6, 2))],
    "scaled before": [Op("Sub", "x", array(1, C, 1)), CONV],
    "norm": [Op("BatchNormalization", "x", *(array(C, low=0.5, high=1.5) for _ in range(4))),
             CONV],
    "turned then conv": [TURN, Op("Relu"), TURN, CONV],
    "turned then linear": [TURN, Op("MatMul", "_", array(C, C)), TURN, CONV],
    "turned then gru": [FRAMES_FIRST, gru(C), Op("Squeeze", "_", ints(1))],
    "conv then gru": [CONV, FRAMES_FIRST, gru(6), Op("Squeeze", "_", ints(1))],
    "pool": [Op("MaxPool", kernel_shape=[2]), CONV],
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stream_of_frames(name, tmp_path):
    graph = check(network(NETWORKS[name], (1, C, T)), tmp_path)
    assert graph.inputs[0].shape == (T, C)
    assert not {"Permute", "Reshape"} & set(kinds(graph))
    note, *outputs = graph.notes
    assert note == (
        "Input 'x' is taken frame by frame, as (frames, channels) = (24, 3); in the file it is"
        " (3, 24): turn your data likewise."
    )
    assert len(outputs) == len(graph.channels_first)
    found = of_graph(graph)
    assert found.network.window is None and found.network.input.tensor.shape == (C,)
    assert found.notes == graph.notes


def test_int8_of_a_stream(tmp_path):
    """As close to the file's own answers as int8 comes, frame by frame."""
    model = network(NETWORKS["conv"], (1, C, T))
    graph = check(model, tmp_path)
    x = np.random.default_rng(2).normal(0, 1, (60, T, C)).astype(np.float32)
    with pytest.raises(GhostError) as caught:
        quantise.quantise(graph, "net", {"x": x.transpose(0, 2, 1)})
    assert str(caught.value) == (
        "Calibration data must have shape (samples, 24, 3), got (60, 3, 24), as the file has it,"
        " channels first; np.moveaxis(x, 1, -1) brings them last."
    )
    made = quantise.quantise(graph, "net", {"x": x}).network
    assert "a stream" in made.plan and made.output.tensor.size == 2
    found = made.output.dequantize(reference.run(made, made.input.quantize(x)))
    exact = graph.run({"x": x})[graph.outputs[0]]
    assert np.abs(found - exact).mean() < 0.02 * np.ptp(exact)


def test_outputs_keep_the_order_of_frames(tmp_path):
    graph = check(network(NETWORKS["conv"], (1, C, T)), tmp_path)
    assert graph.channels_first == {"v2"} and graph.shapes[graph.outputs[0]] == (T, 2)
    assert graph.notes[1].startswith("Output 'v2' comes as (frames, channels) = (24, 2); in the")
    both = [CONV, Op("Transpose", "v0", perm=[0, 2, 1], out=("turned",))]
    graph = check(network(both, (1, C, T), outputs=("v0", "turned")), tmp_path)
    assert graph.channels_first == {"v0"} and kinds(graph) == ["Conv"]


def test_images_have_their_channels_last(tmp_path):
    graph = check(network([Op("Conv", "_", array(4, 3, 3, 3))], (1, 3, 8, 5)), tmp_path)
    assert graph.inputs[0].shape == (8, 5, 3) and kinds(graph) == ["Conv"]
    assert "as (height, width, channels) = (8, 5, 3); in the file it is (3, 8, 5)" in graph.notes[0]
    graph = check(network([Op("Conv", "_", array(4, 1, 9))], (1, 1, 40)), tmp_path)
    assert graph.inputs[0].shape == (40, 1)


def test_only_what_is_moved_less_is_turned(tmp_path):
    """One input of two; and frames that come first stay there."""
    ops = [
        Op("Conv", "x", array(4, C, 1), out=("a",)),
        Op("Transpose", "a", perm=[0, 2, 1]),
        Op("Concat", "_", "z", axis=2),
    ]
    graph = check(network(ops, {"x": (1, C, T), "z": (1, T, 2)}), tmp_path)
    assert [entry.shape for entry in graph.inputs] == [(T, C), (T, 2)]
    assert [entry.channels_first for entry in graph.inputs] == [True, False]
    graph = check(network([TURN, CONV, TURN], (1, T, C)), tmp_path)
    assert graph.inputs[0].shape == (T, C) and not graph.notes
    flat = [Op("Flatten"), Op("Gemm", "_", array(C * T, 3))]
    assert check(network(flat, (1, C, T)), tmp_path).inputs[0].shape == (C, T)

# SPDX-License-Identifier: Apache-2.0
"""GRU, LSTM and RNN in all their forms, and the nodes that exporters put around them."""

import numpy as np
import pytest

from mcu_ghost.convert.nodes import Function
from mcu_ghost.convert.onnx_file import read
from tests.convert.onnx_file.saved import Op, array, check, ints, kinds, network, saved

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
NODES = {"GRU": "GRU", "LSTM": "LSTM", "RNN": "SimpleRNN"}
T, D, N = 7, 3, 4
FRAMES_FIRST = (T, 1, D)


def recurrent(
    kind: str, given: str = "_", *rest, both: bool = False, d: int = D, bias: bool = True,
    seed: int = 0, **attributes
) -> Op:  # fmt: skip
    """Return a recurrent node with weights; `rest` are the inputs behind the bias."""
    g, ways = GATES[kind], 2 if both else 1
    weights = [array(ways, g * N, d, seed=seed), array(ways, g * N, N, seed=seed)]
    weights.append(array(ways, 2 * g * N, seed=seed) if bias else None)
    if both:
        attributes["direction"] = "bidirectional"
    return Op(kind, given, *weights, *rest, hidden_size=N, **attributes)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("out", [("y",), ("", "h"), ("y", "h")], ids=str)
def test_directions_and_outputs(kind, direction, out, tmp_path):
    op = recurrent(kind, both=direction == "bidirectional", out=out, direction=direction)
    graph = check(network([op], FRAMES_FIRST, outputs=tuple(filter(None, out))), tmp_path)
    cells = [k for k in kinds(graph) if k == NODES[kind]]
    assert len(cells) == (2 if direction == "bidirectional" else 1)


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("bias", [True, False])
def test_reset_before_and_after(after, bias, tmp_path):
    op = recurrent("GRU", bias=bias, linear_before_reset=after, out=("", "h"))
    graph = check(network([op], FRAMES_FIRST), tmp_path)
    assert graph.nodes[0].reset_after == bool(after)
    assert not graph.notes


def test_pytorch_without_reset_after_is_noted_once(tmp_path):
    ops = [recurrent("GRU", both=True, out=("y", "h"))]
    model = network(ops, FRAMES_FIRST, outputs=("h",), producer="pytorch")
    (note,) = check(model, tmp_path).notes
    assert note.startswith("Node 'n0' (GRU): the file comes from PyTorch and says linear_before")


def test_activations(tmp_path):
    op = recurrent("LSTM", activations=["HardSigmoid", "Tanh", "Tanh"], out=("", "h"))
    (node,) = read(saved(network([op], FRAMES_FIRST), tmp_path)).nodes
    assert node.recurrent_activation == Function("hard_sigmoid", (0.2, 0.5))
    op = recurrent(
        "GRU", both=True, activations=["Sigmoid", "Tanh", "HardSigmoid", "Tanh"],
        activation_alpha=[0.25], activation_beta=[0.5], out=("", "h"),
    )  # fmt: skip
    forward, backward, *_ = read(saved(network([op], FRAMES_FIRST), tmp_path)).nodes
    assert forward.recurrent_activation == Function("sigmoid")
    assert backward.recurrent_activation == Function("hard_sigmoid", (0.25, 0.5))
    assert backward.activation == Function("tanh")


ZEROS = np.zeros((1, 1, N), np.float32)
FULL = np.array([T], np.int32)
FIRST = Op("Transpose", perm=[1, 0, 2])
EXPORTS = {
    # PyTorch's older exporter: Squeeze, an initial state from Shape and Expand or ConstantOfShape
    "gru, last frame": (
        [Op("Shape", "x", out=("s",)), Op("Gather", "s", np.int64(0), out=("b",)),
         Op("Unsqueeze", "b", ints(0), out=("b1",)),
         Op("Concat", ints(1), "b1", ints(N), axis=0, out=("hs",)),
         Op("ConstantOfShape", "hs", out=("h0",)), Op("Transpose", "x", perm=[1, 0, 2]),
         recurrent("GRU", "_", None, "h0", linear_before_reset=1),
         Op("Squeeze", "_", ints(1)), FIRST, Op("Gather", "_", np.int64(-1), axis=1),
         Op("Gemm", "_", array(2, N), array(2), transB=1)],
        ["GRU", "Slice", "Reshape", "Dense"]),
    "gru, state": (
        [FIRST, recurrent("GRU", "_", None, ZEROS, linear_before_reset=1, out=("", "h")),
         Op("Gather", "h", np.int64(-1)), Op("Gemm", "_", array(2, N), array(2), transB=1)],
        ["GRU", "Dense"]),
    # PyTorch's newer exporter: Transpose and Reshape in the place of Squeeze
    "gru, both ways": (
        [FIRST, recurrent("GRU", both=True, linear_before_reset=1), Op("Transpose",
         perm=[0, 2, 1, 3]), Op("Reshape", "_", ints(0, 0, -1)), FIRST,
         Op("MatMul", "_", array(2 * N, 2)), Op("Add", "_", array(2)), Op("Sigmoid")],
        ["GRU", "GRU", "Concat", "Dense", "Affine", "Activation"]),
    "two layers of lstm, both ways": (
        [FIRST, recurrent("LSTM", both=True), Op("Transpose", perm=[0, 2, 1, 3]),
         Op("Reshape", "_", ints(T, 1, 2 * N)),
         recurrent("LSTM", both=True, d=2 * N, out=("", "h")), Op("Gather", "h", np.int64(0),
         out=("f",)), Op("Gather", "h", np.int64(1), out=("g",)), Op("Concat", "f", "g", axis=1)],
        ["LSTM", "LSTM", "Concat", "LSTM", "LSTM", "Concat"]),
    "states of two layers": (
        [FIRST, recurrent("LSTM", out=("y", "h")), Op("Squeeze", "y", ints(1)),
         recurrent("LSTM", d=N, seed=1, out=("", "i")), Op("Concat", "h", "i", axis=0),
         Op("Slice", "_", ints(-1), ints(2**31), ints(0)), Op("Squeeze", "_", ints(0))],
        ["LSTM", "LSTM"]),
    "state split in directions": (
        [FIRST, recurrent("GRU", both=True, out=("", "h")), Op("Split", "h", axis=0,
         num_outputs=2, out=("f", "g")), Op("Add", "f", "g"), Op("Squeeze", "_", ints(0))],
        ["GRU", "GRU", "Merge"]),
    "state as one vector": (
        [FIRST, recurrent("GRU", both=True, out=("", "h")), Op("Transpose", "h", perm=[1, 0, 2]),
         Op("Reshape", "_", ints(1, -1)), Op("Gemm", "_", array(2 * N, 2))],
        ["GRU", "GRU", "Concat", "Dense"]),
    "mean of frames": (
        [FIRST, recurrent("RNN", "_", FULL), Op("Squeeze", "_", ints(1)),
         Op("ReduceMean", "_", ints(0), keepdims=0)],
        ["SimpleRNN", "Reduce"]),
    "convolution first": (
        [Op("Transpose", perm=[0, 2, 1]), Op("Conv", "_", array(5, D, 3), pads=[1, 1]),
         Op("Relu"), Op("Transpose", perm=[2, 0, 1]), recurrent("GRU", d=5),
         Op("Squeeze", "_", ints(1)), FIRST],
        ["Conv", "Activation", "GRU"]),
    "autoencoder": (
        [FIRST, recurrent("LSTM", out=("", "h")), Op("Expand", "h", ints(T, 1, N)),
         recurrent("LSTM", d=N, seed=1), Op("Squeeze", "_", ints(1)), FIRST],
        ["LSTM", "Repeat", "LSTM"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_as_exporters_write_it(name, tmp_path):
    ops, wanted = EXPORTS[name]
    assert kinds(check(network(ops, ("batch", T, D)), tmp_path)) == wanted


def test_channels_of_an_image_become_inputs_without_being_moved(tmp_path):
    ops = [
        Op("Conv", "_", array(2, 1, 3, 3), pads=[1, 1, 1, 1]),
        Op("Transpose", perm=[2, 0, 1, 3]),
        Op("Reshape", "_", ints(T, 1, -1)),
        recurrent("GRU", d=2 * D, out=("", "h")),
    ]
    graph = check(network(ops, (1, 1, T, D)), tmp_path)
    assert kinds(graph) == ["Conv", "Reshape", "GRU"]


@pytest.mark.parametrize(
    ("op", "why"),
    [
        (recurrent("GRU", layout=1), "attribute layout=1 is not supported, only 0"),
        (recurrent("LSTM", input_forget=1), "attribute input_forget=1 is not supported, only 0"),
        (recurrent("GRU", clip=1.0), "attribute clip is not supported"),
        (recurrent("GRU", "_", FULL - 2), "input sequence_lens is not supported"),
        (recurrent("GRU", "_", None, ZEROS + 1), "initial_h is not zero"),
        (recurrent("GRU", "_", None, "x"), "initial_h is not zero"),
        (recurrent("LSTM", "_", None, None, ZEROS + 1), "initial_c is not zero"),
        (recurrent("LSTM", "_", None, None, None, array(1, 3 * N)), "weights of peepholes"),
        (recurrent("LSTM", out=("", "", "c")), "its output 'c' is read"),
        (recurrent("LSTM", activations=["Sigmoid", "Tanh", "Relu"]), "tanh and relu differ"),
        (recurrent("GRU", activations=["Sigmoid", "Affine"]), "activation Affine is not supp"),
        (recurrent("GRU", activations=["Sigmoid", "Relu"]), "activation relu is not supported"),
        (recurrent("GRU", d=D + 1), "its weights have the shapes (12, 4) and (12, 4), not (12, 3)"),
    ],
    ids=lambda value: "" if isinstance(value, Op) else value,
)
def test_refusals(op, why, tmp_path):
    from mcu_ghost.host.errors import GhostError

    with pytest.raises(GhostError) as refused:
        read(saved(network([op], FRAMES_FIRST), tmp_path))
    assert why in str(refused.value)
    assert f"'n0' ({op.kind})" in str(refused.value)

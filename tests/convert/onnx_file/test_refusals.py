# SPDX-License-Identifier: Apache-2.0
"""What cannot be read is refused in one sentence that names the node."""

import numpy as np
import pytest

from mcu_ghost.convert.onnx_file import read
from mcu_ghost.host.errors import GhostError
from tests.convert.onnx_file.saved import Op, array, ints, network, saved


def refusal(model, folder) -> str:
    with pytest.raises(GhostError) as refused:
        read(saved(model, folder))
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message.removeprefix(f"{folder / 'net.onnx'}: ")


NODES = [
    (Op("Det"), "Node 'n0' (Det): this operator is not supported; build the network without it."),
    (Op("Erf"), "Node 'n0' (Erf): this operator is not supported"),
    (Op("QuantizeLinear", "_", np.float32(1), np.int8(0)), "the network is quantised already"),
    (Op("MatMul", "x", "x"), "multiplies two values that both depend on the network's inputs"),
    (Op("Div", "x", "x"), "divides by what depends on the network's inputs"),
    (Op("Div", "x", np.float32(0)), "divides by zero"),
    (Op("Pow", "x", np.float32(3)), "only 2 and 0.5 are supported as exponents"),
    (Op("Selu", alpha=1.0), "attribute alpha is not the usual one"),
    (Op("Shrink", bias=0.2), "attribute bias=0.2 is not supported"),
    (Op("BatchNormalization", "_", *[array(8)] * 4, training_mode=1), "training_mode=1"),
    (Op("BatchNormalization", "_", array(8)), "its offset is missing"),
    (Op("LayerNormalization", "_", array(8, 4), axis=1), "normalises over several axes"),
    (Op("Conv", "_", "x"), "its kernel is computed from the network's inputs"),
    (Op("Conv", "_", array(3, 7, 3)), "its weights are for 7 channels"),
    (Op("Conv", "_", array(3, 8, 9)), "its window of (9, 1) is larger than its input"),
    (Op("Conv", "_", array(3, 8, 3, 3)), "its window of (3, 3) does not fit"),
    (Op("Resize", "_", None, np.float32([1, 1, 1.5])), "otherwise than by repeating each"),
    (Op("Resize", "_", None, np.float32([1, 1, 2]), mode="linear"), "attribute mode='linear'"),
    (Op("Resize", "_", None, np.float32([1, 1, 1e15])), "otherwise than by repeating each"),
    (Op("Pad", "_", ints(0, 1, 0, 0, 0, 0), mode="reflect"), "attribute mode='reflect'"),
    (Op("Pad", "_", ints(0, 1, 0, 0, 0, 0), np.float32(1)), "pads with 1.0, only zeros"),
    (Op("Reshape", "_", ints(3, -1)), "cannot make the shape (3, -1) of (1, 8, 4)"),
    (Op("Reshape", "_", "x"), "its shape is computed from the network's inputs"),
    (Op("Squeeze", "_", ints(1)), "cannot take the axes [1] out of (1, 8, 4)"),
    (Op("Transpose", perm=[0, 1]), "cannot order 3 axes as [0, 1]"),
    (Op("Gather", "_", ints(0, 1, 3), axis=1), "indices [0, 1, 3] are not supported"),
    (Op("Gather", "_", ints(8), axis=1), "its indices go beyond the 8 values of axis 1"),
    (Op("Slice", "_", ints(3), ints(3), ints(1)), "takes nothing of its input"),
    (Op("Concat", "_", array(1, 7, 4), axis=5), "its input has 3 axes and no axis 5"),
    (Op("Cast", to=7), "makes int64 of what the network computes"),
    (Op("Add", "_", np.float64(1.5)), "computes with float64, only float32 is supported"),
    (Op("Add", "_", "nowhere"), "its input 'nowhere' is no initialiser, input or other node's"),
    (Op("Add", "_", np.float16(1)), "computes with float16, only float32 is supported"),
    (Op("Softmax", axis=7), "its input has 3 axes and no axis 7"),
    (Op("Dropout", "_", None, np.bool_(True)), "is in training"),
    (Op("MaxPool", kernel_shape=[2], out=("y", "places")), "its output 'places' is read"),
]


@pytest.mark.parametrize(("op", "why"), NODES, ids=[op.kind for op, _ in NODES])
def test_node(op, why, tmp_path):
    assert why in refusal(network([op], outputs=op.out), tmp_path)


SHAPES = {
    ("batch", "frames", 4): "is dynamic along axis 1; export it for one example of fixed shape",
    (1, None, 4): "its shape (1, ?, 4) is dynamic along axis 1",
    (16, 8, 4): "its shape (16, 8, 4) is of a batch of 16 samples; export the network for one",
    (1, 1 << 40): "has more numbers than any microcontroller takes",
    (16, 4): "is of a batch of 16 samples",
    (): "Input 'x': has no shape",
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shape(shape, tmp_path):
    assert SHAPES[shape] in refusal(network([Op("Relu")], shape), tmp_path)


def test_dynamic_frames_of_a_recurrent_layer(tmp_path):
    op = Op("GRU", "_", array(1, 12, 4), array(1, 12, 4), hidden_size=4)
    message = refusal(network([op], ("frames", 1, 4)), tmp_path)
    assert "Input 'x': has a dynamic number of frames; export it for one example" in message
    message = refusal(network([op], (1, 8, 4)), tmp_path)
    assert "Node 'n0' (GRU): has 8 sequences in a batch for one sample" in message


@pytest.mark.parametrize("opset", [12, 99])
def test_opset(opset, tmp_path):
    message = refusal(network([Op("Relu")], opset=opset), tmp_path)
    assert message.startswith(f"is of opset {opset}, and versions 13 to 25 are known; export it")


@pytest.mark.parametrize("kind", [10, 11, 16])
def test_type_of_an_input(kind, tmp_path):
    assert "export the network in float32" in refusal(network([Op("Relu")], kind=kind), tmp_path)


def test_operators_of_others(tmp_path):
    message = refusal(network([Op("FusedGemm")], domain="com.microsoft"), tmp_path)
    assert message.startswith("Node 'n0' (FusedGemm): is an operator of 'com.microsoft', not of")


def test_branches(tmp_path):
    from onnx import helper

    branch = network([Op("Relu", "x")]).graph
    del branch.input[:]
    node = helper.make_node("If", ["x"], ["y"], "if", then_branch=branch, else_branch=branch)
    model = network([Op("Relu", out=("y",))])
    model.graph.node[0].CopyFrom(node)
    assert refusal(model, tmp_path).startswith("Node 'if' (If): branches and loops are not")


def test_circles(tmp_path):
    model = network([Op("Add", "x", "b", out=("a",)), Op("Relu", "a", out=("b",))])
    message = refusal(model, tmp_path)
    assert "reads, by way of others, its own output; export the network again." in message


def test_output_of_constants(tmp_path):
    message = refusal(network([Op("Add", ints(1), ints(2))]), tmp_path)
    assert message == "Output 'v0': does not depend on the network's inputs; export without it."


def test_constants_of_any_size(tmp_path):
    ops = [Op("ConstantOfShape", ints(1 << 40)), Op("Reshape", "_", ints(1, -1))]
    message = refusal(network(ops), tmp_path)
    assert message.startswith("Node 'n0' (ConstantOfShape): makes a constant of 1 099 511 627 776")


def test_weights_in_another_file(tmp_path):
    import onnx

    model = network([Op("Gemm", "_", array(4, 300))], (1, 4))
    path = tmp_path / "net.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="net.data")
    assert read(path).nodes[0].kernel.shape == (4, 300)
    (tmp_path / "net.data").unlink()
    with pytest.raises(GhostError, match=r"in another file, 'net.data', which is not beside"):
        read(path)


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "a/b"])
def test_weights_in_another_folder(place, tmp_path):
    import onnx

    model = network([Op("Gemm", "_", array(4, 300))], (1, 4))
    path = tmp_path / "net.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="net.data")
    model = onnx.load(str(path), load_external_data=False)
    model.graph.initializer[0].external_data[0].value = place
    path.write_bytes(model.SerializeToString())
    with pytest.raises(GhostError, match="is not beside this one"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x09\xff\xff\xff"])
def test_no_model(data, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(GhostError, match=r"net.onnx: (is damaged|has no network)"):
        read(path)
    with pytest.raises(GhostError, match="cannot be read"):
        read(tmp_path / "none.onnx")


def test_without_onnx(tmp_path, monkeypatch):
    import sys

    path = saved(network([Op("Relu")]), tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(GhostError, match=r"needs the package onnx: pip install 'mcu-ghost\[conv"):
        read(path)

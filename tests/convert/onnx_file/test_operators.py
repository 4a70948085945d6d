# SPDX-License-Identifier: Apache-2.0
"""Operators of one frame or window, in their options, against onnx' own evaluator."""

import numpy as np
import pytest

from tests.convert.onnx_file.saved import Op, array, check, ints, kinds, network

FUNCTIONS = [
    *(Op(kind) for kind in (
        "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish",
        "Softplus", "Softsign", "Mish", "Exp", "Abs", "Gelu", "ThresholdedRelu", "Shrink", "Neg",
        "Sin", "Cos", "Softmax", "LogSoftmax", "Identity", "Dropout")),
    Op("LeakyRelu", alpha=0.3), Op("Elu", alpha=0.5), Op("Celu", alpha=2.0),
    Op("HardSigmoid", alpha=0.5, beta=0.25), Op("Gelu", approximate="tanh"),
    Op("ThresholdedRelu", alpha=0.5), Op("Shrink", lambd=0.5, bias=0.5), Op("Softmax", axis=1),
    Op("Clip", "_", np.float32(0), np.float32(6)), Op("Clip", "_", np.float32(-0.5)),
    Op("Clip", "_", None, np.float32(0.5)), Op("PRelu", "_", array(4)),
    Op("PRelu", "_", array(8, 1)), Op("PRelu", "_", array(1)), Op("Pow", "_", np.float32(2)),
    Op("Cast", to=1), Op("CastLike", "_", array(1)), Op("Add", "_", array(4)),
    Op("Add", array(1, 4), "_"), Op("Add", "_", array(8, 1)), Op("Add", "_", array(8, 4)),
    Op("Mul", "_", np.float32(3)), Op("Mul", "_", array(1, 1, 1)), Op("Sub", "_", array(4)),
    Op("Sub", array(4), "_"), Op("Div", "_", array(4, low=1, high=2)), Op("Max", "_", array()),
    Op("Max", "_", array(4)), Op("Min", "_", np.float32(0.5)), Op("Min", "_", array(8, 1)),
    Op("Mean", "_", array(4)), Op("Sum", "_", array(4), array(8, 1)), Op("Max", "_"),
    Op("Mul", "x", "x"), Op("Sub", "x", "x"), Op("LayerNormalization", "_", array(4), array(4)),
    Op("LayerNormalization", "_", array(4), epsilon=0.1, axis=2),
    Op("BatchNormalization", "_", *(array(8, seed=i, low=0.5, high=2) for i in range(4))),
]  # fmt: skip
MATRICES = {
    "gemm": ([Op("Gemm", "_", array(4, 3), array(3))], (1, 4)),
    "gemm transposed": ([Op("Gemm", "_", array(3, 4), array(1, 3), transB=1, alpha=0.5, beta=2.0)],
                        (1, 4)),
    "gemm without bias": ([Op("Gemm", "_", array(4, 3))], (1, 4)),
    "gemm, a number": ([Op("Gemm", "_", array(4, 3), np.float32(0.5))], ("batch", 4)),
    "gemm of the transposed": ([Op("Transpose"), Op("Gemm", "_", array(4, 3), transA=1)], (1, 4)),
    "matmul": ([Op("MatMul", "_", array(4, 3)), Op("Add", "_", array(3))], (1, 8, 4)),
    "matmul from the left": ([Op("MatMul", array(3, 8), "_")], (1, 8, 4)),
    "matmul by a vector": ([Op("MatMul", "_", array(4))], (1, 8, 4)),
    "matmul of a vector": ([Op("MatMul", array(8), "_")], (1, 8, 4)),
    "matmul in a batch": ([Op("MatMul", "_", array(1, 4, 3))], (1, 8, 4)),
}  # fmt: skip
ONE = (1, 6, 20)
TWO = (1, 4, 10, 9)
POOL = {"kernel_shape": [3, 2], "strides": [2, 3]}
WINDOWS = {
    "conv1d": ([Op("Conv", "_", array(5, 6, 3), array(5))], ONE),
    "conv1d options": ([Op("Conv", "_", array(5, 6, 3), strides=[2], dilations=[2], pads=[3, 1])],
                       ONE),
    "conv1d in groups": ([Op("Conv", "_", array(4, 3, 3), array(4), group=2)], ONE),
    "depthwise": ([Op("Conv", "_", array(12, 1, 3), array(12), group=6, pads=[1, 1])], ONE),
    "conv2d": ([Op("Conv", "_", array(5, 4, 3, 2), array(5), strides=[2, 1], pads=[1, 0, 0, 1])],
               TWO),
    "conv2d same": ([Op("Conv", "_", array(5, 4, 4, 2), auto_pad="SAME_UPPER", strides=[2, 2])],
                    TWO),
    "conv2d same lower": ([Op("Conv", "_", array(5, 4, 4, 2), auto_pad="SAME_LOWER")], TWO),
    "conv2d valid": ([Op("Conv", "_", array(5, 4, 4, 2), auto_pad="VALID")], TWO),
    "depthwise 2d": ([Op("Conv", "_", array(4, 1, 3, 3), group=4, dilations=[2, 1])], TWO),
    "one channel": ([Op("Conv", "_", array(4, 1, 3, 3))], (1, 1, 10, 9)),
    "max pool": ([Op("MaxPool", pads=[1, 0, 1, 1], **POOL)], TWO),
    "max pool ceiled": ([Op("MaxPool", ceil_mode=1, **POOL)], TWO),
    "max pool dilated": ([Op("MaxPool", dilations=[2, 2], **POOL)], TWO),
    "max pool 1d": ([Op("MaxPool", kernel_shape=[3], strides=[3], ceil_mode=1)], ONE),
    "average pool": ([Op("AveragePool", pads=[1, 0, 1, 1], **POOL)], TWO),
    "average pool counted": ([Op("AveragePool", pads=[1, 0, 1, 1], count_include_pad=1, **POOL)],
                             TWO),
    "average pool ceiled": ([Op("AveragePool", ceil_mode=1, kernel_shape=[3], strides=[2])],
                            (1, 6, 8)),
    "global average": ([Op("GlobalAveragePool"), Op("Flatten"), Op("Gemm", "_", array(4, 2))], TWO),
    "global max": ([Op("GlobalMaxPool"), Op("Flatten")], TWO),
    "batch norm": ([Op("Conv", "_", array(5, 6, 3)), Op("BatchNormalization", "_",
                    *(array(5, seed=i, low=0.5, high=2) for i in range(4)), epsilon=0.1)], ONE),
    "scale of channels": ([Op("Mul", "_", array(6, 1)), Op("Conv", "_", array(5, 6, 3))], ONE),
    "prelu of channels": ([Op("Conv", "_", array(5, 4, 3, 3)), Op("PRelu", "_", array(5, 1, 1))],
                          TWO),
    "upsample": ([Op("Resize", "_", None, np.float32([1, 1, 2, 3]))], TWO),
    "upsample as TensorFlow 1": ([Op("Resize", "_", None, None, ints(1, 6, 40), mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor")], ONE),
    "excite": ([Op("Conv", "_", array(5, 6, 3), out=("c",)), Op("ReduceMean", "c", ints(2)),
                Op("Sigmoid"), Op("Mul", "c", "_")], ONE),
    "channels in another place": ([Op("Conv", "_", array(5, 6, 3), pads=[1, 1]),
                                   Op("Conv", "x", array(5, 6, 1), out=("d",)),
                                   Op("Add", "v0", "d"), Op("Sub", "_", "d")], ONE),
}  # fmt: skip


@pytest.mark.parametrize("op", FUNCTIONS, ids=lambda op: op.kind)
def test_function(op, tmp_path):
    graph = check(network([op]), tmp_path)
    assert kinds(graph) not in (["Permute"], ["Reshape"])


@pytest.mark.parametrize("kind", ["Log", "Sqrt"])
def test_function_of_positive_numbers(kind, tmp_path):
    check(network([Op("Abs"), Op(kind)]), tmp_path)


@pytest.mark.parametrize("name", MATRICES)
def test_matrix(name, tmp_path):
    ops, shape = MATRICES[name]
    assert "Dense" in kinds(check(network(ops, shape), tmp_path))


@pytest.mark.parametrize("name", WINDOWS)
def test_window(name, tmp_path):
    ops, shape = WINDOWS[name]
    check(network(ops, shape), tmp_path)


def test_depthwise_has_a_kind_of_its_own(tmp_path):
    ops, shape = WINDOWS["depthwise"]
    assert kinds(check(network(ops, shape), tmp_path)) == ["DepthwiseConv"]


FUSED = {
    "swish": [Op("Sigmoid"), Op("Mul", "x", "_")],
    "hard_swish": [Op("Add", "x", np.float32(3)), Op("Clip", "_", np.float32(0), np.float32(6)),
                   Op("Mul", "x", "_"), Op("Div", "_", np.float32(6))],
    "gelu": [Op("Div", "x", np.float32(2**0.5)), Op("Erf"), Op("Add", "_", np.float32(1)),
             Op("Mul", "x", "_"), Op("Mul", "_", np.float32(0.5))],
    "mish": [Op("Softplus"), Op("Tanh"), Op("Mul", "x", "_")],
    "softplus": [Op("Softplus", out=("s",)), Op("Greater", "x", np.float32(20)),
                 Op("Where", "_", "x", "s")],
    "tanh_shrink": [Op("Tanh"), Op("Sub", "x", "_")],
    "softsign": [Op("Abs"), Op("Add", "_", np.float32(1)), Op("Div", "x", "_")],
}  # fmt: skip


@pytest.mark.parametrize("name", FUSED)
def test_functions_in_several_nodes_are_one(name, tmp_path):
    graph = check(network([*FUSED[name], Op("Neg")]), tmp_path)
    assert [node.kind for node in graph.nodes] == [name, "Affine"]


def test_a_function_like_none_stays_as_it_is(tmp_path):
    graph = check(network([Op("Sigmoid"), Op("Mul", "x", "_"), Op("Mul", "x", "_")]), tmp_path)
    assert [node.kind for node in graph.nodes] == ["swish", "multiply"]

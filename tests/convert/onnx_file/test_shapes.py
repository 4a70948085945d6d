# SPDX-License-Identifier: Apache-2.0
"""Operators that move numbers, and where they need no node."""

import numpy as np
import pytest

from mcu_ghost.convert.onnx_file import read
from tests.convert.onnx_file.saved import Op, array, check, ints, kinds, network, saved

NOTHING = {
    "transpose and back": [Op("Transpose", perm=[1, 0, 2]), Op("Transpose", perm=[1, 2, 0]),
                           Op("Transpose", perm=[2, 0, 1])],
    "squeeze": [Op("Squeeze", "_", ints(0)), Op("Unsqueeze", "_", ints(0, 2))],
    "squeeze all": [Op("Squeeze"), Op("Unsqueeze", "_", ints(-1))],
    "reshape": [Op("Reshape", "_", ints(0, 8, 1, -1)), Op("Reshape", "_", ints(8, 4))],
    "reshape and back": [Op("Reshape", "_", ints(1, 4, 8)), Op("Reshape", "_", ints(1, 8, 4))],
    "slice of everything": [Op("Slice", "_", ints(0), ints(2**31), ints(1))],
    "reduce the batch": [Op("ReduceMean", "_", ints(0))],
    "expand": [Op("Expand", "_", ints(1, 8, 4))],
}  # fmt: skip
MOVED = {
    "permute": ([Op("Transpose", perm=[0, 2, 1])], ["Permute"]),
    "permute twice": ([Op("Transpose", perm=[0, 2, 1]), Op("Softmax", axis=-1),
                       Op("Transpose", perm=[0, 2, 1])], ["Permute", "Softmax", "Permute"]),
    "flatten": ([Op("Flatten"), Op("Gemm", "_", array(32, 3))], ["Reshape", "Dense"]),
    "flatten at 2": ([Op("Flatten", axis=2), Op("Gemm", "_", array(4, 3))], ["Dense"]),
    "flatten the transposed": ([Op("Transpose", perm=[0, 2, 1]), Op("Flatten"),
                                Op("Gemm", "_", array(32, 3))], ["Reshape", "Dense"]),
    "reshape the transposed": ([Op("Transpose", perm=[2, 0, 1]), Op("Reshape", "_", ints(0, -1))],
                               ["Permute"]),
    "split axes": ([Op("Reshape", "_", ints(1, 8, 2, 2)), Op("Transpose", perm=[0, 2, 1, 3])],
                   ["Reshape", "Permute"]),
    "shuffle channels": ([Op("Conv", "_", array(6, 8, 1)), Op("Reshape", "_", ints(1, 2, 3, 4)),
                          Op("Transpose", perm=[0, 2, 1, 3]), Op("Reshape", "_", ints(1, 6, 4)),
                          Op("Conv", "_", array(2, 6, 1))],
                         ["Conv", "Reshape", "Permute", "Reshape", "Conv"]),
    "last frame": ([Op("Gather", "_", np.int64(-1), axis=1)], ["Slice", "Reshape"]),
    "a channel": ([Op("Gather", "_", np.int64(2), axis=2)], ["Slice", "Reshape"]),
    "some channels": ([Op("Gather", "_", ints(0, 2), axis=2)], ["Slice"]),
    "one channel": ([Op("Gather", "_", ints(3), axis=2)], ["Slice"]),
    "gather the batch": ([Op("Gather", "_", np.int64(0), axis=0), Op("Relu")], ["Activation"]),
    "slice": ([Op("Slice", "_", ints(1, -3), ints(7, 9), ints(1, 2), ints(2, 1))],
              ["Slice", "Slice"]),
    "slice backwards": ([Op("Slice", "_", ints(-1), ints(-(2**31)), ints(1), ints(-1))],
                        ["Reverse"]),
    "slice some backwards": ([Op("Slice", "_", ints(6), ints(0), ints(1), ints(-2))],
                             ["Slice", "Reverse"]),
    "split": ([Op("Split", "_", ints(1, 3), axis=2, out=("a", "b")), Op("Relu", "b")],
              ["Slice", "Activation"]),
    "split evenly": ([Op("Split", axis=1, num_outputs=2, out=("a", "b")), Op("Sub", "a", "b")],
                     ["Slice", "Slice", "Merge"]),
    "concat": ([Op("Relu", out=("a",)), Op("Concat", "x", "a", axis=2)], ["Activation", "Concat"]),
    "concat with a constant": ([Op("Concat", "_", array(1, 8, 2), axis=-1)],
                               ["Constant", "Concat"]),
    "concat in time": ([Op("Relu", out=("a",)), Op("Concat", "x", "a", axis=1)],
                       ["Activation", "Concat"]),
    "concat along a new axis": ([Op("Relu", out=("a",)), Op("Concat", "x", "a", axis=0)],
                                ["Activation", "Concat", "Reshape", "Permute"]),
    "concat and take apart": ([Op("Relu", out=("a",)), Op("Concat", "x", "a", axis=0),
                               Op("Gather", "_", np.int64(1)), Op("Tanh")],
                              ["Activation", "Activation"]),
    "pad": ([Op("Pad", "_", ints(0, 2, 0, 0, 1, 3))], ["Pad", "Pad"]),
    "pad some axes": ([Op("Pad", "_", ints(2, 0), np.float32(0), ints(1))], ["Pad"]),
    "mean of time": ([Op("ReduceMean", "_", ints(1), keepdims=0)], ["Reduce"]),
    "largest kept": ([Op("ReduceMax", "_", ints(-1))], ["Reduce"]),
    "sum of all": ([Op("ReduceSum")], ["Reduce"]),
    "repeat": ([Op("ReduceMean", "_", ints(1), keepdims=0), Op("Unsqueeze", "_", ints(1)),
                Op("Expand", "_", ints(1, 5, 1))], ["Reduce", "Repeat"]),
    "tile": ([Op("ReduceMean", "_", ints(1)), Op("Tile", "_", ints(1, 5, 1))],
             ["Reduce", "Repeat"]),
    "outer": ([Op("ReduceMax", "x", ints(1), out=("a",)), Op("ReduceMax", "x", ints(2)),
               Op("Mul", "a", "_")], ["Reduce", "Reduce", "Reshape", "Reshape", "Merge"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_needs_no_node(name, tmp_path):
    graph = check(network([*NOTHING[name], Op("Relu")]), tmp_path)
    assert kinds(graph) == ["Activation"]


@pytest.mark.parametrize("name", MOVED)
def test_moves(name, tmp_path):
    ops, wanted = MOVED[name]
    assert kinds(check(network(ops), tmp_path)) == wanted


def test_pads_may_take_away(tmp_path):
    path = saved(network([Op("Pad", "_", ints(-2, 1), None, ints(1))]), tmp_path)
    x = array(1, 8, 4)
    wanted = np.concatenate([x[:, 2:], np.zeros((1, 1, 4))], axis=1)
    np.testing.assert_array_equal(list(read(path).run({"x": x}).values())[-1], wanted)


def test_reshape_follows_shapes(tmp_path):
    """As PyTorch writes `x.view(x.size(0), -1)`."""
    ops = [
        Op("Shape", "x", out=("shape",)),
        Op("Gather", "shape", np.int64(0), out=("batch",)),
        Op("Unsqueeze", "batch", ints(0), out=("first",)),
        Op("Concat", "first", ints(-1), axis=0, out=("target",)),
        Op("Reshape", "x", "target"),
        Op("Gemm", "_", array(32, 3)),
    ]
    assert kinds(check(network(ops, ("n", 8, 4)), tmp_path)) == ["Reshape", "Dense"]


def test_embedding(tmp_path):
    ops = [Op("Cast", to=7), Op("Gather", array(6, 3), "_"), Op("ReduceMean", "_", ints(1))]
    graph = check(network(ops, (1, 8), kind=7), tmp_path, whole=True)
    assert kinds(graph) == ["Embedding", "Reduce"]


def test_axes_as_attributes_of_older_files(tmp_path):
    ops = [Op("ReduceMean", axes=[1], keepdims=0), Op("Relu")]
    assert kinds(check(network(ops, opset=13), tmp_path)) == ["Reduce", "Activation"]


@pytest.mark.parametrize("shape", [(1, 8, 4), ("n", 8, 4), (8, 1, 4), (8, 4), (1, 4), (7,)])
def test_batch_is_no_axis_of_the_graph(shape, tmp_path):
    graph = check(network([Op("Unsqueeze", "_", ints(0)), Op("Relu")], shape), tmp_path)
    assert graph.inputs[0].shape == tuple(n for n in shape if n not in (1, "n"))


def test_two_inputs(tmp_path):
    ops = [
        Op("Concat", "x", "z", axis=1),
        Op("Gemm", "_", array(7, 2)),
        Op("Relu", "z", out=("r",)),
    ]
    graph = check(network(ops, {"x": (1, 3), "z": (1, 4)}, outputs=("v1", "r")), tmp_path)
    assert [entry.name for entry in graph.inputs] == ["x", "z"]

# SPDX-License-Identifier: Apache-2.0
"""A simplified graph computes the same, and has lost what it should."""

import numpy as np
import pytest

from mcu_ghost.convert.graph import FloatGraph, Input
from mcu_ghost.convert.nodes import (
    GRU,
    LINEAR,
    LSTM,
    Activation,
    Affine,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    LayerNorm,
    Merge,
    Pad,
    Permute,
    Pool,
    Reduce,
    Repeat,
    Reshape,
    Reverse,
    SimpleRNN,
    Slice,
    UpSample,
)
from mcu_ghost.convert.passes import simplified


class Chain:
    """Nodes one behind the other, with random weights."""

    def __init__(self, shape, seed=0):
        self.rng = np.random.default_rng(seed)
        self.graph = FloatGraph("chain", (Input("x", shape),), (), ("x",))

    def floats(self, *shape):
        return self.rng.normal(0, 0.5, shape).astype(np.float32)

    @property
    def shape(self):
        return self.graph.shapes[self.graph.outputs[0]]

    def add(self, kind, *others, **fields):
        graph = self.graph
        node = kind("n", (graph.outputs[0], *others), f"v{len(graph.nodes)}", **fields)
        self.graph = FloatGraph("chain", graph.inputs, (*graph.nodes, node), (node.output,))
        return self

    def affine(self, zero=False):
        c = self.shape[-1]
        offset = np.zeros(c, np.float32) if zero else self.floats(c)
        return self.add(Affine, scale=self.floats(c), offset=offset)

    def dense(self, n=3):
        return self.add(Dense, kernel=self.floats(self.shape[-1], n), bias=self.floats(n))

    def conv(self, k=3, n=4, padding=((0, 0), (0, 0)), groups=1):
        kernel = self.floats(k, 1, self.shape[-1] // groups, n)
        return self.add(Conv, kernel=kernel, bias=self.floats(n), padding=padding, groups=groups)

    def depthwise(self, k=2, multiplier=2):
        c = self.shape[-1]
        kernel, bias = self.floats(k, 1, c, multiplier), self.floats(c * multiplier)
        return self.add(DepthwiseConv, kernel=kernel, bias=bias)

    def gru(self, **fields):
        kernels = {"kernel": self.floats(self.shape[-1], 9), "recurrent_kernel": self.floats(3, 9)}
        return self.add(GRU, **kernels, bias=self.floats(2, 9), **fields)

    def lstm(self, **fields):
        kernels = {"kernel": self.floats(self.shape[-1], 8), "recurrent_kernel": self.floats(2, 8)}
        return self.add(LSTM, **kernels, bias=self.floats(8), **fields)

    def simple(self, **fields):
        kernels = {"kernel": self.floats(self.shape[-1], 2), "recurrent_kernel": self.floats(2, 2)}
        return self.add(SimpleRNN, **kernels, bias=self.floats(2), **fields)

    def slice(self, **ends):
        n = self.shape
        return self.add(Slice, begin=(1,) * len(n), end=n, step=(1,) * len(n))

    def relu(self):
        return self.add(Activation, function=Function("relu"))


def same(graph):
    """Simplify, compare what comes out, and return the kinds of nodes that are left."""
    smaller = simplified(graph)
    rng = np.random.default_rng(1)
    x = {entry.name: rng.normal(size=(3, *entry.shape)) for entry in graph.inputs}
    before, after = graph.run(x), smaller.run(x)
    assert smaller.outputs == graph.outputs
    for name in graph.outputs:
        np.testing.assert_allclose(after[name], before[name], atol=1e-5, rtol=1e-5)
    return [type(node) for node in smaller.nodes]


AROUND = ((1, 1), (0, 0))
CASES = {
    "nothing": (lambda c: c.add(Activation, function=LINEAR).dense().add(Reshape, shape=(8, 3)),
                [Dense]),
    "into dense": (lambda c: c.affine().dense(), [Dense]),
    "into conv": (lambda c: c.affine().conv(), [Conv]),
    "into groups": (lambda c: c.affine().conv(groups=2), [Conv]),
    "into depthwise": (lambda c: c.affine().depthwise(), [DepthwiseConv]),
    "into gru": (lambda c: c.affine().gru(), [GRU]),
    "into gru reset before": (lambda c: c.affine().gru(reset_after=False), [GRU]),
    "into lstm": (lambda c: c.affine().lstm(backwards=True), [LSTM]),
    "into simple rnn": (lambda c: c.affine().simple(), [SimpleRNN]),
    "not into masked": (lambda c: c.affine().gru(mask=0.0), [Affine, GRU]),
    "out of dense": (lambda c: c.dense().affine(), [Dense]),
    "out of conv": (lambda c: c.conv(groups=2, padding=AROUND).affine(), [Conv]),
    "out of depthwise": (lambda c: c.depthwise().affine(), [DepthwiseConv]),
    "not through relu": (lambda c: c.dense().relu().affine(), [Dense, Activation, Affine]),
    "two": (lambda c: c.affine().affine().relu(), [Affine, Activation]),
    "not into zeros around": (lambda c: c.affine().conv(padding=AROUND), [Affine, Conv]),
    "scale into zeros around": (lambda c: c.affine(zero=True).conv(padding=AROUND), [Conv]),
    "through pad": (lambda c: c.affine(zero=True).add(Pad, padding=((1, 2), (0, 0))).dense(),
                    [Pad, Dense]),
    "not through pad": (lambda c: c.affine().add(Pad, padding=((1, 2), (0, 0))).dense(),
                        [Affine, Pad, Dense]),
    "pad into conv": (lambda c: c.add(Pad, padding=((3, 0), (0, 0))).conv(padding=AROUND), [Conv]),
    "pad not into pool": (lambda c: c.add(Pad, padding=((1, 1), (0, 0)))
                          .add(Pool, function="max", pool=(2, 1)), [Pad, Pool]),
    "through moves": (lambda c: c.affine().add(Reverse).slice().add(UpSample, size=(2,))
                      .add(Reshape, shape=(42,)).add(Repeat, n=2).dense(),
                      [Reverse, Slice, UpSample, Reshape, Repeat, Dense]),
    "through permute": (lambda c: c.add(Reshape, shape=(2, 4, 4)).affine()
                        .add(Permute, axes=(1, 0, 2)).conv(), [Reshape, Permute, Conv]),
    "not through permute": (lambda c: c.affine().add(Permute, axes=(1, 0)).dense(),
                            [Affine, Permute, Dense]),
    "through means": (lambda c: c.affine()
                      .add(Pool, function="average", pool=(3, 1), padding=AROUND)
                      .add(Reduce, function="mean", axes=(0,)).dense(), [Pool, Reduce, Dense]),
    "not through max": (lambda c: c.affine().add(Reduce, function="max", axes=(0,)).dense(),
                        [Affine, Reduce, Dense]),
    "reshapes": (lambda c: c.add(Reshape, shape=(32,)).add(Reshape, shape=(4, 8)), [Reshape]),
    "reshaped back": (lambda c: c.relu().add(Reshape, shape=(32,)).add(Reshape, shape=(8, 4)),
                      [Activation]),
    "turned twice": (lambda c: c.relu().add(Reverse).add(Reverse), [Activation]),
    "turned round": (lambda c: c.add(Reverse).gru().add(Reverse), [GRU]),
    "turned to the last": (lambda c: c.add(Reverse).lstm(return_sequences=False), [LSTM]),
    "average": (lambda c: c.relu().add(Merge, "x", function="average").dense(),
                [Activation, Merge, Dense]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_left(name):
    make, left = CASES[name]
    assert same(make(Chain((8, 4))).graph) == left


def test_turned_round_runs_backwards():
    graph = simplified(Chain((8, 4)).add(Reverse).gru().add(Reverse).graph)
    assert graph.nodes[0].backwards


def test_branches_share_what_is_folded():
    chain = Chain((8, 4)).affine()
    chain.dense().add(Dense, kernel=chain.floats(3, 4), bias=chain.floats(4))
    nodes = list(chain.graph.nodes)
    other = Dense("o", ("v0",), "o", chain.floats(4, 4), chain.floats(4))
    graph = FloatGraph("two", chain.graph.inputs, (*nodes, other), ("v2", "o"))
    assert same(graph) == [Dense, Dense, Dense]


def test_what_an_output_needs_stays():
    chain = Chain((8, 4)).affine().dense()
    graph = FloatGraph("two", chain.graph.inputs, chain.graph.nodes, ("v0", "v1"))
    assert same(graph) == [Affine, Dense]


def test_what_nothing_reads_goes():
    chain = Chain((8, 4)).relu().dense()
    graph = FloatGraph("one", chain.graph.inputs, chain.graph.nodes, ("v0",))
    assert same(graph) == [Activation]


STEPS = (
    Chain.affine, lambda c: c.affine(zero=True), Chain.dense, Chain.conv, Chain.depthwise,
    lambda c: c.conv(padding=AROUND), Chain.gru, lambda c: c.lstm(backwards=True), Chain.relu,
    Chain.simple, Chain.slice, lambda c: c.add(Reverse), lambda c: c.add(UpSample, size=(3,)),
    lambda c: c.add(Pad, padding=((2, 1), (0, 0))), lambda c: c.add(Permute, axes=(1, 0)),
    lambda c: c.add(Reshape, shape=(c.shape[0] * c.shape[1], 1)),
    lambda c: c.add(Reshape, shape=(1, c.shape[0] * c.shape[1])),
    lambda c: c.add(Reduce, function="mean", axes=(0,), keepdims=True),
    lambda c: c.add(Merge, c.graph.outputs[0], function="average"),
    lambda c: c.add(Concat, c.graph.outputs[0], axis=1),
    lambda c: c.add(LayerNorm, gamma=c.floats(c.shape[1]), beta=c.floats(c.shape[1]), epsilon=0.1),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed):
    """Ten random steps with a few branches on the way."""
    rng = np.random.default_rng(seed)
    chain = Chain((12, 4), seed)
    outputs = []
    while len(chain.graph.nodes) < 12:
        step = STEPS[rng.integers(len(STEPS))]
        if chain.shape[0] < 4:
            chain.add(UpSample, size=(4,))
        elif chain.shape[1] < 2:
            chain.dense(4)
        elif np.prod(chain.shape) > 2000:
            chain.dense(2)
        else:
            step(chain)
        if rng.random() < 0.1:
            outputs.append(chain.graph.outputs[0])
    graph = chain.graph
    outputs = tuple(dict.fromkeys([*outputs, *graph.outputs]))
    same(FloatGraph("random", graph.inputs, graph.nodes, outputs))

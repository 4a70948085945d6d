# SPDX-License-Identifier: Apache-2.0
"""Layers and networks besides the recurrent one: public shapes with random weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np

from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pool_2d import AveragePool2D
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.ops.windows import Pair, Window
from mcu_ghost.network.random_layer import Shape, random_layer
from mcu_ghost.network.tensor import Int8s, Int32s, Tensor

_FRAMES = 49


class _Drawn:
    """A graph that grows by random operators."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._rng = np.random.default_rng(0)
        self._tensors = [Tensor("x", shape, "int8", 1 / 128, 0)]
        self._operators: list[Operator] = []

    def put(self, op: Operator, y: Tensor, *inputs: int) -> int:
        """Add an operator; return what it writes."""
        place = len(self._tensors)
        self._operators.append(dataclasses.replace(op, inputs=inputs, output=place))
        self._tensors.append(dataclasses.replace(y, name=f"y_{place}"))
        return place

    def dense(self, source: int, units: int, activation: fused.Activation = "none") -> int:
        """Add a dense layer."""
        x = self._tensors[source]
        weights, scale = self._weights(x, (units, x.shape[-1]), units)
        y = Tensor("", (*x.shape[:-1], units), "int8", scale, -128 if activation == "relu" else 0)
        return self.put(FullyConnected((), 0, *weights, activation), y, source)

    def convolution(
        self, source: int, filters: int, size: Pair, strides: Pair = (1, 1), *, own: bool = True
    ) -> int:
        """Add a convolution, or a depthwise one, with a ReLU behind."""
        x = self._tensors[source]
        window = Window(size, strides)
        window = dataclasses.replace(window, padding=window.same(x.shape))
        shape = (filters, *size, x.shape[-1]) if own else (*size, filters)
        weights, scale = self._weights(x, shape, filters)
        y = Tensor("", (*window.output(x.shape), filters), "int8", scale, -128)
        kind = Conv2D if own else DepthwiseConv2D
        return self.put(kind((), 0, *weights, window, "relu"), y, source)

    def _weights(
        self, x: Tensor, shape: tuple[int, ...], outputs: int
    ) -> tuple[tuple[Int8s, Int32s, tuple[float, ...]], float]:
        """Return weights, biases, scales and the output's scale, which few values saturate."""
        made, (scale, _) = fused.random_weights(self._rng, x, shape, outputs)
        return (*made[:2], tuple(float(np.float32(s / 5)) for s in made[2])), scale

    def function(self, source: int, function: str) -> int:
        """Add an activation, or a softmax."""
        x = self._tensors[source]
        if function == "softmax":
            return self.put(*Softmax.random(self._rng, x, 0), source)
        return self.put(*Elementwise.random(self._rng, x, 0, function=function), source)  # type: ignore[arg-type]

    def gru(self, source: int, units: int) -> int:
        """Add a GRU whose reset comes before the product."""
        x = self._tensors[source]
        op, y = ResetGRU.random(self._rng, x.frame, 0, units=units)
        return self.put(op, dataclasses.replace(y, shape=(x.shape[0], units)), source)

    def joined(self, *sources: int) -> int:
        """Add a concatenation of frames."""
        xs = [self._tensors[i] for i in sources]
        y = dataclasses.replace(xs[0], shape=(xs[0].shape[0], sum(x.shape[1] for x in xs)))
        return self.put(Concatenation((), 0), y, *sources)

    def pooled(self, source: int) -> int:
        """Add an average over the whole image."""
        x = self._tensors[source]
        size = x.shape[0], x.shape[1]
        pooled = self.put(
            AveragePool2D((), 0, Window(size)),
            dataclasses.replace(x, shape=(1, 1, x.shape[2])),
            source,
        )
        return self.put(Reshape((), 0), dataclasses.replace(x, shape=x.shape[2:]), pooled)

    def model(self, name: str, *outputs: int, **metadata: str) -> Model:
        """Return the network."""
        graph = Graph(tuple(self._tensors), (0,), outputs, tuple(self._operators))
        return Model(name, graph, {"version": 1, "name": name, **metadata})


def keyword_ds_cnn() -> Model:
    """Return MLPerf Tiny's keyword network: 2 656 768 multiplications an answer."""
    net = _Drawn((49, 10, 1))
    at = net.convolution(0, 64, (10, 4), (2, 2))
    for _ in range(4):
        at = net.convolution(at, 64, (3, 3), own=False)
        at = net.convolution(at, 64, (1, 1))
    return net.model("kws", net.function(net.dense(net.pooled(at), 12), "softmax"))


def anomaly_autoencoder() -> Model:
    """Return MLPerf Tiny's anomaly network: 264 192 multiplications an answer."""
    net, at = _Drawn((640,)), 0
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        at = net.dense(at, units, "relu")
    return net.model("anomaly", net.dense(at, 640))


def rnnoise() -> Model:
    """Return RNNoise's network of 2018: 42 inputs, 22 gains and a voice flag, every 10 ms.

    All of its GRUs have tanh; the original's second one has a ReLU.
    """
    net = _Drawn((_FRAMES, 42))
    dense = net.function(net.dense(0, 24), "tanh")
    voice = net.gru(dense, 24)
    noise = net.gru(net.joined(dense, voice, 0), 48)
    clean = net.gru(net.joined(voice, noise, 0), 96)
    gains = net.function(net.dense(clean, 22), "logistic")
    flag = net.function(net.dense(voice, 1), "logistic")
    return net.model("rnnoise", gains, flag, plan="stream")


def _layer(kind: str, *sizes: object, strides: Pair = (1, 1)) -> Callable[[], Model]:
    return partial(random_layer, 0, kind, Shape(*sizes, strides))  # type: ignore[arg-type]


NETWORKS: dict[str, Callable[[], Model]] = {
    "Dense 256 → 256": _layer("dense", 256, 256, None, None),
    "Conv 1×1, 25×5 pixels, 64 → 64": _layer("conv_2d", 64, 64, (25, 5), (1, 1)),
    "Conv 3×3, 10×10 pixels, 16 → 32": _layer("conv_2d", 16, 32, (10, 10), (3, 3)),
    "Conv1D k = 3, 64 → 64, a frame": _layer("conv_1d", 64, 64, None, (3, 1)),
    "Conv1D k = 9, 64 → 64, a frame": _layer("conv_1d", 64, 64, None, (9, 1)),
    "depthwise 3×3, 25×5 pixels, 64": _layer("depthwise_conv_2d", 64, None, (25, 5), (3, 3)),
    "LSTM-154, 10 inputs": _layer("lstm", 10, 154, None, None),
    "SimpleRNN-154, 10 inputs": _layer("simple_rnn", 10, 154, None, None),
    "GRU-154, reset before, 10 inputs": _layer("reset_gru", 10, 154, None, None),
    "add, 640 values": _layer("add", 640, None, None, None),
    "max pool 2×2, 24×6 pixels, 64": _layer(
        "max_pool_2d", 64, None, (24, 6), (2, 2), strides=(2, 2)
    ),
    "average of 25×5 pixels, 64": _layer("average_pool_2d", 64, None, (25, 5), (25, 5)),
    "softmax of 12": _layer("softmax", 12, None, None, None),
    "MLPerf Tiny keyword DS-CNN": keyword_ds_cnn,
    "MLPerf Tiny anomaly autoencoder": anomaly_autoencoder,
    "RNNoise of 2018, 10 ms": rnnoise,
}
"""By name, as the results show them."""

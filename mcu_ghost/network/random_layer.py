# SPDX-License-Identifier: Apache-2.0
"""Networks of one random layer of any kind: what it costs before training it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.add import Add
from mcu_ghost.network.ops.binary import Binary
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.layer_norm import LayerNorm
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D, Pool2D
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.ops.windows import Pair, Window
from mcu_ghost.network.tensor import Tensor

_FRAMES = 49


@dataclass(frozen=True)
class Shape:
    """The sizes of a layer; each kind takes its own of them.

    Attributes:
        inputs: Values of a frame, or channels of an image.
        units: Units, outputs or filters; None where the input decides.
        image: Height and width; None is a frame of one vector.
        kernel: Height and width of a window, frames of a convolution over time and 1.
        strides: Of the window.
    """

    inputs: int
    units: int | None = None
    image: Pair | None = None
    kernel: Pair | None = None
    strides: Pair = (1, 1)


@dataclass(frozen=True)
class _Kind:
    """How a kind of layer is made, and what it needs or has none of."""

    make: Callable[[np.random.Generator, Tensor, Shape], tuple[Operator, Tensor]]
    units: bool = False
    image: bool = False
    kernel: bool = False
    timed: bool = False
    operands: int = 1


def _gated(kind: type[Gated]) -> _Kind:
    def make(rng: np.random.Generator, x: Tensor, shape: Shape) -> tuple[Operator, Tensor]:
        op, y = kind.random(rng, x.frame, 0, units=shape.units or 1)
        return op, dataclasses.replace(y, shape=(*x.shape[:1], *y.shape))

    return _Kind(make, units=True, timed=True)


def _convolution(kind: type[Conv2D | DepthwiseConv2D], timed: bool = False) -> _Kind:
    own = kind is Conv2D  # filters of all channels

    def make(rng: np.random.Generator, x: Tensor, shape: Shape) -> tuple[Operator, Tensor]:
        window = Window(shape.kernel or (1, 1), shape.strides)
        if not timed:
            window = dataclasses.replace(window, padding=window.same(x.shape))
        outputs = shape.units or shape.inputs
        kernel = (outputs, *window.size, shape.inputs) if own else (*window.size, outputs)
        weights, of_y = fused.random_weights(rng, x, kernel, outputs)
        y = Tensor("y", (*window.output(x.shape), outputs), "int8", *of_y)
        return kind((0,), 1, *weights, window), y

    return _Kind(make, units=own, image=not timed, kernel=True, timed=timed)


def _pool(kind: type[Pool2D]) -> _Kind:
    def make(rng: np.random.Generator, x: Tensor, shape: Shape) -> tuple[Operator, Tensor]:
        window = Window(shape.kernel or (1, 1), shape.strides)
        y = dataclasses.replace(x, name="y", shape=(*window.output(x.shape), shape.inputs))
        return kind((0,), 1, window), y

    return _Kind(make, image=True, kernel=True)


def _binary(kind: type[Binary]) -> _Kind:
    def make(rng: np.random.Generator, x: Tensor, shape: Shape) -> tuple[Operator, Tensor]:
        op, y = kind.random(rng, x, 0, other=x)
        return dataclasses.replace(op, activation="none"), y

    return _Kind(make, operands=2)


def _dense(rng: np.random.Generator, x: Tensor, shape: Shape) -> tuple[Operator, Tensor]:
    return FullyConnected.random(rng, x, 0, outputs=shape.units or 1)


def _same(kind: type[Operator]) -> _Kind:
    return _Kind(lambda rng, x, shape: kind.random(rng, x, 0))


_KINDS = {
    "dense": _Kind(_dense, units=True),
    "lstm": _gated(LSTM),
    "simple_rnn": _gated(SimpleRNN),
    "reset_gru": _gated(ResetGRU),
    "conv_1d": _convolution(Conv2D, timed=True),
    "conv_2d": _convolution(Conv2D),
    "depthwise_conv_2d": _convolution(DepthwiseConv2D),
    "max_pool_2d": _pool(MaxPool2D),
    "average_pool_2d": _pool(AveragePool2D),
    "add": _binary(Add),
    "multiply": _binary(Mul),
    "layer_norm": _same(LayerNorm),
    "softmax": _same(Softmax),
}

KINDS = tuple(_KINDS)
"""What `random_layer` makes; a `conv_1d` is causal and streams, a `reset_gru` resets before."""


def random_layer(seed: int, kind: str, shape: Shape) -> Model:
    """Return a network of one layer: a stream of frames, or of images one after the other.

    Args:
        seed: The same seed gives the same network.
        kind: One of `KINDS`.
        shape: Its sizes.

    Raises:
        GhostError: The kind needs another size, or has none of the kind given.
    """
    made = _KINDS[kind]
    for name in ("units", "image", "kernel"):
        needed, given = getattr(made, name), getattr(shape, name) is not None
        if needed and not given:
            raise GhostError(f"A layer {kind} needs --{name}.")
        if given and not needed:
            raise GhostError(f"A layer {kind} has no --{name}; leave it out.")
    if shape.strides != (1, 1) and not (made.kernel and made.image):
        raise GhostError(f"A layer {kind} has no --strides; leave it out.")
    rng = np.random.default_rng(seed)
    whole = (_FRAMES, 1) if made.kernel else (_FRAMES,)
    axes = whole if made.timed else shape.image or ()
    scale, zero_point = float(np.float32(0.03)), int(rng.integers(-128, 128))
    x = Tensor("x", (*axes, shape.inputs), "int8", scale, zero_point)
    metadata: dict[str, Any] = {"version": 1, "name": "random"}
    if made.timed:
        metadata["plan"] = "stream"
    if made.timed and shape.kernel:  # causal: what is missing lies before the first frame
        before = shape.kernel[0] - 1
        padded = dataclasses.replace(x, name="padded", shape=(before + _FRAMES, *x.shape[1:]))
        op, y = made.make(rng, padded, shape)
        op = dataclasses.replace(op, inputs=(1,), output=2)
        operators = Pad((0,), 1, ((before, 0), (0, 0), (0, 0))), op
        return Model("random", Graph((x, padded, y), (0,), (2,), operators), metadata)
    op, y = made.make(rng, x, shape)
    if min(y.shape) < 1:
        raise GhostError("The kernel is larger than the image.")
    others = [dataclasses.replace(x, name="other")] * (made.operands - 1)
    graph = Graph((x, *others, y), tuple(range(made.operands)), (made.operands,), (op,))
    return Model("random", graph, metadata)

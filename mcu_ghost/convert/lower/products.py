# SPDX-License-Identifier: Apache-2.0
"""Nodes with weights that become TFLite's operators: dense layers and convolutions."""

from __future__ import annotations

import numpy as np

from mcu_ghost.convert.lower.lowering import Lowering
from mcu_ghost.convert.nodes import Affine, Conv, Dense, DepthwiseConv, Embedding, Pool, Window
from mcu_ghost.network import quantize
from mcu_ghost.network.ops import windows
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.embedding import MOST_ROWS
from mcu_ghost.network.ops.embedding import Embedding as EmbeddingOperator
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D
from mcu_ghost.network.tensor import Int8s, Int32s, Tensor

Floats = quantize.Floats


def dense(node: Dense, to: Lowering) -> None:
    """Make a FULLY_CONNECTED, its weights with one scale."""
    (source,) = (to.places[name] for name in node.inputs)
    activation, value = to.fused(node)
    rows, bias = node.kernel.T.astype(np.float64), node.bias.astype(np.float64)
    weights, biases, scales = _quantised(rows[None], bias[None], to.tensor(source))
    target = to.ranged("fully_connected", value)
    made = FullyConnected((source,), target, weights[0], biases[0], scales, activation)
    to.places[value] = to.emit(made)


def conv(node: Conv, to: Lowering) -> None:
    """Make a CONV_2D; a 1-D one has windows of width 1."""
    kernel = np.moveaxis(node.kernel.astype(np.float64), -1, 0)  # (out, kh, kw, in)
    _convolution(node, to, "conv_2d", kernel)


def depthwise(node: DepthwiseConv, to: Lowering) -> None:
    """Make a DEPTHWISE_CONV_2D."""
    kh, kw, channels, multiplier = node.kernel.shape
    kernel = node.kernel.reshape(kh, kw, channels * multiplier).astype(np.float64)
    _convolution(node, to, "depthwise_conv_2d", np.moveaxis(kernel, -1, 0))


def affine(node: Affine, to: Lowering) -> None:
    """Make a DEPTHWISE_CONV_2D of one place: each channel has a weight and a bias of its own."""
    shape = to.graph.shapes[node.output]
    image = shape if len(shape) == 3 else (*shape[:-1], *(1,) * (3 - len(shape)), shape[-1])
    source = to.shaped(to.places[node.inputs[0]], image)
    activation, value = to.fused(node)
    weights, biases, scales = _quantised(
        node.scale.astype(np.float64)[:, None], node.offset.astype(np.float64)[:, None],
        to.tensor(source),
    )  # fmt: skip
    target = to.ranged("depthwise_conv_2d", value, image)
    to.emit(DepthwiseConv2D((source,), target, weights.T[None], biases[:, 0], scales,
                            windows.Window((1, 1)), activation))  # fmt: skip
    to.places[value] = to.shaped(target, shape)


def pool(node: Pool, to: Lowering) -> None:
    """Make a MAX_POOL_2D or an AVERAGE_POOL_2D."""
    source, window = _padded(node, to, to.places[node.inputs[0]], lowest=node.function == "max")
    rows, columns = window.output(to.tensor(source).shape)
    target = to.like(f"{node.function}_pool_2d", source, (rows, columns,
                                                          to.tensor(source).shape[-1]))  # fmt: skip
    kind = MaxPool2D if node.function == "max" else AveragePool2D
    to.emit(kind((source,), target, window))
    to.places[node.output] = to.shaped(target, to.graph.shapes[node.output])


def embedding(node: Embedding, to: Lowering) -> None:
    """Make our own operator; the input that it reads counts in whole numbers."""
    rows = len(node.table)
    if rows > MOST_ROWS:
        raise node.refuse(
            f"it has {rows} rows, and an int8 input names at most {MOST_ROWS}; look the vectors up"
            " before the network, and make them its input"
        )
    source = to.places[node.inputs[0]]
    if (to.tensor(source).scale, to.tensor(source).zero_point) != (1.0, -128):
        raise node.refuse("only numbers that are the network's own input can name its rows")
    target = to.ranged("embedding", node.output)
    table = to.tensor(target).quantize(node.table)
    to.places[node.output] = to.emit(EmbeddingOperator((source,), target, table))


def _convolution(node: Conv | DepthwiseConv, to: Lowering, label: str, kernel: Floats) -> None:
    """Make either convolution of weights (outputs, kh, kw, …)."""
    activation, value = to.fused(node)
    source, window = _padded(node, to, to.places[node.inputs[0]])
    x = to.tensor(source)
    flat = kernel.reshape(len(kernel), -1)
    weights, biases, scales = _quantised(flat, node.bias.astype(np.float64)[:, None], x)
    shaped = weights.reshape(kernel.shape)
    target = to.ranged(label, value, (*window.output(x.shape), len(kernel)))
    made: Conv2D | DepthwiseConv2D
    if isinstance(node, Conv):
        made = Conv2D((source,), target, shaped, biases[:, 0], scales, window, activation)
    else:
        made = DepthwiseConv2D((source,), target, np.moveaxis(shaped, 0, -1), biases[:, 0],
                               scales, window, activation)  # fmt: skip
    to.emit(made)
    to.places[value] = to.shaped(target, to.graph.shapes[value])


def _padded(
    node: Window, to: Lowering, source: int, lowest: bool = False
) -> tuple[int, windows.Window]:
    """Return the image with what padding SAME and VALID cannot say around it, and the window."""
    shape = to.tensor(source).shape
    source = to.shaped(source, shape if len(shape) == 3 else (shape[0], 1, shape[1]))
    bare = windows.Window(node.size, node.strides, node.dilation)
    image = to.tensor(source).shape
    if node.padding == bare.padding:
        return source, bare
    if node.padding == bare.same(image):
        return source, windows.Window(node.size, node.strides, node.dilation, node.padding)
    around = (*node.padding, (0, 0))
    if not lowest and isinstance(node, Pool):
        raise node.refuse("pads an average in a way that is neither 'same' nor 'valid'")
    larger = tuple(n + sum(pair) for n, pair in zip(image, around, strict=True))
    target = to.like("pad", source, larger)
    return to.emit(Pad((source,), target, around, -128 if lowest else None)), bare


def _quantised(rows: Floats, bias: Floats, x: Tensor) -> tuple[Int8s, Int32s, tuple[float, ...]]:
    """Return weights and biases in integers, with a scale for each first index.

    Args:
        rows: (scales, …) float weights.
        bias: (scales, …) float biases.
        x: What the weights are multiplied with.
    """
    scales = [quantize.weight_scale(one, x.scale, own) for one, own in zip(rows, bias, strict=True)]
    weights = [quantize.quantize_weights(one, s) for one, s in zip(rows, scales, strict=True)]
    biases = [np.round(own / (x.scale * s)) for own, s in zip(bias, scales, strict=True)]
    return np.stack(weights), np.stack(biases).astype(np.int32), tuple(scales)

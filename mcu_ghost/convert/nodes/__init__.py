# SPDX-License-Identifier: Apache-2.0
"""The kinds of nodes that a float graph is made of."""

from mcu_ghost.convert.nodes.dense import Dense, Embedding
from mcu_ghost.convert.nodes.elementwise import Activation, Affine, LayerNorm, PRelu, Softmax
from mcu_ghost.convert.nodes.function import LINEAR, Function
from mcu_ghost.convert.nodes.merge import Concat, Constant, Merge, Reduce
from mcu_ghost.convert.nodes.node import Node, Reals, Shape
from mcu_ghost.convert.nodes.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from mcu_ghost.convert.nodes.shape import Pad, Permute, Repeat, Reshape, Reverse, Slice, UpSample
from mcu_ghost.convert.nodes.window import Conv, DepthwiseConv, Pool, Window

__all__ = [
    "GRU",
    "LINEAR",
    "LSTM",
    "Activation",
    "Affine",
    "Concat",
    "Constant",
    "Conv",
    "Dense",
    "DepthwiseConv",
    "Embedding",
    "Function",
    "LayerNorm",
    "Merge",
    "Node",
    "PRelu",
    "Pad",
    "Permute",
    "Pool",
    "Reals",
    "Recurrent",
    "Reduce",
    "Repeat",
    "Reshape",
    "Reverse",
    "Shape",
    "SimpleRNN",
    "Slice",
    "Softmax",
    "UpSample",
    "Window",
]

# SPDX-License-Identifier: Apache-2.0
"""The kinds of layers, one file each, and the table of them.

A file holds all of a kind but its kernels: its dataclass, checks and arithmetic, its way into and
out of a `.tflite`, what it keeps from frame to frame, and how a random one is made. Kernels pack
its constants in `mcu_ghost.build.kernels` and compute it in `firmware/kernels/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcu_ghost.network.ops import split, variables
from mcu_ghost.network.ops.add import Add, Sub
from mcu_ghost.network.ops.assign_variable import AssignVariable
from mcu_ghost.network.ops.broadcast_to import BroadcastTo
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.embedding import Embedding
from mcu_ghost.network.ops.extremum import Maximum, Minimum
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.layer_norm import LayerNorm
from mcu_ghost.network.ops.lookup import Lookup
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.mul import Mul
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.pad import Pad
from mcu_ghost.network.ops.pool_2d import AveragePool2D, MaxPool2D
from mcu_ghost.network.ops.prelu import PRelu
from mcu_ghost.network.ops.reduce import Mean, ReduceMax, ReduceMin, Sum
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.resize_nearest_neighbor import ResizeNearestNeighbor
from mcu_ghost.network.ops.sequence_lstm import SequenceLSTM
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.ops.transpose import Transpose
from mcu_ghost.network.tflite.tables import OPERATOR_NAMES, Tables

Reader = Callable[[Tables, Any], tuple[Operator, ...]]
"""Takes operators from a file: those that do the same as the file's one."""

KINDS: dict[str, type[Operator]] = {}
"""Every kind by its name."""

_READERS: dict[int | str, tuple[int, Reader]] = {}


def register(kind: type[Operator]) -> None:
    """Add a kind, so that files may hold it."""
    KINDS[kind.kind] = kind

    def read_one(file: Tables, op: Any) -> tuple[Operator, ...]:
        made = kind.read(file, op)
        return () if made is None else (made,)

    _READERS.update({code: (newest, read_one) for code, newest in kind.codes.items()})


def supported() -> str:
    """Return the names of all operators that files may hold."""
    names = (code if isinstance(code, str) else OPERATOR_NAMES[code] for code in _READERS)
    return ", ".join(names)


def read(file: Tables, op: Any) -> tuple[Operator, ...]:
    """Take an operator from a `.tflite`: none if it does nothing, one for each of its outputs.

    Raises:
        GhostError: Its kind or its version is not known here, or it is damaged.
    """
    reader = known(file, op)
    code, name, _ = file.code(op)
    if code in variables.CODES:
        return reader(file, op)
    outputs = file.count(op.OutputsLength())
    if file.count(op.InputsLength()) < 1 or outputs < 1 or outputs > 1 and code not in split.CODES:
        raise file.error(f"{name} must have inputs and one output")
    return reader(file, op)


def known(file: Tables, op: Any) -> Reader:
    """Return what reads an operator.

    Raises:
        GhostError: Its kind or its version is not known.
    """
    code, name, version = file.code(op)
    if code not in _READERS:
        raise file.error(f"operator {name} is not supported; supported are {supported()}")
    newest, reader = _READERS[code]
    if not 1 <= version <= newest:
        raise file.error(f"version {version} of operator {name} is not supported, at most {newest}")
    return reader


for _kind in (
    GhostGRU,
    LSTM,
    ResetGRU,
    SimpleRNN,
    FullyConnected,
    Softmax,
    Elementwise,
    Reshape,
    LayerNorm,
    Conv2D,
    DepthwiseConv2D,
    AveragePool2D,
    MaxPool2D,
    Mean,
    Sum,
    ReduceMax,
    ReduceMin,
    Add,
    Sub,
    Mul,
    Maximum,
    Minimum,
    Concatenation,
    Pad,
    StridedSlice,
    Transpose,
    ResizeNearestNeighbor,
    BroadcastTo,
    PRelu,
    Lookup,
    Embedding,
    AssignVariable,
    SequenceLSTM,
):
    register(_kind)
_READERS.update({code: (newest, split.read) for code, newest in split.CODES.items()})
_READERS.update({code: (newest, variables.read) for code, newest in variables.CODES.items()})

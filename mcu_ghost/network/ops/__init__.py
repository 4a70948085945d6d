# SPDX-License-Identifier: Apache-2.0
"""The kinds of layers, one file each, and the table of them.

A file holds all of a kind but its kernels: its dataclass, checks and arithmetic, its way into and
out of a `.tflite`, what it keeps from frame to frame, and how a random one is made. Kernels pack
its constants in `mcu_ghost.build.kernels` and compute it in `firmware/kernels/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.layer_norm import LayerNorm
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.tflite.tables import OPERATOR_NAMES, Tables

Reader = Callable[[Tables, Any], Operator | None]
"""Takes an operator from a file; None is for one that moves no data."""

KINDS: dict[str, type[Operator]] = {}
"""Every kind by its name."""

_READERS: dict[int | str, tuple[int, Reader]] = {}


def register(kind: type[Operator]) -> None:
    """Add a kind, so that files may hold it."""
    KINDS[kind.kind] = kind
    _READERS.update({code: (newest, kind.read) for code, newest in kind.codes.items()})


def supported() -> str:
    """Return the names of all operators that files may hold."""
    names = (code if isinstance(code, str) else OPERATOR_NAMES[code] for code in _READERS)
    return ", ".join(names)


def read(file: Tables, op: Any) -> Operator | None:
    """Take an operator from a `.tflite`; None is for one that moves no data.

    Raises:
        GhostError: Its kind or its version is not known here, or it is damaged.
    """
    reader = known(file, op)
    if file.count(op.InputsLength()) < 1 or file.count(op.OutputsLength()) != 1:
        raise file.error(f"{file.code(op)[1]} must have inputs and one output")
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
):
    register(_kind)

# SPDX-License-Identifier: Apache-2.0
"""Recurrent nodes that become fused operators of our own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from mcu_ghost.convert.lower.lowering import Lowering
from mcu_ghost.convert.lower.moves import reversed_frames
from mcu_ghost.convert.nodes import GRU, LSTM, Function, Recurrent, SimpleRNN
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops.gates import STATE_SCALE
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.lstm import LSTM as LSTMOperator
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.simple_rnn import SimpleRNN as SimpleRNNOperator
from mcu_ghost.network.tensor import Tensor


def recurrent(node: Recurrent, to: Lowering, largest: Mapping[str, float]) -> None:
    """Make the operator of a layer; one that goes backwards reads its frames in reverse order.

    Args:
        node: The layer.
        to: What is being made.
        largest: The largest magnitude that each layer keeps in calibration.

    Raises:
        GhostError: Its weights or functions fit no operator.
    """
    source = to.places[node.inputs[0]]
    if node.backwards:
        source = reversed_frames(to, source)
    shape = to.graph.shapes[node.output]
    target = to.add(_label(node), shape, STATE_SCALE, 0)
    kept = largest.get(node.output, 1.0)
    try:
        made = _operator(node, to.tensor(source), source, target, kept)
    except GhostError as error:
        raise GhostError(f"Layer '{node.name}' ({node.kind}): {error}") from error
    if node.mask is not None:
        mask = int(to.tensor(source).quantize(node.mask))
        made = dataclasses.replace(made, inputs=(source, source), mask=mask)
    to.emit(made)
    if node.backwards and node.return_sequences:
        target = reversed_frames(to, target)
    to.places[node.output] = target


def _label(node: Recurrent) -> str:
    return {GRU: "ghost_gru", LSTM: "lstm", SimpleRNN: "simple_rnn"}[type(node)]


def _operator(node: Recurrent, x: Tensor, source: int, target: int, kept: float) -> Any:
    common: dict[str, Any] = {
        "inputs": (source,),
        "output": target,
        "return_sequences": node.return_sequences,
        "stateful": node.stateful,
    }
    kernel, recurrent_kernel = (w.astype(np.float64) for w in (node.kernel, node.recurrent_kernel))
    if isinstance(node, LSTM):
        return LSTMOperator.quantized(
            x, kernel, recurrent_kernel, node.bias.astype(np.float64), largest_cell=kept,
            hard=_slope(node, node.recurrent_activation), **common,
        )  # fmt: skip
    if isinstance(node, SimpleRNN):
        return SimpleRNNOperator.quantized(
            x, kernel, recurrent_kernel, node.bias.astype(np.float64), **common
        )
    assert isinstance(node, GRU)
    bias = node.bias.astype(np.float64)
    hard = _slope(node, node.recurrent_activation)
    if not node.reset_after or hard:
        if node.ratio > 1:
            raise node.refuse("ghosts go with reset_after=True and sigmoid gates only")
        return ResetGRU.quantized(x, kernel, recurrent_kernel, bias, hard=hard,
                                  reset_after=node.reset_after, **common)  # fmt: skip
    n = node.units
    m = n // node.ratio
    ghost_kernel = np.zeros((m, n - m)) if node.ghost_kernel is None else node.ghost_kernel
    ghost_bias = np.zeros(n - m) if node.ghost_bias is None else node.ghost_bias
    return GhostGRU.quantized(
        x, kernel, recurrent_kernel, bias, ghost_kernel.astype(np.float64),
        ghost_bias.astype(np.float64), ratio=node.ratio, **common,
    )  # fmt: skip


def _slope(node: Recurrent, function: Function) -> float:
    """Return the slope of a hard sigmoid, 0 for the sigmoid itself."""
    if function.name == "sigmoid":
        return 0.0
    slope, offset = (*function.parameters, 1 / 6, 0.5)[:2] if function.parameters else (1 / 6, 0.5)
    if function.name != "hard_sigmoid" or offset != 0.5:
        raise node.refuse(f"gates by {function} have no int8 operator; train them with sigmoid")
    return slope

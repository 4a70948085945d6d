# SPDX-License-Identifier: Apache-2.0
"""The plain C variant: weights and biases as the model has them; every kind has one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels import plain_arithmetic, plain_copies, plain_windows
from mcu_ghost.build.kernels.constants import Constants, Kernel, braces
from mcu_ghost.network.ops import elementwise, fully_connected, fused, softmax
from mcu_ghost.network.ops.collect import Collect
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.embedding import Embedding
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.gates import Requantizer
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.layer_norm import LayerNorm
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.ring import Ring
from mcu_ghost.network.ops.sequence_lstm import SequenceLSTM
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.tensor import Tensor


def _ghost_gru(op: GhostGRU, xs: Tensors, y: Tensor) -> Constants:
    """Return a layer's arrays as they are; a plain GRU has none for ghosts."""
    arrays = {
        "kernel": op.kernel,
        "recurrent_kernel": op.recurrent_kernel,
        "input_bias": op.bias[0],
        "recurrent_bias": op.bias[1],
    }
    if op.ghosts:
        arrays |= {"ghost_kernel": op.ghost_kernel, "ghost_bias": op.ghost_bias}
    return Constants("ghost_gru_step_s8", "ghost_gru_params", arrays, gru_numbers(op), 0)


def gru_numbers(op: GhostGRU) -> dict[str, int | str]:
    """Return what every variant's `ghost_gru_params` has besides arrays."""
    return {
        "inputs": op.features,
        "units": op.units,
        "intrinsic": op.intrinsic,
        "input": braces(map(_pair, op.input_requantizers)),
        "recurrent": braces(map(_pair, op.recurrent_requantizers)),
        "ghost": _pair(op.ghost_requantizer or Requantizer(1, 0)),
    }


def _pair(requantizer: Requantizer) -> str:
    return braces((requantizer.multiplier, requantizer.shift))


def _gates(op: Gated, function: str, **own: int | str) -> Constants:
    """Return the arrays of a recurrent layer as they are, but for a recurrent bias of zeros."""
    arrays = {
        "kernel": op.kernel,
        "recurrent_kernel": op.recurrent_kernel,
        "input_bias": op.bias[0],
    }
    if op.bias[1].any():
        arrays["recurrent_bias"] = op.bias[1]
    numbers: dict[str, int | str] = {
        "inputs": op.features,
        "units": op.units,
        "input": braces(map(_pair, op.input_requantizers)),
        "recurrent": braces(map(_pair, op.recurrent_requantizers)),
        "slope": op.slope,
        **own,
    }
    return Constants(function, "ghost_gates_params", arrays, numbers, op.units)


def _lstm(op: LSTM, xs: Tensors, y: Tensor) -> Constants:
    return _gates(op, "ghost_lstm_step_s8", cell_bits=op.cell_bits)


def _reset_gru(op: ResetGRU, xs: Tensors, y: Tensor) -> Constants:
    return _gates(op, "ghost_reset_gru_step_s8", reset_after=int(op.reset_after))


def _simple_rnn(op: SimpleRNN, xs: Tensors, y: Tensor) -> Constants:
    return _gates(op, "ghost_simple_rnn_step_s8", relu=int(op.relu))


def _sequence_lstm(op: SequenceLSTM, xs: Tensors, y: Tensor) -> Constants:
    """Return the weights, and biases with the zero points folded in."""
    (x,) = xs
    of_input = fused.folded_bias(op.bias, x.zero_point, op.kernel)
    of_state = fused.folded_bias(0, op.state_zero_point, op.recurrent_kernel)
    arrays: dict[str, npt.NDArray[Any]] = {
        "kernel": op.kernel,
        "recurrent_kernel": op.recurrent_kernel,
        "input_bias": of_input.astype(np.int32),
        "recurrent_bias": of_state.astype(np.int32),
    }
    numbers: dict[str, int | str] = {
        "inputs": x.size,
        "units": op.units,
        "input": braces(map(braces, op.pairs(x.scale, op.kernel_scales))),
        "recurrent": braces(map(braces, op.pairs(op.state_scale, op.recurrent_scales))),
        "new_cell": braces(op.new_cell),
        "new_state": braces(op.new_state),
        "cell_power": op.cell_power,
        "clip": op.clip or 32767,
        "unclipped": int(not op.clip),
        "zero_point": op.state_zero_point,
    }
    params = "ghost_sequence_lstm_params"
    return Constants("ghost_sequence_lstm_step_s8", params, arrays, numbers, op.units)


def pack_fully_connected(op: FullyConnected, xs: Tensors, y: Tensor) -> Constants:
    """Return a layer's weights, and its biases with the input's zero point folded in."""
    pairs = np.array(fully_connected.output_multipliers(op, xs[0], y))
    bias = fused.folded_bias(op.bias, xs[0].zero_point, op.weights)
    low, high = fused.activation_range(op.activation, y)
    arrays: dict[str, npt.NDArray[Any]] = {
        "weights": op.weights,
        "bias": bias.astype(np.int32),
        "multipliers": pairs[:, 0].astype(np.int32),
        "shifts": pairs[:, 1].astype(np.int8),
    }
    outputs, inputs = op.weights.shape
    numbers: dict[str, int | str] = {
        "inputs": inputs,
        "outputs": outputs,
        "per_output": int(len(pairs) > 1),
        "output_zero_point": y.zero_point,
        "minimum": low,
        "maximum": high,
    }
    params = "ghost_fully_connected_params"
    return Constants("ghost_fully_connected_s8", params, arrays, numbers)


def _softmax(op: Softmax, xs: Tensors, y: Tensor) -> Constants:
    """Return a table of exponentials."""
    exps = softmax.exponentials(op, xs[0]).astype(np.int32)
    numbers: dict[str, int | str] = {"size": xs[0].size, "rows": len(exps)}
    return Constants("ghost_softmax_s8", "ghost_softmax_params", {"exps": exps}, numbers)


def _elementwise(op: Elementwise, xs: Tensors, y: Tensor) -> Constants:
    """Return a table of all answers."""
    table = elementwise.table(op, xs[0], y).astype(np.int8)
    return Constants("ghost_lookup_s8", "", {"table": table}, {"size": xs[0].size})


def _collect(op: Collect, xs: Tensors, y: Tensor) -> Constants:
    """Return the sizes."""
    return Constants(
        "ghost_collect_s8",
        "",
        {},
        {"size": op.size, "frames": op.frames - op.before, "before": op.before},
    )


def _layer_norm(op: LayerNorm, xs: Tensors, y: Tensor) -> Constants:
    """Return gamma and beta as they are."""
    numbers: dict[str, int | str] = {
        "size": y.size,
        "fraction": op.fraction,
        "epsilon": op.epsilon,
    }
    arrays: dict[str, npt.NDArray[Any]] = {"gamma": op.gamma, "beta": op.beta}
    return Constants("ghost_layer_norm_s8", "ghost_layer_norm_params", arrays, numbers)


def _embedding(op: Embedding, xs: Tensors, y: Tensor) -> Constants:
    """Return the table."""
    rows, width = op.table.shape
    numbers: dict[str, int | str] = {"size": xs[0].size, "rows": rows, "width": width}
    return Constants("ghost_embedding_s8", "", {"table": op.table}, numbers)


def _ring(op: Ring, xs: Tensors, y: Tensor) -> Constants:
    """Return the sizes."""
    return Constants("ghost_ring_s8", "", {}, {"size": op.size, "length": op.length})


KERNELS = {
    "ghost_gru": Kernel(_ghost_gru, ("plain/ghost_gru_step_s8.c", "plain/ghost_sigmoid_table.c")),
    "lstm": Kernel(_lstm, ("plain/ghost_lstm_step_s8.c", "plain/ghost_sigmoid_table.c")),
    "reset_gru": Kernel(
        _reset_gru, ("plain/ghost_reset_gru_step_s8.c", "plain/ghost_sigmoid_table.c")
    ),
    "simple_rnn": Kernel(
        _simple_rnn, ("plain/ghost_simple_rnn_step_s8.c", "plain/ghost_sigmoid_table.c")
    ),
    "sequence_lstm": Kernel(
        _sequence_lstm,
        ("plain/ghost_sequence_lstm_step_s8.c", "plain/ghost_even_sigmoid_table.c"),
    ),
    "fully_connected": Kernel(pack_fully_connected, ("plain/ghost_fully_connected_s8.c",)),
    "softmax": Kernel(_softmax, ("plain/ghost_softmax_s8.c",)),
    "elementwise": Kernel(_elementwise, ("plain/ghost_lookup_s8.c",)),
    "embedding": Kernel(_embedding, ("plain/ghost_embedding_s8.c",)),
    "ring": Kernel(_ring, ("plain/ghost_ring_s8.c",)),
    "collect": Kernel(_collect, ("plain/ghost_collect_s8.c",)),
    "layer_norm": Kernel(_layer_norm, ("plain/ghost_layer_norm_s8.c",)),
    **plain_windows.KERNELS,
    **plain_arithmetic.KERNELS,
    **plain_copies.KERNELS,
}

# SPDX-License-Identifier: Apache-2.0
"""The plain C variant: weights and biases as the model has them; every kind has one."""

from __future__ import annotations

import numpy as np

from mcu_ghost.build.kernels import plain_arithmetic, plain_copies, plain_windows
from mcu_ghost.build.kernels.constants import Constants, Kernel
from mcu_ghost.network.ops import elementwise, fully_connected, fused, softmax
from mcu_ghost.network.ops.collect import Collect
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.gates import Requantizer
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Tensors
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
        "input": _initialiser(*op.input_requantizers),
        "recurrent": _initialiser(*op.recurrent_requantizers),
        "ghost": _initialiser(op.ghost_requantizer or Requantizer(1, 0))[1:-1],
    }


def _initialiser(*requantizers: Requantizer) -> str:
    return "{" + ", ".join(f"{{{rq.multiplier}, {rq.shift}}}" for rq in requantizers) + "}"


def pack_fully_connected(op: FullyConnected, xs: Tensors, y: Tensor) -> Constants:
    """Return a layer's weights, and its biases with the input's zero point folded in."""
    pairs = np.array(fully_connected.output_multipliers(op, xs[0], y))
    bias = op.bias - xs[0].zero_point * op.weights.astype(np.int64).sum(axis=1)
    low, high = fused.activation_range(op.activation, y)
    arrays = {
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
    return Constants("ghost_collect_s8", "", {}, {"size": op.size, "frames": op.frames})


KERNELS = {
    "ghost_gru": Kernel(_ghost_gru, ("plain/ghost_gru_step_s8.c", "plain/ghost_sigmoid_table.c")),
    "fully_connected": Kernel(pack_fully_connected, ("plain/ghost_fully_connected_s8.c",)),
    "softmax": Kernel(_softmax, ("plain/ghost_softmax_s8.c",)),
    "elementwise": Kernel(_elementwise, ("plain/ghost_lookup_s8.c",)),
    "collect": Kernel(_collect, ("plain/ghost_collect_s8.c",)),
    **plain_windows.KERNELS,
    **plain_arithmetic.KERNELS,
    **plain_copies.KERNELS,
}

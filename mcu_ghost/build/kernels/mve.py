# SPDX-License-Identifier: Apache-2.0
"""The Helium variant: seven rows share each load of the vector they are multiplied with.

Matrices lie one behind the other as `ghost_rows_s8` takes them, in the order of the step. No row
is padded: what is left of 16 columns stays as it is, behind the blocks.
"""

from __future__ import annotations

import numpy as np

from mcu_ghost.build.kernels.constants import Constants, Kernel, align
from mcu_ghost.build.kernels.plain import gru_numbers, pack_fully_connected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Int8s, Tensor

_GROUPS = (7, 3, 1)  # rows, as many of the first as fit, then of the next
_LANES = 16
_OVERREAD = _LANES - 1  # a row's last load may go that far beyond the matrix


def _ghost_gru(op: GhostGRU, xs: Tensors, y: Tensor) -> Constants:
    """Return a layer's weights as one array and its biases as another."""
    m = op.intrinsic
    (wz, wr, wc), (uz, ur, uc) = op.kernel, op.recurrent_kernel
    (bz, br, bc), (cz, cr, cc) = op.bias
    matrices = [wr, ur, uc[:, :m], wc, uc[:, m:], wz, uz, op.ghost_kernel]
    weights = [_rows(matrix) for matrix in matrices] + [np.zeros(_OVERREAD, np.int8)]
    bias = [br, cr, cc, bc, bz, cz, op.ghost_bias]
    words = max(3 * align(m, 4), align(op.ghosts, 4))
    arrays = {"weights": np.concatenate(weights), "bias": np.concatenate(bias)}
    return Constants("ghost_gru_step_s8", "ghost_gru_params", arrays, gru_numbers(op), 4 * words)


def _rows(matrix: Int8s) -> Int8s:
    """Return one matrix in the order of `ghost_rows_s8`, flat."""
    rows, columns = matrix.shape
    whole = columns - columns % _LANES
    parts, row = [], 0
    for size in _GROUPS:
        while rows - row >= size:
            blocks = matrix[row : row + size, :whole].reshape(size, -1, _LANES)
            parts.append(blocks.transpose(1, 0, 2).ravel())
            row += size
    parts.append(matrix[:, whole:].ravel())
    parts.append(np.zeros(-matrix.size % 4, np.int8))
    return np.concatenate(parts)


KERNELS = {
    "ghost_gru": Kernel(
        _ghost_gru,
        ("mve/ghost_gru_step_s8.c", "mve/ghost_rows_s8.S", "ghost_sigmoid_pairs.c"),
    ),
    "fully_connected": Kernel(pack_fully_connected, ("mve/ghost_fully_connected_s8.c",)),
}

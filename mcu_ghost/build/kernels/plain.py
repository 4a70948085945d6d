# SPDX-License-Identifier: Apache-2.0
"""The plain C variant: weights and biases as the model has them."""

from __future__ import annotations

from mcu_ghost.build.kernels.constants import Constants
from mcu_ghost.network.model import GhostGRU


def pack(op: GhostGRU) -> Constants:
    """Return a layer's arrays as they are; a plain GRU has none for ghosts."""
    arrays = {
        "kernel": op.kernel,
        "recurrent_kernel": op.recurrent_kernel,
        "input_bias": op.bias[0],
        "recurrent_bias": op.bias[1],
    }
    if op.ghosts:
        arrays |= {"ghost_kernel": op.ghost_kernel, "ghost_bias": op.ghost_bias}
    return Constants(arrays)

# SPDX-License-Identifier: Apache-2.0
"""The variant for cores without DSP instructions: two rows in the lanes of each multiplication.

`firmware/kernels/lanes/ghost_dot6.h` says what a word of weights is and why the sums are exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels.constants import Constants, Kernel
from mcu_ghost.build.kernels.plain import gru_numbers
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Int8s, Tensor

Words = npt.NDArray[np.uint32]


def _ghost_gru(op: GhostGRU, xs: Tensors, y: Tensor) -> Constants:
    """Return a layer's weights in blocks of six rows, and the size of its tables."""
    m = op.intrinsic
    kernel, recurrent = (_units(w) for w in (op.kernel, op.recurrent_kernel))
    starts = [_starts(_units(b[..., np.newaxis])[..., 0]) for b in op.bias]
    gates = [
        starts[0],
        _words(kernel),
        _words(recurrent[..., m:]),
        starts[1],
        _words(recurrent[..., :m]),
    ]
    arrays = {"gates": np.concatenate(gates, axis=1)}
    if op.ghosts:
        rows = _blocks(op.ghost_kernel, 6)
        ghost_starts = _starts(_blocks(op.ghost_bias, 6))
        arrays["ghosts"] = np.concatenate([ghost_starts, _words(rows)], axis=1)
    tables = [_table_words(k) for k in (m, op.features, op.ghosts)]
    return Constants(
        "ghost_gru_step_s8", "ghost_gru_params", arrays, gru_numbers(op), 4 * sum(tables)
    )


def _table_words(inputs: int) -> int:
    """Return what `ghost_dot6_table` fills."""
    return 4 + 3 * -(-inputs // 2)


def _blocks(rows: npt.NDArray[np.signedinteger], size: int) -> npt.NDArray[np.signedinteger]:
    """Return (rows, …) as (blocks, size, …), the last block filled up with zeros."""
    padding = [(0, -len(rows) % size)] + [(0, 0)] * (rows.ndim - 1)
    return np.pad(rows, padding).reshape(-1, size, *rows.shape[1:])


def _units(gates: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.signedinteger]:
    """Return (3, m, K) as (blocks, 6, K): rows z, z, r, r, c, c of two units."""
    pairs = _blocks(gates.swapaxes(0, 1), 2)
    return pairs.swapaxes(1, 2).reshape(len(pairs), 6, -1)


def _starts(bias: npt.NDArray[np.signedinteger]) -> Words:
    """Return (blocks, 6) biases as the sums of all lanes and of the upper lanes, by pairs."""
    lower, upper = bias[:, 0::2].astype(np.int64), bias[:, 1::2].astype(np.int64)
    both = np.stack([lower + (upper << 16), upper], axis=-1)
    return (both % 2**32).astype(np.uint32).reshape(len(bias), 6)


def _words(rows: Int8s) -> Words:
    """Return (blocks, 6, K) weights as (blocks, 3 * ceil(K / 2)) words of two rows and inputs."""
    blocks, _, k = rows.shape
    padded = np.pad(rows, [(0, 0), (0, 0), (0, k % 2)]).reshape(blocks, 3, 2, -1, 2)
    # (blocks, pairs of inputs, pairs of rows, row, input), the second input in the lower byte.
    ordered = padded.transpose(0, 3, 1, 2, 4)[..., ::-1].astype(np.int16) + 128
    words = ordered.astype(np.uint8).reshape(blocks, -1, 4).copy().view("<u4")
    return words.astype(np.uint32).reshape(blocks, -1)


KERNELS = {
    "ghost_gru": Kernel(
        _ghost_gru,
        ("lanes/ghost_gru_step_s8.c", "lanes/ghost_dot6.S", "plain/ghost_sigmoid_table.c"),
    ),
}

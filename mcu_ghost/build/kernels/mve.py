# SPDX-License-Identifier: Apache-2.0
"""The Helium variant: seven rows share each load of the vector they are multiplied with.

Matrices lie one behind the other as `ghost_sums_s8` takes them, in the order of the step. No row
is padded: what is left of 16 columns stays as it is, behind the blocks. Where there are two vectors
at a time, four rows share the loads of both, as `firmware/kernels/mve/ghost_rows_two_s8.S` says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels import mve_arithmetic, mve_windows, plain
from mcu_ghost.build.kernels.constants import Constants, Kernel, align
from mcu_ghost.build.kernels.plain import gru_numbers
from mcu_ghost.build.kernels.rows import Rows, Way, Words
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.tensor import Int8s, Ints, Tensor

Biases = npt.NDArray[np.signedinteger]

_GROUPS = (7, 3, 1)  # rows, as many of the first as fit, then of the next
_LANES = 16
_VECTOR = 4  # sums
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
    """Return one matrix in the order of `ghost_sums_s8`, flat."""
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


def _lstm(op: LSTM, xs: Tensors, y: Tensor) -> Constants:
    """Return one stream of the gates, or what the plain variant takes."""
    return _gates(op, xs, y, "ghost_lstm_rows_params", (0, 2, 1, 3), ("cell_bits",))


def _reset_gru(op: ResetGRU, xs: Tensors, y: Tensor) -> Constants:
    """Return one stream of the gates, or what the plain variant takes."""
    return _gates(op, xs, y, "ghost_gate_rows_params", (1, 2, 0), ("reset_after",))


def _simple_rnn(op: SimpleRNN, xs: Tensors, y: Tensor) -> Constants:
    """Return one stream."""
    return _gates(op, xs, y, "ghost_gate_rows_params", (0,), ("relu",))


def _gates(
    op: Gated, xs: Tensors, y: Tensor, params: str, order: Sequence[int], own: Sequence[str]
) -> Constants:
    """Return one stream of a layer's gates, or what the plain variant takes.

    Args:
        op: The layer.
        xs: What it reads.
        y: What it writes.
        params: Of its struct.
        order: In which the gates are used.
        own: Members of the plain variant's struct that this one has besides.
    """
    general = plain.KERNELS[op.kind].pack(op, xs, y)
    if op.slope:
        return general
    parts = [
        part
        for gate in order
        for bias, weights in zip(op.bias, (op.kernel, op.recurrent_kernel), strict=True)
        for part in (bias[gate].view(np.int8), _rows(weights[gate]))
    ]
    kept = ("inputs", "units", "input", "recurrent", *own)
    return Constants(
        f"ghost_{op.kind}_rows_step_s8",
        params,
        {"stream": _words(np.zeros(0, np.int64), parts)},
        {name: general.numbers[name] for name in kept},
        3 * 4 * align(op.units, 4) + op.units,
    )


def _stream(rows: Rows) -> Words | None:
    """Return one stream, of pairs of places or of one at a time.

    None where a row rounds once.
    """
    vectors = _requantizers(rows.scales, len(rows.weights))
    if vectors is None:
        return None
    numbers = rows.zero_point, *rows.clamp
    made = _pair_stream if rows.paired else _row_stream
    return made(rows.weights, rows.bias, vectors, numbers)


def _scratch_bytes(rows: Rows, vectors: int) -> int:
    """Return what the sums take."""
    return 0 if rows.paired else 4 * len(rows.weights)


def _requantizers(pairs: Sequence[tuple[int, int]], outputs: int) -> Ints | None:
    """Return (vectors, 2, 4): multipliers and shifts, 0 where rows are missing.

    None where a row rounds once.
    """
    scales = np.broadcast_to(np.array(pairs, np.int64), (outputs, 2))
    if scales[:, 1].max() > -1:
        return None
    padded = np.pad(scales, ((0, -outputs % _VECTOR), (0, 0)))
    return padded.reshape(-1, _VECTOR, 2).swapaxes(1, 2)


def _row_stream(matrix: Int8s, bias: Biases, vectors: Ints, numbers: Sequence[int]) -> Words:
    """Return the stream of ghost_rows_s8."""
    return _words(np.concatenate([numbers, bias, vectors.ravel()]), [_rows(matrix)])


def _pair_stream(matrix: Int8s, bias: Biases, vectors: Ints, numbers: Sequence[int]) -> Words:
    """Return the stream of ghost_rows_two_s8."""
    missing = -len(matrix) % _VECTOR
    fours = np.pad(matrix, ((0, missing), (0, 0))).reshape(len(vectors), _VECTOR, -1)
    start = np.pad(bias, (0, missing)).reshape(-1, 1, _VECTOR)
    first = (fours.shape[2] - 1) % _LANES + 1
    blocks = fours[..., first:].reshape(len(fours), _VECTOR, -1, _LANES).swapaxes(1, 2)
    groups = zip(fours[..., :first], blocks, strict=True)
    weights = [part.ravel() for group in groups for part in group]
    head = np.concatenate([start, vectors], axis=1).ravel()
    return _words(np.concatenate([numbers, head]), weights)


def _words(head: Ints, weights: Sequence[Int8s]) -> Words:
    """Return numbers and weights, and what a row's last load may read beyond."""
    whole = np.concatenate([*weights, np.zeros(_OVERREAD, np.int8)])
    whole = np.pad(whole, (0, -len(whole) % 4))
    return np.concatenate([head.astype(np.int32).view(np.uint32), whole.view("<u4")])


def _recurrent(kind: str) -> tuple[str, ...]:
    """Return the sources of a layer of gates."""
    return (
        f"plain/ghost_{kind}_step_s8.c",
        "plain/ghost_sigmoid_table.c",
        f"mve/ghost_{kind}_rows_step_s8.c",
        "mve/ghost_sums_s8.S",
        "ghost_sigmoid_pairs.c",
    )


_ROWS = Way(
    _stream,
    _scratch_bytes,
    ("mve/ghost_rows_s8.S", "mve/ghost_sums_s8.S"),
    two=("mve/ghost_rows_two_s8.S",),
    dense="mve/ghost_fully_connected_s8.c",
    pairs=True,
)

KERNELS = {
    "ghost_gru": Kernel(
        _ghost_gru,
        ("mve/ghost_gru_step_s8.c", "mve/ghost_sums_s8.S", "ghost_sigmoid_pairs.c"),
    ),
    "lstm": Kernel(_lstm, _recurrent("lstm")),
    "reset_gru": Kernel(_reset_gru, _recurrent("reset_gru")),
    "simple_rnn": Kernel(_simple_rnn, _recurrent("simple_rnn")),
    **_ROWS.kernels(),
    **mve_windows.KERNELS,
    **mve_arithmetic.KERNELS,
}

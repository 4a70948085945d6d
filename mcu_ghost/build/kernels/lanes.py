# SPDX-License-Identifier: Apache-2.0
"""The variant for cores without DSP instructions: two rows in the lanes of each multiplication.

`firmware/kernels/lanes/ghost_dot6.h` says what a word of weights is and why the sums are exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels import plain
from mcu_ghost.build.kernels.constants import Constants, Kernel
from mcu_ghost.build.kernels.plain import gru_numbers
from mcu_ghost.build.kernels.rows import Rows, Way, Words
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.gates import row_bounds
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.tensor import Int8s, Int32s, Tensor

_EXACT = 1 << 30  # twice a sum fits 32 bits
_WORTH = 1500  # instructions of a frame: what is saved must be worth the code


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


def _sizes(rows: int) -> list[int]:
    """Return the blocks of rows: six while more than four are left, else two."""
    whole, left = divmod(rows + 1, 6)
    return [6] * whole + [2] * (left // 2)


def _pays(rows: int, inputs: int, places: int = 1, taps: int = 0) -> bool:
    """Return whether lanes save more instructions than their code is worth.

    Both are estimates for the M0; on the M3 they are in about the same proportion. Plain C looks
    for the taps below a window once for every row.
    """
    pairs = -(-inputs // 2)
    plain = rows * (7 * inputs + 20 * taps)
    gathering = 200 + 2 * inputs if taps else 0
    table = 13 * pairs
    blocks = sum((31 if size == 6 else 13) * pairs + 60 for size in _sizes(rows))
    return places * (plain - gathering - table - blocks) > _WORTH


def _blocks(rows: npt.NDArray[np.signedinteger], size: int) -> npt.NDArray[np.signedinteger]:
    """Return (rows, …) as (blocks, size, …), the last block filled up with zeros."""
    padding = [(0, -len(rows) % size)] + [(0, 0)] * (rows.ndim - 1)
    return np.pad(rows, padding).reshape(-1, size, *rows.shape[1:])


def _units(gates: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.signedinteger]:
    """Return (3, m, K) as (blocks, 6, K): rows z, z, r, r, c, c of two units."""
    pairs = _blocks(gates.swapaxes(0, 1), 2)
    return pairs.swapaxes(1, 2).reshape(len(pairs), 6, -1)


def _starts(bias: npt.NDArray[np.signedinteger]) -> Words:
    """Return (blocks, size) biases as the sums of all lanes and of the upper lanes, by pairs."""
    lower, upper = bias[:, 0::2].astype(np.int64), bias[:, 1::2].astype(np.int64)
    both = np.stack([lower + (upper << 16), upper], axis=-1)
    return (both % 2**32).astype(np.uint32).reshape(bias.shape)


def _words(rows: Int8s) -> Words:
    """Return (blocks, size, K) weights as words of two rows and inputs, by blocks."""
    blocks, size, k = rows.shape
    pairs = -(-k // 2)
    padded = np.pad(rows, [(0, 0), (0, 0), (0, k % 2)]).reshape(blocks, size // 2, 2, pairs, 2)
    # (blocks, pairs of inputs, pairs of rows, row, input), the second input in the lower byte.
    ordered = padded.transpose(0, 3, 1, 2, 4)[..., ::-1].astype(np.int16) + 128
    words = ordered.astype(np.uint8).reshape(blocks, size // 2 * pairs, 4).copy().view("<u4")
    return words.astype(np.uint32).reshape(blocks, size // 2 * pairs)


def _stream(weights: Int8s, bias: npt.NDArray[np.signedinteger]) -> Words:
    """Return (R, K) rows as `ghost_dot_next` reads them: six a block, of the last four two."""
    whole = (len(weights) + 1) // 6 * 6
    parts = []
    for rows, size in ((slice(whole), 6), (slice(whole, None), 2)):
        starts = _starts(_blocks(bias[rows], size))
        parts.append(np.concatenate([starts, _words(_blocks(weights[rows], size))], axis=1).ravel())
    return np.concatenate(parts)


def _rows(rows: Rows) -> Words | None:
    """Return what ghost_rows_s8 reads, zero point, limits and scales first.

    None where a sum is too large, where a row rounds once, or where plain C is cheaper.
    """
    scales = rows.scales if len(set(rows.scales)) > 1 else rows.scales[:1]
    multipliers, shifts = np.array(scales, np.int64).T
    if shifts.max() > -1 or row_bounds(rows.weights, rows.bias).max() >= _EXACT:
        return None
    outputs, inputs = rows.weights.shape
    if not _pays(outputs, inputs, rows.places, rows.taps):
        return None
    head = [rows.zero_point, *rows.clamp, int(len(scales) > 1)]
    divisions = np.pad(-shifts - 1, (0, -len(shifts) % 4))
    return np.concatenate(
        [
            np.array(head, np.int8).view("<u4"),
            multipliers.astype(np.uint32),
            divisions.astype(np.int8).view("<u4"),
            _stream(rows.weights, rows.bias),
        ]
    )


def _by_unit(op: Gated, xs: Tensors, y: Tensor) -> Constants:
    """Return all rows of a layer, those of a unit side by side."""
    kernel = _side_by_side(op.kernel, op.bias[0])
    return _gated(op, xs, y, kernel, _side_by_side(op.recurrent_kernel, op.bias[1]))


def _reset_gru(op: ResetGRU, xs: Tensors, y: Tensor) -> Constants:
    """Return the rows of a layer in r, z, c order; by gates where the reset comes before."""
    order = [1, 0, 2]
    weights, recurrent, bias = op.kernel[order], op.recurrent_kernel[order], op.bias[:, order]
    if op.reset_after:
        first, second = _side_by_side(weights, bias[0]), _side_by_side(recurrent, bias[1])
        return _gated(op, xs, y, first, second)
    first = _stream(weights.reshape(-1, op.features), bias[0].ravel())
    second = np.concatenate([_stream(w, b) for w, b in zip(recurrent, bias[1], strict=True)])
    return _gated(op, xs, y, first, second, 2 * op.units)


def _side_by_side(weights: Int8s, bias: Int32s) -> Words:
    """Return (gates, units, K) weights with the rows of each unit side by side."""
    return _stream(weights.swapaxes(0, 1).reshape(-1, weights.shape[-1]), bias.T.ravel())


def _gated(
    op: Gated, xs: Tensors, y: Tensor, kernel: Words, recurrent: Words, more_bytes: int = 0
) -> Constants:
    """Return streams with all that the plain kernel takes, or that one's where it is cheaper."""
    general = plain.KERNELS[op.kind].pack(op, xs, y)
    if not _pays(len(op.gates) * op.units, op.features + op.units):
        return general
    return Constants(
        general.function.replace("_step", "_lanes_step"),
        "ghost_lane_gates_params",
        {"kernel": kernel, "recurrent_kernel": recurrent},
        general.numbers,
        4 * (_table_words(op.features) + _table_words(op.units)) + more_bytes,
    )


def _scratch_bytes(rows: Rows, vectors: int) -> int:
    """Return what a table takes; there is one at a time."""
    return 4 * _table_words(rows.weights.shape[1])


_DOT = ("lanes/ghost_dot6.S", "lanes/ghost_dot6_table.c")

KERNELS = {
    **Way(_rows, _scratch_bytes, ("lanes/ghost_rows_s8.c", *_DOT)).kernels(),
    **{
        kind: Kernel(
            pack,
            (
                *plain.KERNELS[kind].sources,
                f"lanes/ghost_{kind}_lanes_step_s8.c",
                "lanes/ghost_lane_gates.c",
                *_DOT,
            ),
        )
        for kind, pack in (("lstm", _by_unit), ("simple_rnn", _by_unit), ("reset_gru", _reset_gru))
    },
    "ghost_gru": Kernel(
        _ghost_gru,
        ("lanes/ghost_gru_step_s8.c", *_DOT, "plain/ghost_sigmoid_table.c"),
    ),
}

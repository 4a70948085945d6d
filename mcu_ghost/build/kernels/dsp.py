# SPDX-License-Identifier: Apache-2.0
"""The variant for cores with 16-bit SIMD multiplies (M4, M7, M33): paired rows.

Two rows' weights of one input share a halfword, `256 * A + B`, and two inputs share a word, so that
one SMLAD works on four weights. `firmware/kernels/dsp/ghost_product.S` says why that is exact; in
what order what is packed here is read, say the files that call it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from mcu_ghost.build.kernels import dsp_arithmetic, dsp_windows, plain
from mcu_ghost.build.kernels.constants import Constants, Kernel, braces
from mcu_ghost.build.kernels.dsp_rounding import in_one_rounding
from mcu_ghost.build.kernels.plain import gru_numbers
from mcu_ghost.build.kernels.rows import Rows, Way, Words
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.gates import Requantizer, row_bounds
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.tensor import Tensor

Ints = npt.NDArray[np.int64]

EXACT = 1 << 23  # 256 a fits 32 bits while abs(a) is below
_LONGEST_SEGMENT = EXACT // (128 * 127 * 2)  # pairs of inputs, whatever the weights


def _ghost_gru(op: GhostGRU, xs: Tensors, y: Tensor) -> Constants:
    """Return one stream for the gates and one for the ghosts.

    Layers whose sums could leave the bounds of the assembly are packed for its sibling in C, which
    takes sums apart after each segment.
    """
    short = _short(op)
    arrays = {"weights": np.concatenate(list(_gates(op, short)))}
    if op.ghosts:
        weights = _fours(op.ghost_kernel)
        biases = _fours(op.ghost_bias)
        groups = zip(weights, biases, strict=True)
        arrays["ghost_weights"] = np.concatenate(
            [part for w, b in groups for part in (_start(b, short), _pairs(w))]
        )
    pairs = sum(-(-size // 2) for size in (op.features, op.units, op.intrinsic))
    return Constants(
        "ghost_gru_step_s8" if short else "ghost_gru_long_step_s8",
        "ghost_gru_params",
        arrays,
        gru_numbers(op) | {"segment": 0 if short else _LONGEST_SEGMENT},
        4 * pairs,
    )


def _short(op: GhostGRU) -> bool:
    """Whether every sum stays in the bounds of the assembly, biases included."""
    reaches = [
        row_bounds(op.kernel, op.bias[0]),
        row_bounds(op.recurrent_kernel, op.bias[1]),
        row_bounds(op.ghost_kernel, op.ghost_bias),
    ]
    requantizers = (*op.input_requantizers, *op.recurrent_requantizers, op.ghost_requantizer)
    return max(int(r.max(initial=0)) for r in reaches) < EXACT and all(
        rq is None or rq.shift <= 8 for rq in requantizers
    )


def _gates(op: GhostGRU, short: bool) -> Iterator[Words]:
    """Yield the stream of the gates: four units at a time, then each one left over."""
    m, kernel, recurrent = op.intrinsic, op.kernel, op.recurrent_kernel
    whole = m // 4 * 4
    for i in range(0, whole, 4):
        rows = slice(i, i + 4)
        for gate in range(3):
            yield _start(op.bias[0, gate, rows], short)
            yield _pairs(kernel[gate, rows])
            yield _start(op.bias[1, gate, rows], short)
            yield from _parts(recurrent[gate, rows], m if gate == 2 else op.units)
    for i in range(whole, m):
        order, present = [0, 1, 2, 2], np.array([1, 1, 0, 1])
        yield _start(op.bias[0, order, i] * present, short)
        yield _pairs(kernel[order, i] * present[:, None])
        yield _start(op.bias[1, order, i] * present, short)
        yield from _parts(recurrent[order, i] * present[:, None], m)


def _fours(rows: npt.NDArray[np.signedinteger]) -> Iterator[Ints]:
    """Yield four rows at a time; what is missing of the last four is zero."""
    missing = -len(rows) % 4
    padded = np.pad(rows.astype(np.int64), ((0, missing), *[(0, 0)] * (rows.ndim - 1)))
    yield from padded.reshape(-1, 4, *rows.shape[1:])


def _parts(weights: npt.NDArray[np.signedinteger], first: int) -> Iterator[Words]:
    """Yield four rows over their first columns, then over the others.

    Where the first are odd in number, both parts share a word of the vector.
    """
    yield _pairs(weights[:, :first])
    if weights.shape[1] > first:
        yield _pairs(np.pad(weights[:, first:], ((0, 0), (first % 2, 0))))


def _start(bias: npt.NDArray[np.signedinteger], short: bool) -> Words:
    """Return what the sums start from: 256 a + b and b of each pair, or in segments a and b."""
    a, b = bias.astype(np.int64).reshape(2, 2).T
    words: Ints = np.stack([256 * a + b if short else a, b], axis=1)
    return words.ravel().astype(np.uint32)


def _pairs(weights: npt.NDArray[np.signedinteger]) -> Words:
    """Return (4, K) weights as words: for each pair of inputs, both pairs of rows."""
    padded = np.pad(weights.astype(np.int64), ((0, 0), (0, weights.shape[1] % 2)))
    halves = (256 * padded[0::2] + padded[1::2]).astype(np.uint16).astype(np.uint32)
    words = halves[:, 0::2] | halves[:, 1::2] << 16
    return words.T.ravel().astype(np.uint32)


def _lstm(op: LSTM, xs: Tensors, y: Tensor) -> Constants:
    """Return one stream of the units, or what the plain variant takes."""
    general = plain.KERNELS["lstm"].pack(op, xs, y)
    requantizers = (*op.input_requantizers, *op.recurrent_requantizers)
    if not _small(op) or op.slope or any(rq.shift > 8 for rq in requantizers):
        return general
    stream = [
        part
        for j in range(op.units)
        for bias, weights in zip(op.bias, (op.kernel, op.recurrent_kernel), strict=True)
        for part in (_start(bias[:, j], True), _pairs(weights[:, j]))
    ]

    def shifted(given: Sequence[Requantizer]) -> str:
        """Return initialisers whose shifts suit 256 a of a pair's first row, b of its second."""
        shifts = [8 - rq.shift if i % 2 == 0 else rq.shift for i, rq in enumerate(given)]
        return braces(braces([rq.multiplier, s]) for rq, s in zip(given, shifts, strict=True))

    return Constants(
        "ghost_lstm_rows_step_s8",
        "ghost_lstm_rows_params",
        {"stream": np.concatenate(stream)},
        {
            "inputs": op.features,
            "units": op.units,
            "input": shifted(op.input_requantizers),
            "recurrent": shifted(op.recurrent_requantizers),
            "cell_bits": op.cell_bits,
        },
        4 * sum(-(-size // 2) for size in (op.features, op.units)),
    )


def _small(op: Gated) -> bool:
    """Whether every sum stays in the bounds of the assembly, biases included."""
    products = zip((op.kernel, op.recurrent_kernel), op.bias, strict=True)
    return all(row_bounds(weights, bias).max() < EXACT for weights, bias in products)


def _reset_gru(op: ResetGRU, xs: Tensors, y: Tensor) -> Constants:
    passes = [[0, 1, 2]] if op.reset_after else [[1], [0, 2]]
    return _gate_rows(op, xs, y, ("slope", "reset_after"), *passes)


def _simple_rnn(op: SimpleRNN, xs: Tensors, y: Tensor) -> Constants:
    return _gate_rows(op, xs, y, ("relu",), [0])


def _gate_rows(
    op: Gated, xs: Tensors, y: Tensor, own: Sequence[str], *passes: list[int]
) -> Constants:
    """Return one stream for `ghost_four_rows`, or what the plain variant takes.

    Args:
        op: The layer.
        xs: What it reads.
        y: What it writes.
        own: Members of the plain variant's struct that this kind has besides.
        passes: The gates that four units are gone through for, each time.
    """
    general = plain.KERNELS[op.kind].pack(op, xs, y)
    if not _small(op):
        return general
    ways = (op.bias[0], op.kernel), (op.bias[1], op.recurrent_kernel)
    fours = [  # of each gate
        list(zip(*(_fours(rows[gate]) for way in ways for rows in way), strict=True))
        for gate in range(len(op.kernel))
    ]
    stream = [
        part
        for gates in passes
        for group in zip(*(fours[gate] for gate in gates), strict=True)
        for b, w, c, u in group
        for part in (_start(b, True), _pairs(w), _start(c, True), _pairs(u))
    ]
    kept = ("inputs", "units", "input", "recurrent", *own)
    sizes = (op.features, *[op.units] * len(passes))
    return Constants(
        f"ghost_{op.kind}_rows_step_s8",
        "ghost_gate_rows_params",
        {"stream": np.concatenate(stream)},
        {name: general.numbers[name] for name in kept},
        4 * sum(-(-size // 2) for size in sizes),
    )


def _stream(rows: Rows) -> Words | None:
    """Return rows, four at a time, with their biases and requantizers.

    None where sums could leave the bounds of the assembly, or rows are requantised another way.
    """
    weights, bias = rows.weights, rows.bias
    requantizers = in_one_rounding(rows.scales, len(bias), rows.clamp, rows.zero_point)
    if requantizers is None or row_bounds(weights, bias).max() >= EXACT:
        return None
    groups = zip(_fours(weights), _fours(bias), _fours(requantizers), strict=True)
    return np.concatenate(
        [
            part
            for w, b, numbers in groups
            for part in (_start(b, True), _pairs(w), numbers.ravel().astype(np.uint32))
        ]
    )


def _scratch_bytes(rows: Rows, vectors: int) -> int:
    """Return what vectors take as halves."""
    return 4 * -(-rows.weights.shape[1] // 2) * vectors


_ROWS = Way(
    _stream,
    _scratch_bytes,
    ("dsp/ghost_product.S", "dsp/ghost_rows_s8.S"),
    two=("dsp/ghost_rows_two_s8.S",),
    dense="dsp/ghost_fully_connected_s8.c",
)
_GATES = (
    "dsp/ghost_product.S",
    "dsp/ghost_four_rows.S",
    "ghost_sigmoid_pairs.c",
    "plain/ghost_sigmoid_table.c",
)

KERNELS = {
    **_ROWS.kernels(),
    "ghost_gru": Kernel(
        _ghost_gru,
        (
            "dsp/ghost_gru_step_s8.S",
            "dsp/ghost_gru_long_step_s8.c",
            "dsp/ghost_product.S",
            "ghost_sigmoid_pairs.c",
        ),
    ),
    "lstm": Kernel(
        _lstm,
        (
            "plain/ghost_lstm_step_s8.c",
            "plain/ghost_sigmoid_table.c",
            "dsp/ghost_lstm_rows_step_s8.S",
            "dsp/ghost_product.S",
            "ghost_sigmoid_pairs.c",
        ),
    ),
    "reset_gru": Kernel(
        _reset_gru,
        ("plain/ghost_reset_gru_step_s8.c", "dsp/ghost_reset_gru_rows_step_s8.c", *_GATES),
    ),
    "simple_rnn": Kernel(
        _simple_rnn,
        ("plain/ghost_simple_rnn_step_s8.c", "dsp/ghost_simple_rnn_rows_step_s8.c", *_GATES),
    ),
    **dsp_windows.KERNELS,
    **dsp_arithmetic.KERNELS,
}

# SPDX-License-Identifier: Apache-2.0
"""Turns float weights into an integer GhostGRU operator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.model import GhostGRU, Requantizer, Tensor
from mcu_ghost.network.reference import (
    PREACTIVATION_ONE,
    STATE_SCALE,
    candidate_bound,
    kernel_bound,
    requantizer,
)

Floats = npt.NDArray[np.float64]

_LARGEST_BIAS = 2.0**24  # leaves the products room in an int32 accumulator
_SMALLEST_REAL = 2.0**-16  # keeps 16 bits of a multiplier's precision, even for all-zero weights


def smallest_scale(input_scale: float, bias: Floats) -> float:
    """Return the smallest weight scale that keeps biases and multiplier within their bits."""
    largest = float(np.abs(bias).max(initial=0.0))
    return max(
        largest / (input_scale * _LARGEST_BIAS), _SMALLEST_REAL / (input_scale * PREACTIVATION_ONE)
    )


def weight_scale(weights: Floats, input_scale: float, bias: Floats) -> float:
    """Return the symmetric int8 scale of one gate, as float32 holds it."""
    scale = float(np.abs(weights).max(initial=0.0)) / 127
    return float(np.float32(max(scale, smallest_scale(input_scale, bias))))


def quantize_weights(weights: Floats, scale: float) -> npt.NDArray[np.int8]:
    """Return weights as int8 in [-127, 127]."""
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8)


def _quantize_bias(bias: Floats, scale: float) -> npt.NDArray[np.int64]:
    return np.round(bias / scale).astype(np.int64)


def ghost_gru(
    x: Tensor,
    kernel: Floats,
    recurrent_kernel: Floats,
    bias: Floats,
    ghost_kernel: Floats,
    ghost_bias: Floats,
    *,
    input: int,
    output: int,
    ratio: int,
    return_sequences: bool = True,
    stateful: bool = False,
) -> GhostGRU:
    """Quantise one layer's Keras weights.

    Args:
        x: The tensor the layer reads; its scale and zero point enter the biases.
        kernel: (d, 3m) float, gates z, r, c.
        recurrent_kernel: (n, 3m) float.
        bias: (2, 3m) float.
        ghost_kernel: (m, n - m) float.
        ghost_bias: (n - m,) float.
        input: Index of `x` in the model.
        output: Index of the output tensor in the model.
        ratio: n // m.
        return_sequences: As in Keras.
        stateful: As in Keras.

    Raises:
        GhostError: The weights cannot be expressed in 32-bit accumulators.
    """
    m = kernel.shape[1] // 3
    gates = [slice(i * m, (i + 1) * m) for i in range(3)]
    kernels, recurrents, biases = [], [], np.zeros((2, 3, m), np.int64)
    kernel_scales, recurrent_scales = [], []
    input_rqs: list[Requantizer] = []
    recurrent_rqs: list[Requantizer] = []
    for i, gate in enumerate(gates):
        scale = weight_scale(kernel[:, gate], x.scale, bias[0, gate])
        w = quantize_weights(kernel[:, gate].T, scale)
        biases[0, i] = _quantize_bias(bias[0, gate], scale * x.scale)
        biases[0, i] -= x.zero_point * w.astype(np.int64).sum(axis=1)
        bound = kernel_bound(w, biases[0, i])
        input_rqs.append(requantizer(scale * x.scale * PREACTIVATION_ONE, bound))
        kernels.append(w)
        kernel_scales.append(scale)

        scale = weight_scale(recurrent_kernel[:, gate], STATE_SCALE, bias[1, gate])
        u = quantize_weights(recurrent_kernel[:, gate].T, scale)
        biases[1, i] = _quantize_bias(bias[1, gate], scale * STATE_SCALE)
        bound = (candidate_bound if i == 2 else kernel_bound)(u, biases[1, i])
        recurrent_rqs.append(requantizer(scale * STATE_SCALE * PREACTIVATION_ONE, bound))
        recurrents.append(u)
        recurrent_scales.append(scale)
    ghost_scale, ghost_rq = 0.0, None
    g = np.zeros((0, m), np.int8)
    g_bias = np.zeros(0, np.int64)
    if ghost_kernel.shape[1]:
        ghost_scale = weight_scale(ghost_kernel, STATE_SCALE, ghost_bias)
        g = quantize_weights(ghost_kernel.T, ghost_scale)
        g_bias = _quantize_bias(ghost_bias, ghost_scale * STATE_SCALE)
        real = ghost_scale * STATE_SCALE * PREACTIVATION_ONE
        ghost_rq = requantizer(real, kernel_bound(g, g_bias))
    return GhostGRU(
        input=input,
        output=output,
        ratio=ratio,
        kernel=np.stack(kernels),
        recurrent_kernel=np.stack(recurrents),
        bias=biases.astype(np.int32),
        ghost_kernel=g,
        ghost_bias=g_bias.astype(np.int32),
        kernel_scales=tuple(kernel_scales),
        recurrent_scales=tuple(recurrent_scales),
        ghost_scale=ghost_scale,
        input_requantizers=tuple(input_rqs),
        recurrent_requantizers=tuple(recurrent_rqs),
        ghost_requantizer=ghost_rq,
        return_sequences=return_sequences,
        stateful=stateful,
    )

# SPDX-License-Identifier: Apache-2.0
"""Normalisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Affine, LayerNorm
from mcu_ghost.convert.onnx_file.operator import Operator
from mcu_ghost.convert.onnx_file.value import Value


def _batch(operator: Operator) -> Value:
    operator.require("training_mode", 0)
    gamma, beta, mean, variance = (
        operator.weights(i, what)
        for i, what in enumerate(("scale", "offset", "mean", "variance"), start=1)
    )
    x = operator.x
    if x.rank < 2:
        raise operator.refuse(f"takes inputs with 2 axes and more, not {x.full}")
    epsilon = np.float32(operator.take("epsilon", 1e-5))
    scale = gamma / np.sqrt(variance + epsilon)
    return operator.add(Affine, operator.last(x, 1), scale=scale, offset=beta - mean * scale)


def _layer(operator: Operator) -> Value:
    x = operator.x
    axis = operator.axis(operator.take("axis", -1), x.rank)
    if any(n != 1 for i, n in enumerate(x.full) if i >= axis and i != x.rank - 1):
        raise operator.refuse(
            f"normalises over several axes of {x.full}, only over the last is supported"
        )
    operator.require("stash_type", 1)
    size = x.full[-1]
    gamma = np.broadcast_to(operator.weights(1, "scale").ravel(), (size,)).copy()
    beta = np.zeros(size, np.float32)
    if operator.given(2) is not None:
        beta = np.broadcast_to(operator.weights(2, "offset").ravel(), (size,)).copy()
    epsilon = float(operator.take("epsilon", 1e-5))
    x = operator.last(x, x.rank - 1)
    return operator.add(LayerNorm, x, gamma=gamma, beta=beta, epsilon=epsilon)


OPERATORS: dict[str, Callable[[Operator], Any]] = {
    "BatchNormalization": _batch,
    "LayerNormalization": _layer,
}
"""By name."""

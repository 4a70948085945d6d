# SPDX-License-Identifier: Apache-2.0
"""Functions of one number, and Softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Activation, Affine, Function, PRelu, Softmax
from mcu_ghost.convert.onnx_file.operator import Operator
from mcu_ghost.convert.onnx_file.value import Value, fitted

_PLAIN = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "HardSwish": "hard_swish",
    "Softplus": "softplus", "Softsign": "softsign", "Mish": "mish", "Exp": "exp", "Log": "log",
    "Abs": "abs", "Sqrt": "sqrt", "Sin": "sin", "Cos": "cos",
}  # fmt: skip
PARAMETERS: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "LeakyRelu": ("leaky_relu", (("alpha", 0.01),)),
    "Elu": ("elu", (("alpha", 1.0),)),
    "Celu": ("celu", (("alpha", 1.0),)),
    "HardSigmoid": ("hard_sigmoid", (("alpha", 0.2), ("beta", 0.5))),
}
"""Functions with parameters: ours, and the attributes with ONNX's defaults."""


def activated(operator: Operator, x: Value, name: str, *parameters: float) -> Value:
    """Add a function of every number."""
    return operator.add(Activation, x, function=Function(name, parameters))


def _plain(name: str) -> Callable[[Operator], Value]:
    return lambda operator: activated(operator, operator.x, name)


def _with_parameters(name: str, keys: tuple[tuple[str, float], ...]) -> Callable[[Operator], Value]:
    def importer(operator: Operator) -> Value:
        given = (float(operator.take(key, default)) for key, default in keys)
        return activated(operator, operator.x, name, *given)

    return importer


def _selu(operator: Operator) -> Value:
    for key, usual in (("alpha", 1.67326), ("gamma", 1.0507)):
        if abs(operator.take(key, usual) - usual) > 1e-4:
            raise operator.refuse(f"attribute {key} is not the usual one, {usual}; use Elu")
    return activated(operator, operator.x, "selu")


def _gelu(operator: Operator) -> Value:
    operator.require("approximate", "none", "tanh")
    tanh = operator.take("approximate", "none") == "tanh"
    return activated(operator, operator.x, "gelu_tanh" if tanh else "gelu")


def _swish(operator: Operator) -> Value:
    operator.require("alpha", 1.0)
    return activated(operator, operator.x, "swish")


def _clip(operator: Operator) -> Value:
    limits = [operator.optional(i, what) for i, what in ((1, "minimum"), (2, "maximum"))]
    low, high = (default if limit is None else float(limit.item())
                 for limit, default in zip(limits, (-np.inf, np.inf), strict=True))  # fmt: skip
    return clipped(operator, operator.x, low, high)


def clipped(operator: Operator, x: Value, low: float, high: float) -> Value:
    """Add limits."""
    if low == 0:
        return activated(operator, x, "relu", *(() if high == np.inf else (high,)))
    return activated(operator, x, "clip", low, high)


def _thresholded(operator: Operator) -> Value:
    return activated(operator, operator.x, "threshold", float(operator.take("alpha", 1.0)), 0.0)


def _shrink(operator: Operator) -> Value:
    at, less = float(operator.take("lambd", 0.5)), float(operator.take("bias", 0.0))
    if less not in (0, at):
        raise operator.refuse(f"attribute bias={less:g} is not supported, only 0 and lambd")
    return activated(operator, operator.x, "soft_shrink" if less else "hard_shrink", at)


def _prelu(operator: Operator) -> Value:
    x = operator.x
    slope = fitted(x, operator.weights(1, "slope"))
    if slope is None:
        raise operator.refuse(f"its slope does not fit its input of shape {x.full}")
    while slope.ndim > 1 and slope.shape[0] == 1:
        slope = slope[0]
    return operator.add(PRelu, x, alpha=slope)


def _softmax(operator: Operator) -> Value:
    x = operator.x
    return operator.add(Softmax, operator.last(x, operator.axis(operator.take("axis", -1), x.rank)))


def _log_softmax(operator: Operator) -> Value:
    return activated(operator, _softmax(operator), "log")


def _negative(operator: Operator) -> Value:
    x = operator.x
    scale = np.full(x.shape[-1], -1, np.float32)
    return operator.add(Affine, x, scale=scale, offset=np.zeros_like(scale))


def _power(operator: Operator) -> Value:
    exponent = operator.constant(1, "exponent")
    names = {2.0: "square", 0.5: "sqrt", 1.0: "linear"}
    power = float(exponent.item()) if exponent.size == 1 else np.nan
    if power not in names:
        raise operator.refuse("only 2 and 0.5 are supported as exponents")
    return activated(operator, operator.x, names[power])


OPERATORS: dict[str, Callable[[Operator], Any]] = {
    **{kind: _plain(name) for kind, name in _PLAIN.items()},
    **{kind: _with_parameters(*given) for kind, given in PARAMETERS.items()},
    "Selu": _selu,
    "Gelu": _gelu,
    "Swish": _swish,
    "Clip": _clip,
    "ThresholdedRelu": _thresholded,
    "Shrink": _shrink,
    "PRelu": _prelu,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    "Neg": _negative,
    "Pow": _power,
}
"""By name."""

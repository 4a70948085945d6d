# SPDX-License-Identifier: Apache-2.0
"""Functions of one number, as layers, gates and activations use them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes.node import Reals

_SELU = 1.0507009873554805, 1.6732632423543772  # scale, alpha; Klambauer et al. 2017


@dataclass(frozen=True)
class Function:
    """A function and its parameters, in the order in which its formula below takes them.

    Example:
        >>> Function("relu", (6.0,))(np.float32([-1, 3, 9]))
        array([0., 3., 6.], dtype=float32)
    """

    name: str
    parameters: tuple[float, ...] = ()

    def __call__(self, x: Reals) -> Reals:
        """Apply it to every number."""
        with np.errstate(over="ignore"):  # an exponential's infinity ends in a limit of its own
            return np.asarray(FORMULAS[self.name](x, *self.parameters), np.float32)

    def __str__(self) -> str:
        """Say it as an expression."""
        inside = ", ".join(f"{p:g}" for p in self.parameters)
        return f"{self.name}({inside})" if inside else self.name


def _relu(x: Any, maximum: float = math.inf, slope: float = 0.0, threshold: float = 0.0) -> Any:
    """Of Keras' ReLU layer: slope · (x - threshold) below the threshold, at most the maximum."""
    return np.where(x >= threshold, np.minimum(x, maximum), slope * (x - threshold))


def _sigmoid(x: Any) -> Any:
    return 0.5 * np.tanh(0.5 * x) + 0.5  # without overflow


def _hard_sigmoid(x: Any, slope: float = 1 / 6, offset: float = 0.5) -> Any:
    """Of Keras 3 as it stands, of Keras 2 with 0.2, of ONNX with its alpha and beta."""
    return np.clip(slope * x + offset, 0.0, 1.0)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softplus(x: Any) -> Any:
    return np.logaddexp(x, 0)


def _gelu(x: Any) -> Any:
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _shrink(x: Any, at: float, less: float) -> Any:
    return np.where(np.abs(x) > at, x - np.sign(x) * less, 0)


def _threshold(x: Any, threshold: float, default: float) -> Any:
    return np.where(x > threshold, x, default)


_erf = np.frompyfunc(math.erf, 1, 1)

FORMULAS: dict[str, Callable[..., Any]] = {
    "linear": lambda x: x,
    "relu": _relu,
    "leaky_relu": lambda x, alpha: np.where(x >= 0, x, alpha * x),
    "elu": _elu,
    "selu": lambda x: _SELU[0] * _elu(x, _SELU[1]),
    "celu": lambda x, alpha=1.0: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha),
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: -_softplus(-x),
    "hard_sigmoid": _hard_sigmoid,
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "swish": lambda x: x * _sigmoid(x),
    "hard_swish": lambda x: x * _hard_sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "exp": np.exp,
    "squareplus": lambda x, b=4.0: 0.5 * (x + np.sqrt(x * x + b)),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip(0.5 * x + 0.5, 0.0, 1.0),
    "hard_shrink": lambda x, threshold=0.5: _shrink(x, threshold, 0.0),
    "soft_shrink": lambda x, threshold=0.5: _shrink(x, threshold, threshold),
    "threshold": _threshold,
    "abs": np.abs,
    "square": np.square,
    "sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
    "log": lambda x: np.log(np.maximum(x, np.finfo(np.float32).tiny)),
    "sin": np.sin,
    "cos": np.cos,
    "clip": np.clip,
}
"""By Keras' names: what each function computes of an array and its parameters."""

LINEAR = Function("linear")

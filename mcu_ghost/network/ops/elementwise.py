# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 operators of one value.

LOGISTIC, TANH, RELU, RELU6, QUANTIZE, LEAKY_RELU, HARD_SWISH, ELU, ABS.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import rectifiers
from mcu_ghost.network.ops.operator import Operator, State, Tensors
from mcu_ghost.network.ops.rounding import (
    divide_by_power_of_two,
    logistic,
    multiply,
    quantized_multiplier,
    tanh,
)
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

Function = Literal[
    "logistic", "tanh", "relu", "relu6", "quantize", "leaky_relu", "hard_swish", "elu", "abs"
]

_CODES: dict[Function, int] = {
    "logistic": tflite.BuiltinOperator.LOGISTIC,
    "tanh": tflite.BuiltinOperator.TANH,
    "relu": tflite.BuiltinOperator.RELU,
    "relu6": tflite.BuiltinOperator.RELU6,
    "quantize": tflite.BuiltinOperator.QUANTIZE,
    "leaky_relu": tflite.BuiltinOperator.LEAKY_RELU,
    "hard_swish": tflite.BuiltinOperator.HARD_SWISH,
    "elu": tflite.BuiltinOperator.ELU,
    "abs": tflite.BuiltinOperator.ABS,
}
_RESOLVERS: dict[Function, str] = {
    "logistic": "AddLogistic",
    "tanh": "AddTanh",
    "relu": "AddRelu",
    "relu6": "AddRelu6",
    "quantize": "AddQuantize",
    "leaky_relu": "AddLeakyRelu",
    "hard_swish": "AddHardSwish",
    "elu": "AddElu",
    "abs": "AddAbs",
}
_RECTIFIERS: dict[Function, Callable[[Tensor, Tensor, Ints], Ints]] = {
    "hard_swish": rectifiers.hard_swish,
    "elu": rectifiers.elu,
    "abs": rectifiers.absolute,
}
_INTEGER_BITS = 4


@dataclass(frozen=True)
class Elementwise(Operator):
    """A function of one int8 value: 256 answers, so firmware holds a table of them.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        function: Which.
        alpha: Slope of a leaky_relu below zero.
    """

    kind: ClassVar[str] = "elementwise"
    codes: ClassVar[dict[int | str, int]] = dict.fromkeys(_CODES.values(), 3)

    function: Function
    alpha: float = 0.0

    @property
    def name(self) -> str:
        """The function's."""
        return self.function

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return _RESOLVERS[self.function]

    def in_place(self, xs: Tensors, y: Tensor) -> tuple[int | None, ...]:
        """Return that the answers may take the values' place."""
        return (0,)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Look the values up."""
        return table(self, xs[0], y)[values[0] + 128], ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self | None:
        """Take it from a `.tflite`; None is left of a QUANTIZE that changes nothing."""
        code, _, _ = file.code(op)
        function = next(name for name, number in _CODES.items() if number == code)
        x = file.read(op.Inputs(0))
        unsigned = function == "quantize"
        y = file.activation(op.Outputs(0), file.tensors[x].size, unsigned)
        if unsigned and replace(file.tensors[y], name="") == replace(file.tensors[x], name=""):
            file.tensors.pop()
            file.known[op.Outputs(0)] = x
            return None
        if function == "logistic" and file.tensors[y].zero_point != -128:
            raise file.error("LOGISTIC output must have zero point -128")
        alpha = 0.0
        if function == "leaky_relu":
            options = tflite.LeakyReluOptions()
            file.options(op, options, tflite.BuiltinOptions.LeakyReluOptions, "LEAKY_RELU")
            alpha = float(options.Alpha())
        ends = file.tensors[x], file.tensors[y]
        if not math.isfinite(alpha) or (
            function == "hard_swish" and not rectifiers.hard_swish_fits(*ends)
        ):
            raise file.error(f"the numbers of {function.upper()} do not fit its arithmetic")
        return cls((x,), y, function, alpha)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        options = None
        if self.function == "leaky_relu":
            tflite.LeakyReluOptionsStart(file.builder)
            tflite.LeakyReluOptionsAddAlpha(file.builder, self.alpha)
            end = tflite.LeakyReluOptionsEnd(file.builder)
            options = (tflite.BuiltinOptions.LeakyReluOptions, end)
        file.operator(_CODES[self.function], sources, target, 2, options)

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        x: Tensor,
        source: int,
        *,
        function: Function | None = None,
    ) -> tuple[Self, Tensor]:
        """Return one with an output that TFLite gives the function; any, if none is named."""
        chosen: Function = function or rng.choice(list(_CODES))
        scale = float(np.float32(10 ** rng.uniform(-2.5, 0)))
        zero_point = int(rng.integers(-128, 128))
        if chosen == "logistic":
            scale, zero_point = 1 / 256, -128
        elif chosen == "tanh":
            scale, zero_point = 1 / 128, 0
        elif chosen == "hard_swish":
            scale = float(np.float32(x.scale * rng.uniform(0.1, 2)))
        elif chosen == "relu6":
            scale, zero_point = x.scale, x.zero_point
        y = Tensor(f"{chosen}_{source}", x.shape, "int8", scale, zero_point)
        alpha = float(np.float32(rng.uniform(-0.5, 1.5))) if chosen == "leaky_relu" else 0.0
        return cls((source,), source + 1, chosen, alpha), y


def table(op: Elementwise, x: Tensor, y: Tensor) -> Ints:
    """Return the (256,) int8 answers for inputs -128 … 127."""
    q = np.arange(-128, 128, dtype=np.int64)
    if op.function == "leaky_relu":
        return np.clip(rectifiers.leaky_relu(x, y, q, op.alpha), -128, 127)
    if op.function in _RECTIFIERS:
        return np.clip(_RECTIFIERS[op.function](x, y, q), -128, 127)
    centred = q - x.zero_point
    x_scale, y_scale = np.float32(x.scale), np.float32(y.scale)
    if op.function in ("logistic", "tanh"):
        mantissa, shift = math.frexp(float(x_scale) * 2 ** (31 - _INTEGER_BITS))
        multiplier = math.floor(mantissa * 2**31 + 0.5)
        radius = math.floor(15 * 2.0 ** (31 - _INTEGER_BITS) / 2.0**shift)
        inside = np.where(np.abs(centred) < radius, centred, 0)
        scaled = multiply(inside, multiplier, shift)
        if op.function == "logistic":
            raw = divide_by_power_of_two(logistic(scaled, _INTEGER_BITS), 31 - 8) - 128
        else:
            raw = divide_by_power_of_two(tanh(scaled, _INTEGER_BITS), 31 - 7)
        raw = np.where(centred <= -radius, -128, np.where(centred >= radius, 127, raw))
        return np.clip(raw, -128, 127)
    if op.function == "relu6":
        six = x.zero_point + int(math.floor(float(np.float32(6.0) / x_scale) + 0.5))
        return np.clip(q, x.zero_point, min(six, 127))
    ratio = float(x_scale / y_scale) if op.function == "relu" else float(x_scale) / float(y_scale)
    result = multiply(centred, *quantized_multiplier(ratio)) + y.zero_point
    return np.clip(result, y.zero_point if op.function == "relu" else -128, 127)

# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 SOFTMAX."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.ops.rounding import (
    divide_by_power_of_two,
    doubling_high_multiply,
    exp_negative,
    one_over_one_plus,
    quantized_multiplier,
)
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_INTEGER_BITS = 5
_SUM_BITS = 12
_LONGEST = 4000  # TFLite's sum of exponentials has 12 integer bits


@dataclass(frozen=True)
class Softmax(Operator):
    """TFLite's int8 SOFTMAX; the output has scale 1/256 and zero point -128.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        beta: Factor of the inputs.
    """

    kind: ClassVar[str] = "softmax"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.SOFTMAX: 3}

    beta: float = 1.0

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it needs every frame: where they are the values of its only vector."""
        return Reach(whole=len(y.shape) == 1)

    def rows(self, xs: Tensors, y: Tensor) -> int:
        """Return the vectors of the last axis."""
        return y.size // y.shape[-1]

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddSoftmax"

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute it over the last axis of (…, n) values."""
        exps = exponentials(self, xs[0])
        steps = values[0].max(axis=-1, keepdims=True) - values[0]
        inside = steps < len(exps)
        e = np.where(inside, exps[np.minimum(steps, len(exps) - 1)], 0)
        total = np.where(inside, divide_by_power_of_two(e, _SUM_BITS), 0).sum(
            axis=-1, keepdims=True
        )
        headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)  # exact to 2**53
        scale = one_over_one_plus((total << headroom) - 2**31)
        exponent = _SUM_BITS - headroom + 31 - 8
        result = divide_by_power_of_two(doubling_high_multiply(e, scale), exponent) - 128
        return np.where(inside, np.minimum(result, 127), -128), ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        source = op.Inputs(0)
        x = file.read(source)
        size = file.tensors[x].size
        y = file.activation(op.Outputs(0), size)
        longest = file.tensors[x].shape[-1]
        if longest > _LONGEST:
            raise file.error(
                f"SOFTMAX over {count(longest, 'value')} can overflow, at most {_LONGEST}"
            )
        if (file.tensors[y].scale, file.tensors[y].zero_point) != (1 / 256, -128):
            raise file.error("SOFTMAX output must have scale 1/256 and zero point -128")
        options = tflite.SoftmaxOptions()
        file.options(op, options, tflite.BuiltinOptions.SoftmaxOptions, "SOFTMAX")
        beta = float(options.Beta())
        if not 0 < beta < math.inf:
            raise file.error(f"SOFTMAX has beta {beta:g}, it must be a positive number")
        made = cls((x,), y, beta)
        try:
            exponentials(made, file.tensors[x])
        except GhostError as error:
            raise GhostError(f"{file.where}: {error}") from error
        return made

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        b = file.builder
        tflite.SoftmaxOptionsStart(b)
        tflite.SoftmaxOptionsAddBeta(b, self.beta)
        options = tflite.SoftmaxOptionsEnd(b)
        code, kind = tflite.BuiltinOperator.SOFTMAX, tflite.BuiltinOptions.SoftmaxOptions
        file.operator(code, sources, target, 2, (kind, options))

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return the one there is."""
        return cls((source,), source + 1), Tensor("scores", x.shape, "int8", 1 / 256, -128)


def exponentials(op: Softmax, x: Tensor) -> Ints:
    """Return the exponentials in Q0.31.

    Entry i is exp of an input i steps below the largest; inputs further below count as nothing.

    Raises:
        GhostError: The input's scale is too small for any of them to count.
    """
    real = min(
        float(np.float32(op.beta)) * float(np.float32(x.scale)) * 2 ** (31 - _INTEGER_BITS),
        2.0**31 - 1,
    )
    if real <= 1:
        raise GhostError(f"SOFTMAX input scale {x.scale:g} is too small.")
    return _table(real)


@functools.cache
def _table(real: float) -> Ints:
    """Return the exponentials for steps of so many units in the last place."""
    multiplier, shift = quantized_multiplier(real)
    radius = math.floor(31 * 2.0 ** (31 - _INTEGER_BITS) / 2.0**shift)
    steps = -np.arange(min(radius, 255) + 1, dtype=np.int64)
    scaled = doubling_high_multiply(steps << shift, multiplier)
    table = exp_negative(scaled, _INTEGER_BITS)
    table.flags.writeable = False
    return table

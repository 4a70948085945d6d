# SPDX-License-Identifier: Apache-2.0
"""Layer normalisation over the last axis: "GhostLayerNorm int8, v1", its custom operator.

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

In integers, for n values q of a row, with d = n q - sum(q) and E = 64 n^2 epsilon / scale^2:

    W = max(1, 64 (n sum(q^2) - sum(q)^2) + E)         64 n^2 times the variance with epsilon
    w = W / 4^e, rounded down, in [2^30, 2^32)
    inverse = 2^31 / root                              root = floor(sqrt(w))
    normal = d * inverse / 2^(16 + e)                  Q12
    y = (gamma * normal + beta) / 2^(fraction + 12)

Where nothing is said, divisions round to the nearest, halves up; y saturates. gamma is int16 in
steps of the output, with `fraction` bits behind the point; beta is int32 at the scale of the
accumulator, the output's zero point folded in. Inputs in a file: x, gamma (n,), beta (n,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.quantize import Floats
from mcu_ghost.network.tensor import Int32s, Ints, Tensor
from mcu_ghost.network.tflite import options as flexbuffer
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import MAX_SIZE, Tables

NORMAL_BITS = 12
_CODE, _VERSION = "GhostLayerNorm", 1
_MOST_FRACTION = 14
_GUARD_BITS = 6  # of the variance, so that an epsilon keeps some
_MOST_EPSILON = 2**52  # as much as 64 n^2 times the largest variance: the sum is exact in float64


@dataclass(frozen=True, eq=False)
class LayerNorm(Operator):
    """A layer normalisation of rows of n values.

    Attributes:
        gamma: (n,) int16.
        beta: (n,) int32.
        fraction: Bits of gamma behind the point, 0 to 14.
        epsilon: E, 64 n^2 times it in squares of the input's steps.
    """

    kind: ClassVar[str] = "layer_norm"
    codes: ClassVar[dict[int | str, int]] = {_CODE: _VERSION}

    gamma: npt.NDArray[np.int16]
    beta: Int32s
    fraction: int
    epsilon: int

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute it over the last axis of (…, n) values."""
        q, n = values[0], len(self.gamma)
        total = q.sum(axis=-1, keepdims=True)
        squares = (q * q).sum(axis=-1, keepdims=True)
        spread = ((n * squares - total**2) << _GUARD_BITS) + self.epsilon
        inverse, exponent = reciprocal_root(np.maximum(1, spread))
        shift = 31 - NORMAL_BITS - _GUARD_BITS // 2 + exponent
        normal = ((n * q - total) * inverse + (np.int64(1) << (shift - 1))) >> shift
        acc, bits = self.gamma.astype(np.int64) * normal + self.beta, self.fraction + NORMAL_BITS
        return np.clip((acc + (1 << (bits - 1))) >> bits, -128, 127), ()

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it needs every frame: where they are the values of its only vector."""
        return Reach(whole=len(y.shape) == 1)

    def rows(self, xs: Tensors, y: Tensor) -> int:
        """Return the vectors of the last axis."""
        return y.size // y.shape[-1]

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        source, target = op.Inputs(0), op.Outputs(0)
        where = f"{file.where}: {_CODE} to {file.label(target)}"
        _, gammas, betas = file.inputs(op, 3, _CODE)
        x = file.read(source)
        n = file.tensors[x].shape[-1]
        if n > MAX_SIZE:
            raise GhostError(f"{where}: {count(n, 'value')} are too many, at most {MAX_SIZE}.")
        file.fits(target, file.tensors[x].shape, where)
        content = file.custom_options(op, where)
        options = flexbuffer.decode(content, where, _VERSION, ("fraction", "epsilon"))
        fraction, epsilon = options["fraction"], options["epsilon"]
        if not (0 <= fraction <= _MOST_FRACTION and 0 <= epsilon <= _MOST_EPSILON):
            raise GhostError(f"{where}: fraction {fraction} or epsilon {epsilon} is out of range.")
        gamma = file.constant(gammas, np.int16, (n,))
        beta = file.constant(betas, np.int32, (n,))
        return cls((x,), file.activation(target), gamma, beta, fraction, epsilon)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label = f"layer_norm_{number}"
        gamma = file.constant(f"{label}/gamma", self.gamma)
        beta = file.constant(f"{label}/beta", self.beta)
        options = {"version": _VERSION, "fraction": self.fraction, "epsilon": self.epsilon}
        content = flexbuffer.encode(options)
        file.custom(_CODE, [*sources, gamma, beta], target, _VERSION, content)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one whose outputs fill their range."""
        n, scale = x.shape[-1], float(np.float32(8 / 256))
        y = Tensor(f"layer_norm_{source}", x.shape, "int8", scale, int(rng.integers(-20, 20)))
        gamma, beta = rng.normal(1, 0.5, n), rng.normal(0, 0.5, n)
        made = cls.quantized(x, y, gamma, beta, 1e-3, inputs=(source,), output=source + 1)
        return made, y

    @classmethod
    def quantized(
        cls,
        x: Tensor,
        y: Tensor,
        gamma: Floats,
        beta: Floats,
        epsilon: float,
        *,
        inputs: tuple[int, ...],
        output: int,
    ) -> Self:
        """Quantise one layer's Keras weights.

        Args:
            x: The tensor the layer reads.
            y: The tensor it writes.
            gamma: (n,) float; ones where the layer does not scale.
            beta: (n,) float; zeros where it does not centre.
            epsilon: As in Keras.
            inputs: Index of `x` in the model.
            output: Index of `y` in the model.

        Raises:
            GhostError: The weights do not fit their bits.
        """
        steps, offsets = gamma / y.scale, beta / y.scale + y.zero_point
        fraction = _MOST_FRACTION
        while not _fits(steps, offsets, fraction):
            fraction -= 1
            if fraction < 0:
                raise GhostError("A layer normalisation's weights are too large for its outputs.")
        real = len(gamma) ** 2 * epsilon / x.scale**2 * 2**_GUARD_BITS
        return cls(
            inputs,
            output,
            np.round(steps * 2**fraction).astype(np.int16),
            np.round(offsets * 2 ** (fraction + NORMAL_BITS)).astype(np.int32),
            fraction,
            round(min(real, _MOST_EPSILON)),
        )


def _fits(steps: Floats, offsets: Floats, fraction: int) -> bool:
    widest = float(np.abs(offsets).max()) * 2 ** (fraction + NORMAL_BITS)
    return float(np.abs(steps).max()) * 2**fraction < 2**15 - 0.5 and widest < 2**31 - 1


def reciprocal_root(w: Ints) -> tuple[Ints, Ints]:
    """Return inverse and e with ``inverse / 2**(31 + e)`` close to ``1 / sqrt(w)``.

    Args:
        w: Integers from 1 to 2^53.

    Returns:
        Integers in [2^15, 2^16], and the exponent e; the error is below 2^-14 of the result.
    """
    bits = np.frexp(w.astype(np.float64))[1].astype(np.int64)
    exponent = (bits + 1) // 2 - 16
    left, right = np.maximum(-2 * exponent, 0), np.maximum(2 * exponent, 0)
    root = np.floor(np.sqrt((w << left) >> right)).astype(np.int64)
    return (2**31 + root // 2) // root, exponent

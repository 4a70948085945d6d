# SPDX-License-Identifier: Apache-2.0
"""GRU as Keras and ONNX also have it: "GhostResetGRU int8, v1", its custom operator in a `.tflite`.

    z = sigmoid(Wz x + Uz h + b)          r = sigmoid(Wr x + Ur h + b)
    c = tanh(Wc x + b + Uc (r * h))       with the reset before the product
    c = tanh(Wc x + b + r * (Uc h + b'))  with the reset after it
    h <- z * h + (1 - z) * c

It says which of the two it is, and may have hard sigmoids. A GRU with the reset after the product
and sigmoids is a `GhostGRU` of ratio 1 as well, which has kernels made for each core.

The product needs the reset state r * h as int8: r in Q0.15 times the int16 carry, rounded once to
Q0.7. The operator's inputs in a file are those of `mcu_ghost.network.ops.gated`, and the variable
carry (n,) int16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mcu_ghost.network.ops.gated import MASKED, Gated
from mcu_ghost.network.ops.gates import (
    need_state,
    product_to_state,
    saturate16,
    tanh,
    to_state,
)
from mcu_ghost.network.ops.operator import State, Tensors
from mcu_ghost.network.quantize import Floats
from mcu_ghost.network.tensor import Ints, Tensor


@dataclass(frozen=True, eq=False)
class ResetGRU(Gated):
    """A GRU; gates in z, r, c order, as in Keras.

    Attributes:
        reset_after: Whether the reset gate acts after the candidate's recurrent product.
    """

    kind: ClassVar[str] = "reset_gru"
    code: ClassVar[str] = "GhostResetGRU"
    codes: ClassVar[dict[int | str, int]] = {code: MASKED}
    word: ClassVar[str] = "GRU"
    gates: ClassVar[str] = "zrc"
    keeps: ClassVar[tuple[str, ...]] = ("carry",)
    flags: ClassVar[tuple[str, ...]] = ("reset_after",)

    reset_after: bool = False

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Advance by a frame."""
        carry, before = state
        z, r = self.gate(0, values[0], before), self.gate(1, values[0], before)
        if self.reset_after:
            recurrent = (r * saturate16(self.from_state(2, before)) + 2**14) >> 15
        else:
            recurrent = self.from_state(2, product_to_state(r, carry))
        c = tanh(saturate16(self.from_input(2, values[0]) + recurrent))
        carry = (z * carry + (32768 - z) * c + 2**14) >> 15
        after = to_state(carry)
        return after, (carry, after)

    @classmethod
    def members(cls, options: dict[str, Any], y: Tensor, where: str) -> dict[str, Any]:
        """Return where the reset gate acts."""
        need_state(y, where)
        return {"reset_after": options["reset_after"]}

    @classmethod
    def drawn(cls, rng: np.random.Generator, d: int, n: int, gain: float) -> dict[str, Floats]:
        """Return random float weights, with a bias for each product."""
        weights = super().drawn(rng, d, n, gain)
        weights["bias"] = np.stack([weights["bias"], rng.normal(0, gain / 2, 3 * n)])
        return weights

    @classmethod
    def quantized(
        cls,
        x: Tensor,
        kernel: Floats,
        recurrent_kernel: Floats,
        bias: Floats,
        *,
        inputs: tuple[int, ...],
        output: int,
        reset_after: bool = False,
        hard: float = 0.0,
        return_sequences: bool = True,
        stateful: bool = False,
    ) -> Self:
        """Quantise one layer's Keras weights.

        Args:
            x: The tensor the layer reads; its scale and zero point enter the biases.
            kernel: (d, 3n) float, gates z, r, c.
            recurrent_kernel: (n, 3n) float.
            bias: (3n,) float, or (2, 3n), one for each product; with the reset before the product
                their sum does the same.
            inputs: Index of `x` in the model.
            output: Index of the output tensor in the model.
            reset_after: As in Keras.
            hard: The slope of the gates' hard sigmoid; 0 for the sigmoid itself.
            return_sequences: As in Keras.
            stateful: As in Keras.

        Raises:
            GhostError: The weights cannot be expressed in 32-bit accumulators.
        """
        if bias.ndim == 2 and not reset_after:
            bias = bias.sum(axis=0)
        return cls.made(
            x,
            kernel,
            recurrent_kernel,
            bias,
            inputs=inputs,
            output=output,
            reset_after=reset_after,
            hard=hard,
            return_sequences=return_sequences,
            stateful=stateful,
        )

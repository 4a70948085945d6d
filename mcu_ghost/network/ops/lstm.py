# SPDX-License-Identifier: Apache-2.0
"""LSTM: "GhostLSTM int8, v1", and its custom operator in a `.tflite`.

    i, f, o = sigmoid(W x + U h + b)        g = tanh(Wg x + Ug h + bg)
    c <- f * c + i * g                      h <- o * tanh(c)

The cell c is int16 with a scale that is a power of two: the integer bits that it needs are found by
calibration, since a cell, unlike a state, has no bounds. The operator's inputs in a file are those
of `mcu_ghost.network.ops.gated`, and the variable cell (n,) int16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops.gated import MASKED, Gated
from mcu_ghost.network.ops.gates import (
    need_state,
    product_to_state,
    saturate16,
    tanh,
)
from mcu_ghost.network.ops.operator import State, Tensors
from mcu_ghost.network.quantize import Floats
from mcu_ghost.network.tensor import Ints, Tensor

_MOST_BITS = 15  # a step of the cell is then 1


@dataclass(frozen=True, eq=False)
class LSTM(Gated):
    """An LSTM; gates in i, f, c, o order, as in Keras.

    Attributes:
        cell_bits: Integer bits of the cell: its 16 bits reach from -2^cell_bits to 2^cell_bits.
    """

    kind: ClassVar[str] = "lstm"
    code: ClassVar[str] = "GhostLSTM"
    codes: ClassVar[dict[int | str, int]] = {code: MASKED}
    word: ClassVar[str] = "LSTM"
    gates: ClassVar[str] = "ifco"
    keeps: ClassVar[tuple[str, ...]] = ("cell",)
    numbers: ClassVar[tuple[str, ...]] = ("cell_bits",)

    cell_bits: int = 0

    @property
    def kept_scale(self) -> float:
        """Real value of one step of the cell."""
        return 2.0 ** (self.cell_bits - 15)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Advance by a frame."""
        cell, before = state
        i, f, o = (self.gate(gate, values[0], before) for gate in (0, 1, 3))
        g = tanh(self.preactivation(2, values[0], before))
        cell = saturate16((f * cell + ((i * g) >> self.cell_bits) + 2**14) >> 15)
        after = product_to_state(o, tanh(saturate16(((cell << self.cell_bits) + 4) >> 3)))
        return after, (cell, after)

    @classmethod
    def members(cls, options: dict[str, Any], y: Tensor, where: str) -> dict[str, Any]:
        """Return the cell's integer bits."""
        need_state(y, where)
        bits = options["cell_bits"]
        if not 0 <= bits <= _MOST_BITS:
            raise GhostError(f"{where}: a cell has 0 to {_MOST_BITS} integer bits, not {bits}.")
        return {"cell_bits": bits}

    @classmethod
    def random(
        cls, rng: np.random.Generator, x: Tensor, source: int, **options: Any
    ) -> tuple[Self, Tensor]:
        """Return a layer with normal weights, whose cell has room for 4 if nothing else is said."""
        return super().random(rng, x, source, **{"largest_cell": 3.0, **options})

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
        largest_cell: float,
        hard: float = 0.0,
        return_sequences: bool = True,
        stateful: bool = False,
    ) -> Self:
        """Quantise one layer's Keras weights.

        Args:
            x: The tensor the layer reads; its scale and zero point enter the biases.
            kernel: (d, 4n) float, gates i, f, c, o.
            recurrent_kernel: (n, 4n) float.
            bias: (4n,) float.
            inputs: Index of `x` in the model.
            output: Index of the output tensor in the model.
            largest_cell: The largest magnitude of the cell in calibration.
            hard: The slope of the gates' hard sigmoid; 0 for the sigmoid itself.
            return_sequences: As in Keras.
            stateful: As in Keras.

        Raises:
            GhostError: The weights cannot be expressed in 32-bit accumulators, or the cell grows
                beyond 16 bits.
        """
        return cls.made(
            x,
            kernel,
            recurrent_kernel,
            bias,
            inputs=inputs,
            output=output,
            cell_bits=cell_bits(largest_cell),
            hard=hard,
            return_sequences=return_sequences,
            stateful=stateful,
        )


def cell_bits(largest: float) -> int:
    """Return the integer bits of a cell that reaches this magnitude: the next power of two.

    Raises:
        GhostError: It is not a number, or too large for 16 bits.
    """
    bits = max(0, math.frexp(largest)[1]) if math.isfinite(largest) and largest >= 0 else 99
    if bits > _MOST_BITS:
        raise GhostError(
            f"An LSTM's cell reaches {largest:g} in the calibration data, at most {2**_MOST_BITS}: "
            "check that the data is scaled as in training."
        )
    return bits

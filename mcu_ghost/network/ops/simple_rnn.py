# SPDX-License-Identifier: Apache-2.0
"""Simple RNN: "GhostSimpleRNN int8, v1", and its custom operator in a `.tflite`.

    h <- tanh(W x + U h + b)              or relu(W x + U h + b)

By tanh the state is Q0.7 and pre-activations are Q3.12. By relu the state has no bounds: its scale
comes from calibration, and pre-activations are in steps of 1/256 of it. The operator's inputs in a
file are those of `mcu_ghost.network.ops.gated`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.ops.gated import MASKED, Gated
from mcu_ghost.network.ops.gates import PREACTIVATION_ONE, STATE_SCALE, need_state, tanh, to_state
from mcu_ghost.network.ops.operator import State, Tensors
from mcu_ghost.network.quantize import Floats
from mcu_ghost.network.tensor import Ints, Tensor


@dataclass(frozen=True, eq=False)
class SimpleRNN(Gated):
    """A simple RNN.

    Attributes:
        relu: Whether its activation is relu; tanh if not.
        scale: Real value of one step of the state; 1/128 for tanh.
    """

    kind: ClassVar[str] = "simple_rnn"
    code: ClassVar[str] = "GhostSimpleRNN"
    codes: ClassVar[dict[int | str, int]] = {code: MASKED}
    word: ClassVar[str] = "SimpleRNN"
    gates: ClassVar[str] = "h"
    flags: ClassVar[tuple[str, ...]] = ("relu",)

    relu: bool = False
    scale: float = STATE_SCALE

    @property
    def state_scale(self) -> float:
        """Real value of one step of the state."""
        return self.scale

    @property
    def one(self) -> float:
        """What 1.0 is as a pre-activation."""
        return _one(self.relu, self.scale)

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Advance by a frame."""
        before = self.preactivation(0, values[0], state[0])
        after = to_state(np.maximum(before, 0) if self.relu else tanh(before))
        return after, (after,)

    @classmethod
    def members(cls, options: dict[str, Any], y: Tensor, where: str) -> dict[str, Any]:
        """Return the activation, and the scale of the state."""
        if not options["relu"]:
            need_state(y, where)
        if y.zero_point:
            raise GhostError(f"{where}: the output must have zero point 0.")
        return {"relu": options["relu"], "scale": y.scale}

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
        largest: float | None = None,
        return_sequences: bool = True,
        stateful: bool = False,
    ) -> Self:
        """Quantise one layer's Keras weights.

        Args:
            x: The tensor the layer reads; its scale and zero point enter the biases.
            kernel: (d, n) float.
            recurrent_kernel: (n, n) float.
            bias: (n,) float.
            inputs: Index of `x` in the model.
            output: Index of the output tensor in the model; its scale is the layer's `scale`.
            largest: Of a layer with relu, the largest state in calibration; None for tanh.
            return_sequences: As in Keras.
            stateful: As in Keras.

        Raises:
            GhostError: The weights cannot be expressed in 32-bit accumulators.
        """
        relu = largest is not None
        scale = float(np.float32((largest or 1.0) / 127)) if relu else STATE_SCALE
        return cls.made(
            x,
            kernel,
            recurrent_kernel,
            bias,
            scale,
            _one(relu, scale),
            inputs=inputs,
            output=output,
            relu=relu,
            scale=scale,
            return_sequences=return_sequences,
            stateful=stateful,
        )


def _one(relu: bool, scale: float) -> float:
    return 256 / scale if relu else PREACTIVATION_ONE

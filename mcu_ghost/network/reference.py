# SPDX-License-Identifier: Apache-2.0
"""The integer arithmetic of "GhostGRU int8, v1": the specification, in NumPy integers.

Every kernel, interpreter and image must equal these functions bit for bit. The equations are those
of GhostRNN (Zhou et al., Interspeech 2023, arXiv 2411.14489) with the reset gate after the product;
`ratio == 1` is exactly Keras' ``GRU(reset_after=True)``.

Formats: pre-activations are Q3.12 int16, gates Q0.15 in [0, 32768], the carried intrinsic state is
Q0.15 int16, and the state that products see is Q0.7 int8. Arrays of accumulators are int64 here
only so that a wrong model shows as a failed check rather than as a silent wrap.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import FullyConnected, GhostGRU, Model, Operator, Requantizer, Softmax
from mcu_ghost.network.ops import rounding

Ints = npt.NDArray[np.int64]

STATE_SCALE = 1.0 / 128
CARRY_SCALE = 1.0 / 32768
PREACTIVATION_ONE = 4096  # 1.0 in Q3.12
_INT32_LIMIT = 2**31
LARGEST_PREACTIVATION = 2**29  # Q3.12: the sum of any three parts fits 32 bits


def requantize(acc: Ints, rq: Requantizer) -> Ints:
    """Return ``((acc << k) * M + 2**31) >> 32``: one SMMULR on a DSP core."""
    result: Ints = ((acc << rq.shift) * rq.multiplier + 2**31) >> 32
    return result


def requantizer(real: float, largest_accumulator: int) -> Requantizer:
    """Return the most exact requantizer for a positive real multiplier.

    Args:
        real: The real multiplier, input scale times weight scale over output scale.
        largest_accumulator: A bound on the magnitude of every accumulator it will meet.

    Raises:
        GhostError: The multiplier is not a positive finite number, is too small to keep any
            precision, or no shift keeps both the multiplier and the accumulators in 32 bits.
    """
    if not (math.isfinite(real) and real > 0):
        raise GhostError(f"The requantisation multiplier must be positive and finite, got {real}.")
    # The smallest k with M < 2**31 leaves the most room for the accumulator.
    shift = max(0, math.frexp(real)[1] + 1)
    multiplier = round(real * 2.0 ** (32 - shift))
    if multiplier == _INT32_LIMIT:
        multiplier, shift = multiplier >> 1, shift + 1
    if multiplier < 1:
        raise GhostError(f"The requantisation multiplier {real:g} is too small for int8 weights.")
    if (
        largest_accumulator << shift >= _INT32_LIMIT
        or largest_accumulator * real >= LARGEST_PREACTIVATION
    ):
        raise GhostError(
            f"A row of weights can reach {largest_accumulator * real / PREACTIVATION_ONE:.3g} "
            "before its activation, which does not fit 32 bits: the weight scales are too large."
        )
    return Requantizer(multiplier, shift)


# sigma(u) - 1/2 in Q0.16 at u = i / 24, i = 0 … 256. One step is 512 units of 3 * Q3.12.
SIGMOID_TABLE: Ints = np.minimum(
    32767, np.round(65536 * (1 / (1 + np.exp(-np.arange(257) / 24)) - 0.5))
).astype(np.int64)


def _interpolate(u: Ints) -> Ints:
    """Return sigma(u / 12288) - 1/2 in Q0.25, odd in u; abs(u) < 2**17."""
    magnitude = np.abs(u)
    index, fraction = magnitude >> 9, magnitude & 511
    value = SIGMOID_TABLE[index] * 512 + fraction * (
        SIGMOID_TABLE[np.minimum(index + 1, 256)] - SIGMOID_TABLE[index]
    )
    return np.where(u < 0, -value, value)


def sigmoid(x: Ints) -> Ints:
    """Return sigma of Q3.12 int16 values as Q0.15 in [0, 32768]."""
    return 16384 + ((_interpolate(3 * x) + 512) >> 10)


def tanh(x: Ints) -> Ints:
    """Return tanh of Q3.12 int16 values as Q0.15, by ``2 * sigma(2x) - 1``."""
    result: Ints = (_interpolate(np.clip(6 * x, 1 - 2**17, 2**17 - 1)) + 256) >> 9
    return result


def saturate16(x: Ints) -> Ints:
    """Clip to int16."""
    return np.clip(x, -32768, 32767)


def to_state(x: Ints) -> Ints:
    """Round Q0.15 to the Q0.7 int8 that products see."""
    return np.clip((x + 128) >> 8, -128, 127)


def row_bounds(weights: npt.NDArray[np.int8], bias: npt.NDArray[np.signedinteger] | int) -> Ints:
    """Return how far each accumulator can get from zero, for (…, K) weights and (…) biases."""
    reach = 128 * np.abs(weights.astype(np.int64)).sum(axis=-1)
    total: Ints = reach + np.abs(np.asarray(bias, np.int64))
    return total


def _largest(weights: npt.NDArray[np.int8], bias: npt.NDArray[np.signedinteger] | int = 0) -> int:
    return int(row_bounds(weights, bias).max(initial=0))


def kernel_bound(kernel: npt.NDArray[np.int8], bias: npt.NDArray[np.signedinteger]) -> int:
    """Return the largest accumulator of one gate's (m, K) kernel and (m,) bias."""
    return _largest(kernel, bias)


def candidate_bound(recurrent: npt.NDArray[np.int8], bias: npt.NDArray[np.signedinteger]) -> int:
    """Return the same for the candidate's recurrent kernel, (m, n): its two accumulators."""
    m = recurrent.shape[0]
    return max(_largest(recurrent[:, :m], bias), _largest(recurrent[:, m:]))


def zero_state(op: GhostGRU, batch: tuple[int, ...] = ()) -> tuple[Ints, Ints]:
    """Return what a sequence starts from: (…, n) Q0.7 state and (…, m) Q0.15 carry, all zero."""
    return np.zeros((*batch, op.units), np.int64), np.zeros((*batch, op.intrinsic), np.int64)


def _product(x: Ints, weights: npt.NDArray[np.int8]) -> Ints:
    """Return ``x @ weights.T``; float64 holds these integers exactly and multiplies them fast."""
    return (x.astype(np.float64) @ weights.astype(np.float64).T).astype(np.int64)


def ghost_gru_step(op: GhostGRU, x: Ints, state: Ints, carry: Ints) -> tuple[Ints, Ints]:
    """Advance a GhostGRU by one frame.

    Args:
        op: The operator.
        x: (…, d) int8 values as int64.
        state: (…, n) Q0.7 state of the frame before.
        carry: (…, m) Q0.15 intrinsic state of the frame before.

    Returns:
        The new state (…, n), which is also the output, and the new carry (…, m).
    """
    m = op.intrinsic
    bias = op.bias.astype(np.int64)
    from_input = [
        requantize(_product(x, op.kernel[gate]) + bias[0, gate], rq)
        for gate, rq in enumerate(op.input_requantizers)
    ]
    z, r = (
        sigmoid(
            saturate16(
                from_input[gate]
                + requantize(
                    _product(state, op.recurrent_kernel[gate]) + bias[1, gate],
                    op.recurrent_requantizers[gate],
                )
            )
        )
        for gate in (0, 1)
    )
    rq = op.recurrent_requantizers[2]
    recurrent = op.recurrent_kernel[2]
    intrinsic = saturate16(requantize(_product(state[..., :m], recurrent[:, :m]) + bias[1, 2], rq))
    ghosts = requantize(_product(state[..., m:], recurrent[:, m:]), rq)
    c = tanh(saturate16(from_input[2] + ghosts + ((r * intrinsic + 2**14) >> 15)))
    carry = (z * carry + (32768 - z) * c + 2**14) >> 15
    h = to_state(carry)
    if op.ghost_requantizer is None:
        return h, carry
    acc = _product(h, op.ghost_kernel) + op.ghost_bias
    g = to_state(tanh(saturate16(requantize(acc, op.ghost_requantizer))))
    return np.concatenate([h, g], axis=-1), carry


class Runner:
    """A model in integers, one frame at a time, any number of sequences side by side.

    Args:
        model: The network.
        batch: Leading dimensions of every frame; ``()`` for one sequence.
    """

    def __init__(self, model: Model, batch: tuple[int, ...] = ()) -> None:
        """Start from the zero state."""
        self.model = model
        self._batch = batch
        self.reset()

    def reset(self) -> None:
        """Go back to the zero state."""
        self.state = {
            layer.output: tuple(
                np.broadcast_to(s, self._batch + s.shape) for s in zero_state(layer)
            )
            for layer in self.model.layers
        }
        self._values: dict[int, Ints] = {
            layer.output: self.state[layer.output][0] for layer in self.model.layers
        }

    def _run(self, operators: tuple[Operator, ...]) -> None:
        tensors, values = self.model.tensors, self._values
        for op in operators:
            x, y = tensors[op.input], tensors[op.output]
            if isinstance(op, GhostGRU):
                self.state[op.output] = ghost_gru_step(op, values[op.input], *self.state[op.output])
                values[op.output] = self.state[op.output][0]
            elif isinstance(op, FullyConnected):
                values[op.output] = rounding.fully_connected(op, x, y, values[op.input])
            elif isinstance(op, Softmax):
                values[op.output] = rounding.softmax(op, x, values[op.input])
            else:
                values[op.output] = rounding.elementwise_table(op, x, y)[values[op.input] + 128]

    def step(self, *inputs: npt.NDArray[np.int8]) -> None:
        """Advance by one frame; one (…, size) int8 array for each input of the model."""
        for tensor, value in zip(self.model.inputs, inputs, strict=True):
            self._values[tensor] = value.astype(np.int64)
        self._run(self.model.body)

    def head(self) -> list[npt.NDArray[np.int8]]:
        """Return the outputs as they follow from the state now, (…, size) int8 each."""
        self._run(self.model.head)
        return [self._values[i].astype(np.int8) for i in self.model.outputs]


def run(model: Model, x: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Run whole sequences through a model with one input and one output.

    Args:
        model: The network.
        x: (…, frames, inputs) int8; leading dimensions are independent sequences.

    Returns:
        (…, frames, outputs) int8 when the head runs per frame, else (…, outputs).
    """
    runner = Runner(model, x.shape[:-2])
    every = []
    for frame in range(x.shape[-2]):
        runner.step(x[..., frame, :])
        if model.head_per_frame:
            every.append(runner.head()[0])
    return np.stack(every, axis=-2) if model.head_per_frame else runner.head()[0]

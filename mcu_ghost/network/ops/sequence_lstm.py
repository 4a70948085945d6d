# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 UNIDIRECTIONAL_SEQUENCE_LSTM, as stock TFLite Micro computes it, bit for bit.

Keras' LSTM through TFLiteConverter: every gate has weights of its own at one scale, the cell is
int16, and state and output are int8 with a zero point. Sigmoids and tanh are interpolated as those
of `mcu_ghost.network.ops.gates` are, in another table and with other halves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.gates import (
    PREACTIVATION_ONE,
    interpolate,
    product,
    saturate16,
    with_steps,
)
from mcu_ghost.network.ops.last_frame import last
from mcu_ghost.network.ops.operator import Recurrent, State, Tensors
from mcu_ghost.network.ops.rounding import multiply, quantized_multiplier
from mcu_ghost.network.tensor import Int8s, Int32s, Ints, Tensor, Variable
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_NAME = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_GATES = "ifco"
_KERNEL, _RECURRENT, _BIAS, _STATE, _CELL, _INPUTS = 1, 5, 12, 18, 19, 24
_VARIANTS = {
    "peepholes": (9, 10, 11),
    "a projection": (16, 17),
    "layer normalisation": (20, 21, 22, 23),
}
_STEP = 2.0**-15  # of a gate
_SATURATED = 255 << 8  # where tanh is the largest there is


def _table() -> Ints:
    """Return (256,) sigma(i / 24) - 1/2 in Q0.16, each more by half the error of the mean behind.

    Straight lines between the nodes are then as far above the curve as they are below; the last
    node is the largest number that there is.
    """
    middles = 1 / (1 + np.exp(-np.arange(512) / 48))
    nodes = middles[::2]
    mean = (nodes + np.append(nodes[1:], 1 / (1 + np.exp(-256 / 24)))) / 2
    table = np.round(65536 * (nodes + (middles[1::2] - mean) / 2)) - 32768
    table[-1] = 32767
    return table.astype(np.int64)


TABLE = _table()
_NODES = with_steps(TABLE)

Pair = tuple[int, int]
"""A multiplier and a shift."""


@dataclass(frozen=True, eq=False)
class SequenceLSTM(Recurrent):
    """An LSTM with d inputs and n units; gates in i, f, c, o order.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        kernel: (4, n, d) int8.
        recurrent_kernel: (4, n, n) int8.
        bias: (4, n) int32.
        kernel_scales: One for each gate.
        recurrent_scales: One for each gate.
        state_scale: Of state and output.
        state_zero_point: Likewise.
        cell_power: The cell's scale is 2 to this.
        cell_clip: The cell's largest magnitude; 0 for that of int16.
    """

    kind: ClassVar[str] = "sequence_lstm"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM: 1}

    kernel: Int8s
    recurrent_kernel: Int8s
    bias: Int32s
    kernel_scales: tuple[float, ...]
    recurrent_scales: tuple[float, ...]
    state_scale: float
    state_zero_point: int
    cell_power: int
    cell_clip: float
    return_sequences: bool = True
    stateful: bool = False
    mask: int | None = None

    @property
    def units(self) -> int:
        """The number of units."""
        return self.bias.shape[1]

    @property
    def shape(self) -> dict[str, int]:
        """The units."""
        return {"units": self.units}

    @property
    def title(self) -> str:
        """LSTM 32, of TFLite."""
        return f"{_NAME} {self.units}"

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddUnidirectionalSequenceLSTM"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates of one frame."""
        return self.kernel.size + self.recurrent_kernel.size

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The cell, and the state, which is 0 at the start."""
        state = Variable("", self.units, "int8", self.state_scale, self.state_zero_point)
        return Variable("cell", self.units, "int16", 2.0**self.cell_power), state

    @property
    def clip(self) -> int:
        """The cell's largest magnitude in its steps; 0 for none."""
        return int(min(float(np.float32(self.cell_clip)) / 2.0**self.cell_power, 32767.0))

    @property
    def new_cell(self) -> Pair:
        """What brings the product of two gates to the cell's scale."""
        return quantized_multiplier(_STEP * _STEP / 2.0**self.cell_power)

    @property
    def new_state(self) -> Pair:
        """What brings it to the state's scale."""
        return quantized_multiplier(_STEP * _STEP / float(np.float32(self.state_scale)))

    def pairs(self, scale: float, scales: tuple[float, ...]) -> list[Pair]:
        """Return what brings the sums of each gate to Q3.12."""
        return [_to_preactivation(scale, gate) for gate in scales]

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Advance by a frame."""
        cell, before = state
        own = self.pairs(xs[0].scale, self.kernel_scales)
        recurrent = self.pairs(self.state_scale, self.recurrent_scales)
        given, kept = values[0] - xs[0].zero_point, before - self.state_zero_point

        def gate(number: int) -> Ints:
            one = product(given, self.kernel[number]) + self.bias[number].astype(np.int64)
            other = product(kept, self.recurrent_kernel[number])
            parts = multiply(one, *own[number]), multiply(other, *recurrent[number])
            return saturate16(saturate16(parts[0]) + saturate16(parts[1]))

        i, f, o = (sigmoid(gate(number)) for number in (0, 1, 3))
        g = tanh(3 * gate(2))
        cell = saturate16(multiply(f * cell, *quantized_multiplier(_STEP)))
        cell = saturate16(cell + saturate16(multiply(i * g, *self.new_cell)))
        if self.clip:
            cell = np.clip(cell, -self.clip, self.clip)
        after = multiply(o * tanh(widened(cell, self.cell_power)), *self.new_state)
        after = np.clip(after + self.state_zero_point, -128, 127)
        return after, (cell, after)

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`; of its variants, what TFLiteConverter makes of Keras' LSTM."""
        given = file.inputs(op, _INPUTS, _NAME)
        for variant, places in _VARIANTS.items():
            if any(given[i] >= 0 for i in places):
                raise file.error(f"{_NAME} with {variant} is not supported")
        if any(given[i] < 0 for i in (*range(9), *range(_BIAS, 16), _STATE, _CELL)):
            raise file.error(f"{_NAME} without one of its gates is not supported")
        options = tflite.UnidirectionalSequenceLSTMOptions()
        kind = tflite.BuiltinOptions.UnidirectionalSequenceLSTMOptions
        file.options(op, options, kind, _NAME)
        if options.FusedActivationFunction() != tflite.ActivationFunctionType.TANH:
            raise file.error(f"{_NAME} with an activation that is not tanh is not supported")
        if options.TimeMajor():
            raise file.error(f"{_NAME} with time before the batch is not supported")
        source, target, state = given[0], op.Outputs(0), given[_STATE]
        x = file.read(source)
        frames, d = file.sequence(source, f"{file.where}: {_NAME}")
        (n,) = file.shape(given[_BIAS]) if len(file.shape(given[_BIAS])) == 1 else (0,)
        clip = float(options.CellClip())
        if not 0 < n or not 0 <= clip < math.inf:
            raise file.error(f"{_NAME} has no biases, or a cell that cannot be clipped")
        y = file.tensors[file.written(target, (frames, n), _NAME)]
        kernel, kernel_scales = _weights(file, given, _KERNEL, (n, d))
        recurrent, recurrent_scales = _weights(file, given, _RECURRENT, (n, n))
        biases = [file.constant(given[_BIAS + g], np.int32, (n,)) for g in range(len(_GATES))]
        file.kept(state, tflite.TensorType.INT8, n)
        if file.scales(state, (1,)) != (y.scale,) or file.zero_points(state) != [y.zero_point]:
            raise file.error(f"{_NAME} must have the same scale and zero point of state and output")
        layer = cls(
            (x,), file.known[target], kernel, recurrent, np.stack(biases), kernel_scales,
            recurrent_scales, y.scale, y.zero_point, _cell_power(file, given[_CELL], n), clip,
        )  # fmt: skip
        layer.check(file, file.tensors[x])
        return layer

    def check(self, file: Tables, x: Tensor) -> None:
        """Raise GhostError if a sum can overflow."""
        own = self.pairs(x.scale, self.kernel_scales)
        recurrent = self.pairs(self.state_scale, self.recurrent_scales)
        for number, gate in enumerate(_GATES):
            what = f"{_NAME}'s weights of gate {gate}"
            fused.check_reach(file, self.kernel[number], self.bias[number], [own[number]], what)
            zeros = np.zeros(self.units, np.int32)
            pair = [recurrent[number]]
            fused.check_reach(file, self.recurrent_kernel[number], zeros, pair, f"recurrent {what}")
        if self.new_state[1] > 0:
            raise file.error(f"the scale of {_NAME}'s output can overflow 32 bits")

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`, with the slice of the last frame if it gives only that."""
        label, given = f"lstm_{number}", [-1] * _INPUTS
        given[0] = sources[0]
        cell, state = self.variables
        for g, gate in enumerate(_GATES):
            rows = (
                (_KERNEL, "kernel", self.kernel, self.kernel_scales),
                (_RECURRENT, "recurrent_kernel", self.recurrent_kernel, self.recurrent_scales),
            )
            for first, role, weights, scales in rows:
                name = f"{label}/{role}_{gate}"
                given[first + g] = file.constant(name, weights[g], (scales[g],))
            bias_scale = float(np.float32(xs[0].scale) * np.float32(self.kernel_scales[g]))
            name = f"{label}/bias_{gate}"
            given[_BIAS + g] = file.constant(name, self.bias[g], (bias_scale,))
        for place, v, zero_point in ((_STATE, state, state.initial), (_CELL, cell, 0)):
            given[place] = file.tensor(
                f"{label}/{v.role or 'state'}", (1, v.size), v.dtype, (v.scale,), zero_point,
                variable=True,
            )  # fmt: skip
        b = file.builder
        tflite.UnidirectionalSequenceLSTMOptionsStart(b)
        tanh_ = tflite.ActivationFunctionType.TANH
        tflite.UnidirectionalSequenceLSTMOptionsAddFusedActivationFunction(b, tanh_)
        tflite.UnidirectionalSequenceLSTMOptionsAddCellClip(b, self.cell_clip)
        kind = tflite.BuiltinOptions.UnidirectionalSequenceLSTMOptions
        options = (kind, tflite.UnidirectionalSequenceLSTMOptionsEnd(b))
        code, frames = tflite.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM, xs[0].shape[0]
        written = target
        if not self.return_sequences:
            shape, scales = (1, frames, self.units), (self.state_scale,)
            name = f"{label}/sequence"
            written = file.tensor(name, shape, "int8", scales, self.state_zero_point)
        file.operator(code, given, written, 1, options)
        if not self.return_sequences:
            last(0, 1, frames, self.units).write(file, xs, [written], target, number)

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        x: Tensor,
        source: int,
        *,
        units: int = 7,
        return_sequences: bool = True,
    ) -> tuple[Self, Tensor]:
        """Return one that reads frames of x, of any state, cell and scales."""
        scale = float(np.float32(rng.uniform(0.5, 1.2) / 128))
        y = Tensor(f"lstm_{source}", (units,), "int8", scale, int(rng.integers(-128, 128)))
        kernel, kernel_scales = _random_weights(rng, x.scale, (4, units, x.size))
        recurrent, recurrent_scales = _random_weights(rng, scale, (4, units, units))
        one = x.scale * np.array(kernel_scales)[:, None]
        bias = np.rint(rng.normal(0, 0.5, (4, units)) / one).astype(np.int32)
        power, clip = int(rng.integers(-15, -9)), float(rng.choice([0.0, 2.0, 10.0]))
        layer = cls(
            (source,), source + 1, kernel, recurrent, bias, kernel_scales, recurrent_scales,
            scale, y.zero_point, power, clip, return_sequences,
        )  # fmt: skip
        return layer, y


def sigmoid(x: Ints) -> Ints:
    """Return sigma of Q3.12 as Q0.15; halves of negative ones are rounded down."""
    return 16384 + ((interpolate(3 * x, _NODES) + 512 - (x < 0)) >> 10)


def tanh(u: Ints) -> Ints:
    """Return tanh of steps of 1 / 12288 as Q0.15, likewise."""
    inside = np.where(np.abs(u) < _SATURATED, u, 0)
    result = (interpolate(2 * inside, _NODES) + 256 - 2 * (u < 0)) >> 9
    return np.where(np.abs(u) < _SATURATED, result, np.where(u < 0, -32767, 32767))


def widened(cell: Ints, power: int) -> Ints:
    """Return a cell in the steps that tanh takes."""
    shift = power + 12
    return cell * (3 << shift) if shift >= 0 else (cell * 3 + (1 << (-shift - 1))) >> -shift


def _to_preactivation(scale: float, weights: float) -> Pair:
    real = float(np.float32(scale) * np.float32(weights))
    return quantized_multiplier(real * PREACTIVATION_ONE)


def _weights(
    file: Tables, given: list[int], first: int, shape: tuple[int, int]
) -> tuple[Int8s, tuple[float, ...]]:
    """Return the weights of all gates, and their scales."""
    found = [fused.read_weights(file, given[first + g], shape, 0) for g in range(len(_GATES))]
    if any(len(scales) != 1 for _, scales in found):
        raise file.error(f"{_NAME} must have one scale for the weights of a gate")
    return np.stack([weights for weights, _ in found]), tuple(s for _, (s,) in found)


def _random_weights(
    rng: np.random.Generator, step: float, shape: tuple[int, int, int]
) -> tuple[Int8s, tuple[float, ...]]:
    """Return weights of all gates, and scales that make pre-activations of about 1 of them."""
    scales = rng.uniform(0.5, 2, 4) / (step * 5500 * np.sqrt(shape[2]))
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    return weights, tuple(map(float, scales.astype(np.float32)))


def _cell_power(file: Tables, index: int, n: int) -> int:
    """Return the power of two that is the cell's scale."""
    file.kept(index, tflite.TensorType.INT16, n)
    (scale,) = file.scales(index, (1,))
    mantissa, exponent = math.frexp(scale)
    if mantissa != 0.5 or not -15 <= exponent - 1 <= 0 or any(file.zero_points(index)):
        raise file.error(f"{_NAME}'s cell must have a scale of 2 to the -15 … 0 and zero point 0")
    return exponent - 1

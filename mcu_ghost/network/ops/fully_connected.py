# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 FULLY_CONNECTED."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.host.text import count
from mcu_ghost.network.ops import fused
from mcu_ghost.network.ops.fused import Activation
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.ops.rounding import clamp, multiply, quantized_multiplier
from mcu_ghost.network.tensor import Int8s, Int32s, Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_NAME = "FULLY_CONNECTED"


@dataclass(frozen=True, eq=False)
class FullyConnected(Operator):
    """TFLite's int8 FULLY_CONNECTED.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        weights: (outputs, inputs) int8 in [-127, 127], zero point 0.
        bias: (outputs,) int32.
        weight_scales: One, or one for each output.
        activation: Fused activation.
    """

    kind: ClassVar[str] = "fully_connected"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.FULLY_CONNECTED: 12}

    weights: Int8s
    bias: Int32s
    weight_scales: tuple[float, ...]
    activation: Activation = "none"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates of all rows."""
        return self.weights.size * y.size // len(self.weights)

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it needs every frame: where they are the values of its only vector."""
        return Reach(whole=len(y.shape) == 1)

    def rows(self, xs: Tensors, y: Tensor) -> int:
        """Return the vectors of the last axis."""
        return y.size // y.shape[-1]

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddFullyConnected"

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute (…, outputs) from (…, inputs) values."""
        (x,) = xs
        acc = (values[0] - x.zero_point).astype(np.float64) @ self.weights.astype(np.float64).T
        pairs = np.array(output_multipliers(self, x, y), np.int64)
        scaled = multiply(acc.astype(np.int64) + self.bias, pairs[:, 0], pairs[:, 1])
        low, high = fused.activation_range(self.activation, y)
        return clamp(scaled + y.zero_point, low, high), ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`; no sum may overflow 32 bits."""
        source, target = op.Inputs(0), op.Outputs(0)
        x = file.read(source)
        inputs = file.tensors[x].shape[-1]
        if file.count(op.InputsLength()) < 2:
            raise file.error(f"{_NAME} has no weights")
        kernel = op.Inputs(1)
        shape = file.shape(kernel)
        if len(shape) != 2 or shape[1] != inputs:
            raise file.error(
                f"{_NAME} weights {list(shape)} do not fit rows of {count(inputs, 'value')} of "
                f"{file.label(source)}"
            )
        outputs = shape[0]
        weights, scales = fused.read_weights(file, kernel, shape, 0)
        bias = fused.read_bias(file, op, outputs)
        options = tflite.FullyConnectedOptions()
        file.options(op, options, tflite.BuiltinOptions.FullyConnectedOptions, _NAME)
        activation = fused.read_activation(file, options.FusedActivationFunction(), _NAME)
        if options.WeightsFormat() != 0:
            raise file.error(f"{_NAME} with this format of weights is not supported")
        y = file.activation(target, file.tensors[x].size // inputs * outputs)
        layer = cls((x,), y, weights, bias, scales, activation)
        pairs = output_multipliers(layer, file.tensors[x], file.tensors[y])
        fused.check_reach(file, weights, bias, pairs, file.label(kernel))
        return layer

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (x,) = f"dense_{number}", xs
        weights = file.constant(f"{label}/kernel", self.weights, self.weight_scales)
        bias = fused.write_bias(file, label, x, self.bias, self.weight_scales)
        b = file.builder
        tflite.FullyConnectedOptionsStart(b)
        tflite.FullyConnectedOptionsAddFusedActivationFunction(
            b, fused.ACTIVATIONS[self.activation]
        )
        tflite.FullyConnectedOptionsAddKeepNumDims(b, len(x.shape) > 1)
        options = tflite.FullyConnectedOptionsEnd(b)
        code, kind = tflite.BuiltinOperator.FULLY_CONNECTED, tflite.BuiltinOptions
        inputs = [*sources, weights, bias]
        file.operator(code, inputs, target, 5, (kind.FullyConnectedOptions, options))

    @classmethod
    def random(
        cls, rng: np.random.Generator, x: Tensor, source: int, *, outputs: int = 12
    ) -> tuple[Self, Tensor]:
        """Return a layer with uniform weights whose outputs fill their range."""
        weights = rng.integers(-127, 128, (outputs, x.shape[-1])).astype(np.int8)
        scale = float(np.float32(3 / (73 * np.sqrt(x.shape[-1]))))
        bias = rng.integers(-2000, 2000, outputs).astype(np.int32)
        y_scale, zero_point = float(np.float32(8 / 128)), int(rng.integers(-20, 20))
        y = Tensor("logits", (*x.shape[:-1], outputs), "int8", y_scale, zero_point)
        return cls((source,), source + 1, weights, bias, (scale,)), y


def output_multipliers(op: FullyConnected, x: Tensor, y: Tensor) -> list[tuple[int, int]]:
    """Return (multiplier, shift), one or one for each output."""
    if len(op.weight_scales) == 1:
        product = float(np.float32(x.scale) * np.float32(op.weight_scales[0]))
        return [quantized_multiplier(product / float(np.float32(y.scale)))]
    return fused.channel_multipliers(x, op.weight_scales, y)

# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 CONV_2D, also with groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import fused, windows
from mcu_ghost.network.ops.fused import Activation
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.ops.rounding import multiply
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.tensor import Int8s, Int32s, Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

_NAME = "CONV_2D"


@dataclass(frozen=True, eq=False)
class Conv2D(Operator):
    """TFLite's int8 CONV_2D; a convolution over time alone has windows of width 1.

    Attributes:
        inputs: Tensor index; (height, width, channels), time is the height.
        output: Tensor index.
        weights: (outputs, height, width, channels of a group) int8 in [-127, 127], zero point 0.
        bias: (outputs,) int32.
        weight_scales: One, or one for each output channel.
        window: Of the size of the weights.
        activation: Fused activation.
    """

    kind: ClassVar[str] = "conv_2d"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.CONV_2D: 6}

    weights: Int8s
    bias: Int32s
    weight_scales: tuple[float, ...]
    window: Window
    activation: Activation = "none"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates, those with padding too."""
        return self.weights[0].size * y.size

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how the window looks along the first axis."""
        return self.window.reach()

    def on_rows(self) -> Self:
        """Return it without padding above and below."""
        return replace(self, window=self.window.on_rows())

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddConv2D"

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute (…, height, width, outputs) from (…, height, width, channels) values."""
        (x,) = xs
        taps = self.window.taps(x, values[0] - x.zero_point, 0)
        outputs, channels = len(self.weights), self.weights.shape[3]
        groups = taps.shape[3] // channels
        split = taps.reshape(*taps.shape[:3], groups, -1).astype(np.float64)
        # (groups, outputs of a group, channels x height x width), as the taps lie
        kernel = self.weights.transpose(0, 3, 1, 2).reshape(groups, outputs // groups, -1)
        acc = np.einsum("nhwgk,gok->nhwgo", split, kernel.astype(np.float64))
        sums = acc.reshape(*taps.shape[:3], outputs).astype(np.int64) + self.bias
        pairs = np.array(output_multipliers(self, x, y), np.int64)
        low, high = fused.activation_range(self.activation, y)
        result = np.clip(multiply(sums, pairs[:, 0], pairs[:, 1]) + y.zero_point, low, high)
        return result.reshape(*values[0].shape[: -len(x.shape)], *y.shape), ()

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`; no sum may overflow 32 bits."""
        source, x = op.Inputs(0), file.read(op.Inputs(0))
        if file.count(op.InputsLength()) < 2:
            raise file.error(f"{_NAME} has no weights")
        kernel, options = op.Inputs(1), tflite.Conv2DOptions()
        file.options(op, options, tflite.BuiltinOptions.Conv2DOptions, _NAME)
        shape = file.shape(kernel)
        if len(shape) != 4:
            raise file.error(f"{_NAME} weights {list(shape)} must have four axes")
        outputs, height, width, channels = shape
        dilation = (options.DilationHFactor(), options.DilationWFactor())
        window = windows.read_window(file, source, options, (height, width), dilation, _NAME)
        groups, rest = divmod(file.tensors[x].shape[2], channels)
        if rest or outputs % max(groups, 1):
            raise file.error(f"{_NAME} weights {list(shape)} do not fit {file.label(source)}")
        weights, scales = fused.read_weights(file, kernel, shape, 0)
        bias = fused.read_bias(file, op, outputs)
        activation = fused.read_activation(file, options.FusedActivationFunction(), _NAME)
        output = (*window.output(file.tensors[x].shape), outputs)
        y = file.written(op.Outputs(0), output, _NAME)
        layer = cls((x,), y, weights, bias, scales, window, activation)
        pairs = output_multipliers(layer, file.tensors[x], file.tensors[layer.output])
        fused.check_reach(file, weights, bias, pairs, file.label(kernel))
        return layer

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (x,), b = f"conv_{number}", xs, file.builder
        weights = file.constant(f"{label}/kernel", self.weights, self.weight_scales)
        bias = fused.write_bias(file, label, x, self.bias, self.weight_scales)
        tflite.Conv2DOptionsStart(b)
        tflite.Conv2DOptionsAddPadding(b, self.window.code(x))
        tflite.Conv2DOptionsAddStrideH(b, self.window.strides[0])
        tflite.Conv2DOptionsAddStrideW(b, self.window.strides[1])
        tflite.Conv2DOptionsAddDilationHFactor(b, self.window.dilation[0])
        tflite.Conv2DOptionsAddDilationWFactor(b, self.window.dilation[1])
        tflite.Conv2DOptionsAddFusedActivationFunction(b, fused.ACTIVATIONS[self.activation])
        options = (tflite.BuiltinOptions.Conv2DOptions, tflite.Conv2DOptionsEnd(b))
        code = tflite.BuiltinOperator.CONV_2D
        file.operator(code, [*sources, weights, bias], target, 3, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with a scale for each output, whose outputs fill their range."""
        window = windows.random_window(rng, x)
        channels = windows.image(x.shape)[2]
        groups = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
        outputs = groups * int(rng.integers(1, 5))
        shape = (outputs, *window.size, channels // groups)
        layer, y = fused.random_weights(rng, x, shape, outputs)
        y_shape = (*window.output(x.shape), outputs)
        made = cls((source,), source + 1, *layer, window, fused.random_activation(rng))
        return made, Tensor(f"conv_{source}", y_shape, "int8", *y)


def output_multipliers(op: Conv2D, x: Tensor, y: Tensor) -> list[tuple[int, int]]:
    """Return (multiplier, shift) for each output channel."""
    scales = op.weight_scales * (len(op.weights) if len(op.weight_scales) == 1 else 1)
    return fused.channel_multipliers(x, scales, y)

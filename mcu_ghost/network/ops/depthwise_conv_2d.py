# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 DEPTHWISE_CONV_2D."""

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

_NAME = "DEPTHWISE_CONV_2D"


@dataclass(frozen=True, eq=False)
class DepthwiseConv2D(Operator):
    """TFLite's int8 DEPTHWISE_CONV_2D: every channel has windows of its own.

    Attributes:
        inputs: Tensor index; (height, width, channels), time is the height.
        output: Tensor index.
        weights: (height, width, channels * multiplier) int8 in [-127, 127], zero point 0; output
            c * multiplier + i reads channel c.
        bias: (channels * multiplier,) int32.
        weight_scales: One, or one for each output channel.
        window: Of the size of the weights.
        activation: Fused activation.
    """

    kind: ClassVar[str] = "depthwise_conv_2d"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.DEPTHWISE_CONV_2D: 6}

    weights: Int8s
    bias: Int32s
    weight_scales: tuple[float, ...]
    window: Window
    activation: Activation = "none"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates, those with padding too."""
        return self.weights[:, :, 0].size * y.size

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how the window looks along the first axis."""
        return self.window.reach()

    def on_rows(self) -> Self:
        """Return it without padding above and below."""
        return replace(self, window=self.window.on_rows())

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddDepthwiseConv2D"

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute (…, height, width, outputs) from (…, height, width, channels) values."""
        (x,) = xs
        taps = self.window.taps(x, values[0] - x.zero_point, 0)
        every = np.repeat(taps, len(self.bias) // taps.shape[3], axis=3).astype(np.float64)
        acc = np.einsum("nhwcij,ijc->nhwc", every, self.weights.astype(np.float64))
        sums = acc.astype(np.int64) + self.bias
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
        kernel, options = op.Inputs(1), tflite.DepthwiseConv2DOptions()
        file.options(op, options, tflite.BuiltinOptions.DepthwiseConv2DOptions, _NAME)
        shape = file.shape(kernel)
        if len(shape) != 4 or shape[0] != 1:
            raise file.error(f"{_NAME} weights {list(shape)} must be [1, height, width, outputs]")
        _, height, width, outputs = shape
        dilation = (options.DilationHFactor(), options.DilationWFactor())
        window = windows.read_window(file, source, options, (height, width), dilation, _NAME)
        channels = file.tensors[x].shape[2]
        if outputs % channels or options.DepthMultiplier() not in (0, outputs // channels):
            raise file.error(f"{_NAME} weights {list(shape)} do not fit {file.label(source)}")
        weights, scales = fused.read_weights(file, kernel, shape, 3)
        bias = fused.read_bias(file, op, outputs)
        activation = fused.read_activation(file, options.FusedActivationFunction(), _NAME)
        output = (*window.output(file.tensors[x].shape), outputs)
        y = file.written(op.Outputs(0), output, _NAME)
        layer = cls((x,), y, weights[0], bias, scales, window, activation)
        pairs = output_multipliers(layer, file.tensors[x], file.tensors[layer.output])
        fused.check_reach(file, weights[0].transpose(2, 0, 1), bias, pairs, file.label(kernel))
        return layer

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (x,), b = f"depthwise_conv_{number}", xs, file.builder
        weights = file.constant(f"{label}/kernel", self.weights[None], self.weight_scales, axis=3)
        bias = fused.write_bias(file, label, x, self.bias, self.weight_scales)
        multiplier = len(self.bias) // x.shape[-1]
        tflite.DepthwiseConv2DOptionsStart(b)
        tflite.DepthwiseConv2DOptionsAddPadding(b, self.window.code(x))
        tflite.DepthwiseConv2DOptionsAddStrideH(b, self.window.strides[0])
        tflite.DepthwiseConv2DOptionsAddStrideW(b, self.window.strides[1])
        tflite.DepthwiseConv2DOptionsAddDilationHFactor(b, self.window.dilation[0])
        tflite.DepthwiseConv2DOptionsAddDilationWFactor(b, self.window.dilation[1])
        tflite.DepthwiseConv2DOptionsAddDepthMultiplier(b, multiplier)
        activation = fused.ACTIVATIONS[self.activation]
        tflite.DepthwiseConv2DOptionsAddFusedActivationFunction(b, activation)
        end = tflite.DepthwiseConv2DOptionsEnd(b)
        code = tflite.BuiltinOperator.DEPTHWISE_CONV_2D
        options = (tflite.BuiltinOptions.DepthwiseConv2DOptions, end)
        file.operator(code, [*sources, weights, bias], target, 3, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one with a scale for each output, whose outputs fill their range."""
        window = windows.random_window(rng, x)
        outputs = windows.image(x.shape)[2] * int(rng.integers(1, 4))
        layer, y = fused.random_weights(rng, x, (*window.size, outputs), outputs)
        y_shape = (*window.output(x.shape), outputs)
        made = cls((source,), source + 1, *layer, window, fused.random_activation(rng))
        return made, Tensor(f"depthwise_conv_{source}", y_shape, "int8", *y)


def output_multipliers(op: DepthwiseConv2D, x: Tensor, y: Tensor) -> list[tuple[int, int]]:
    """Return (multiplier, shift) for each output channel."""
    scales = op.weight_scales * (len(op.bias) if len(op.weight_scales) == 1 else 1)
    return fused.channel_multipliers(x, scales, y)

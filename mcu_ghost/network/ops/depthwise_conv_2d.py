# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import fused, windows
from mcu_ghost.network.ops.convolution import Convolution, Taps
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Int8s, Tensor
from mcu_ghost.network.tflite.builder import Builder


@dataclass(frozen=True, eq=False)
class DepthwiseConv2D(Convolution):
    """TFLite's int8 DEPTHWISE_CONV_2D: every channel has windows of its own.

    Weights are (height, width, channels * multiplier); output c * multiplier + i reads channel c.
    """

    kind: ClassVar[str] = "depthwise_conv_2d"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.DEPTHWISE_CONV_2D: 6}
    title: ClassVar[str] = "DEPTHWISE_CONV_2D"
    options: ClassVar[type[Any]] = tflite.DepthwiseConv2DOptions
    options_kind: ClassVar[int] = tflite.BuiltinOptions.DepthwiseConv2DOptions
    axis: ClassVar[int] = 3

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddDepthwiseConv2D"

    def sums(self, taps: Taps) -> Any:
        """Add up the products of each channel."""
        every = np.repeat(taps, len(self.bias) // taps.shape[3], axis=3).astype(np.float64)
        return np.einsum("nhwcij,ijc->nhwc", every, self.weights.astype(np.float64))

    @classmethod
    def wrong_weights(cls, shape: tuple[int, ...]) -> str:
        """Return what they must be, if they are not."""
        right = len(shape) == 4 and shape[0] == 1
        return "" if right else "must be [1, height, width, outputs]"

    @classmethod
    def fits(cls, shape: tuple[int, ...], channels: int, options: Any) -> bool:
        """Return whether every channel has as many outputs."""
        multiplier, rest = divmod(shape[3], channels)
        return not rest and options.DepthMultiplier() in (0, multiplier)

    @classmethod
    def kept(cls, weights: Int8s) -> Int8s:
        """Return them without the axis of 1 that a file has."""
        return weights[0]

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (x,), b = f"depthwise_conv_{number}", xs, file.builder
        weights = file.constant(f"{label}/kernel", self.weights[None], self.weight_scales, axis=3)
        bias = fused.write_bias(file, label, x, self.bias, self.weight_scales)
        tflite.DepthwiseConv2DOptionsStart(b)
        self.written_window("DepthwiseConv2D", file, x)
        tflite.DepthwiseConv2DOptionsAddDepthMultiplier(b, len(self.bias) // x.shape[-1])
        activation = fused.ACTIVATIONS[self.activation]
        tflite.DepthwiseConv2DOptionsAddFusedActivationFunction(b, activation)
        options = (self.options_kind, tflite.DepthwiseConv2DOptionsEnd(b))
        code = tflite.BuiltinOperator.DEPTHWISE_CONV_2D
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

# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 CONV_2D, also with groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import fused, windows
from mcu_ghost.network.ops.convolution import Convolution, Taps
from mcu_ghost.network.ops.operator import Tensors
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite.builder import Builder


@dataclass(frozen=True, eq=False)
class Conv2D(Convolution):
    """TFLite's int8 CONV_2D; weights are (outputs, height, width, channels of a group)."""

    kind: ClassVar[str] = "conv_2d"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.CONV_2D: 6}
    in_strips: ClassVar[bool] = True
    title: ClassVar[str] = "CONV_2D"
    options: ClassVar[type[Any]] = tflite.Conv2DOptions
    options_kind: ClassVar[int] = tflite.BuiltinOptions.Conv2DOptions
    axis: ClassVar[int] = 0

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddConv2D"

    def sums(self, taps: Taps) -> Any:
        """Add up the products of each group."""
        outputs, channels = len(self.weights), self.weights.shape[3]
        groups = taps.shape[3] // channels
        split = taps.reshape(*taps.shape[:3], groups, -1).astype(np.float64)
        # (groups, outputs of a group, channels x height x width), as the taps lie
        kernel = self.weights.transpose(0, 3, 1, 2).reshape(groups, outputs // groups, -1)
        acc = np.einsum("nhwgk,gok->nhwgo", split, kernel.astype(np.float64))
        return acc.reshape(*taps.shape[:3], outputs)

    @classmethod
    def wrong_weights(cls, shape: tuple[int, ...]) -> str:
        """Return that they need four axes, if they have others."""
        return "must have four axes" if len(shape) != 4 else ""

    @classmethod
    def fits(cls, shape: tuple[int, ...], channels: int, options: Any) -> bool:
        """Return whether the groups come out even."""
        groups, rest = divmod(channels, shape[3])
        return not rest and shape[0] % max(groups, 1) == 0

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (x,), b = f"conv_{number}", xs, file.builder
        weights = file.constant(f"{label}/kernel", self.weights, self.weight_scales)
        bias = fused.write_bias(file, label, x, self.bias, self.weight_scales)
        tflite.Conv2DOptionsStart(b)
        self.written_window("Conv2D", file, x)
        tflite.Conv2DOptionsAddFusedActivationFunction(b, fused.ACTIVATIONS[self.activation])
        options = (self.options_kind, tflite.Conv2DOptionsEnd(b))
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

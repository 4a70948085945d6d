# SPDX-License-Identifier: Apache-2.0
"""What TFLite's int8 convolutions share: weights under a window, a scale for each channel."""

from __future__ import annotations

import abc
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

Taps = Any
"""(n, rows, columns, channels, height, width), as `Window.taps` returns them."""


@dataclass(frozen=True, eq=False)
class Convolution(Operator):
    """A convolution; one over time alone has windows of width 1.

    Attributes:
        inputs: Tensor index; (height, width, channels), time is the height.
        output: Tensor index.
        weights: int8 in [-127, 127], zero point 0; the kind says of what shape.
        bias: (outputs,) int32.
        weight_scales: One, or one for each output channel.
        window: Of the size of the weights.
        activation: Fused activation.
    """

    title: ClassVar[str]
    """What TFLite calls the kind."""
    options: ClassVar[type[Any]]
    """Of the library, the class of its options."""
    options_kind: ClassVar[int]
    axis: ClassVar[int]
    """The one of output channels among those of a file's weights."""

    weights: Int8s
    bias: Int32s
    weight_scales: tuple[float, ...]
    window: Window
    activation: Activation = "none"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates, those with padding too."""
        return self.weights.size // len(self.bias) * y.size

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how the window looks along the first axis."""
        return self.window.reach()

    def on_rows(self) -> Self:
        """Return it without padding above and below."""
        return replace(self, window=self.window.on_rows())

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute (…, height, width, outputs) from (…, height, width, channels) values."""
        (x,) = xs
        taps = self.window.taps(x, values[0] - x.zero_point, 0)
        sums = self.sums(taps).astype(np.int64) + self.bias
        pairs = np.array(self.multipliers(x, y), np.int64)
        low, high = fused.activation_range(self.activation, y)
        result = np.clip(multiply(sums, pairs[:, 0], pairs[:, 1]) + y.zero_point, low, high)
        return result.reshape(*values[0].shape[: -len(x.shape)], *y.shape), ()

    @abc.abstractmethod
    def sums(self, taps: Taps) -> Any:
        """Return the sums of products, (n, rows, columns, outputs), whole numbers in float64."""

    def multipliers(self, x: Tensor, y: Tensor) -> list[tuple[int, int]]:
        """Return (multiplier, shift) for each output channel."""
        scales = self.weight_scales * (len(self.bias) if len(self.weight_scales) == 1 else 1)
        return fused.channel_multipliers(x, scales, y)

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`; no sum may overflow 32 bits."""
        name, source, x = cls.title, op.Inputs(0), file.read(op.Inputs(0))
        if file.count(op.InputsLength()) < 2:
            raise file.error(f"{name} has no weights")
        kernel, options = op.Inputs(1), cls.options()
        file.options(op, options, cls.options_kind, name)
        shape = file.shape(kernel)
        wrong = cls.wrong_weights(shape)
        if wrong:
            raise file.error(f"{name} weights {list(shape)} {wrong}")
        dilation = (options.DilationHFactor(), options.DilationWFactor())
        window = windows.read_window(file, source, options, (shape[1], shape[2]), dilation, name)
        if not cls.fits(shape, file.tensors[x].shape[2], options):
            raise file.error(f"{name} weights {list(shape)} do not fit {file.label(source)}")
        weights, scales = fused.read_weights(file, kernel, shape, cls.axis)
        bias = fused.read_bias(file, op, shape[cls.axis])
        activation = fused.read_activation(file, options.FusedActivationFunction(), name)
        output = (*window.output(file.tensors[x].shape), shape[cls.axis])
        y = file.written(op.Outputs(0), output, name)
        layer = cls((x,), y, cls.kept(weights), bias, scales, window, activation)
        pairs = layer.multipliers(file.tensors[x], file.tensors[y])
        rows = np.moveaxis(weights, cls.axis, 0)
        fused.check_reach(file, rows, bias, pairs, file.label(kernel))
        return layer

    @classmethod
    @abc.abstractmethod
    def wrong_weights(cls, shape: tuple[int, ...]) -> str:
        """Return what a file's weights must be, if those of this shape are none; "" if they are."""

    @classmethod
    @abc.abstractmethod
    def fits(cls, shape: tuple[int, ...], channels: int, options: Any) -> bool:
        """Return whether weights fit an image of so many channels, and the options say so."""

    @classmethod
    def kept(cls, weights: Int8s) -> Int8s:
        """Return the weights in the kind's own shape."""
        return weights

    def written_window(self, prefix: str, file: Builder, x: Tensor) -> None:
        """Put the window into options that are being built.

        Args:
            prefix: Of the library's functions: "Conv2D".
            file: What is being built.
            x: The image.
        """
        for member, value in (
            ("Padding", self.window.code(x)),
            ("StrideH", self.window.strides[0]),
            ("StrideW", self.window.strides[1]),
            ("DilationHFactor", self.window.dilation[0]),
            ("DilationWFactor", self.window.dilation[1]),
        ):
            getattr(tflite, f"{prefix}OptionsAdd{member}")(file.builder, value)

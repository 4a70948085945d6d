# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.network.ops import fused, windows
from mcu_ghost.network.ops.fused import Activation
from mcu_ghost.network.ops.operator import Operator, Reach, State, Tensors
from mcu_ghost.network.ops.windows import Window
from mcu_ghost.network.tensor import Ints, Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables


@dataclass(frozen=True)
class Pool2D(Operator):
    """A pool; input and output have the same scale and zero point.

    Attributes:
        inputs: Tensor index; (height, width, channels), time is the height.
        output: Tensor index.
        window: Without dilation.
        activation: Fused activation.
    """

    window: Window
    activation: Activation = "none"

    @property
    def pooled(self) -> int:
        """Of how many rows each is made, where windows follow one another."""
        height = self.window.size[0]
        apart = height == self.window.strides[0] and not any(self.window.padding[0])
        return height if apart else 0

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how the window looks along the first axis."""
        return self.window.reach()

    def on_rows(self) -> Self:
        """Return it without padding above and below."""
        return replace(self, window=self.window.on_rows())

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute (…, height, width, channels) from (…, height, width, channels) values."""
        (x,) = xs
        result = np.clip(self._pool(x, values[0]), *fused.activation_range(self.activation, y))
        return result.reshape(*values[0].shape[: -len(x.shape)], *y.shape), ()

    @abc.abstractmethod
    def _pool(self, x: Tensor, values: Ints) -> Ints:
        """Return what the windows make of (…, *shape of x) values, not clamped yet."""

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        source = op.Inputs(0)
        x, name, options = file.read(source), file.code(op)[1], tflite.Pool2DOptions()
        file.options(op, options, tflite.BuiltinOptions.Pool2DOptions, name)
        size = (options.FilterHeight(), options.FilterWidth())
        window = windows.read_window(file, source, options, size, (1, 1), name)
        activation = fused.read_activation(file, options.FusedActivationFunction(), name)
        shape = (*window.output(file.tensors[x].shape), file.tensors[x].shape[2])
        y = file.written(op.Outputs(0), shape, name)
        file.same_scale(x, y, name)
        return cls((x,), y, window, activation)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        (code,), b = self.codes, file.builder
        assert isinstance(code, int)
        tflite.Pool2DOptionsStart(b)
        tflite.Pool2DOptionsAddPadding(b, self.window.code(xs[0]))
        tflite.Pool2DOptionsAddStrideH(b, self.window.strides[0])
        tflite.Pool2DOptionsAddStrideW(b, self.window.strides[1])
        tflite.Pool2DOptionsAddFilterHeight(b, self.window.size[0])
        tflite.Pool2DOptionsAddFilterWidth(b, self.window.size[1])
        tflite.Pool2DOptionsAddFusedActivationFunction(b, fused.ACTIVATIONS[self.activation])
        options = (tflite.BuiltinOptions.Pool2DOptions, tflite.Pool2DOptionsEnd(b))
        file.operator(code, sources, target, 2, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one whose window fits."""
        window = windows.random_window(rng, x, dilated=False)
        shape = (*window.output(x.shape), windows.image(x.shape)[2])
        y = Tensor(f"{cls.kind}_{source}", shape, "int8", x.scale, x.zero_point)
        return cls((source,), source + 1, window, fused.random_activation(rng)), y


@dataclass(frozen=True)
class AveragePool2D(Pool2D):
    """The mean of what is inside the image, rounded half away from zero."""

    kind: ClassVar[str] = "average_pool_2d"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.AVERAGE_POOL_2D: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddAveragePool2D"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how the window looks; padding in time does not count, so a frame cannot be it."""
        return Reach(whole=True) if any(self.window.padding[0]) else self.window.reach()

    def _pool(self, x: Tensor, values: Ints) -> Ints:
        total = self.window.taps(x, values, 0).sum(axis=(4, 5))
        count = self.window.taps(x, np.ones(x.shape, np.int64), 0).sum(axis=(4, 5))
        rounded: Ints = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return rounded


@dataclass(frozen=True)
class MaxPool2D(Pool2D):
    """The largest of what is inside the image."""

    kind: ClassVar[str] = "max_pool_2d"
    codes: ClassVar[dict[int | str, int]] = {tflite.BuiltinOperator.MAX_POOL_2D: 3}

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddMaxPool2D"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how the window looks; padding is the smallest value."""
        return replace(self.window.reach(), fill=-128)

    def _pool(self, x: Tensor, values: Ints) -> Ints:
        largest: Ints = self.window.taps(x, values, -128).max(axis=(4, 5))
        return largest

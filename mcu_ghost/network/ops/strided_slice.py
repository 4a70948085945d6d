# SPDX-License-Identifier: Apache-2.0
"""TFLite's int8 STRIDED_SLICE, and SLICE and REVERSE_V2, which it can express."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import tflite

from mcu_ghost.host import text
from mcu_ghost.network.ops import axes
from mcu_ghost.network.ops.operator import Reach, Tensors
from mcu_ghost.network.ops.views import Array, View
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

Range = tuple[int, int, int]
"""First index, number and step along an axis."""


@dataclass(frozen=True)
class StridedSlice(View):
    """Every so many values along axes, also backwards.

    Attributes:
        inputs: Tensor index.
        output: Tensor index.
        ranges: Of each axis of the whole input.
        dropped: Axes, from the end, that the output lacks; one value is left, and the step is 1.
    """

    kind: ClassVar[str] = "strided_slice"
    codes: ClassVar[dict[int | str, int]] = {
        tflite.BuiltinOperator.STRIDED_SLICE: 4,
        tflite.BuiltinOperator.SLICE: 3,
        tflite.BuiltinOperator.REVERSE_V2: 3,
    }

    ranges: tuple[Range, ...]
    dropped: tuple[int, ...] = ()

    @property
    def resolver(self) -> str:
        """As TFLite Micro calls it."""
        return "AddStridedSlice"

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return whether it leaves the frames as they are."""
        return Reach(
            whole=self.ranges[0] != (0, xs[0].shape[0], 1) or -len(self.ranges) in self.dropped
        )

    def view(self, x: Tensor, y: Tensor, values: Array) -> Array:
        """Return the slice, dropped axes with length 1."""
        slices = []
        for first, count, step in self.ranges:
            end = first + count * step
            slices.append(slice(first, end if end >= 0 else None, step))
        return axes.seen(x, values, len(self.ranges))[(..., *slices)]

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`."""
        code, name, _ = file.code(op)
        x = file.read(op.Inputs(0))
        whole = (1, *file.tensors[x].shape)
        constants = {tflite.BuiltinOperator.STRIDED_SLICE: 3, tflite.BuiltinOperator.SLICE: 2}
        wanted = constants.get(int(code), 1)
        if file.count(op.InputsLength()) != 1 + wanted:
            raise file.error(f"{name} must have {text.count(1 + wanted, 'input')}")
        given = [file.numbers(op.Inputs(1 + i)) for i in range(wanted)]
        dropped: tuple[int, ...] = ()
        if code == tflite.BuiltinOperator.STRIDED_SLICE:
            ranges, dropped = _strided(file, op, whole, given)
        elif code == tflite.BuiltinOperator.SLICE:
            pairs = zip(whole, *given, strict=True)
            ranges = [(first, n - first if size == -1 else size, 1) for n, first, size in pairs]
        else:
            turned = {axis % len(whole) for axis in given[0] if abs(axis) <= len(whole)}
            ranges = [(n - 1, n, -1) if i in turned else (0, n, 1) for i, n in enumerate(whole)]
        inside = all(
            count > 0 and 0 <= first < n and 0 <= first + (count - 1) * step < n
            for n, (first, count, step) in zip(whole, ranges, strict=True)
        )
        if not inside or ranges[0][:2] != (0, 1) or -len(whole) in dropped:
            raise file.error(f"{name} of {file.label(op.Inputs(0))} leaves nothing or its bounds")
        left = [c for i, (_, c, _) in enumerate(ranges) if i - len(whole) not in dropped]
        y = file.written(op.Outputs(0), tuple(left[1:]), name)
        file.same_scale(x, y, name)
        return cls((x,), y, tuple(ranges[1:]), dropped)

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        b, rank, label = file.builder, len(self.ranges) + 1, f"slice_{number}"
        first, count, step = np.array([(0, 1, 1), *self.ranges], np.int32).T
        end = first + count * step
        constants = [
            file.constant(f"{label}/{name}", np.ascontiguousarray(values))
            for name, values in (("begin", first), ("end", end), ("strides", step))
        ]
        tflite.StridedSliceOptionsStart(b)
        # A range that ends before the first value, backwards, has no end that a number could say.
        mask = sum(1 << i for i, value in enumerate(end) if value < 0)
        tflite.StridedSliceOptionsAddEndMask(b, mask)
        shrink = sum(1 << (rank + axis) for axis in self.dropped)
        tflite.StridedSliceOptionsAddShrinkAxisMask(b, shrink)
        options = (tflite.BuiltinOptions.StridedSliceOptions, tflite.StridedSliceOptionsEnd(b))
        code = tflite.BuiltinOperator.STRIDED_SLICE
        file.operator(code, [*sources, *constants], target, 2, options)

    @classmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return one of any ranges, some of them backwards."""
        ranges = []
        for n in x.shape:
            step = int(rng.integers(1, 4))
            first, count = int(rng.integers(n)), 1
            count = int(rng.integers(1, (n - first - 1) // step + 2))
            backwards = (first + (count - 1) * step, count, -step)
            ranges.append(backwards if rng.random() < 0.3 else (first, count, step))
        rank = len(x.shape)
        once = [i - rank for i, (_, count, _) in enumerate(ranges) if count == 1]
        dropped = tuple(a for a in once if rng.random() < 0.5)[: rank - 1]
        for axis in dropped:
            ranges[axis] = (ranges[axis][0], 1, 1)
        shape = tuple(c for i, (_, c, _) in enumerate(ranges) if i - rank not in dropped)
        y = Tensor(f"slice_{source}", shape, "int8", x.scale, x.zero_point)
        return cls((source,), source + 1, tuple(ranges), dropped), y


def _strided(
    file: Tables, op: Any, whole: tuple[int, ...], given: list[list[int]]
) -> tuple[list[Range], tuple[int, ...]]:
    """Return the ranges and dropped axes of a STRIDED_SLICE, the batch with them."""
    options = tflite.StridedSliceOptions()
    file.options(op, options, tflite.BuiltinOptions.StridedSliceOptions, "STRIDED_SLICE")
    if options.EllipsisMask() or options.NewAxisMask() or options.Offset():
        raise file.error("STRIDED_SLICE with an ellipsis, a new axis or offsets is not supported")
    if any(len(numbers) != len(whole) for numbers in given) or 0 in given[2]:
        raise file.error("STRIDED_SLICE must have begin, end and a stride for each axis")
    ranges, dropped = [], []
    for i, (n, begin, end, step) in enumerate(zip(whole, *given, strict=True)):
        bit = 1 << i
        start = None if options.BeginMask() & bit else begin
        if options.ShrinkAxisMask() & bit:
            dropped.append(i - len(whole))
            ranges.append((begin % n if -n <= begin < n else n, 1, 1))
            continue
        stop = None if options.EndMask() & bit else end
        places = range(*slice(start, stop, step).indices(n))
        ranges.append((places.start, len(places), step))
    return ranges, tuple(dropped)

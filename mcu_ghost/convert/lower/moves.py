# SPDX-License-Identifier: Apache-2.0
"""Nodes that move values: each becomes one operator, and the scale stays what it was."""

from __future__ import annotations

from mcu_ghost.convert.lower.lowering import Lowering
from mcu_ghost.convert.nodes import Concat, Pad, Permute, Repeat, Reshape, Reverse, Slice, UpSample
from mcu_ghost.network.ops.broadcast_to import BroadcastTo
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.pad import Pad as PadOperator
from mcu_ghost.network.ops.resize_nearest_neighbor import ResizeNearestNeighbor
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.ops.transpose import Transpose


def reshape(node: Reshape, to: Lowering) -> None:
    """Make a RESHAPE."""
    to.places[node.output] = to.shaped(to.places[node.inputs[0]], node.shape)


def permute(node: Permute, to: Lowering) -> None:
    """Make a TRANSPOSE."""
    source = to.places[node.inputs[0]]
    target = to.like("transpose", source, to.graph.shapes[node.output])
    rank = len(node.axes)
    axes = tuple(axis - rank for axis in node.axes)
    to.places[node.output] = to.emit(Transpose((source,), target, axes))


def slice_(node: Slice, to: Lowering) -> None:
    """Make a STRIDED_SLICE."""
    source = to.places[node.inputs[0]]
    shape = to.graph.shapes[node.output]
    ranges = tuple(zip(node.begin, shape, node.step, strict=True))
    target = to.like("strided_slice", source, shape)
    to.places[node.output] = to.emit(StridedSlice((source,), target, ranges))


def reverse(node: Reverse, to: Lowering) -> None:
    """Make a REVERSE_V2."""
    to.places[node.output] = _reversed(to, to.places[node.inputs[0]], node.axis)


def reversed_frames(to: Lowering, source: int) -> int:
    """Return a sequence with its last frame first."""
    return _reversed(to, source, 0)


def _reversed(to: Lowering, source: int, axis: int) -> int:
    shape = to.tensor(source).shape
    ranges = tuple((n - 1, n, -1) if i == axis else (0, n, 1) for i, n in enumerate(shape))
    return to.emit(StridedSlice((source,), to.like("reverse", source, shape), ranges))


def repeat(node: Repeat, to: Lowering) -> None:
    """Make a BROADCAST_TO."""
    source = to.places[node.inputs[0]]
    target = to.like("broadcast_to", source, to.graph.shapes[node.output])
    to.places[node.output] = to.emit(BroadcastTo((source,), target))


def up_sample(node: UpSample, to: Lowering) -> None:
    """Make a RESIZE_NEAREST_NEIGHBOR."""
    shape, result = (to.graph.shapes[name] for name in (node.inputs[0], node.output))
    image = shape if len(shape) == 3 else (shape[0], 1, shape[1])
    source = to.shaped(to.places[node.inputs[0]], image)
    times = (*node.size, 1)[:2]
    larger = (image[0] * times[0], image[1] * times[1], image[2])
    target = to.like("resize", source, larger)
    to.emit(ResizeNearestNeighbor((source,), target, (times[0], times[1])))
    to.places[node.output] = to.shaped(target, result)


def pad(node: Pad, to: Lowering) -> None:
    """Make a PAD."""
    source = to.places[node.inputs[0]]
    target = to.like("pad", source, to.graph.shapes[node.output])
    to.places[node.output] = to.emit(PadOperator((source,), target, node.padding))


def concat(node: Concat, to: Lowering) -> None:
    """Make a CONCATENATION of values that all have its scale."""
    shape = to.graph.shapes[node.output]
    sources = [to.places[name] for name in node.inputs]
    tensors = [to.tensor(index) for index in sources]
    alike = len({(t.scale, t.zero_point) for t in tensors}) == 1
    target = (
        to.like("concatenation", sources[0], shape)
        if alike
        else to.ranged("concatenation", node.output)
    )
    y = to.tensor(target)
    ready = tuple(to.rescaled(index, y.scale, y.zero_point) for index in sources)
    to.places[node.output] = to.emit(Concatenation(ready, target, node.axis - len(shape)))

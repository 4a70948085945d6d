# SPDX-License-Identifier: Apache-2.0
"""Recurrent operators of whose sequence only the last frame is used need not give the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mcu_ghost.network.ops.operator import Operator, Recurrent
from mcu_ghost.network.ops.strided_slice import StridedSlice
from mcu_ghost.network.tensor import Tensor


def last(source: int, target: int, frames: int, size: int) -> StridedSlice:
    """Return what cuts the last frame from a tensor of (frames, size)."""
    return StridedSlice((source,), target, ((frames - 1, 1, 1), (0, size, 1)), (-2,))


def without_slices(
    tensors: Sequence[Tensor], operators: Sequence[Operator], outputs: Sequence[int]
) -> tuple[Operator, ...]:
    """Return operators so that who gives a sequence for its last frame gives that frame.

    A sequence of one frame stays one: a stream, which answers every frame.
    """
    readers = Counter((*outputs, *(i for op in operators for i in op.inputs)))
    layers = {op.output: op for op in operators if isinstance(op, Recurrent)}
    result: dict[int, Operator] = {op.output: op for op in operators}
    for op in operators:
        layer = layers.get(op.inputs[0])
        if layer is None or readers[layer.output] > 1 or not layer.return_sequences:
            continue
        frames, *shape = tensors[layer.output].shape
        if frames > 1 and op == last(layer.output, op.output, frames, *shape):
            del result[layer.output]
            result[op.output] = layer.for_the_last_frame(op.output)
    return tuple(result.values())

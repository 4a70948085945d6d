# SPDX-License-Identifier: Apache-2.0
"""A product with what was brought into another order first: the matrix takes that order instead.

So channels that a file has in front, and the graph behind, are flattened without being moved.
"""

from __future__ import annotations

import numpy as np

from mcu_ghost.convert.nodes import Permute, Reals, Reshape, Shape
from mcu_ghost.convert.onnx_file.builder import Builder


def straightened(builder: Builder, name: str, kernel: Reals, layer: str) -> tuple[str, Reals]:
    """Return a value as it was before a Permute and a Reshape, and the kernel with rows in order.

    Args:
        builder: The graph.
        name: Of the value that is multiplied, (…, k).
        kernel: (k, n).
        layer: For whom.
    """
    flat = builder.makers.get(name)
    moved = builder.makers.get(flat.inputs[0]) if isinstance(flat, Reshape) else None
    if not isinstance(flat, Reshape) or not isinstance(moved, Permute):
        return name, kernel
    shape, kept = builder.shapes[moved.output], len(flat.shape) - 1
    inner: Shape = tuple(axis - kept for axis in moved.axes[kept:])
    if moved.axes[:kept] != tuple(range(kept)) or shape[:kept] != flat.shape[:kept]:
        return name, kernel
    rows = np.arange(len(kernel)).reshape(shape[kept:]).transpose(np.argsort(inner)).ravel()
    return builder.reshape(moved.inputs[0], flat.shape, layer), kernel[rows]

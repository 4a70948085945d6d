# SPDX-License-Identifier: Apache-2.0
"""Networks that keep frames in variables, as stock converters make them of streaming layers."""

from __future__ import annotations

from dataclasses import replace

from mcu_ghost.network.ops.assign_variable import AssignVariable
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.conv_2d import Conv2D
from mcu_ghost.network.ops.depthwise_conv_2d import DepthwiseConv2D
from mcu_ghost.network.ops.strided_slice import StridedSlice
from tests.image_networks import Growing


def remember(graph: Growing, source: int, past: int, initial: int | None = None) -> int:
    """Add a variable of the last frames of a tensor; return the index of it with them before it.

    Args:
        graph: What grows.
        source: The tensor.
        past: Frames that are kept.
        initial: What they hold at the start; None is the zero point.
    """
    x = graph.tensors[source]
    frames, *others = x.shape
    kept = replace(x, name=f"past_{source}", shape=(past, *others))
    graph.tensors.append(kept)
    variable = len(graph.tensors) - 1
    both = replace(x, name=f"both_{source}", shape=(past + frames, *others))
    joined = graph.put(Concatenation((variable, source), 0, -len(x.shape)), both)
    ranges = ((frames, past, 1), *((0, n, 1) for n in others))
    late = graph.put(StridedSlice((joined,), 0, ranges), kept)
    first = x.zero_point if initial is None else initial
    graph.operators.append(AssignVariable((late,), variable, kept.size, x.scale, first))
    return joined


def streaming(seed: int) -> Growing:
    """Return a network that takes three frames at a time, and remembers some of every layer."""
    graph = Growing(seed, (3, 1, 6))
    first = graph.add(Conv2D, remember(graph, 0, 4, initial=int(graph.rng.integers(-128, 128))))
    second = graph.add(DepthwiseConv2D, remember(graph, first, 3))
    graph.add(Conv2D, remember(graph, second, 2))
    return graph

# SPDX-License-Identifier: Apache-2.0
"""From a float graph and the ranges of its values to the int8 graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mcu_ghost.convert import nodes
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.lower import moves, products, recurrent, values
from mcu_ghost.convert.lower.lowering import Lowered, Lowering, Range, quantisation
from mcu_ghost.host.errors import GhostError

_KINDS: dict[type[nodes.Node], Callable[[Any, Lowering], None]] = {
    nodes.Activation: values.activation,
    nodes.Affine: products.affine,
    nodes.Concat: moves.concat,
    nodes.Constant: values.constant,
    nodes.Conv: products.conv,
    nodes.Dense: products.dense,
    nodes.DepthwiseConv: products.depthwise,
    nodes.Embedding: products.embedding,
    nodes.LayerNorm: values.layer_norm,
    nodes.Merge: values.merge,
    nodes.PRelu: values.prelu,
    nodes.Pad: moves.pad,
    nodes.Permute: moves.permute,
    nodes.Pool: products.pool,
    nodes.Reduce: values.reduce,
    nodes.Repeat: moves.repeat,
    nodes.Reshape: moves.reshape,
    nodes.Reverse: moves.reverse,
    nodes.Slice: moves.slice_,
    nodes.Softmax: values.softmax,
    nodes.UpSample: moves.up_sample,
}


def lower(
    graph: FloatGraph,
    ranges: Mapping[str, Range],
    largest: Mapping[str, float],
    go_on: bool = False,
) -> Lowered:
    """Make the int8 graph.

    Args:
        graph: The network, whose merges have two inputs each.
        ranges: The real values that each value of it must hold, by name.
        largest: The largest magnitude that a recurrent node keeps, by its output.
        go_on: Whether a node that fits no operator is only noted; the graph has a hole there.

    Raises:
        GhostError: A node fits no int8 operator; names its layer.
    """
    to = Lowering(graph, ranges)
    for entry in graph.inputs:
        counts = any(isinstance(n, nodes.Embedding) for n in graph.readers[entry.name])
        scale, zero_point = (1.0, -128) if counts else quantisation(*ranges[entry.name])
        to.places[entry.name] = to.add("input", entry.shape, scale, zero_point)
    for node in graph.nodes:
        if to.is_done(node):
            continue
        to.layer = node.name
        try:
            _lower(node, to, largest)
        except GhostError as error:
            if not go_on:
                raise
            to.refused.setdefault(node.name, str(error))
            to.places[node.output] = to.ranged("refused", node.output)
    return to.finish()


def _lower(node: nodes.Node, to: Lowering, largest: Mapping[str, float]) -> None:
    if isinstance(node, nodes.Recurrent):
        recurrent.recurrent(node, to, largest)
    else:
        _KINDS[type(node)](node, to)

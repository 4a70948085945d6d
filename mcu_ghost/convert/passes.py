# SPDX-License-Identifier: Apache-2.0
"""Makes a float graph smaller without changing what it computes.

A pass looks at one node and its neighbours and returns the nodes to put in the places of some, or
None. They are tried until none of them finds anything more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import cast

import numpy as np

from mcu_ghost.convert import folding
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.nodes import (
    LINEAR,
    Activation,
    Affine,
    Concat,
    Conv,
    DepthwiseConv,
    Merge,
    Node,
    Pad,
    Permute,
    Pool,
    Recurrent,
    Reduce,
    Repeat,
    Reshape,
    Reverse,
    Slice,
    UpSample,
    Window,
)
from mcu_ghost.convert.nodes.window import Padding

Pass = Callable[[FloatGraph, Node], FloatGraph | None]


def _last_frame(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Let a recurrent layer of whose frames only the last one is read give just that one."""
    if not isinstance(node, Recurrent) or not node.return_sequences or node.backwards:
        return None
    reader = _sole_reader(graph, node)
    frames, units = graph.shapes[node.output]
    whole = (frames - 1, 0), (frames, units), (1, 1)
    if not isinstance(reader, Slice) or (reader.begin, reader.end, reader.step) != whole:
        return None
    name = _unique(graph, node.output)
    last = dataclasses.replace(node, return_sequences=False, output=name)
    row = Reshape(reader.name, (name,), reader.output, (1, units))
    return _replaced(graph, (node, reader), (last, row))


def simplified(graph: FloatGraph) -> FloatGraph:
    """Return the same network with fewer nodes.

    What computes nothing is dropped; scales and offsets are folded into the weights before or
    behind them; zeros around go into convolutions; and a recurrent layer between two turned
    sequences runs the other way.
    """
    changed = True
    while changed:
        changed = False
        for run in PASSES:
            for node in graph.nodes:
                smaller = run(graph, node)
                if smaller is not None:
                    graph, changed = _noted(graph, smaller), True
                    break
    return graph


def _noted(before: FloatGraph, after: FloatGraph) -> FloatGraph:
    """Return a graph that says which layers it has lost, and which ones do their work."""
    left = {node.name for node in after.nodes}
    gone = dict.fromkeys(node.name for node in before.nodes if node.name not in left)
    if not gone:
        return after
    heirs = dict.fromkeys(
        node.name
        for node in after.nodes
        if not any(_same_work(node, other) for other in before.nodes)
    )
    folded = {
        name: tuple(dict.fromkeys(n for heir in into for n in (heirs if heir in gone else [heir])))
        for name, into in before.folded.items()
    }
    return dataclasses.replace(after, folded=folded | dict.fromkeys(gone, tuple(heirs)))


def _same_work(node: Node, other: Node) -> bool:
    """Return whether both are a layer's, with the same weights and options."""
    return (
        type(node) is type(other)
        and all(
            getattr(node, field.name) is getattr(other, field.name)
            for field in dataclasses.fields(node)
            if field.name not in ("name", "inputs", "output")
        )
        and node.name == other.name
    )


def _replaced(graph: FloatGraph, old: Iterable[Node], new: Iterable[Node] = ()) -> FloatGraph:
    """Return the graph with new nodes at the place of the last of the old ones."""
    gone = {id(node) for node in old}
    last = max(i for i, node in enumerate(graph.nodes) if id(node) in gone)
    before, behind = graph.nodes[: last + 1], graph.nodes[last + 1 :]
    kept = tuple(node for node in before if id(node) not in gone)
    return dataclasses.replace(graph, nodes=(*kept, *new, *behind))


def _without(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Return the graph without a node of one input, whose readers read that input instead."""
    source = node.inputs[0]
    if node.output in graph.outputs:
        before = _maker(graph, source)
        if before is None or source in graph.outputs or len(graph.readers[source]) > 1:
            return None  # the output needs a value of its own
        renamed = dataclasses.replace(before, output=node.output)
        return _replaced(graph, (before, node), (renamed,))

    nodes = (
        dataclasses.replace(
            other, inputs=tuple(source if name == node.output else name for name in other.inputs)
        )
        if node.output in other.inputs
        else other
        for other in graph.nodes
        if other is not node
    )
    return dataclasses.replace(graph, nodes=tuple(nodes))


def _maker(graph: FloatGraph, value: str) -> Node | None:
    """Return the node that makes a value; None for an input of the graph."""
    return next((node for node in graph.nodes if node.output == value), None)


def _sole_reader(graph: FloatGraph, node: Node) -> Node | None:
    """Return the one node that reads a node's output, if there is but one and no other use."""
    readers = graph.readers[node.output]
    alone = len(readers) == 1 and node.output not in graph.outputs
    return readers[0] if alone and readers[0].inputs.count(node.output) == 1 else None


def _unique(graph: FloatGraph, name: str) -> str:
    """Return a name like another for a value that comes right before it."""
    while name in graph.shapes:
        name += "'"
    return name


def _drop(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Drop what hands on its input as it is."""
    return _without(graph, node) if _does_nothing(node, graph) else None


def _does_nothing(node: Node, graph: FloatGraph) -> bool:
    if not node.inputs:
        return False
    same = graph.shapes[node.inputs[0]] == graph.shapes[node.output]
    match node:
        case Activation():
            return node.function == LINEAR
        case Affine():
            return bool((node.scale == 1).all() and (node.offset == 0).all())
        case Reshape() | Slice() | Pad() | UpSample():
            return same
        case Permute():
            return node.axes == tuple(range(len(node.axes)))
        case Merge() | Concat():
            return len(node.inputs) == 1
        case Reverse():
            return graph.shapes[node.output][node.axis] == 1
        case _:
            return False


def _unused(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Drop what nothing reads."""
    if graph.readers[node.output] or node.output in graph.outputs:
        return None
    return _replaced(graph, (node,))


def _reshapes(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Make one of two Reshapes in a row."""
    after = _sole_reader(graph, node)
    if not isinstance(node, Reshape) or not isinstance(after, Reshape):
        return None
    return _replaced(graph, (node, after), (dataclasses.replace(after, inputs=node.inputs),))


def _reverses(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Drop two Reverses in a row, and turn round a recurrent node between two of them."""
    if not isinstance(node, Reverse):
        return None
    after = _sole_reader(graph, node)
    if isinstance(after, Reverse) and after.axis == node.axis:
        nothing = Activation(after.name, node.inputs, after.output, LINEAR)
        return _replaced(graph, (node, after), (nothing,))
    if not isinstance(after, Recurrent) or node.axis != 0 or after.stateful:
        return None
    turned = dataclasses.replace(after, inputs=node.inputs, backwards=not after.backwards)
    if not after.return_sequences:
        return _replaced(graph, (node, after), (turned,))
    last = _sole_reader(graph, after)
    if not isinstance(last, Reverse) or last.axis != 0:
        return None
    turned = dataclasses.replace(turned, output=last.output)
    return _replaced(graph, (node, after, last), (turned,))


def _pads(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Give the zeros around an input to the convolution that reads it."""
    after = _sole_reader(graph, node)
    if not isinstance(node, Pad) or not isinstance(after, (Conv, DepthwiseConv)):
        return None
    *margins, channels = node.padding
    if channels != (0, 0):
        return None
    wider = _wider(after, [*margins, (0, 0)][:2])
    return _replaced(graph, (node, after), (dataclasses.replace(wider, inputs=node.inputs),))


def _wider(window: Window, margins: list[tuple[int, int]]) -> Window:
    padding = tuple(
        (old[0] + new[0], old[1] + new[1]) for old, new in zip(window.padding, margins, strict=True)
    )
    return dataclasses.replace(window, padding=cast(Padding, padding))


def _affine_into_readers(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Fold a scale and an offset into the weights of all nodes that read them, or of none."""
    readers = graph.readers[node.output]
    if not isinstance(node, Affine) or node.output in graph.outputs or not readers:
        return None
    folded = {reader: folding.behind(node, reader) for reader in readers}
    nodes = [folded.get(other, other) for other in graph.nodes if other is not node]
    return None if None in nodes else dataclasses.replace(graph, nodes=tuple(filter(None, nodes)))


def _affine_into_maker(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Fold a scale and an offset into the weights of the node before, if only they read it."""
    before = _maker(graph, node.inputs[0]) if isinstance(node, Affine) else None
    if before is None or _sole_reader(graph, before) is not node:
        return None
    folded = folding.before(before, cast(Affine, node))
    return None if folded is None else _replaced(graph, (before, node), (folded,))


def _affine_moves_on(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Let a scale and an offset change places with what moves numbers or takes means.

    Behind it is a node that they can be folded into, or another such.
    """
    after = _sole_reader(graph, node)
    if not isinstance(node, Affine) or after is None:
        return None
    shape = graph.shapes[after.output]
    moved = _moved(node, after, shape, graph.shapes[node.output])
    if moved is None or not graph.readers[after.output] or after.output in graph.outputs:
        return None
    between = _unique(graph, node.output)
    first = dataclasses.replace(after, inputs=node.inputs, output=between)
    moved = dataclasses.replace(moved, inputs=(between,), output=after.output)
    swapped = _replaced(graph, (node, after), (first, moved))
    return _affine_into_readers(swapped, moved) or _affine_moves_on(swapped, moved)


def _moved(
    node: Affine, mover: Node, shape: tuple[int, ...], given: tuple[int, ...]
) -> Affine | None:
    """Return the scale and offset that do the same behind a node instead of before it."""
    uniform = np.ptp(node.scale) == 0 and np.ptp(node.offset) == 0
    match mover:
        case Reverse() if mover.axis < len(shape) - 1:
            return node
        case UpSample() | Repeat():
            return node
        case Pool() if mover.function == "average":
            return node
        case Reduce() if mover.function == "mean" and len(given) - 1 not in mover.axes:
            return node
        case Slice():
            taken = slice(mover.begin[-1], mover.end[-1], mover.step[-1])
            return dataclasses.replace(node, scale=node.scale[taken], offset=node.offset[taken])
        case Pad() if not node.offset.any() and mover.padding[-1] == (0, 0):
            return node
        case Permute() if mover.axes[-1] == len(shape) - 1:
            return node
        case Reshape() if shape and shape[-1] % given[-1] == 0:
            return _repeated(node, shape[-1])
        case Permute() | Reshape() if uniform and shape:
            return _repeated(node, shape[-1])
        case _:
            return None


def _repeated(node: Affine, channels: int) -> Affine:
    """Return the scale and offset of a channel again and again."""
    return dataclasses.replace(
        node, scale=np.resize(node.scale, channels), offset=np.resize(node.offset, channels)
    )


def _averages(graph: FloatGraph, node: Node) -> FloatGraph | None:
    """Make an average a sum with a scale behind it, which may be folded."""
    if not isinstance(node, Merge) or node.function != "average":
        return None
    channels = graph.shapes[node.output][-1:]
    total = dataclasses.replace(node, function="add", output=_unique(graph, node.output))
    share = np.full(channels, 1 / len(node.inputs), np.float32)
    scaled = Affine(node.name, (total.output,), node.output, share, np.zeros_like(share))
    return _replaced(graph, (node,), (total, scaled))


PASSES: tuple[Pass, ...] = (
    _drop,
    _unused,
    _reshapes,
    _reverses,
    _averages,
    _affine_into_maker,
    _affine_into_readers,
    _affine_moves_on,
    _pads,
    _last_frame,
)

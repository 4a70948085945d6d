# SPDX-License-Identifier: Apache-2.0
"""The graph that grows, and how its values come into another order of axes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mcu_ghost.convert.nodes import Concat, Node, Permute, Reshape, Shape
from mcu_ghost.convert.onnx_file.value import Axes, Stack, Value, ascending, groups, widened


@dataclass
class Builder:
    """A graph that grows.

    Attributes:
        producer: What wrote the file.
        shapes: Of all values so far.
        makers: The nodes so far, by their outputs.
        notes: What the user should know.
    """

    producer: str
    shapes: dict[str, Shape] = field(default_factory=dict)
    makers: dict[str, Node] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _moved: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def name(self, wanted: str) -> str:
        """Return a name for a new value."""
        name, number = wanted, 0
        while name in self.shapes:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def add(
        self, kind: type[Node], layer: str, wanted: str, inputs: Sequence[str], **fields: Any
    ) -> str:
        """Add a node and return its output's name.

        Args:
            kind: Of the node.
            layer: What the user calls it.
            wanted: The output's name, if it is free.
            inputs: Names of the values that it reads.
            **fields: The node's own.
        """
        output = self.name(wanted)
        node = kind(layer, tuple(inputs), output, **fields)
        self.shapes[output] = node.infer(*(self.shapes[name] for name in inputs))
        self.makers[output] = node
        return output

    def arranged(self, x: Value, wanted: Sequence[int], layer: str) -> Value:
        """Return x with the file's axes `wanted`, in this order, as the graph's axes.

        All others have length 1.
        """
        full = x.full
        target = tuple(full[i] for i in wanted)
        name = x.name
        if not ascending([x.axes[i] or 0 for i in wanted if full[i] != 1]):
            there = [axis for i in wanted if (axis := x.axes[i]) is not None]
            rest = [axis for axis in range(len(x.shape)) if axis not in there]
            name = self._permute(name, (*rest, *there), layer)
        name = self.reshape(name, target, layer)
        axes = tuple(list(wanted).index(i) if i in wanted else None for i in range(x.rank))
        return dataclasses.replace(x, name=name, shape=target, axes=axes)

    def in_order(self, x: Value, layer: str) -> Value:
        """Return x with the graph's axes in the file's order."""
        order = [own for own, n in zip(x.axes, x.full, strict=True) if own is not None and n != 1]
        if ascending(order):
            return x
        return self.arranged(x, [i for i, own in enumerate(x.axes) if own is not None], layer)

    def last(self, x: Value, axis: int, layer: str) -> Value:
        """Return x with one of the file's axes as the graph's last, the others as they are."""
        own = x.axes[axis]
        if own is not None and own == len(x.shape) - 1:
            return x
        kept = [i for i in _by_place(x) if i != axis]
        return self.arranged(x, [*kept, axis], layer)

    def reshaped(self, x: Value, target: Shape, layer: str) -> Value:
        """Return x in another shape of the file's, for as many numbers."""
        pairs = list(groups(x.full, target))
        if all(len(a) == len(b) == 1 for a, b in pairs):
            axes: list[int | None] = [None] * len(target)
            for (a,), (b,) in pairs:
                axes[b] = x.axes[a]
            return dataclasses.replace(x, axes=tuple(axes))
        pairs.sort(key=lambda pair: min(x.axes[i] or 0 for i in pair[0]))
        if not _together(x, [a for a, _ in pairs]):
            x = self.arranged(x, [i for a, _ in pairs for i in a], layer)
        places = [i for _, b in pairs for i in b]
        shape = tuple(target[i] for i in places)
        name = self.reshape(x.name, shape, layer)
        axes_of: Axes = tuple(places.index(i) if i in places else None for i in range(len(target)))
        return dataclasses.replace(x, name=name, shape=shape, axes=axes_of)

    def aligned(self, xs: Sequence[Value], layer: str, axis: int | None = None) -> list[Value]:
        """Return values with their graph's axes in the same order, each with all of them.

        Args:
            xs: The values; axes are added in front of those that have fewer.
            layer: For whom.
            axis: One of the file's which they must all have in the graph.
        """
        rank = max(x.rank for x in xs)
        xs = [dataclasses.replace(x, axes=widened(x.axes, rank)) for x in xs]
        used = [
            i
            for i in range(rank)
            if i == axis or any(x.axes[i] is not None and x.full[i] != 1 for x in xs)
        ]
        lead = max(xs, key=lambda x: sum(x.axes[i] is not None for i in used))
        used = sorted({*used, *_by_place(lead)}) or [rank - 1]
        if all(lead.axes[i] is not None for i in used):
            used = _by_place(lead)
        return [self.arranged(x, used, layer) for x in xs]

    def joined(self, stack: Stack, layer: str) -> Value:
        """Return a stack as one value: parts joined along the last axis, and that one split."""
        parts = [self.last(x, _by_place(x)[-1], layer) for x in stack.parts]
        size, count = parts[0].shape[-1], len(parts)
        last = len(parts[0].shape) - 1
        names = tuple(x.name for x in parts)
        key = (Concat, *names)
        if key not in self._moved:
            self._moved[key] = self.add(Concat, layer, f"{layer}/joined", names, axis=last)
        name = self._moved[key]
        shape = (*parts[0].shape[:-1], count, size)
        name = self.reshape(name, shape, layer)
        axes = [last + 1 if axis == last else axis for axis in parts[0].axes]
        axes[stack.axis] = last
        return Value(name, shape, tuple(axes))

    def _permute(self, name: str, axes: Shape, layer: str) -> str:
        before = self.makers.get(name)
        if isinstance(before, Permute):
            name, axes = before.inputs[0], tuple(before.axes[i] for i in axes)
        if axes == tuple(range(len(axes))):
            return name
        return self._move(Permute, name, layer, axes=axes)

    def reshape(self, name: str, shape: Shape, layer: str) -> str:
        """Return a value in another shape of the graph's."""
        before = self.makers.get(name)
        if isinstance(before, Reshape):
            name = before.inputs[0]
        if self.shapes[name] == shape:
            return name
        return self._move(Reshape, name, layer, shape=shape)

    def _move(self, kind: type[Node], name: str, layer: str, **fields: Any) -> str:
        """Add a node, or find the one that does the same for another reader."""
        key = (kind, name, *fields.values())
        if key not in self._moved:
            self._moved[key] = self.add(kind, layer, f"{name}/{kind.__name__}", [name], **fields)
        return self._moved[key]


def _by_place(x: Value) -> list[int]:
    """Return the file's axes that the graph has too, in the graph's order."""
    there = [i for i, axis in enumerate(x.axes) if axis is not None]
    return sorted(there, key=lambda i: x.axes[i] or 0)


def _together(x: Value, sets: list[list[int]]) -> bool:
    """Whether each set of the file's axes is in the graph side by side and in order."""
    order = [axis for i in _by_place(x) if x.full[i] != 1 and (axis := x.axes[i]) is not None]
    for axes in sets:
        places = [order.index(axis) for i in axes if (axis := x.axes[i]) is not None]
        if places != list(range(places[0], places[0] + len(places))):
            return False
    return True

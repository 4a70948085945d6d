# SPDX-License-Identifier: Apache-2.0
"""What the importer of one operator sees: its attributes, its inputs and the graph it adds to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import Constant, Node, Reals
from mcu_ghost.convert.onnx_file.builder import Builder
from mcu_ghost.convert.onnx_file.file import CAST
from mcu_ghost.convert.onnx_file.value import Array, Axes, Stack, Value, squeezed
from mcu_ghost.host.errors import GhostError

Known = Value | Stack | Array
"""What a name in a file stands for: something that a network computes, or a constant."""


@dataclass(frozen=True, eq=False)
class Operator:
    """A node of the file.

    Attributes:
        name: As the user finds it in the file; its first output's name if it has none.
        kind: The operator.
        attributes: By name; a text is a str.
        inputs: None where one is left out.
        outputs: Names; empty where nobody reads one.
        builder: The graph.
    """

    name: str
    kind: str
    attributes: dict[str, Any]
    inputs: tuple[Known | None, ...]
    outputs: tuple[str, ...]
    builder: Builder

    def refuse(self, why: str) -> GhostError:
        """Return the error that names the node."""
        return GhostError(f"Node '{self.name}' ({self.kind}): {why}.")

    def given(self, index: int) -> Known | None:
        """Return an input, None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    @property
    def x(self) -> Value:
        """The first input."""
        return self.value(0)

    @property
    def xs(self) -> list[Value]:
        """All inputs; constants become nodes of the graph."""
        return [self.value(i) for i in range(len(self.inputs))]

    def value(self, index: int) -> Value:
        """Return an input as a value of the graph."""
        given = self.given(index)
        if given is None:
            raise self.refuse(f"its input {index + 1} is missing")
        if isinstance(given, Stack):
            return self.builder.joined(given, self.name)
        return given if isinstance(given, Value) else self.constant_value(self._reals(given))

    def constant_value(self, array: Reals) -> Value:
        """Return a value that is always the same."""
        shape, axes = squeezed(array.shape)
        wanted = f"{self.name}/constant"
        name = self.builder.add(Constant, self.name, wanted, (), value=array.reshape(shape))
        return Value(name, shape, axes)

    def constant(self, index: int, what: str) -> Array:
        """Return an input that must be a constant."""
        array = self.optional(index, what)
        if array is None:
            raise self.refuse(f"its {what} is missing")
        return array

    def optional(self, index: int, what: str) -> Array | None:
        """Return an input that must be a constant or left out."""
        given = self.given(index)
        if isinstance(given, (Value, Stack)):
            raise self.refuse(
                f"its {what} is computed from the network's inputs, only constants are supported"
            )
        return given

    def weights(self, index: int, what: str) -> Reals:
        """Return an input of float32 constants."""
        return self._reals(self.constant(index, what))

    def integers(self, index: int, what: str) -> list[int] | None:
        """Return an input of a few integers, None if it is left out."""
        array = self.optional(index, what)
        return None if array is None else [int(n) for n in array.ravel()]

    def _reals(self, array: Array) -> Reals:
        if array.dtype != np.float32:
            raise self.refuse(f"computes with {array.dtype}, only float32 is supported; {CAST}")
        return np.asarray(array, np.float32)

    def take(self, key: str, default: Any) -> Any:
        """Return an attribute."""
        return self.attributes.get(key, default)

    def require(self, key: str, *allowed: Any) -> None:
        """Refuse other values of an attribute than those allowed; a missing one is allowed."""
        value = self.take(key, allowed[0])
        if value not in allowed:
            raise self.refuse(
                f"attribute {key}={value!r} is not supported, only"
                f" {' or '.join(map(repr, allowed))}; export the network so"
            )

    def axis(self, axis: int, rank: int) -> int:
        """Return an axis, which may count from the end, as one that does not."""
        own = axis + rank if axis < 0 else axis
        if not 0 <= own < rank:
            raise self.refuse(f"its input has {rank} axes and no axis {axis}")
        return own

    def add(
        self, kind: type[Node], *inputs: Value, order: Axes | None = None, **fields: Any
    ) -> Value:
        """Add a node and return its value.

        Args:
            kind: Of the node.
            *inputs: The values that it reads.
            order: The result's axes, if they are not those of the first input.
            **fields: The node's own.
        """
        wanted = self.outputs[0] or self.name
        name = self.builder.add(kind, self.name, wanted, [x.name for x in inputs], **fields)
        return Value(name, self.builder.shapes[name], inputs[0].axes if order is None else order)

    def arranged(self, x: Value, wanted: Sequence[int]) -> Value:
        """Return x with these of the file's axes as the graph's; others must have length 1."""
        return self.builder.arranged(x, wanted, self.name)

    def last(self, x: Value, axis: int) -> Value:
        """Return x with one of the file's axes as the graph's last."""
        return self.builder.last(x, axis, self.name)

    def reshaped(self, x: Value, target: Sequence[int]) -> Value:
        """Return x in another shape of the file's."""
        return self.builder.reshaped(x, tuple(target), self.name)

    def own(self, x: Value, axis: int) -> tuple[Value, int]:
        """Return x with one of the file's axes in the graph, and which axis it is there."""
        if x.axes[axis] is None:
            x = self.builder.aligned([x], self.name, axis)[0]
        own = x.axes[axis]
        assert own is not None
        return x, own

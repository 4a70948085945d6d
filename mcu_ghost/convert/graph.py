# SPDX-License-Identifier: Apache-2.0
"""A network in float: nodes and the values between them, which NumPy can run."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mcu_ghost.convert.nodes.node import Node, Reals, Shape
from mcu_ghost.host.errors import GhostError

MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError)
"""What settings of a file raise that no framework writes."""


@dataclass(frozen=True)
class Input:
    """A value from outside, (batch, *shape).

    Attributes:
        name: As people call it.
        shape: In the graph.
        channels_first: Whether the file has its last axis first.
    """

    name: str
    shape: Shape
    channels_first: bool = False

    @property
    def in_file(self) -> Shape:
        """The shape that one sample has in the file."""
        return (self.shape[-1], *self.shape[:-1]) if self.channels_first else self.shape

    def of_file(self, sample: npt.ArrayLike) -> Reals:
        """Return one sample as the graph has it."""
        values = np.asarray(sample, np.float32).reshape(self.in_file)
        return np.moveaxis(values, 0, -1) if self.channels_first else values


@dataclass(frozen=True)
class Layer:
    """A layer as the user's file has it.

    Attributes:
        name: Its nodes have the same.
        kind: Its class, or what its framework calls it.
        shape: Of its output; None if that is not known.
        refused: Why it cannot be converted, in a sentence that names it.
    """

    name: str
    kind: str
    shape: Shape | None = None
    refused: str = ""


@dataclass(frozen=True, eq=False)
class FloatGraph:
    """A network in float.

    Attributes:
        name: Of the network.
        inputs: What it reads.
        nodes: In an order in which every value is made before it is read.
        outputs: Names of the values that it answers with.
        notes: What the user should know of how it was read, in sentences.
        output_names: What people call them; as the values if left out.
        layers: What the user's file lists, in order; none where nobody said.
        folded: Layers without nodes any more, each with those whose weights do its work; with none
            if it had none to do.
        of_tf_keras: Whether the file can be trained on by `mcu_ghost.layers`.
        channels_first: Those of `output_names` whose last axis the file has first.
    """

    name: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    notes: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    folded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_tf_keras: bool = False
    channels_first: frozenset[str] = frozenset()

    @functools.cached_property
    def shapes(self) -> dict[str, Shape]:
        """Every value's shape, without the batch.

        Raises:
            GhostError: A node's inputs do not fit it.
        """
        shapes = {entry.name: entry.shape for entry in self.inputs}
        for node in self.nodes:
            shapes[node.output] = node.infer(*(shapes[name] for name in node.inputs))
        return shapes

    @functools.cached_property
    def listed(self) -> tuple[Layer, ...]:
        """The user's layers, one for each name, and those that only nodes tell of."""
        found = {layer.name: layer for layer in self.layers}
        for node in self.nodes:
            if node.name not in {layer.name for layer in self.layers}:
                found[node.name] = Layer(node.name, node.kind, self.shapes[node.output])
        return tuple(found.values())

    def checked(self) -> FloatGraph:
        """Return the graph itself.

        Raises:
            GhostError: A node's inputs do not fit it, or it has weights that are no numbers.
        """
        for node in self.nodes:
            check_finite(node)
        missing = set(self.outputs) - set(self.shapes)
        if missing:
            raise GhostError(f"Model '{self.name}': nothing makes its output '{min(missing)}'.")
        return self

    @functools.cached_property
    def readers(self) -> dict[str, tuple[Node, ...]]:
        """The nodes that read each value."""
        found: dict[str, list[Node]] = {name: [] for name in self.shapes}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found[name].append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    def as_in_file(self, name: str, sample: Reals) -> Reals:
        """Return one sample of an output as the file has it."""
        return np.moveaxis(sample, -1, 0) if name in self.channels_first else sample

    def run(self, inputs: Mapping[str, npt.ArrayLike]) -> dict[str, Reals]:
        """Return every value for inputs of shape (batch, *shape), by name.

        Raises:
            GhostError: An input is missing or has another shape.
        """
        values: dict[str, Reals] = {}
        for entry in self.inputs:
            if entry.name not in inputs:
                raise GhostError(f"Model '{self.name}': no values for its input '{entry.name}'.")
            given = np.asarray(inputs[entry.name], np.float32)
            if given.shape[1:] != entry.shape:
                raise GhostError(
                    f"Model '{self.name}': input '{entry.name}' takes values of shape"
                    f" (samples, {', '.join(map(str, entry.shape))}), got {given.shape}."
                )
            values[entry.name] = given
        for node in self.nodes:
            result = node.run(*(values[name] for name in node.inputs))
            values[node.output] = np.asarray(result, np.float32)
        return values


def check_finite(node: Node) -> None:
    """Refuse weights that are no numbers."""
    for one in dataclasses.fields(node):
        value = getattr(node, one.name)
        if isinstance(value, np.ndarray) and not np.isfinite(value).all():
            raise node.refuse(
                f"its {one.name} has NaN or infinite numbers; training must have gone wrong,"
                " so go back to an earlier checkpoint"
            )

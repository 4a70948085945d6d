# SPDX-License-Identifier: Apache-2.0
"""What the importer of one layer sees: its configuration, its weights and the graph it adds to."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcu_ghost.convert import graph
from mcu_ghost.convert.keras_config.weights import Config, class_name
from mcu_ghost.convert.nodes import Node, Reals, Shape
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

OUR_PACKAGE = "mcu_ghost"
_PACKAGES = ("", "keras", "tf_keras", "builtins", OUR_PACKAGE)


@dataclass(frozen=True)
class Mask:
    """Which frames count: those of a value that are not a number throughout.

    Attributes:
        number: The number; None for the index 0 of an Embedding.
        of: Name of the value.
        by: The layer that says so.
    """

    number: float | None
    of: str
    by: str


@dataclass(frozen=True)
class Value:
    """A value of the graph.

    Attributes:
        name: Its name.
        shape: Without the batch.
        mask: What Keras would hand on with it.
        unknown: Whether a layer that is refused should make it, and its shape is not known.
    """

    name: str
    shape: Shape
    mask: Mask | None = None
    unknown: bool = False

    @property
    def masked(self) -> bool:
        """Whether the mask says which frames of this very value count."""
        return self.mask is not None and self.mask.of == self.name


@dataclass
class Builder:
    """A graph that grows.

    Attributes:
        keras: Keras' major version, 2 or 3, whose defaults differ.
        go_on: Whether a layer that is refused is only noted.
        nodes: So far.
        layers: The user's, as they were met.
        masking: Layers that mask, each with the recurrent ones that do it.
        standing_in: What readers of refused layers read instead.
        names: Of all values, which are made unique.
    """

    keras: int
    go_on: bool = False
    nodes: list[Node] = field(default_factory=list)
    layers: list[graph.Layer] = field(default_factory=list)
    masking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    standing_in: list[graph.Input] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def name(self, wanted: str) -> str:
        """Return a name for a new value."""
        name, number = wanted, 0
        while name in self.names:
            number += 1
            name = f"{wanted}_{number}"
        self.names.add(name)
        return name


@dataclass(frozen=True, eq=False)
class Layer:
    """One call of a layer.

    Attributes:
        name: As the user reads it; behind that of the model that it is in.
        kind: Its class.
        config: Its arguments.
        weights: Its arrays, which are taken in order.
        builder: The graph.
        args: What it is called with: values, numbers, lists of them.
        kwargs: What it is called with by name.
        leading: How many axes of its input are further samples, as inside TimeDistributed.
    """

    name: str
    kind: str
    config: Config
    weights: Iterator[Reals]
    builder: Builder
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    leading: int = 0

    def refuse(self, why: str) -> GhostError:
        """Return the error that names the layer."""
        return GhostError(f"Layer '{self.name}' ({self.kind}): {why}.")

    @property
    def xs(self) -> list[Value]:
        """All values that it is called with."""
        return list(values_in([*self.args, *self.kwargs.values()]))

    @property
    def x(self) -> Value:
        """The one value that it is called with."""
        xs = self.xs
        if len(xs) != 1:
            raise self.refuse(
                f"is called with {text.count(len(xs), 'value')}, only one is supported"
            )
        return xs[0]

    def add(self, kind: type[Node], *inputs: Value, **fields: Any) -> Value:
        """Add a node and return its value."""
        if "mask" not in fields and any(x.masked for x in inputs):
            raise self.refuse(
                "reads masked frames, which only a recurrent layer right behind the Masking layer"
                " can; move the Masking layer there"
            )
        output = self.builder.name(self.name)
        node = kind(self.name, tuple(x.name for x in inputs), output, **fields)
        shape = node.infer(*(x.shape for x in inputs))
        self.builder.nodes.append(node)
        masks = [x.mask for x in inputs if x.mask is not None]
        return Value(output, shape, masks[0] if masks else None)

    def take(self, what: str, *shape: int | None, whole: bool = False) -> Reals:
        """Return the next of its weights.

        Args:
            what: What messages call it.
            *shape: Which it must have; None stands for any size.
            whole: Whether it may be of whole numbers.
        """
        array = next(self.weights, None)
        if array is None:
            raise self.refuse(f"its {what} is missing in the file; save the whole model again")
        if len(array.shape) != len(shape) or any(
            wanted not in (None, n) for n, wanted in zip(array.shape, shape, strict=True)
        ):
            wanted = ", ".join("any" if n is None else str(n) for n in shape)
            raise self.refuse(
                f"its {what} has the shape {array.shape} in the file, not ({wanted}); save the"
                " whole model again"
            )
        if array.dtype.kind != "f" and not whole:
            raise self.refuse(
                f"its {what} is of type {array.dtype} in the file, not of floats; save the model"
                " again, before it is quantised"
            )
        return array

    def bias(self, size: int) -> Reals:
        """Return its bias, or zeros where it has none."""
        if self.config.get("use_bias", True):
            return self.take("bias", size)
        return np.zeros(size, np.float32)

    def part(self, config: Config, *args: Any) -> Layer:
        """Return a layer inside it, which takes its weights from the same row."""
        return dataclasses.replace(
            self, kind=checked_class(config, self.name), config=config["config"], args=args,
            kwargs={},
        )  # fmt: skip

    def require(self, key: str, *allowed: Any) -> None:
        """Refuse other values of an argument than those allowed; a missing one is allowed."""
        value = self.config.get(key, allowed[0])
        if value not in allowed:
            raise self.refuse(
                f"argument {key}={value!r} is not supported, only"
                f" {' or '.join(map(repr, allowed))}; build the network so"
            )

    def axis(self, axis: int, rank: int) -> int:
        """Return Keras' axis, which counts the batch, as one that does not.

        Args:
            axis: Negative from the end.
            rank: Number of axes without the batch.
        """
        own = axis + rank if axis < 0 else axis - 1 + self.leading
        if not self.leading <= own < rank:
            raise self.refuse(f"axis {axis} does not exist, or is the batch's, which must stay")
        return own

    def last_axis(self, x: Value) -> None:
        """Refuse another axis than the last."""
        axis = self.config.get("axis", -1)
        axes = axis if isinstance(axis, list) else [axis]
        if [self.axis(int(a), len(x.shape)) for a in axes] != [len(x.shape) - 1]:
            raise self.refuse(
                f"argument axis={axis} is not supported, only -1, the last; put a Permute before it"
            )


def values_in(structure: Any) -> Iterator[Value]:
    """Yield the values in nested lists."""
    if isinstance(structure, Value):
        yield structure
    elif isinstance(structure, (list, tuple)):
        for part in structure:
            yield from values_in(part)


def checked_class(config: Config, name: str) -> str:
    """Return the class of a layer that is Keras' own or ours.

    Raises:
        GhostError: It is somebody else's, whose code a file does not hold.
    """
    kind = class_name(config)
    packages = [
        str(config.get(key) or "").rpartition(">")[0] for key in ("class_name", "registered_name")
    ]
    packages.append(str(config.get("module") or "").partition(".")[0])
    foreign = next((package for package in packages if package not in _PACKAGES), None)
    if foreign is not None:
        raise GhostError(
            f"Layer '{name}' ({kind}): is a class of '{foreign}', whose code no file holds and"
            " nothing here runs; build it of Keras' own layers."
        )
    return kind

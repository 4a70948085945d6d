# SPDX-License-Identifier: Apache-2.0
"""Who calls whom: the two ways in which Keras writes a model's inner connections.

Keras 2 writes a call as a list of [layer, call, output, arguments by name], one for each value that
it reads; Keras 3 writes all arguments as they were, with tensors as objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcu_ghost.convert.keras_config.weights import Config

_CONSTANT = "_CONSTANT_VALUE"


@dataclass(frozen=True)
class Reference:
    """An output of a call of a layer.

    Attributes:
        layer: Its name.
        call: Which of its calls.
        output: Which of the call's outputs.
    """

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Call:
    """Arguments of a call: numbers, texts, lists, and references to values."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def references(self) -> Iterator[Reference]:
        """All references in it."""
        yield from _references([*self.args, *self.kwargs.values()])


def calls(config: Config, layers: set[str]) -> list[Call]:
    """Return the calls of a layer of a functional model.

    Args:
        config: The serialised layer.
        layers: Names of the model's layers.
    """
    return [_call(entry, layers) for entry in config.get("inbound_nodes") or []]


def references(config: Any, layers: set[str]) -> list[Reference]:
    """Return the values that a model's `input_layers` or `output_layers` name, in order."""
    if isinstance(config, dict):
        return [r for value in config.values() for r in references(value, layers)]
    if _is_reference(config, layers):
        return [Reference(*config[:3])]
    return [r for entry in config for r in references(entry, layers)]


def _call(entry: Any, layers: set[str]) -> Call:
    if isinstance(entry, dict):
        return Call(
            tuple(_argument(arg, layers) for arg in entry.get("args", ())),
            {key: _argument(arg, layers) for key, arg in entry.get("kwargs", {}).items()},
        )
    parts = [entry] if entry and isinstance(entry[0], str) else list(entry)
    values = [
        part[2] if part[0] == _CONSTANT else Reference(part[0], part[1], part[2]) for part in parts
    ]
    kwargs = parts[0][3] if parts and len(parts[0]) > 3 else {}
    named = {key: _argument(arg, layers) for key, arg in kwargs.items() if key != "name"}
    return Call((values if len(values) > 1 else values[0],), named)


def _argument(given: Any, layers: set[str]) -> Any:
    """Return an argument with references in the places of serialised tensors."""
    if isinstance(given, dict):
        inside = given.get("config") or {}
        match given.get("class_name"):
            case "__keras_tensor__":
                return Reference(*inside["keras_history"])
            case "__slice__":
                return slice(inside["start"], inside["stop"], inside["step"])
            case "__ellipsis__":
                return ...
            case "__tuple__":
                return [_argument(part, layers) for part in given["items"]]
    if _is_reference(given, layers):
        return Reference(*given[:3])
    if isinstance(given, list):
        return [_argument(part, layers) for part in given]
    return given


def _is_reference(given: Any, layers: set[str]) -> bool:
    return (
        isinstance(given, list)
        and len(given) in (3, 4)
        and isinstance(given[0], str)
        and given[0] in layers
        and isinstance(given[1], int)
    )


def _references(structure: Any) -> Iterator[Reference]:
    if isinstance(structure, Reference):
        yield structure
    elif isinstance(structure, (list, tuple)):
        for part in structure:
            yield from _references(part)

# SPDX-License-Identifier: Apache-2.0
"""Goes on behind a layer that is refused, so that all others are looked at too."""

from __future__ import annotations

from typing import Any

from mcu_ghost.convert.graph import Input
from mcu_ghost.convert.keras_config.layer import Builder, Value
from mcu_ghost.convert.keras_config.weights import Config

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def given(config: Config, name: str, builder: Builder, arguments: Arguments) -> Arguments:
    """Return a call's arguments with a new input in the place of the one unknown value.

    A `.keras` file says which shape a layer was built for; where it does not the value stays
    unknown.

    Args:
        config: The layer's.
        name: The layer's.
        builder: The graph.
        arguments: Of the call.
    """
    shape = (config.get("build_config") or {}).get("input_shape")
    numbers = isinstance(shape, list) and all(isinstance(n, int) for n in shape[1:])
    if not numbers or not shape:
        return arguments

    def put(value: Any) -> Any:
        if isinstance(value, Value) and value.unknown:
            entry = Input(builder.name(f"{name}/input"), tuple(shape[1:]))
            builder.standing_in.append(entry)
            return Value(entry.name, entry.shape)
        return [put(part) for part in value] if isinstance(value, list) else value

    args, kwargs = arguments
    return tuple(map(put, args)), {key: put(value) for key, value in kwargs.items()}

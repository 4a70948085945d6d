# SPDX-License-Identifier: Apache-2.0
"""The page of the Python API: what mkdocstrings is to show, from the lists of what is public."""

from __future__ import annotations

import mcu_ghost

_ELSEWHERE = (
    "mcu_ghost.layers.GhostGRU",
    "mcu_ghost.layers.quantize_model",
    "mcu_ghost.convert.keras_model.convert",
    "mcu_ghost.convert.keras_model.conversion",
)


def page() -> str:
    """Return a directive for each public name; functions first, then what they take and return."""
    names = [name for name in mcu_ghost.__all__ if name not in ("boards", "build", "reference")]
    functions = [name for name in names if name.islower()]
    classes = [name for name in names if not name.islower()]
    parts = ["## Functions"]
    parts += [_show(path) for path in ("mcu_ghost.build.build.build", *map(_place, functions))]
    parts += [_show(f"mcu_ghost.boards.{name}") for name in ("load", "load_file", "names")]
    parts += [_show(f"mcu_ghost.network.reference.{name}") for name in ("run", "Runner")]
    parts += ["## What they take and return", *map(_show, map(_place, classes))]
    parts += ["## With TensorFlow", *map(_show, _ELSEWHERE)]
    return "\n\n".join(parts)


def _place(name: str) -> str:
    """Return where a name is defined."""
    value = getattr(mcu_ghost, name)
    return f"{value.__module__}.{value.__qualname__}"


def _show(path: str) -> str:
    return f"::: {path}"

# SPDX-License-Identifier: Apache-2.0
"""The page of the Python API: what mkdocstrings is to show, from the lists of what is public."""

from __future__ import annotations

import mcu_ghost

_ELSEWHERE = {  # TensorFlow would have to be imported to ask where they are
    "layers.GhostGRU": "mcu_ghost.layers.ghost_gru.GhostGRU",
    "layers.quantize_model": "mcu_ghost.layers.quantization.quantize_model",
    "convert.convert": "mcu_ghost.convert.keras_model.convert",
    "convert.conversion": "mcu_ghost.convert.keras_model.conversion",
}


def page() -> str:
    """Return a directive for each public name; functions first, then what they take and return."""
    names = [name for name in mcu_ghost.__all__ if name not in ("boards", "build", "reference")]
    functions = [name for name in names if name.islower()]
    classes = [name for name in names if not name.islower()]
    parts = ["## Functions", _show("build", "mcu_ghost.build.build.build")]
    parts += [_show(name, _place(name)) for name in functions]
    parts += [_show(f"boards.{name}") for name in ("load", "load_file", "names")]
    parts += [_show(f"reference.{name}", f"mcu_ghost.network.reference.{name}")
              for name in ("run", "Runner")]  # fmt: skip
    parts += ["## What they take and return", *(_show(name, _place(name)) for name in classes)]
    parts += ["## With TensorFlow", *(_show(name, path) for name, path in _ELSEWHERE.items())]
    return "\n\n".join(parts)


def _place(name: str) -> str:
    """Return where a name is defined."""
    value = getattr(mcu_ghost, name)
    return f"{value.__module__}.{value.__qualname__}"


def _show(name: str, path: str = "") -> str:
    """Return the directive for an object, under the name that programs have for it."""
    name = f"mcu_ghost.{name}"
    label = name.rpartition(".")[2]
    return f"::: {path or name}\n    options: {{heading: {name}, toc_label: {label}}}"

# SPDX-License-Identifier: Apache-2.0
"""What the configuration of somebody else's model may not hold: code, which loading would run.

Keras itself refuses a Lambda layer in `.keras` files alone. A configuration is looked through
before anything of it is built, so nothing has run when it is refused.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcu_ghost.host.errors import GhostError

# Packages that classes and functions may come from; other modules would be imported.
_PACKAGES = ("keras", "tf_keras", "tensorflow_model_optimization", "mcu_ghost")


def validate(config: Any, path: Path) -> None:
    """Refuse a configuration with code.

    Args:
        config: As `json.loads` returns it.
        path: The file that it comes from, for the message.

    Raises:
        GhostError: It holds a Lambda layer, a lambda, or a name from a foreign module.
    """
    for entry in _dictionaries(config):
        names = [
            str(entry.get(key)).rpartition(">")[2] for key in ("class_name", "registered_name")
        ]
        kinds = [value for key, value in entry.items() if key.endswith("_type")]
        if "__lambda__" in names or any(n.endswith("Lambda") for n in names) or "lambda" in kinds:
            raise GhostError(f"{path}: holds a Lambda layer, whose code would run; not loaded.")
        module = entry.get("module")
        if "class_name" not in entry or not isinstance(module, str):
            continue
        name = entry.get("config") if names[0] == "function" else names[0]
        known = module.partition(".")[0] in _PACKAGES
        if not known and (module != "builtins" or hasattr(builtins, str(name))):
            raise GhostError(
                f"{path}: names {name!r} of module {module!r}, whose code would run; not loaded."
            )


def _dictionaries(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a configuration, however deep."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value

# SPDX-License-Identifier: Apache-2.0
"""The JSON object that a `.tflite` holds about itself: what may stand in it, whatever it is for.

It goes back into the file as it came, and into the model's hash. What it means is read once, into
types: the name and labels here, the rest by whom it is for (`mcu_ghost.sound.keywords`).
"""

from __future__ import annotations

import json
import math
from typing import Any

from mcu_ghost.host.schema import shown

VERSION = 1
_DEEPEST = 32  # objects and lists inside each other


def decode(content: bytes) -> dict[str, Any]:
    """Read the object.

    Raises:
        ValueError: It is not JSON, or nothing that `check` lets pass.
    """
    try:
        metadata = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    check(metadata)
    return dict(metadata)


def encode(metadata: dict[str, Any]) -> bytes:
    """Write the object, the same bytes for the same content.

    Raises:
        ValueError: It is nothing that `check` lets pass.
    """
    check(metadata)
    return json.dumps(metadata, sort_keys=True, allow_nan=False).encode()


def check(metadata: Any) -> None:
    """Refuse what cannot be written again, and a version, name or labels that mean nothing.

    Raises:
        ValueError: Says which key, after words like "the metadata".
    """
    if not isinstance(metadata, dict) or metadata.get("version") != VERSION:
        raise ValueError(f"must be a JSON object of version {VERSION}")
    level: list[tuple[str, Any]] = [("", metadata)]
    for _ in range(_DEEPEST):
        level = [inner for key, value in level for inner in _inside(key, value)]
    if level:
        raise ValueError(f"is deeper than {_DEEPEST} objects and lists")
    if not isinstance(metadata.get("name", ""), str):
        raise ValueError(f"must have a name that is text, not {shown(metadata['name'])}")
    labels(metadata)


def labels(metadata: dict[str, Any]) -> list[str]:
    """Return the names of the outputs; none where the metadata says nothing.

    Raises:
        ValueError: They are no list of texts or whole numbers.
    """
    found = metadata.get("labels")
    if found is None:
        return []
    if not isinstance(found, list | tuple):
        raise ValueError(f"must have labels that are a list, not {shown(found)}")
    for i, label in enumerate(found):
        if not isinstance(label, str | int) or isinstance(label, bool):
            raise ValueError(f"must have labels that are texts; labels[{i}] is {shown(label)}")
    return [str(label) for label in found]


def _inside(key: str, value: Any) -> list[tuple[str, Any]]:
    """Check one value and return those inside it with their keys."""
    if isinstance(value, dict):
        for name in value:
            _check_text(f"a key of {key or 'it'}", name)
        return [(f"{key}.{name}" if key else name, inner) for name, inner in value.items()]
    if isinstance(value, list | tuple):
        return [(f"{key}[{i}]", inner) for i, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"holds {value}, which JSON does not have: {_short(key)}")
    if isinstance(value, str):
        _check_text(key, value)
    elif not isinstance(value, int | float | None):
        raise ValueError(f"holds a {type(value).__name__}, which is not JSON: {_short(key)}")
    return []


def _check_text(key: str, text: Any) -> None:
    if not isinstance(text, str):
        raise ValueError(f"has {_short(key)} that is no text: {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"holds half a character: {_short(key)}") from error


def _short(key: str) -> str:
    return key if len(key) <= 60 and key.isprintable() else shown(key)

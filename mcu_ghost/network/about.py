# SPDX-License-Identifier: Apache-2.0
"""The JSON object that a `.tflite` holds about itself: what may stand in it, whatever it is for.

It goes back into the file as it came, and into the model's hash. What it means is read once, into
types: the name and labels here, the rest by whom it is for (`mcu_ghost.sound.keywords`).
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from mcu_ghost.host.schema import shown
from mcu_ghost.host.text import a, count

VERSION = 1
Plan = Literal["stream", "window"]
PLANS: tuple[Plan, ...] = ("stream", "window")
_DEEPEST = 32  # objects and lists inside each other
_LONGEST = 40  # characters of an input's name or a unit


def decode(content: bytes) -> dict[str, Any]:
    """Read the object.

    Raises:
        ValueError: It is not JSON, or nothing that `validate` lets pass.
    """
    try:
        metadata = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    validate(metadata)
    return dict(metadata)


def encode(metadata: dict[str, Any]) -> bytes:
    """Write the object, the same bytes for the same content.

    Raises:
        ValueError: It is nothing that `validate` lets pass.
    """
    validate(metadata)
    return json.dumps(metadata, sort_keys=True, allow_nan=False).encode()


def validate(metadata: Any) -> None:
    """Refuse what cannot be written again, and a version, names or units that mean nothing.

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
    if metadata.get("plan", PLANS[0]) not in PLANS:
        found = shown(metadata["plan"])
        raise ValueError(f"must have a plan that is {' or '.join(PLANS)}, not {found}")
    labels(metadata)
    for end in ("inputs", "outputs"):
        units(metadata, end)
    channels(metadata)


def labels(metadata: dict[str, Any]) -> list[str]:
    """Return the names of the outputs; none where the metadata says nothing.

    Raises:
        ValueError: They are no list of texts or whole numbers.
    """
    return _texts("labels", metadata.get("labels"))


def channels(metadata: dict[str, Any]) -> list[str]:
    """Return the names of the inputs; none where the metadata says nothing.

    Raises:
        ValueError: They are no list of short texts.
    """
    return _short_texts("inputs.names", _end(metadata, "inputs").get("names"))


def units(metadata: dict[str, Any], end: str) -> list[str]:
    """Return the units of the inputs or outputs; none where the metadata says nothing.

    Args:
        metadata: The object.
        end: "inputs" or "outputs".

    Returns:
        One for each, or a single one for all.

    Raises:
        ValueError: They are neither a short text nor a list of such.
    """
    found = _end(metadata, end).get("units")
    return _short_texts(f"{end}.units", [found] if isinstance(found, str) else found)


def validate_sizes(metadata: dict[str, Any], inputs: int, outputs: int) -> None:
    """Refuse names and units of another number of inputs or outputs.

    Raises:
        ValueError: Says of which, after words like "the metadata".
    """
    for what, found, size in (
        ("names of inputs", channels(metadata), inputs),
        ("units of inputs", units(metadata, "inputs"), inputs),
        ("units of outputs", units(metadata, "outputs"), outputs),
    ):
        one = len(found) == 1 and what.startswith("units")
        if found and not one and len(found) != size:
            end = what.rpartition(" ")[2]
            raise ValueError(f"has {len(found)} {what}, but the network has {size} {end}")


def plan(metadata: dict[str, Any]) -> Plan | None:
    """Return how the network is to be driven, if that is said; its inputs then have time."""
    found: Plan | None = metadata.get("plan")
    return found


def endless(metadata: dict[str, Any]) -> bool:
    """Return whether the network goes on for ever, whatever its file's sequences have."""
    return metadata.get("reset") == "never"


def _end(metadata: dict[str, Any], end: str) -> dict[str, Any]:
    found = metadata.get(end, {})
    if not isinstance(found, dict):
        raise ValueError(f"must have {end} that are an object, not {shown(found)}")
    return found


def _texts(key: str, found: Any) -> list[str]:
    """Check a list of texts, and return it."""
    if found is None:
        return []
    if not isinstance(found, list | tuple):
        raise ValueError(f"must have {key} that are a list, not {shown(found)}")
    for i, text in enumerate(found):
        if not isinstance(text, str | int) or isinstance(text, bool):
            raise ValueError(f"must have {key} that are texts; {key}[{i}] is {shown(text)}")
    return [str(text) for text in found]


def _short_texts(key: str, found: Any) -> list[str]:
    """Check a list of texts that stand beside numbers, and return it."""
    texts = _texts(key, found)
    for i, text in enumerate(texts):
        if len(text) > _LONGEST:
            raise ValueError(
                f"has {key}[{i}] of {count(len(text), 'character')}, at most {_LONGEST}:"
                f" {shown(text)}"
            )
    return texts


def _inside(key: str, value: Any) -> list[tuple[str, Any]]:
    """Check one value and return those inside it with their keys."""
    if isinstance(value, dict):
        for name in value:
            _validate_text(f"a key of {key or 'it'}", name)
        return [(f"{key}.{name}" if key else name, inner) for name, inner in value.items()]
    if isinstance(value, list | tuple):
        return [(f"{key}[{i}]", inner) for i, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"holds {value}, which JSON does not have: {_short(key)}")
    if isinstance(value, str):
        _validate_text(key, value)
    elif not isinstance(value, int | float | None):
        raise ValueError(f"holds {a(type(value).__name__)}, which is not JSON: {_short(key)}")
    return []


def _validate_text(key: str, text: Any) -> None:
    if not isinstance(text, str):
        raise ValueError(f"has {_short(key)} that is no text: {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"holds half a character: {_short(key)}") from error


def _short(key: str) -> str:
    return key if len(key) <= 60 and key.isprintable() else shown(key)

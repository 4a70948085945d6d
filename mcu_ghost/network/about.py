# SPDX-License-Identifier: Apache-2.0
"""The JSON object that a `.tflite` holds about itself: what may stand in it, whatever it is for.

It goes back into the file as it came, and into the model's hash. What it means is read once, into
types: the name and labels here, the rest by whom it is for (`mcu_ghost.sound.keywords`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

from mcu_ghost.host.schema import shown
from mcu_ghost.host.text import a, count

VERSION = 1
Plan = Literal["stream", "window"]
PLANS: tuple[Plan, ...] = ("stream", "window")
Shape = tuple[int, ...]
_FARTHEST = 1e30  # of numbers that float32 holds with room to spare
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
    for of in described(metadata, "inputs"):
        channels(metadata, of)
    for end in ("inputs", "outputs"):
        for name in described(metadata, end):
            names(metadata, end, name)
            units(metadata, end, name)


def labels(metadata: dict[str, Any]) -> list[str]:
    """Return the names of the only output's values; none where the metadata says nothing.

    Raises:
        ValueError: They are no list of texts or whole numbers.
    """
    return _texts("labels", metadata.get("labels"))


def described(metadata: dict[str, Any], end: str) -> dict[str, dict[str, Any]]:
    """Return what is said of each input or output by its name; of the only one, by "".

    Args:
        metadata: The object.
        end: "inputs" or "outputs".

    Raises:
        ValueError: It is no object.
    """
    found = metadata.get(end, {})
    if not isinstance(found, dict):
        raise ValueError(f"must have {end} that are an object, not {shown(found)}")
    if not any(isinstance(value, dict) for value in found.values()):
        return {"": found}
    for name, said in found.items():
        if not isinstance(said, dict):
            raise ValueError(
                f"must have {end} that are an object for each by its name;"
                f" {_short(f'{end}.{name}')} is {shown(said)}"
            )
    return found


def names(metadata: dict[str, Any], end: str, of: str = "") -> list[str]:
    """Return the names of an input's or output's values; none where the metadata says nothing.

    Args:
        metadata: The object.
        end: "inputs" or "outputs".
        of: The name of the input or output, if there are several.

    Raises:
        ValueError: They are no list of short texts.
    """
    found = described(metadata, end).get(of, {})
    return _short_texts(_key(end, of, "names"), found.get("names"))


def units(metadata: dict[str, Any], end: str, of: str = "") -> list[str]:
    """Return the units of an input's or output's values; none where the metadata says nothing.

    Args:
        metadata: The object.
        end: "inputs" or "outputs".
        of: The name of the input or output, if there are several.

    Returns:
        One for each, or a single one for all.

    Raises:
        ValueError: They are neither a short text nor a list of such.
    """
    found = described(metadata, end).get(of, {}).get("units")
    return _short_texts(_key(end, of, "units"), [found] if isinstance(found, str) else found)


def channels(metadata: dict[str, Any], of: str = "") -> tuple[list[float], list[float]]:
    """Return scale and offset of each channel of an input; none where all share the tensor's.

    A byte q of channel c stands for ``(q - zero point) * scales[c] + offsets[c]``.

    Args:
        metadata: The object.
        of: The name of the input, if there are several.

    Raises:
        ValueError: They are no lists of numbers of one length, or a scale is not positive.
    """
    found = described(metadata, "inputs").get(of, {})
    lists = []
    for what in ("scales", "offsets"):
        given = found.get(what, [])
        real = isinstance(given, list | tuple) and all(
            isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < _FARTHEST
            for n in given
        )
        if not real:
            key = _key("inputs", of, what)
            raise ValueError(f"must have {key} that are a list of numbers, not {shown(given)}")
        lists.append([float(n) for n in given])
    scales, offsets = lists
    if len(scales) != len(offsets):
        raise ValueError(f"has {count(len(scales), 'scale')} and {len(offsets)} offsets")
    if not all(scale > 1 / _FARTHEST for scale in scales):
        raise ValueError(f"has {_key('inputs', of, 'scales')} that are not all positive")
    return scales, offsets


def fits(count: int, shape: Shape) -> bool:
    """Return whether so many names are one for each value, or one for each of the last axis."""
    return count in (math.prod(shape), shape[-1] if shape else 1)


def validate_sizes(
    metadata: dict[str, Any], inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]
) -> None:
    """Refuse names and units of other inputs or outputs than a network has.

    Args:
        metadata: The object.
        inputs: The shape of a frame of each, by its name.
        outputs: The shape of each answer.

    Raises:
        ValueError: Says of which, after words like "the metadata".
    """
    for end, shapes in (("inputs", inputs), ("outputs", outputs)):
        said = described(metadata, end)
        if len(shapes) == 1:
            if "" not in said:
                raise ValueError(
                    f"speaks of {end} by name, but the network has only one: leave its name out"
                )
            shapes = dict(zip([""], shapes.values(), strict=True))
        listed = ", ".join(map(shown, shapes))
        for name in said if len(shapes) > 1 else ():
            if name == "" and not names(metadata, end) and not units(metadata, end):
                continue
            if name not in shapes:
                what = f"speaks of {end}.{name}, but" if name else f"must speak of {end} by name:"
                raise ValueError(f"{what} the network has {listed}")
        for name, shape in shapes.items():
            _validate_count(end, name, "names", names(metadata, end, name), shape)
            found = units(metadata, end, name)
            _validate_count(end, name, "units", found if len(found) > 1 else [], shape)
            scales = len(channels(metadata, name)[0]) if end == "inputs" else 0
            if scales and scales != (shape[-1] if shape else 1):
                raise ValueError(f"has {count(scales, 'scale')} of inputs, but {shape} is a frame")


def _validate_count(end: str, name: str, what: str, found: list[str], shape: Shape) -> None:
    if found and not fits(len(found), shape):
        size = math.prod(shape)
        if not name:
            raise ValueError(f"has {len(found)} {what} of {end}, but the network has {size} {end}")
        where = _short(f"{end}.{name}")
        raise ValueError(f"has {len(found)} {what} of {where}, which has {count(size, 'value')}")


def plan(metadata: dict[str, Any]) -> Plan | None:
    """Return how the network is to be driven, if that is said; its inputs then have time."""
    found: Plan | None = metadata.get("plan")
    return found


def endless(metadata: dict[str, Any]) -> bool:
    """Return whether the network goes on for ever, whatever its file's sequences have."""
    return metadata.get("reset") == "never"


def _key(end: str, of: str, what: str) -> str:
    return _short(f"{end}.{of}.{what}") if of else f"{end}.{what}"


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

# SPDX-License-Identifier: Apache-2.0
"""A strict reader: a TOML or JSON file in, one frozen dataclass out, or one clear message."""

from __future__ import annotations

import dataclasses
import json
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, Literal, TypeVar

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError, did_you_mean

T = TypeVar("T")
_LARGEST_FILE = 64 * 1024
_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def read(path: Path, kind: type[T]) -> T:
    """Read a file whose tables and keys are exactly the fields of a dataclass.

    A field `name` of the outermost class is the file's name and not a key.

    Args:
        path: A TOML file, or a JSON one if its name ends so.
        kind: A dataclass of strings, numbers, booleans, tuples, literals and further dataclasses.

    Raises:
        GhostError: Unreadable, neither of them, an unknown or missing key, or a value of the wrong
            type.
    """
    content = files.read_file(path, _LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise GhostError(f"{path}: more than {_LARGEST_FILE} bytes is too long for settings.")
    language, parse = ("JSON", json.loads) if path.suffix == ".json" else ("TOML", tomllib.loads)
    try:
        table = parse(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise GhostError(f"{path}: is not UTF-8 text (byte {error.start}).") from error
    except (ValueError, RecursionError) as error:
        raise GhostError(f"{path}: is not valid {language}: {error}") from error
    given = {"name": path.stem} if any(f.name == "name" for f in _fields(kind)) else {}
    result: T = _table(table, kind, path, "", given)
    return result


def _fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)


def _table(value: Any, kind: Any, path: Path, key: str, given: dict[str, str]) -> Any:
    """Build one dataclass from one table; `given` holds fields that are not keys."""
    if not isinstance(value, dict):
        raise GhostError(f"{path}: {key or 'the whole'} must be a table, not {_shown(value)}.")
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in _fields(kind) if f.name not in given}
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in fields:
            raise GhostError(f"{path}: unknown key {prefix}{name}.{did_you_mean(name, fields)}")
    arguments: dict[str, Any] = dict(given)
    for name, entry in fields.items():
        if name in value:
            arguments[name] = _value(value[name], hints[name], path, prefix + name)
        elif entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
            raise GhostError(f"{path}: {prefix}{name} is missing.")
    return kind(**arguments)


def _value(value: Any, hint: Any, path: Path, key: str) -> Any:
    """Check one value against the type of its field."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None:  # as only JSON has it
            return None
        hint = next(choice for choice in typing.get_args(hint) if choice is not type(None))
        origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return _table(value, hint, path, key, {})
    if origin is Literal:
        choices = typing.get_args(hint)
        if not isinstance(value, str) or value not in choices:
            close = did_you_mean(value, choices) if isinstance(value, str) else ""
            raise GhostError(
                f"{path}: {key} must be one of {', '.join(choices)}, not {_shown(value)}.{close}"
            )
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise GhostError(f"{path}: {key} must be a list, not {_shown(value)}.")
        item = typing.get_args(hint)[0]
        items = tuple(_value(v, item, path, f"{key}[{i}]") for i, v in enumerate(value))
        if len(set(items)) != len(items):
            raise GhostError(f"{path}: {key} names something twice.")
        return items
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise GhostError(f"{path}: {key} must be {_WORDS[hint]}, not {_shown(value)}.")
    if hint is str and not value.isprintable():
        raise GhostError(f"{path}: {key} holds a character that cannot be printed.")
    return value


def _shown(value: Any) -> str:
    """Return a value as a message shows it, cut short."""
    if isinstance(value, dict):
        return "a table"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."

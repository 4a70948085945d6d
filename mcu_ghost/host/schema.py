# SPDX-License-Identifier: Apache-2.0
"""A strict reader: a TOML or JSON file in, one frozen dataclass out, or one clear message.

What a value may be stands beside its field: `Annotated[int, Meta(ge=1, le=64)]`. msgspec checks the
values, and `mcu_ghost.host.json_schema` tells editors the same. Where fields depend on each other,
`__post_init__` of their class raises a `ValueError` that begins with a field's name.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import reprlib
import tomllib
import types
import typing
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
from msgspec import inspect

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.host.text import count

T = TypeVar("T")
_LARGEST_FILE = 64 * 1024


def read(path: Path, kind: type[T]) -> T:
    """Read a file whose tables and keys are exactly the fields of a dataclass.

    A field `name` of the outermost class is the file's name and not a key.

    Args:
        path: A TOML file, or a JSON one if its name ends so.
        kind: As `build` takes it.

    Raises:
        GhostError: Unreadable, neither of them, an unknown or missing key, or a value that is not
            what its field may be.
    """
    given = {"name": path.stem} if "name" in kind.__annotations__ else {}
    return build(parsed(path), kind, str(path), given)


def parsed(path: Path) -> Any:
    """Return what a TOML file holds, or a JSON one if its name ends so, unchecked.

    Raises:
        GhostError: Unreadable, or neither of them.
    """
    content = files.read_file(path, _LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise GhostError(
            f"{path}: more than {count(_LARGEST_FILE, 'byte')} is too long for settings."
        )
    language, parse = ("JSON", json.loads) if path.suffix == ".json" else ("TOML", tomllib.loads)
    try:
        return parse(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise GhostError(f"{path}: is not UTF-8 text (byte {error.start}).") from error
    except (ValueError, RecursionError) as error:
        raise GhostError(f"{path}: is not valid {language}: {error}") from error


def build(
    table: Any, kind: type[T], where: str, given: dict[str, str] | None = None, closed: bool = True
) -> T:
    """Make a dataclass of what was read.

    Args:
        table: What stands there.
        kind: A dataclass of strings, finite numbers, booleans, literals, further dataclasses, and
            tuples and dictionaries of them; `None` only where the field has it.
        where: What a message begins with.
        given: Fields that are not keys.
        closed: Whether a key that is no field is an error.

    Raises:
        GhostError: The table does not fit; the message names the key and what it holds.
    """
    result: T = _Reader(where, closed).table(table, kind, "", given or {})
    return result


@functools.cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Reads one file, `where`; keys are named from its outermost table on."""

    where: str
    closed: bool

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise the message."""
        raise GhostError(f"{self.where}: {key or 'the whole'} {why}")

    def table(self, value: Any, kind: Any, key: str, given: dict[str, str]) -> Any:
        """Make one dataclass of one table; `given` holds fields that are not keys."""
        if not isinstance(value, dict):
            self.refuse(key, f"must be a table, not {shown(value)}.")
        fields = {f.name: f for f in dataclasses.fields(kind) if f.name not in given}
        prefix = f"{key}." if key else ""
        for name in value if self.closed else ():
            if name not in fields:
                raise GhostError(
                    f"{self.where}: unknown key {prefix}{_key(name)}.{did_you_mean(name, fields)}"
                )
        arguments: dict[str, Any] = dict(given)
        for name, field in fields.items():
            if name in value:
                arguments[name] = self.value(value[name], _hints(kind)[name], prefix + name)
            elif field.default is field.default_factory is dataclasses.MISSING:
                self.refuse(prefix + name, "is missing.")
        try:
            return kind(**arguments)
        except ValueError as error:
            raise GhostError(f"{self.where}: {prefix}{error}") from error

    def value(self, value: Any, hint: Any, key: str) -> Any:
        """Make what a field holds of one value."""
        plain, *_ = typing.get_args(hint) if typing.get_origin(hint) is Annotated else (hint,)
        origin = typing.get_origin(plain)
        if origin in (types.UnionType, typing.Union):
            if value is None:  # as only JSON has it
                return None
            (hint,) = (choice for choice in typing.get_args(plain) if choice is not type(None))
            return self.value(value, hint, key)
        if dataclasses.is_dataclass(plain):
            return self.table(value, plain, key, {})
        if origin is dict:
            if not isinstance(value, dict):
                self.refuse(key, f"must be a table, not {shown(value)}.")
            item = typing.get_args(plain)[1]
            return {name: self.value(v, item, f"{key}.{_key(name)}") for name, v in value.items()}
        if origin is tuple:
            return self.list(value, hint, typing.get_args(plain)[0], key)
        return self.leaf(value, hint, key)

    def list(self, value: Any, hint: Any, item: Any, key: str) -> tuple[Any, ...]:
        """Make a tuple of a list in which nothing but numbers stands twice."""
        node, examples = _described(hint)
        low, high = node.min_length or 0, node.max_length
        if not isinstance(value, list):
            self.refuse(key, f"must be a list, not {shown(value)}.")
        if not low <= len(value) <= (high or len(value)):
            count = low if low == high else f"{low} to {high}" if high else f"at least {low}"
            like = f" For example: {json.dumps(examples[0])}." if examples else ""
            self.refuse(key, f"must be a list of {count}, not {shown(value)}.{like}")
        items = tuple(self.value(entry, item, f"{key}[{i}]") for i, entry in enumerate(value))
        named = [entry for entry in items if not isinstance(entry, int | float)]
        if len(set(named)) != len(named):
            self.refuse(key, "names something twice.")
        return items

    def leaf(self, value: Any, hint: Any, key: str) -> Any:
        """Check a value that holds no others."""
        try:
            found = msgspec.convert(value, hint)
            if isinstance(found, float) and not math.isfinite(found):
                raise ValueError
        except ValueError:
            self.refuse(key, _refusal(value, hint))
        if isinstance(found, str) and not found.isprintable():
            self.refuse(key, "holds a character that cannot be printed.")
        return found


@functools.cache
def _described(hint: Hashable) -> tuple[Any, list[Any]]:
    """Return msgspec's description of a type, and its examples."""
    node = inspect.type_info(hint)
    if isinstance(node, inspect.Metadata):
        return node.type, (node.extra_json_schema or {}).get("examples", [])
    return node, []


def _refusal(value: Any, hint: Any) -> str:
    """Say what a value must be instead."""
    node, examples = _described(hint)
    if isinstance(node, inspect.LiteralType):
        choices = typing.get_args(hint)  # in their own order
        close = did_you_mean(value, choices) if isinstance(value, str) else ""
        return f"must be one of {', '.join(map(str, choices))}, not {shown(value)}.{close}"
    if isinstance(node, inspect.StrType):
        like = f"look like {json.dumps(examples[0])}" if isinstance(value, str) else "be a string"
        return f"must {like}, not {shown(value)}."
    if isinstance(node, inspect.BoolType):
        return f"must be true or false, not {shown(value)}."
    whole = isinstance(node, inspect.IntType)
    wanted = _range(node) if type(value) in (int, int if whole else float) else ""
    wanted = wanted or ("a whole number" if whole else "a number")
    address = whole and node.multiple_of and node.lt == 2**32
    return f"must be {wanted}, not {shown(value, address)}."


def _range(node: Any) -> str:
    """Return the numbers that are allowed, in words; "" if all are."""
    bounds = {"at least": node.ge, "above": node.gt, "at most": node.le, "below": node.lt}
    parts = [f"{word} {_number(bound)}" for word, bound in bounds.items() if bound is not None]
    if node.ge is not None and node.le is not None:
        parts = [f"{_number(node.ge)} to {_number(node.le)}"]
    steps = [f"a multiple of {_number(node.multiple_of)}"] if node.multiple_of else []
    return ", ".join([*steps, *([" and ".join(parts)] if parts else [])])


def _number(value: float) -> str:
    if isinstance(value, int):
        bits = value.bit_length() - 1
        return f"2**{bits}" if bits >= 31 and value == 1 << bits else str(value)
    return f"{value:g}"


def _key(name: str) -> str:
    """Return a key as a message shows it."""
    return name if name.isprintable() and 0 < len(name) <= 40 else shown(name)


class _Short(reprlib.Repr):
    """Shows a value on one line, cut short, whatever it is."""

    def repr_int(self, x: int, level: int) -> str:
        """Of more than 4300 digits Python makes no text."""
        return str(x) if x.bit_length() <= 128 else f"a number of {count(x.bit_length(), 'bit')}"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        return "a table"


def shown(value: Any, hexadecimal: bool = False) -> str:
    """Return a value as a message shows it, cut short."""
    if hexadecimal and type(value) is int and 0xFFFF < value < 2**64:
        return f"{value:#x}"
    return _Short().repr(value)

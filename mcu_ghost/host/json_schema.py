# SPDX-License-Identifier: Apache-2.0
"""What `mcu_ghost.host.schema` accepts, as a JSON Schema by which editors check files."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

_NUMBERS = ("integer", "number")  # which may stand in a list twice


def of(kind: Any, title: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the files that a dataclass is read from.

    Descriptions come from the docstrings: the first paragraph is the table's, `Attributes:` says
    what its keys mean. That two values depend on each other is not in it.

    Args:
        kind: As `mcu_ghost.host.schema.read` takes it.
        title: Of the file.
    """
    _, tables = msgspec.json.schema_components([kind])
    classes = {c.__name__: c for c in _dataclasses(msgspec.inspect.type_info(kind))}
    for name, table in tables.items():
        _describe(table, classes[name])
    root = tables.pop(kind.__name__)
    if root["properties"].pop("name", None):  # it is the file's own name
        root["required"].remove("name")
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **root, "title": title}
    return schema | {"$defs": tables} if tables else schema


def _describe(table: dict[str, Any], kind: Any) -> None:
    """Add to a table's schema what its class says, and that there is nothing else."""
    said: dict[str, str] = {}
    for c in reversed(kind.__mro__):
        said |= _attributes(c.__doc__ or "")
    table["description"] = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    table["additionalProperties"] = False
    for key, value in table["properties"].items():
        if "anyOf" in value:  # one thing or null, which TOML does not have
            (choice,) = (c for c in value.pop("anyOf") if c != {"type": "null"})
            value.pop("default", None)
            value.update(choice)
        if value.get("type") == "array" and value["items"].get("type") not in _NUMBERS:
            value["uniqueItems"] = True
        if "$ref" in value:  # beside it nothing else counts
            value = table["properties"][key] = {"allOf": [{"$ref": value["$ref"]}]}
        value["description"] = said.get(key, "")


def _attributes(docstring: str) -> dict[str, str]:
    """Return what a docstring says of each attribute, on one line."""
    section = inspect.cleandoc(docstring).partition("\nAttributes:\n")[2]
    section = section.partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", section, re.M)
    return {name: " ".join(text.split()) for name, text in entries}


def _dataclasses(node: Any) -> list[type]:
    """Return every dataclass that a type holds."""
    if isinstance(node, msgspec.inspect.DataclassType):
        inner = [c for field in node.fields for c in _dataclasses(field.type)]
        return [node.cls, *inner]
    parts = [*getattr(node, "types", ()), *getattr(node, "item_types", ())]
    parts += [getattr(node, name) for name in ("item_type", "type") if hasattr(node, name)]
    return [c for part in parts for c in _dataclasses(part)]

# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the files that people write, for their editors."""

from __future__ import annotations

import functools
import json
from typing import Any, Literal

from mcu_ghost.boards import Board
from mcu_ghost.host import json_schema
from mcu_ghost.project.ghost_toml import Project
from mcu_ghost.train.enhancement import recipe as enhancement
from mcu_ghost.train.recipe import Recipe

File = Literal["board", "recipe", "enhancement", "project"]

_FILES: dict[File, tuple[Any, str]] = {
    "board": (Board, "A board of mcu-ghost, boards/NAME.toml"),
    "recipe": (Recipe, "What mcu-ghost train reads, NAME.toml"),
    "enhancement": (enhancement.Recipe, "What mcu-ghost train reads for speech, NAME.toml"),
    "project": (Project, "A project of mcu-ghost, ghost.toml"),
}


@functools.cache
def text(file: File) -> str:
    """Return the schema of a kind of file as JSON."""
    return json.dumps(json_schema.of(*_FILES[file]), indent=2) + "\n"


def page(file: File) -> str:
    """Return what may stand in a kind of file as Markdown: every key, its default and range."""
    schema = json_schema.of(*_FILES[file])
    tables = schema.get("$defs", {})
    parts = [_table("", schema, schema["description"])]
    for key, value in schema["properties"].items():
        name = json.dumps(value).partition('"$ref": "#/$defs/')[2].partition('"')[0]
        if name in tables:
            heading = f"[[{key}]]" if value.get("type") == "array" else f"[{key}]"
            parts.append(_table(heading, tables[name], tables[name]["description"]))
    return "\n".join(parts)


def _table(heading: str, table: dict[str, Any], description: str) -> str:
    """Return a table's keys, but those that are tables."""
    lines = [f"## `{heading}`\n"] if heading else []
    lines.append(description.removeprefix(f"`{heading}`: ") + "\n")
    lines += ["| key | default | may be | |", "|---|---|---|---|"]
    for key, value in table["properties"].items():
        if "$ref" in json.dumps(value):
            continue
        default = "" if value.get("default") is None else f"`{json.dumps(value['default'])}`"
        if key in table.get("required", ()):
            default = "required"
        told = value["description"].replace("|", "\\|")
        lines.append(f"| `{key}` | {default} | {_range(value)} | {told} |")
    return "\n".join(lines) + "\n"


def _range(value: dict[str, Any]) -> str:
    """Return in words what a value may be."""
    if "enum" in value:
        return ", ".join(f"`{json.dumps(choice)}`" for choice in value["enum"])
    if value.get("type") == "array":
        return f"a list: {_range(value.get('items', {}))}"
    low = value.get("minimum", value.get("exclusiveMinimum"))
    high = value.get("maximum", value.get("exclusiveMaximum"))
    kind = {"integer": "a whole number", "number": "a number", "string": "a text",
            "boolean": "true or false"}.get(value.get("type", ""), "a value")  # fmt: skip
    if low is None and high is None:
        return kind
    if high is None:
        return f"{kind} from {low:g}"
    return f"{kind}, {low:g} to {high:g}"

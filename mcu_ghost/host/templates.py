# SPDX-License-Identifier: Apache-2.0
"""The one Jinja environment, and rendering with it."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import jinja2

from mcu_ghost.host import resources


@functools.cache
def environment() -> jinja2.Environment:
    """Return the one Jinja environment: strict, and blind to blank lines around blocks."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    env.filters["c_json"] = c_json
    env.filters["c_string"] = c_string
    return env


def c_json(text: str) -> str:
    """Return a C string literal that holds the inside of `text` as a JSON string."""
    return json.dumps(json.dumps(text)[1:-1])


def c_string(text: str) -> str:
    """Return a C string literal of the text's UTF-8 bytes."""
    plain = set(range(32, 127)) - set(b'"\\?')
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'


def render(template: str, context: Any) -> str:
    """Render `template` (a name below `templates/`) with the fields of a context dataclass."""
    fields = {f.name: getattr(context, f.name) for f in dataclasses.fields(context)}
    return environment().get_template(template).render(fields)

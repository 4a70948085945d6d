# SPDX-License-Identifier: Apache-2.0
"""The one Jinja environment, and rendering with it."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
from typing import Any

import jinja2
from jinja2.runtime import Context
from markupsafe import Markup

from mcu_ghost.host import escape, resources, text


@functools.cache
def environment() -> jinja2.Environment:
    """Return the one Jinja environment: strict, and blind to blank lines around blocks.

    It escapes HTML by itself, and shows there what is not printable as a terminal would. In all
    other languages it refuses text that is not a word and that no filter of the language has seen;
    `mcu_ghost.host.escape` has the filters.
    """
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        finalize=_finalize,
    )
    env.filters.update(escape.FILTERS, sha256=_sha256)
    env.globals.update(
        a=lambda name: escape.code(text.a(name)),
        count=lambda *what: escape.code(text.count(*what)),
    )
    return env


def _sha256(value: str) -> str:
    """Return what a Content-Security-Policy calls a script or a style sheet that it allows."""
    return base64.b64encode(hashlib.sha256(value.encode()).digest()).decode()


@jinja2.pass_context
def _finalize(context: Context, value: Any) -> Any:
    """Check what an expression shows; Jinja escapes for HTML what is not `Markup` afterwards."""
    name = context.name or ""
    language = escape.language(name)
    if isinstance(value, Markup):  # as macros return, checked within
        return value
    if language == "html":
        return text.printable(value, keep="\n") if isinstance(value, str) else value
    return Markup(escape.checked(value, language, name))


def render(template: str, context: Any) -> str:
    """Render `template` (a name below `templates/`) with the fields of a context dataclass."""
    fields = {f.name: getattr(context, f.name) for f in dataclasses.fields(context)}
    return environment().get_template(template).render(fields)

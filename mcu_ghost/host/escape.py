# SPDX-License-Identifier: Apache-2.0
"""Text that is not ours, as the language takes it that it goes into.

Titles, labels and names come from board files, models, recordings and USB descriptors. In what is
generated they are data, whatever they hold: a plain string gets through only if it is a word of
letters, digits and `_ . + - /`, which means nothing in any language; everything else must come out
of a filter of the very language (`checked` sees to that for templates). Where a language has no
filter here, it takes words and comments alone.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath

from mcu_ghost.host.errors import GhostError

_WORD = re.compile(r"[A-Za-z0-9_.+/-]*")
_CODE = re.compile(r"(?:(?!/[/*]|\*/)[A-Za-z0-9_ .,+\-*/<>=&|!()\[\]{}])*")
# What may stand in any comment, besides letters, marks and digits of any script.
_IN_COMMENTS = frozenset(" .,:+-_/()&'@°")
# What Markdown reads as its own in the middle of a line; an underscore between letters is not.
_MARKDOWN = re.compile(r"[\\`*\[\]<>&#!|$~]|(?<![^\W_])_|_(?![^\W_])")
# What YAML takes for something else than a string.
_NO_STRINGS = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null"])
_LANGUAGES = {".c": "c", ".h": "c", ".cc": "c", ".ino": "c", ".yml": "yaml", ".yaml": "yaml",
              ".toml": "toml", ".json": "json", ".md": "markdown", ".html": "html"}  # fmt: skip


class Unescaped(ValueError):
    """A template shows text without the filter that its language needs: a bug of the template."""


class Escaped(str):
    """Text as a language takes it.

    Attributes:
        language: Which; "" for text that all of them take.
    """

    language: str

    def __new__(cls, text: str, language: str = "") -> Escaped:
        """Mark text."""
        self = super().__new__(cls, text)
        self.language = language
        return self


def language(file: str) -> str:
    """Return the language of a file that is generated; "" where only words and comments may go."""
    return _LANGUAGES.get(PurePosixPath(file.removesuffix(".jinja")).suffix, "")


def checked(value: object, language: str, where: str) -> str:
    """Return a value as it may stand in generated text.

    Args:
        value: A number, a word, or what a filter made.
        language: Of the text.
        where: What error messages call it.

    Raises:
        Unescaped: It is text that no filter of that language has seen.
    """
    if isinstance(value, Escaped):
        if value.language in ("", language):
            return value
        raise Unescaped(f"{where}: a filter for {value.language}, where it is not: {value!r}")
    if isinstance(value, str):
        if _WORD.fullmatch(value):
            return value
        raise Unescaped(f"{where}: {str(value)!r} is no word: it needs a filter")
    if isinstance(value, int | float):
        return str(value)
    raise Unescaped(f"{where}: shows a {type(value).__name__}")


def text(value: str) -> str:
    """Return text that can be written at all.

    Raises:
        GhostError: It holds half of a surrogate pair.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise GhostError(f"{value!r} is not text: it holds half a character.") from error
    return value


def code(value: object) -> Escaped:
    """Return what was composed from names and numbers of our own: an expression, a list.

    Raises:
        Unescaped: It holds what no such thing has: a quote, a comment, an end of a line.
    """
    if not _CODE.fullmatch(str(value)):
        raise Unescaped(f"{value!r} is no expression of names and numbers")
    return Escaped(str(value))


def comment(value: str) -> Escaped:
    """Return text on one line, with `_` for all that could end a comment in any language."""
    return Escaped(
        "".join(
            c if c in _IN_COMMENTS or unicodedata.category(c)[0] in "LMN" else "_"
            for c in text(value)
        )
    )


def c_string(value: str) -> Escaped:
    """Return a C string literal of the text's UTF-8 bytes."""
    octets = (
        f"\\{b:03o}" if not 32 <= b < 127 else f"\\{b:c}" if b in b'"\\?' else chr(b)
        for b in text(value).encode()
    )
    return Escaped(f'"{"".join(octets)}"', "c")


def c_json(value: str) -> Escaped:
    """Return a C string literal that holds the inside of `value` as a JSON string."""
    return c_string(json.dumps(text(value))[1:-1])


def toml(value: str) -> Escaped:
    """Return a TOML string."""
    return Escaped(_basic(value), "toml")


def yaml(value: str) -> Escaped:
    """Return a YAML string, in quotes unless it is words that YAML takes for one."""
    plain = re.fullmatch(r"[A-Za-z_][\w./-]*( [\w./-]+)*", value, re.ASCII)
    return Escaped(value if plain and value.lower() not in _NO_STRINGS else _basic(value), "yaml")


def json_string(value: str) -> Escaped:
    """Return a JSON string."""
    return Escaped(json.dumps(text(value)), "json")


def markdown(value: str) -> Escaped:
    """Return text within a line of Markdown; what is not printable becomes a space."""
    line = "".join(c if c.isprintable() else " " for c in text(value))
    return Escaped(_MARKDOWN.sub(r"\\\g<0>", line), "markdown")


def _basic(value: str) -> str:
    """Return a string in double quotes as both TOML and YAML read it."""

    def escaped(c: str) -> str:
        if c in '"\\':
            return f"\\{c}"
        if c.isprintable():
            return c
        return f"\\u{ord(c):04X}" if ord(c) < 0x1_0000 else f"\\U{ord(c):08X}"

    return f'"{"".join(map(escaped, text(value)))}"'


FILTERS: dict[str, Callable[..., Escaped]] = {
    "code": code,
    "comment": comment,
    "c_string": c_string,
    "c_json": c_json,
    "toml": toml,
    "yaml": yaml,
    "json": json_string,
    "markdown": markdown,
}
"""The filters of templates; HTML escapes by itself."""


def tcl(value: str, what: str) -> str:
    """Return one word of Tcl, which OpenOCD's commands are.

    Args:
        value: The word.
        what: What error messages call it.

    Raises:
        GhostError: It holds what braces cannot quote.
    """
    plain = re.fullmatch(r"[A-Za-z0-9_./:@%+,=-]+", value)
    return value if plain else braced(value, what)


def braced(value: str, what: str) -> str:
    """Return one word of Tcl in braces, within which Tcl looks at nothing; see `tcl`.

    Raises:
        GhostError: It holds what braces cannot quote.
    """
    return "{" + _without("{}\\", value, what) + "}"


def quoted(value: str, what: str) -> str:
    """Return a word in double quotes, for programs that know no way to write a quote in it.

    Args:
        value: The word.
        what: What error messages call it.

    Raises:
        GhostError: It holds a quote, a backslash, or what could end the command.
    """
    return '"' + _without('"\\;', value, what) + '"'


def _without(forbidden: str, value: str, what: str) -> str:
    bad = next((c for c in value if c in forbidden or not c.isprintable()), None)
    if bad is not None:
        raise GhostError(
            f"{what} {value!r} holds {bad!r}, which the program cannot be told. Choose another."
        )
    return value

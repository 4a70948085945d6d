# SPDX-License-Identifier: Apache-2.0
"""Sizes and counts as people read them, and text from outside that is safe to show them."""

from __future__ import annotations

import codecs
import io
import re
import sys
import unicodedata

_SPELT = {"≈": "~", "–": "-", "−": "-", "…": "...", "·": "*", "×": "x", "±": "+-", "→": "->",
          "✓": "+", "✗": "x", "█": "#", "│": "|", "─": "-", "━": "-"}  # fmt: skip


def size(n: int) -> str:
    """Return bytes as people read them: 1.31 MiB, 96.0 KiB, 312 B."""
    if abs(n) >= 1 << 20:
        return f"{n / (1 << 20):.2f} MiB"
    if abs(n) >= 1 << 10:
        return f"{n / (1 << 10):.1f} KiB"
    return f"{n} B"


def count(n: float, one: str = "", many: str = "") -> str:
    """Return a count in groups of thousands: 128 730; with a noun: 1 frame, 2 frames.

    Args:
        n: The count.
        one: What a single one is called.
        many: What more or none are called; an s more if left out.
    """
    number = f"{n:,.0f}".replace(",", " ")
    noun = one if number == "1" or not one else many or f"{one}s"
    return f"{number} {noun}".rstrip()


def a(name: str) -> str:
    """Return a name with its article, as it is said: an int8, a GRU, an M4, an stm32f1."""
    letters = re.match("[A-Za-z]*", name)[0]  # type: ignore[index]
    spelled = letters.isupper() or not re.search("[aeiou]", letters)
    vowels = "aefhilmnorsx" if spelled else "aeiou"
    return f"{'an' if name[:1].lower() in vowels else 'a'} {name}"


def printable(text: object, keep: str = "") -> str:
    r"""Return text from outside so that it cannot play tricks on a terminal.

    Boards, models, USB descriptors, names of files and of classes come from others. Control
    characters, those that turn the direction of writing, invisible ones and what was no UTF-8 come
    as `\x1b`, `\u202e` or `\udcff`.

    Args:
        text: A string, or anything that has one.
        keep: Control characters to let through, such as a newline.
    """
    given = str(text)
    if given.isprintable():
        return given
    return "".join(c if c.isprintable() or c in keep else _escape(ord(c)) for c in given)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def spell_out() -> None:
    """Let stdout and stderr write in letters what their encoding does not have, and never fail."""
    codecs.register_error("spell_out", _spelt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="spell_out")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    letters = ""
    for character in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        letters += _SPELT.get(character, plain or f"\\u{ord(character):04x}")
    return letters, error.end

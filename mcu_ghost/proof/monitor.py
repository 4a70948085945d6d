# SPDX-License-Identifier: Apache-2.0
"""What a board prints, as lines that are safe on a terminal, and the events among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcu_ghost.proof.link.link import Port
    from mcu_ghost.sound.keywords import Line

_PAUSE = 0.5  # seconds after which an unfinished line is shown
_LONGEST = 4096


def lines(port: Port) -> Iterator[str]:
    r"""Yield what a board prints, line by line, for ever.

    Bytes that are no text come as `\x9f`, so that noise cannot play tricks on a terminal.
    """
    pending = b""
    while True:
        data = port.read(_PAUSE)
        *complete, pending = (pending + data).split(b"\n")
        if pending and (not data or len(pending) > _LONGEST):
            complete.append(pending)
            pending = b""
        for line in complete:
            yield _readable(line.rstrip(b"\r"))


def event(line: str) -> Line | None:
    """Return a line of the `kws` app, as docs/format.md describes them, or None for other text."""
    if line.startswith("{"):
        try:
            found = json.loads(line)
        except ValueError:
            return None
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            return found
    return None


def garbled(line: str) -> bool:
    """Whether most of a line is noise, as at a wrong baud rate."""
    return 4 * line.count("\\x") > len(line) / 2


def _readable(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)

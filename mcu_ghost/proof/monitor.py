# SPDX-License-Identifier: Apache-2.0
"""What a board prints, as lines that are safe on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcu_ghost.host.text import printable

if TYPE_CHECKING:
    from mcu_ghost.proof.link.line import Port

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
            yield printable(line.rstrip(b"\r").decode("utf-8", "backslashreplace"), keep="\t")


def garbled(line: str) -> bool:
    """Whether most of a line is noise, as at a wrong baud rate."""
    return 4 * line.count("\\x") > len(line) / 2

# SPDX-License-Identifier: Apache-2.0
"""What a board sends: lines that are safe on a terminal, and the sound of apps that send it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import printable
from mcu_ghost.proof.link.messages import REPLY, SOUND
from mcu_ghost.proof.link.packets import decode
from mcu_ghost.sound.audio import RATE, Samples

if TYPE_CHECKING:
    from mcu_ghost.proof.link.line import Port

_PAUSE = 0.5  # seconds after which what is unfinished is shown
_LONGEST = 4096
_SHOWN = 64  # bytes of a packet that makes no sense
_PACKET = re.compile(rb"\0([^\0][\x80-\xff][^\0]*)\0")  # COBS; the second byte is the type
_BEGUN = re.compile(rb"\0([^\0]([\x80-\xff][^\0]*)?)?\Z")
_NUMBER = 4  # bytes of a hop's number, in front of its samples
_SUM = 4  # bytes of a CRC-32 of both, behind them
_LONGEST_GAP = 60 * RATE  # samples; beyond that the board began anew


@dataclass(frozen=True, eq=False)
class Hop:
    """A hop of sound.

    Attributes:
        number: Its own, from when the board started; those that the board lost are counted.
        sequence: Its packet's, 0 to 255.
        samples: (hop,) int16.
    """

    number: int
    sequence: int
    samples: Samples


def said(port: Port) -> Iterator[str | Hop]:
    r"""Yield what a board sends, for ever: what it prints, line by line, and hops of sound.

    Bytes that are neither come as `\x9f`, so that noise cannot play tricks on a terminal.
    """
    pending = b""
    while True:
        data = port.read(_PAUSE)
        pending, looked_at = pending + data, 0
        while packet := _PACKET.search(pending, looked_at):
            looked_at = packet.end() - 1  # where the next one may begin
            hop = hop_of(packet[1])
            if hop is not None:
                *complete, rest = pending[: packet.start()].split(b"\n")
                yield from _texts([*complete, *filter(None, (rest,))])
                yield hop
                pending, looked_at = pending[looked_at:], 0
        begun = _BEGUN.search(pending, looked_at) if data else None
        end = begun.start() if begun and len(begun[0]) <= _LONGEST else len(pending)
        *complete, rest = pending[:end].split(b"\n")
        if rest and (not data or len(rest) > _LONGEST):
            complete.append(rest)
            rest = b""
        pending = rest + pending[end:]
        yield from _texts(complete)


def hop_of(chunk: bytes) -> Hop | None:
    """Return the hop of sound in what lay between two zeros, or None where it is none."""
    packet = decode(chunk)
    if packet is None or packet.type != SOUND | REPLY:
        return None
    content, crc = packet.payload[:-_SUM], packet.payload[-_SUM:]
    if len(content) <= _NUMBER or len(content) % 2:
        return None
    if zlib.crc32(content) != int.from_bytes(crc, "little"):
        return None
    made = np.frombuffer(content, "<i2", offset=_NUMBER).astype(np.int16)
    return Hop(int.from_bytes(content[:_NUMBER], "little"), packet.sequence, made)


def split(data: bytes) -> tuple[list[bytes | Hop], bytes]:
    """Take apart what came over a line that damages nothing, as an emulator's.

    Returns:
        Lines without their ends, and hops of sound, in order; and what is not complete.

    Raises:
        GhostError: There is a packet that is no hop.
    """
    found = list[bytes | Hop]()
    while True:
        sound = data.startswith(b"\0")
        one, mark, rest = data[1:].partition(b"\0") if sound else data.partition(b"\n")
        if not mark:
            return found, data
        hop = hop_of(one) if sound else None
        if sound and hop is None:
            raise GhostError(f"The board sent a packet that is no sound: {one[:_SHOWN].hex()}")
        found.append(hop or one)
        data = rest


def _texts(lines: list[bytes]) -> Iterator[str]:
    for line in lines:
        text = line.rstrip(b"\r").lstrip(b"\0")  # which packets leave behind
        if text or not line.startswith(b"\0"):
            yield printable(text.decode("utf-8", "backslashreplace"), keep="\t")


def garbled(line: str) -> bool:
    """Whether most of a line is noise, as at a wrong baud rate."""
    return 4 * line.count("\\x") > len(line) / 2


class Sound:
    """Hops put together again; what was lost is silence.

    Attributes:
        samples: That came, or should have.
        lost: Hops that the board was too slow for.
        lost_on_line: Hops whose packets did not arrive whole.
    """

    def __init__(self) -> None:
        self.samples = self.lost = self.lost_on_line = 0
        self._last: Hop | None = None

    def take(self, hop: Hop) -> Samples:
        """Return the next samples: silence in place of what is missing, then the hop's."""
        made = hop.samples
        if self._last is not None:
            missing = hop.number - self._last.number - 1
            if 0 < missing * len(made) <= _LONGEST_GAP:
                on_line = min(missing, (hop.sequence - self._last.sequence - 1) % 256)
                self.lost += missing - on_line
                self.lost_on_line += on_line
                made = np.concatenate([np.zeros(missing * len(made), np.int16), made])
        self._last = hop
        self.samples += len(made)
        return made

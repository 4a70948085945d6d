# SPDX-License-Identifier: Apache-2.0
"""The lines of apps that hear, as docs/format.md describes them, each checked before it is used."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from mcu_ghost.host.text import count

_Count = Annotated[int, Meta(ge=0, lt=2**32)]  # what the app counts in 32 bits
_SILENT_BITS = 4  # 66 dB below full scale: no microphone is so quiet in any room
_Time = Annotated[int, Meta(ge=0, lt=2**43)]  # milliseconds of sound: a 32-bit number of hops


class Start(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="start"):
    """The first line.

    Attributes:
        app: Its name.
        version: Of mcu-ghost that made the image.
        model: Name of the model.
        hash: Of the model, in hexadecimal.
        rate: Samples per second of the microphone, rounded.
        hop_ms: Milliseconds of a hop.
        counter_hz: Ticks per second of what `Status.busy` is counted in; 0: there is no counter.
        words: What may be reported, by the `kws` app.
        reset: Why the board started, where it has a watchdog: "power", "watchdog" and the like.
    """

    app: str
    version: str
    model: str
    hash: str
    rate: _Count
    hop_ms: Annotated[int, Meta(ge=1, le=1000)]
    counter_hz: _Count
    words: tuple[str, ...] = ()
    reset: str = ""


class Clip(Struct, frozen=True):
    """Which hops of sound the `kws_clips` app sends after a word.

    Attributes:
        first: The number of the first, counted from the start as `Overrun.hops` are, too.
        hops: How many, those that were lost included.
        hop_ms: Milliseconds of a hop.
    """

    first: _Count
    hops: Annotated[int, Meta(ge=1, le=10_000)]
    hop_ms: Annotated[int, Meta(ge=1, le=1000)]


class Word(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="word"):
    """A word was recognised.

    Attributes:
        word: Its label.
        ms: When, in milliseconds of sound since the start, as in all lines.
        score: `sum` over its full scale, cut to thousandths.
        sum: Of the word's outputs over the detector's window.
        clip: The sound around it that will be sent, if any is.
    """

    word: str
    ms: _Time
    score: Annotated[float, Meta(ge=0, le=1)]
    sum: _Count
    clip: Clip | None = None


class Overrun(Struct, frozen=True, kw_only=True, tag_field="event", tag="overrun"):
    """Sound was lost.

    Attributes:
        ms: Where the last hop that was lost ended.
        hops: How many were.
    """

    ms: _Time
    hops: _Count


class Busy(Struct, frozen=True):
    """Counter ticks that a hop took, of those since the last status line."""

    min: _Count
    mean: _Count
    max: _Count


class Stack(Struct, frozen=True):
    """Bytes of stack that were touched, and that there are."""

    used: _Count
    size: _Count


class Sound(Struct, frozen=True):
    """How loud the samples since the last status line were.

    Attributes:
        bits: Of the largest amplitude: 15 is within 6 dB of full scale, each one less 6 dB below.
        clipped: Samples at either end of the scale.
    """

    bits: Annotated[int, Meta(ge=0, le=15)]
    clipped: _Count

    @property
    def peak_db(self) -> float:
        """What no sample was louder than, dB of full scale."""
        return 20 * math.log10(2) * (self.bits - 15)

    @property
    def fault(self) -> str:
        """What is wrong with it, for a person; "" if nothing."""
        if self.clipped:
            return (
                f"{count(self.clipped, 'sample')} clipped: give the microphone less gain, or"
                " speak from further away"
            )
        if self.bits <= _SILENT_BITS:
            return "hardly any sound: is the microphone wired, and has it power and gain?"
        return ""


class Status(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="status"
):
    """How the board fares.

    Attributes:
        ms: Of sound so far.
        overruns: Hops lost so far.
        busy: What hops cost.
        stack: What it needed of its stack.
        crc: CRC-32 of all that was made so far, eight hexadecimal digits: outputs of the network,
            or clean samples.
        sound: How loud it was; None of images that do not say.
    """

    ms: _Time
    overruns: _Count
    busy: Busy
    stack: Stack
    crc: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]
    sound: Sound | None = None


Line = Start | Word | Overrun | Status
_KINDS = ("start", "word", "overrun", "status")
_LINE = msgspec.json.Decoder(Line)
_ANY = msgspec.json.Decoder(dict[str, Any])


def read(text: str | bytes) -> Line | None:
    """Return what a line of the app says, or None where it is none, or not whole.

    Entries that are not known are passed over: a later version may say more.
    """
    try:
        return _LINE.decode(text)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def as_json(text: str | bytes) -> str | None:
    """Return an event, of the app or of code added to it, as JSON in ASCII, or None for other text.

    A line that calls itself one of the app's is an event only if `read` takes it.
    """
    try:
        found = _ANY.decode(text)
        kind = found.get("event")
        if not isinstance(kind, str) or (kind in _KINDS and read(text) is None):
            return None
        return json.dumps(found)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def plain(lines: Any) -> Any:
    """Return lines, alone or in dataclasses and sequences, as what JSON is made of."""
    return msgspec.to_builtins(lines)

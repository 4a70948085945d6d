# SPDX-License-Identifier: Apache-2.0
"""A table of levels as a picture within a page, whose colours go from black to pale yellow."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from mcu_ghost.host import charts
from mcu_ghost.host.charts import Axis, Scale

SHADES = 64  # fewer than eyes tell apart; the file is half as long as with all 256

# Every ninth colour of "magma", by N. Smith and S. van der Walt, who gave it away (CC0). It grows
# brighter evenly, to all eyes and in print.
_MAGMA = ("000004", "180f3d", "440f76", "721f81", "9e2f7f", "cd4071", "f1605d", "fd9668",
          "feca8d", "fcfdbf")  # fmt: skip

Levels = npt.NDArray[np.float32]


def png(levels: Levels, low: float, high: float) -> bytes:
    """Return levels as a PNG file with a palette.

    Args:
        levels: (rows, columns), the first row at the top.
        low: What is black; less is black too.
        high: What is pale; more is pale too.
    """
    share = np.clip((levels - low) / (high - low), 0, 1)
    pixels = np.rint(share * (SHADES - 1)).astype(np.uint8)
    rows, columns = pixels.shape
    lines = np.pad(pixels, ((0, 0), (1, 0))).tobytes()  # each begins with its filter: none
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", _palette()), (b"IDAT", zlib.compress(lines, 9)),
             (b"IEND", b""))  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def figure(
    title: str,
    picture: bytes,
    across: Axis,
    up: Axis,
    told: Sequence[tuple[float, str]],
    scale: str,
) -> Markup:
    """Return a picture with axes and the scale of its colours.

    Args:
        title: What it shows, for those who do not see it.
        picture: A PNG file.
        across: The axis of its columns, with both ends.
        up: Likewise of its rows.
        told: What to say of each stretch of columns, and where it ends, from left to right.
        scale: What black and pale are.
    """
    place, level = Scale(across, ()), Scale(up, ())
    ends = [0.0, *(place.at(end) for end, _ in told)]
    hits = [
        Markup(
            '<rect class="hit" x="{:.2f}%" width="{:.2f}%" height="100%" data-x="{:.2f}">'
            "<title>{}</title></rect>"
        ).format(left, right - left, (left + right) / 2, text)
        for left, right, (_, text) in zip(ends[:-1], ends[1:], told, strict=True)
    ]
    return Markup(
        '<figure class="chart"><div class="up">{up}<span class="shades">{scale}</span></div>'
        '<svg class="plot heat" data-walk="" tabindex="0" role="group" aria-label="{title}">'
        '<image href="data:image/png;base64,{picture}" width="100%" height="100%"'
        ' preserveAspectRatio="none"/>{axes}{hits}</svg><div class="across">{across}</div></figure>'
    ).format(
        up=up.label,
        scale=scale,
        title=title,
        picture=base64.b64encode(picture).decode(),
        axes=charts.axes(place, level),
        hits=Markup("").join(hits),
        across=across.label,
    )


def _palette() -> bytes:
    known = np.array([list(bytes.fromhex(colour)) for colour in _MAGMA], np.float64)
    at = np.linspace(0, len(_MAGMA) - 1, SHADES)
    channels = [np.interp(at, np.arange(len(_MAGMA)), channel) for channel in known.T]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8).tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

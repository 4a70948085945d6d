# SPDX-License-Identifier: Apache-2.0
"""A recording before and after, as one page to hear and see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcu_ghost.host import templates
from mcu_ghost.host.text import printable
from mcu_ghost.host.version import __version__
from mcu_ghost.sound import spectrogram
from mcu_ghost.sound.cleaning import PIECE_MS, Cleaned, Pair
from mcu_ghost.sound.spectrogram import Excerpt, Shown


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `denoise.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        name: Of the recording.
        model: Name of the model.
        cleaned: What was done to it.
        levels: Names of tenths of its pieces, and their levels before and after.
        piece_ms: How long a piece is.
        sounds: The beginning of both.
        window_ms: How long a column of their spectrograms is.
        part: Which part that is, "" where it is all.
        how: Sentences on what it took.
    """

    version: str
    name: str
    model: str
    cleaned: Cleaned
    levels: list[tuple[str, Pair]]
    piece_ms: int
    sounds: list[Shown]
    window_ms: float
    part: str
    how: Sequence[str]


def page(
    name: str, model: str, cleaned: Cleaned, excerpt: Excerpt, how: Sequence[str]
) -> str:  # fmt: skip
    """Return the page's HTML.

    Args:
        name: Of the recording.
        model: Name of the model.
        cleaned: What was done to it.
        excerpt: The beginning of both.
        how: Sentences on what it took.
    """
    before, after = excerpt.both
    found = (("the quietest tenth: pauses", cleaned.quietest),
             ("the loudest tenth: speech", cleaned.loudest))  # fmt: skip
    context = PageContext(
        __version__,
        printable(name),
        model,
        cleaned,
        [(title, pair) for title, pair in found if pair is not None],
        PIECE_MS,
        spectrogram.shown({"before": before, "after": after}, excerpt.rate),
        1000 * spectrogram.FRAME / excerpt.rate,
        excerpt.shown,
        how,
    )
    return templates.render("report/denoise.html.jinja", context)

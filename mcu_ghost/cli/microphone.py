# SPDX-License-Identifier: Apache-2.0
"""Which microphone a verb hears, and how loud it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcu_ghost.sound.capture import Microphone

BAR = 40  # characters of a level, from the quietest to full scale
QUIETEST_DB = -80.0

device = click.option(
    "--device",
    default="",
    metavar="NAME|NUMBER",
    help="A microphone of this PC, by its number or a part of its name.  [default: the system's]",
)


def choose(device: str) -> Microphone:
    """Return the microphone that was asked for."""
    from mcu_ghost.sound import sound_card

    return sound_card.find(device)


def bar(level_db: float, width: int = BAR) -> str:
    """Return how loud something is as a bar."""
    return "█" * round(width * min(1.0, max(0.0, 1 - level_db / QUIETEST_DB)))

# SPDX-License-Identifier: Apache-2.0
"""What to say to somebody who names a board that there is not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcu_ghost.host.errors import did_you_mean

# Chips and boards of other cores, as their names begin.
_NO_CORTEX_M = re.compile(
    r"esp(32|8266)|atmega|attiny|avr|(arduino)?(uno|mega2560)(rev3|r3)?$|msp430|pic(16|18|24|32)"
    r"|dspic|riscv|ch32v|gd32v|k210|bl60[24]|hifive|fe310|raspberrypi[1-5]|rpi[1-5]|jetson|linux|x86"
)


def suggest(word: str, titles: Mapping[str, str]) -> str:
    """Return what was probably meant, as a sentence after a space, or "".

    What stands in a title, such as the chip, says more than letters that look alike.

    Args:
        word: What was asked for: a board, a chip or a family.
        titles: The titles of the boards that there are, by their names.
    """
    wanted = _letters(word)
    if len(wanted) < 3:
        return ""
    meant = [name for name, title in titles.items() if wanted in _letters(f"{name} {title}")]
    if not meant:  # a part's number goes on: STM32F407VGT6
        meant = [
            name
            for name, title in titles.items()
            if any(wanted.startswith(part) for part in _parts(title))
        ]
    if meant:
        meant.sort(key=lambda name: not _letters(name).startswith(wanted))
        boards = [f"'{name}'" for name in meant[:3]]
        return f" Did you mean {' or '.join(boards)}?"
    if _NO_CORTEX_M.match(wanted):
        return (
            " That is no Cortex-M: `mcu-ghost export --as cmake --core any -o DIR` writes the"
            " network as plain C for any compiler."
        )
    return did_you_mean(word, titles)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _parts(title: str) -> list[str]:
    """Return what in a title looks like a chip: letters and digits, long enough to mean one."""
    words = [_letters(word) for word in re.split(r"[ ()]", title)]
    return [word for word in words if len(word) > 5 and re.search(r"\d{3}", word)]

# SPDX-License-Identifier: Apache-2.0
"""Whether a model fits a board: a bound before anything is compiled, exact after linking."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

# No image of any app is smaller than this besides its constants (kernels, start-up, console).
_CODE_FLOOR = 3 << 10


class DoesNotFit(GhostError):
    """An image is larger than its board; the message says by how much and where it fits."""


@dataclass(frozen=True)
class Need:
    """Memory that an image takes, or at least takes.

    Attributes:
        flash: Bytes of constants and code.
        ram: Bytes of state, scratch, buffers and stack.
        exact: Whether the numbers are from a linked image.
    """

    flash: int
    ram: int
    exact: bool = False


def lower_bound(constants: int, variables: int, stack: int) -> Need:
    """Return what an image with these constants and variables needs at the very least."""
    return Need(constants + _CODE_FLOOR, variables + stack)


def validate(need: Need, board: Board) -> None:
    """Raise DoesNotFit with the bytes missing and the smallest board that fits, if any."""
    problems = []
    for what, bytes_needed, memory in (
        ("flash", need.flash, board.flash),
        ("RAM", need.ram, board.ram),
    ):
        if bytes_needed > memory.usable:
            over = bytes_needed - memory.usable
            problems.append(
                f"{text.size(bytes_needed)} ({bytes_needed} B) {what}, {board.name} has "
                f"{text.size(memory.usable)}: {text.size(over)} ({over} B) over"
            )
    if not problems:
        return
    fitting = [b for b in boards.every() if _fits(need, b)]
    fitting.sort(key=lambda b: (b.flash.usable, b.ram.usable, b.name))
    advice = (
        f"Smallest board that fits: {fitting[0].name}."
        if fitting
        else "No known board fits: use fewer units, a higher ratio or fewer layers."
    )
    least = "" if need.exact else "at least "
    raise DoesNotFit(f"The image needs {least}{'; and '.join(problems)}. {advice}")


def _fits(need: Need, board: Board) -> bool:
    return need.flash <= board.flash.usable and need.ram <= board.ram.usable

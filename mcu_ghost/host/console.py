# SPDX-License-Identifier: Apache-2.0
"""What a person sees: everything on stderr, colour only on a terminal; JSON alone on stdout."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mcu_ghost.host.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@functools.cache
def stderr() -> Console:
    """Return the console for people; whatever is printed, no control character gets through it."""
    from rich.console import Console
    from rich.segment import Segment

    class Safe(Console):
        """A console whose control characters are its own."""

        def render(self, *args: Any, **options: Any) -> Iterator[Segment]:
            """Yield what is printed, piece by piece."""
            for piece in super().render(*args, **options):
                if piece.control is None:
                    yield Segment(printable(piece.text, keep="\n\t"), piece.style)
                else:
                    yield piece

    return Safe(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def say(text: str) -> None:
    """Print a line; `[bold]…[/]` and the like are markup."""
    stderr().print(text)


def literal(value: object) -> str:
    """Return text from outside as it may stand amid markup: none of it is taken for any."""
    from rich.markup import escape

    return escape(printable(value))


def progress(hidden: bool = False) -> Progress:
    """Return a progress bar that vanishes when done and stays silent off a terminal."""
    from rich import progress as bars

    console = stderr()
    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
    )


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str, float, float | None], None]]:
    """Yield what shows some work stage by stage, each with a bar of its own in the same place.

    It takes what is being done, how much of it was done since the last call, and of how much.
    """
    with progress() as bars:
        task, name = None, ""

        def show(what: str, done: float, total: float | None) -> None:
            nonlocal task, name
            if what != name and task is not None:
                bars.remove_task(task)
            if what != name or task is None:
                task, name = bars.add_task(what, total=total), what
            bars.advance(task, done)

        yield show


def print_json(data: dict[str, Any] | list[Any]) -> None:
    """Print a result for scripts."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")

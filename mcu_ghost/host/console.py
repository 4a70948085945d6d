# SPDX-License-Identifier: Apache-2.0
"""What a person sees: results on stdout, progress and warnings on stderr.

Colour comes only on a terminal, and where JSON was asked for it is alone on stdout.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mcu_ghost.host.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table


_FEW = 20  # sentences of a kind; a data set may have a hundred thousand troubles
_WIDE = 200  # columns where nobody says how many there are: a line for a pipe is never folded


def stdout() -> Console:
    """Return the console for results; on a terminal bars stay below them."""
    return _console(stderr=sys.stdout.isatty() and sys.stderr.isatty())


def stderr() -> Console:
    """Return the console for progress and warnings."""
    return _console(stderr=True)


@functools.cache
def _console(stderr: bool) -> Console:
    """Return a console that no control character gets through, whatever is printed."""
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

    console = Safe(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDE
    return console


def say(text: str) -> None:
    """Print a line of a result; `[bold]…[/]` and the like are markup."""
    stdout().print(text)


def show(table: Table) -> None:
    """Print a table of a result; where it is too wide its cells are folded, and nothing is cut."""
    stdout().print(table, soft_wrap=False)


def width(table: Table) -> int:
    """Return how many columns a table takes where nothing must be folded."""
    from rich.measure import Measurement

    console = stdout()
    return Measurement.get(console, console.options.update(width=1000), table).maximum


def few(sentences: Sequence[str], around: str = "{}") -> None:
    """Print the first of some sentences of a result, and how many more there are.

    Args:
        sentences: Text from outside.
        around: Markup with a place for each of them.
    """
    for sentence in sentences[:_FEW]:
        say(around.format(literal(sentence)))
    if len(sentences) > _FEW:
        say(around.format(f"… and {len(sentences) - _FEW} more; --json has all of them"))


def note(text: str) -> None:
    """Print a line of progress, or a warning."""
    stderr().print(text)


def warn(sentence: str) -> None:
    """Print a warning, text from outside."""
    note(f"[yellow]{literal(sentence)}[/]")


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
            if what != name or task is None:  # what was done before is no work of this run
                task, name = bars.add_task(what, total=total, completed=int(done)), what
            else:
                bars.advance(task, done)

        yield show


def print_json(data: dict[str, Any] | list[Any]) -> None:
    """Print a result for scripts."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def print_event(event: dict[str, Any]) -> None:
    """Print one of the results that come without end, as a line of JSON, at once."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()

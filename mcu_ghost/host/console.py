# SPDX-License-Identifier: Apache-2.0
"""What a person sees: everything on stderr, colour only on a terminal; JSON alone on stdout."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@functools.cache
def stderr() -> Console:
    """Return the console for people."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a line; `[bold]…[/]` and the like are markup."""
    stderr().print(text)


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


def print_json(data: dict[str, Any] | list[Any]) -> None:
    """Print a result for scripts."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost doctor`: what is installed, what is missing, and the line that installs it."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.project.doctor import Diagnosis


@click.command(
    "doctor",
    epilog="Examples: mcu-ghost doctor · mcu-ghost doctor train · mcu-ghost doctor -b microbit",
)
@click.argument("verb", nargs=-1, metavar="[VERB]")
@click.option("--board", "-b", callback=options.load_board, metavar="NAME",
              shell_complete=options.complete_board,
              help="Look at this board's emulators and methods.")  # fmt: skip
@options.as_json
def command(verb: tuple[str, ...], board: Board | None, as_json: bool) -> None:
    """Say which tools are there, which verbs work, and what installs the rest.

    Exit code 1 when `build` or `test`, or the VERB asked for (`train`, `data synth` …), would not
    work here.
    """
    from mcu_ghost.host import console
    from mcu_ghost.project import doctor

    diagnosis = doctor.diagnose((" ".join(verb),) if verb else (), board)
    if as_json:
        data = dataclasses.asdict(diagnosis)
        for tool in data["tools"]:
            tool["path"] = None if tool["path"] is None else str(tool["path"])
        console.print_json(data)
    else:
        _show(diagnosis)
    if not diagnosis.works:
        sys.exit(1)


def _show(diagnosis: Diagnosis) -> None:
    """Print tools, then verbs."""
    from mcu_ghost.host import console

    width = max((len(tool.name) for tool in diagnosis.tools), default=10)
    for tool in diagnosis.tools:
        mark = "[green]✓[/]" if tool.there else "[yellow]–[/]"
        what = f"{console.literal(tool.version)}  " if tool.version else ""
        how = f": [bold]{console.literal(tool.install)}[/]" if tool.install else ""
        console.say(f"{mark} {tool.name:<{width}}  {what}[dim]{tool.title}[/]{how}")
    console.say("")
    for verdict in diagnosis.verdicts:
        mark = "[green]✓[/]" if verdict.works else "[red]✗[/]"
        told = "; ".join(verdict.install)
        if verdict.works and verdict.others:
            mark = "[yellow]–[/]"
            told = f"only for {', '.join(verdict.boards)}; for the others: {told}"
        console.say(f"{mark} {verdict.verb:<{width}}  {console.literal(told)}".rstrip())

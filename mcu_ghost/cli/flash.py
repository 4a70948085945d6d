# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost flash`: an image onto a board."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.boards.flash.flash import Plan


@click.command(
    "flash",
    epilog="Examples: mcu-ghost flash -b nrf52840 --app kws · mcu-ghost flash -b pico --method uf2"
    " --dry-run",
)
@options.board
@click.option("--image", type=click.Path(path_type=Path), metavar="FILE",
              help="An .elf, .hex, .bin or .uf2; the board's build if left out.")  # fmt: skip
@click.option("--app", type=options.APP, default=options.of_project(lambda project: project.app),
              help="Which of the board's builds.  [default: ghost.toml's, or the only one that is"
              " there]")  # fmt: skip
@click.option("--method", default="", metavar="NAME",
              help="Force one; else the first that is installed and plugged in.")  # fmt: skip
@click.option("--probe", default="", metavar="SERIAL",
              help="Which debug probe or bootloader, by its serial number.")  # fmt: skip
@click.option("--port", default="", metavar="DEVICE", help="Which serial port.")
@click.option("--volume", type=click.Path(path_type=Path), metavar="DIR",
              help="Where the board's drive is mounted.")  # fmt: skip
@click.option("--unlock", is_flag=True,
              help="If the chip is locked, erase all of it to open it.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the command lines; run nothing.")
@options.as_json
def command(
    board: Board,
    image: Path | None,
    app: str | None,
    method: str,
    probe: str,
    port: str,
    volume: Path | None,
    unlock: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write an image to a board, verify it, and start it.

    Only the image's own part of the flash is erased. A board, a program or a permission that is
    missing is named, with what to do.
    """
    from mcu_ghost.boards.flash import flash as flashing
    from mcu_ghost.boards.flash.choose import Wanted
    from mcu_ghost.build import folder
    from mcu_ghost.host import console

    wanted = Wanted(method, probe, port, volume)
    with contextlib.nullcontext(image) if image else folder.built_image(board, app) as chosen:
        plan = flashing.prepare(board, chosen, wanted, dry_run)
        if dry_run:
            _show(plan, unlock, as_json)
            return
        with console.stderr().status(f"{plan.choice.method} …") as status:
            flashing.carry_out(plan, lambda line: status.update(console.literal(line)), unlock)
    if as_json:
        console.print_json(plan.as_json())
    else:
        done = "verified" if plan.as_json()["verifies"] else "taken by the board"
        console.say(
            f"[bold]{console.literal(plan.payload.path)}[/] is on {console.literal(board.title)}:"
            f" {text.size(plan.payload.size)}"
            f" at {plan.payload.start:#x}, by {plan.choice.method}, {done}"
        )
        if plan.payload.hears:
            options.tell_wires(board)


def _show(plan: Plan, unlock: bool, as_json: bool) -> None:
    """Print what would run; nothing but command lines on stdout."""
    from mcu_ghost.boards.flash.flash import scripts
    from mcu_ghost.host import console

    if as_json:
        console.print_json(plan.as_json())
        return
    if plan.choice.missing:
        console.stderr().print(f"not possible yet: {plan.choice.missing}", markup=False)
    for step in plan.procedure.steps:
        click.echo(text.printable(step))
    if unlock and plan.procedure.unlock:
        click.echo("# if the chip is locked, and the above again:")
        for step in plan.procedure.unlock:
            click.echo(text.printable(step))
    for script in scripts(plan.procedure):
        if script.script and (unlock or script not in plan.procedure.unlock):
            click.echo(text.printable(f"# {script.script}:"))
            for line in script.script.read_text(encoding="utf-8").splitlines():
                click.echo(text.printable(f"#   {line}"))

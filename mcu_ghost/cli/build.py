# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost build`: from a model to an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, summary
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.build.build import Built
    from mcu_ghost.build.kernels import Choice
    from mcu_ghost.build.memory import Part
    from mcu_ghost.network.model import Model


@click.command(
    "build",
    epilog="Examples: mcu-ghost build -b nrf52840 · mcu-ghost build -b microbit -m mine.tflite",
)
@options.board
@options.model
@options.sensitivity
@options.app
@options.toolchain
@options.kernels
@options.out
@click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")
@options.as_json
def command(
    board: Board,
    model: Model,
    app: str,
    toolchain: str | None,
    kernels: Choice,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Build the firmware of a model for a board.

    Writes a CMake project with the generated C, and firmware.elf, .hex, .bin and .map, for a
    bootloader with a drive also .uf2.
    """
    from mcu_ghost.build import build
    from mcu_ghost.host import console

    with console.stderr().status("building …"):
        built = build.build(model, board, app, out, toolchain, kernels=kernels, force=force)
    if as_json:
        console.print_json(built.as_json())
    else:
        show(built)
        summary.show(built.model)
        if built.app.microphone:
            options.tell_wires(board)
        kinds = ".hex, .bin, .map" + (", .uf2" if built.uf2 else "")
        console.say(
            f"[bold]{console.literal(built.elf)}[/] ({kinds}), a CMake project in"
            f" {console.literal(built.elf.parent)}/"
        )


def show(built: Built) -> None:
    """Print the memory table."""
    from rich.table import Table

    from mcu_ghost.host import console

    table = Table(
        box=None,
        pad_edge=False,
        title=f"{console.literal(built.model.name)}, {built.app.name}, on {built.board.name} with "
        f"{built.toolchain.kind}, {built.kernels} kernels",
        title_justify="left",
        title_style="bold",
    )
    for heading in ("memory", "part", "size", "of the board"):
        right = heading == "size"
        table.add_column(heading, justify="right" if right else "left", overflow="fold")

    def rows(name: str, parts: tuple[Part, ...], used: int, size: int) -> None:
        for part in parts:
            table.add_row(name, part.name, text.size(part.bytes), "")
            name = ""
        share = used / size
        bar = "█" * max(1, round(20 * share))
        table.add_row("", "[bold]total[/]", f"[bold]{text.size(used)}[/]",
                      f"{share:6.1%} of {text.size(size)} {bar}")  # fmt: skip

    rows("flash", built.flash, built.flash_bytes, built.flash_size)
    rows("RAM", built.ram, built.ram_bytes, built.ram_size)
    console.show(table)

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost profile`: where a frame's instructions go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options
from mcu_ghost.host import text

if TYPE_CHECKING:
    from rich.table import Table

    from mcu_ghost.boards import Board
    from mcu_ghost.build.kernels import Choice
    from mcu_ghost.network.model import Model
    from mcu_ghost.proof.profile.attribution import Block
    from mcu_ghost.proof.profile.profile import Profile

_BLOCKS = 3  # that the terminal shows
_LINES = 24  # of each


@click.command(
    "profile",
    epilog="Examples: mcu-ghost profile -b nrf52840 · mcu-ghost profile -b microbit --html p.html",
)
@options.board
@options.model
@click.option("--frames", type=click.IntRange(1, 10000), default=49, show_default=True,
              metavar="N", help="Random frames to run.")  # fmt: skip
@options.html("with a flame graph")
@click.option("--speedscope", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also write what speedscope.app opens.")  # fmt: skip
@click.option("--emulator", type=click.Choice(["unicorn", "qemu"]),
              help="The board's first one if left out.")  # fmt: skip
@options.kernels
@options.toolchain
@options.as_json
def command(
    board: Board,
    model: Model,
    frames: int,
    html: Path | None,
    speedscope: Path | None,
    emulator: str | None,
    kernels: Choice,
    toolchain: str | None,
    as_json: bool,
) -> None:
    """Show where a frame's instructions go: by layer, function, kind and block.

    Counts the image that is flashed, exactly, from entry to return of the generated step.
    """
    from mcu_ghost.host import console, files
    from mcu_ghost.proof.profile import page, profile
    from mcu_ghost.proof.profile import speedscope as scope

    with console.progress() as bars:
        running = bars.add_task("emulating frames", total=frames)
        found = profile.profile(
            model,
            board,
            frames,
            toolchain=toolchain,
            kernels=kernels,
            emulator=emulator,
            progress=lambda done: bars.advance(running, done),
        )
    if html is not None:
        files.write_text(html, page.page(found))
    if speedscope is not None:
        files.write_text(speedscope, scope.text(found))
    if as_json:
        console.print_json(found.as_json())
        return
    show(found)
    if html is not None:
        console.say(f"[bold]{console.literal(html)}[/] has the flame graph and all of the blocks")
    if speedscope is not None:
        shown = console.literal(speedscope)
        console.say(f"[bold]{shown}[/]: open it in speedscope.app, or by `npx speedscope`")


def show(profile: Profile) -> None:
    """Print a profile."""
    from mcu_ghost.host import console

    total, macs = profile.instructions_per_frame, profile.macs_per_frame
    console.say(
        f"[bold]{console.literal(profile.model)}[/] on {profile.board} ({profile.core}),"
        f" {profile.toolchain}, {profile.kernels} kernels, {profile.emulator},"
        f" mean of {text.count(profile.frames, 'frame')}"
    )
    each = profile.instructions_per_mac
    per_mac = f", {each:.2f} instructions per MAC" if each is not None else ""
    console.say(
        f"[bold]{text.count(total, 'instruction')} per frame[/] (emulated),"
        f" {text.count(macs, 'MAC')} (computed){per_mac}"
    )
    guess = profile.estimate
    if guess is not None:
        waits = ""
        if guess.wait_states and guess.with_wait_states is not None:
            waits = (
                f"; {text.count(guess.with_wait_states)} with"
                f" {text.count(guess.wait_states, 'wait state')}"
            )
        console.say(
            f"about {text.count(guess.cycles, 'cycle')} ({text.count(guess.fastest)} to"
            f" {text.count(guess.slowest)}) from memory without wait states{waits} (estimated)"
        )
    for table in (_layers(profile), _functions(profile)):
        console.say("")
        console.show(table)
    kinds = (f"{n} {text.count(k)} [dim]({k / total:.0%})[/]" for n, k in profile.mix.items())
    console.say("\n[bold]kinds[/]  " + " · ".join(kinds))
    for block in profile.blocks[:_BLOCKS]:
        _show_block(block, total)
    if guess is not None:
        console.say("\n[bold]the estimate assumes[/]")
        for sentence in guess.assumptions:
            console.say(f"[dim]· {sentence}[/]")


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        left = heading in ("layer", "function", "source")
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    return table


def _layers(profile: Profile) -> Table:
    from mcu_ghost.host import console
    from mcu_ghost.host.text import count

    guessed = ("estimated cycles",) if profile.estimate else ()
    table = _table("layer", "instructions", "share", "MACs", "per MAC", *guessed)
    for layer in profile.layers:
        share = layer.instructions / profile.instructions_per_frame
        cycles = [] if layer.cycles is None else [count(layer.cycles)]
        table.add_row(
            f"[bold]{console.literal(layer.name)}[/]", count(layer.instructions), f"{share:.1%}",
            count(layer.macs) if layer.macs else "",
            f"{layer.instructions / layer.macs:.2f}" if layer.macs else "",
            *cycles,
        )  # fmt: skip
    return table


def _functions(profile: Profile) -> Table:
    from mcu_ghost.host import console
    from mcu_ghost.host.text import count

    table = _table("function", "own", "share", "with callees", "source")
    for function in profile.functions:
        share = function.own / profile.instructions_per_frame
        source = console.literal(function.source.rpartition("/")[2])
        table.add_row(
            f"[bold]{console.literal(function.name)}[/]", count(function.own), f"{share:.1%}",
            count(function.inclusive), f"[dim]{source}[/]",
        )  # fmt: skip
    return table


def _show_block(block: Block, total: float) -> None:
    from mcu_ghost.host import console

    share = block.instructions / total
    console.say(
        f"\n[bold]{console.literal(block.function)}[/] × {text.count(block.executions)}:"
        f" {text.count(block.instructions, 'instruction')} [dim]({share:.1%})[/]"
    )
    source = ""
    for line in block.listing[:_LINES]:
        shown = console.literal(line.source) if line.source != source else ""
        source = line.source
        console.say(
            f"  [dim]{line.address:08x}[/]  {console.literal(f'{line.text:<34}')} [dim]{shown}[/]"
        )
    if len(block.listing) > _LINES:
        console.say(f"  [dim]… {len(block.listing) - _LINES} more[/]")

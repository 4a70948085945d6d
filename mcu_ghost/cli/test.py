# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost test`: the image on an emulator against the reference, byte for byte."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, samples
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.build.kernels import Choice
    from mcu_ghost.network.model import Model
    from mcu_ghost.proof.on_emulator import Proof
    from mcu_ghost.proof.verify import Comparison, Recognised


@click.command(
    "test",
    epilog="Examples: mcu-ghost test -b nrf52840 --clips · mcu-ghost test -b microbit --json"
    " · mcu-ghost test -b microbit --data x.npy --expect y.npy --float model.keras",
)
@options.board
@options.model
@options.emulator
@click.option("--cases", type=click.IntRange(0, 10000), default=3, show_default=True,
              help="Random sequences to compare.")  # fmt: skip
@click.option("--frames", type=click.IntRange(1, 10000), default=49, show_default=True,
              help="Frames of each.")  # fmt: skip
@click.option("--audio", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
              help="A recording to recognise, or to clean; may be given again.")  # fmt: skip
@click.option("--clips", is_flag=True, help="Also recognise, or clean, the bundled clips.")
@samples.options()
@options.toolchain
@options.kernels
@options.out
@options.as_json
def command(
    board: Board,
    model: Model,
    emulator: str | None,
    cases: int,
    frames: int,
    audio: tuple[Path, ...],
    clips: bool,
    data: Path | None,
    expect: Path | None,
    keras: Path | None,
    limit: int,
    toolchain: str | None,
    kernels: Choice,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run the firmware on an emulator and compare every output byte with the reference.

    A network that cleans speech is given sound, and every sample that comes back is compared.
    --data puts the model in float, the int8 reference and the image side by side on your own
    numbers. Exit code 1 when a byte differs.
    """
    from mcu_ghost.build import apps, folder
    from mcu_ghost.cli.build import show
    from mcu_ghost.host import console, resources
    from mcu_ghost.proof import accuracy
    from mcu_ghost.proof.prove import prove

    own = samples.read(model, data, expect, keras, limit)
    app = apps.DEFAULT if own else apps.answering(model, board).name
    with console.stages() as progress:
        proof = prove(
            model,
            board,
            app,
            out or folder.place(board, app),
            toolchain=toolchain,
            kernels=kernels,
            emulator=emulator,
            cases=cases,
            frames=frames,
            recordings=[*audio, *(resources.demo_clips() if clips else [])],
            sequences=own.sequences if own else (),
            progress=progress,
        )
    judged = accuracy.judge(model, own, proof.comparison.outputs) if own else None
    if as_json:
        console.print_json(proof.as_json() | ({"data": judged.as_json()} if judged else {}))
    else:
        _show(proof)
        if judged:
            samples.show(judged)
        show(proof.built)
    if proof.comparison.mismatches:
        sys.exit(1)


def _show(proof: Proof) -> None:
    from mcu_ghost.host import console

    show_recognised(proof.comparison.recognised)
    console.say(verdict(proof.comparison, proof.emulator))
    console.say(f"{proof.instructions}, stack {proof.stack_used} of {proof.stack_size} B used")


def show_recognised(recognised: Sequence[Recognised]) -> None:
    """Print what was made of recordings."""
    from rich.table import Table

    from mcu_ghost.host import console

    if not recognised:
        return
    table = Table(box=None, pad_edge=False)
    timed = any(one.ms is not None for one in recognised)
    for heading in ("recording", "recognised", *(["at"] if timed else []), "score", ""):
        right = heading in ("at", "score")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for one in recognised:
        bar = "█" * round(10 * one.score)
        name = Path(one.file)
        at = [] if not timed else ["" if one.ms is None else f"{one.ms / 1000:.2f} s"]
        label = f"[bold]{console.literal(one.label)}[/]" if one.label else "[dim]nothing[/]"
        table.add_row(console.literal(f"{name.parent.name}/{name.name}"), label, *at,
                      f"{one.score:.2f}", f"[dim]{bar}[/]")  # fmt: skip
    console.show(table)


def verdict(report: Comparison, where: str) -> str:
    """Return a sentence on whether all bytes were right."""
    from mcu_ghost.host import console

    equal = "[green]equal bit for bit[/]"
    if report.mismatches:
        first = console.literal(report.first)
        differ = text.count(report.mismatches, "byte differs", "bytes differ")
        equal = f"[red]{differ}[/], first {first}"
    return (
        f"{text.count(report.cases, 'sequence')}, {text.count(report.frames, 'frame')} on"
        f" {console.literal(where)}: {equal} with the reference"
    )

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost bench`: what a layer costs on a board, before training it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.build.kernels import Choice


@click.command(
    "bench",
    epilog="Example: mcu-ghost bench -b nrf52840 --units 154 --ratio 2 --inputs 10",
)
@options.board
@click.option("--units", type=click.IntRange(1, 4096), required=True, help="n, all states.")
@click.option("--ratio", type=click.IntRange(1, 4096), default=2, show_default=True,
              help="n over intrinsic states; 1 is a plain GRU.")  # fmt: skip
@click.option("--inputs", type=click.IntRange(1, 4096), required=True, help="d, of a frame.")
@click.option("--layers", type=click.IntRange(1, 16), default=1, show_default=True)
@click.option("--classes", type=click.IntRange(0, 1024), default=12, show_default=True,
              help="Outputs of a dense layer at the end; 0 for none.")  # fmt: skip
@click.option("--frames", type=click.IntRange(49, 10000), default=49, show_default=True,
              help="Frames to run.")  # fmt: skip
@options.emulator
@options.toolchain
@options.kernels
@options.as_json
def command(
    board: Board,
    units: int,
    ratio: int,
    inputs: int,
    layers: int,
    classes: int,
    frames: int,
    emulator: str | None,
    toolchain: str | None,
    kernels: Choice,
    as_json: bool,
) -> None:
    """Count what a random network of a shape costs on a board.

    Builds it, proves it bit for bit on the board's emulator, and prints instructions per frame.
    """
    from mcu_ghost.host import console
    from mcu_ghost.host.errors import GhostError
    from mcu_ghost.network.random_model import random_model
    from mcu_ghost.proof.prove import prove

    if ratio > units:
        raise GhostError(
            f"--ratio {ratio} leaves no intrinsic state of {text.count(units, 'unit')}."
        )
    model = random_model(0, units=units, ratio=ratio, inputs=inputs, layers=layers, classes=classes)
    with console.stages() as progress:
        proof = prove(
            model,
            board,
            toolchain=toolchain,
            kernels=kernels,
            emulator=emulator,
            cases=1,
            frames=frames,
            progress=progress,
        )
    data = {
        "board": board.name,
        "emulator": proof.emulator,
        "toolchain": proof.built.toolchain.kind,
        "kernels": proof.built.kernels,
        "units": units,
        "ratio": ratio,
        "inputs": inputs,
        "layers": layers,
        "classes": classes,
        "macs_per_frame": sum(step.macs for step in model.body),
        "instructions_per_frame": round(proof.instructions_per_frame),
        "flash_bytes": proof.built.flash_bytes,
        "ram_bytes": proof.ram_used,
        "mismatches": proof.comparison.mismatches,
    }
    if as_json:
        console.print_json(data)
    else:
        kind = "GRU" if ratio == 1 else f"GhostGRU ratio {ratio}"
        per_mac = proof.instructions_per_frame / data["macs_per_frame"]  # type: ignore[operator]
        console.say(
            f"[bold]{kind}, {text.count(units, 'unit')}, {text.count(inputs, 'input')}, "
            f"{text.count(layers, 'layer')}[/] on {board.name} ({board.cpu.core}), "
            f"{proof.built.toolchain.kind}, {proof.built.kernels} kernels, {proof.emulator}"
        )
        console.say(
            f"  {text.count(proof.instructions_per_frame, 'instruction')} per frame (emulated), "
            f"{text.count(float(data['macs_per_frame']), 'MAC')} (computed), "  # type: ignore[arg-type]
            f"{per_mac:.2f} instructions per MAC"
        )
        console.say(
            f"  {text.size(proof.built.flash_bytes)} flash, {text.size(proof.ram_used)} RAM with "
            f"{proof.stack_used} B of stack used (emulated)"
        )
        first = console.literal(proof.comparison.first)
        console.say(f"  [red]{first}[/]" if first else "  [green]equal bit for bit[/]")
    if proof.comparison.mismatches:
        sys.exit(1)

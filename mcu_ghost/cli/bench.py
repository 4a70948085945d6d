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


GHOST_GRU = "ghost_gru"


def _layers() -> tuple[str, ...]:
    from mcu_ghost.network.random_layer import KINDS

    return GHOST_GRU, *KINDS


def _each_layer() -> str:
    return f"{', '.join(_layers())}.  [default: {GHOST_GRU}]"


class _Size(click.ParamType):  # type: ignore[type-arg]  # generic from 8.3 on
    """Height and width, as 3x3; a number alone is a height."""

    name = "HxW"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return both."""
        height, _, width = value.partition("x")
        try:
            found = int(height), int(width or 1)
        except ValueError:
            found = 0, 0
        if not 1 <= min(found) <= max(found) <= 4096:
            self.fail(f"'{value}' is no size like 3x3, of numbers from 1 to 4096.", param, ctx)
        return found


@click.command(
    "bench",
    epilog="""\b
Examples: mcu-ghost bench -b nrf52840 --units 154 --ratio 2 --inputs 10
mcu-ghost bench -b nrf52840 --layer dense --inputs 256 --units 256
mcu-ghost bench -b nrf52840 --layer conv_2d --image 25x5 --inputs 64
    --kernel 3x3 --units 64""",
)
@options.board
@click.option("--layer", cls=options.Explained, explain=_each_layer, metavar="KIND",
              type=options.Names("layer", _layers), default=GHOST_GRU)  # fmt: skip
@click.option("--inputs", type=click.IntRange(1, 4096), required=True,
              help="d, of a frame; channels of an image.")  # fmt: skip
@click.option("--units", type=click.IntRange(1, 4096),
              help="n, all states; dense: outputs; convolution: filters.")  # fmt: skip
@click.option("--image", type=_Size(), help="Height and width of what a 2-D layer reads.")
@click.option("--kernel", type=_Size(), help="Its window; of a conv_1d the frames.")
@click.option(
    "--strides", type=_Size(), default="1x1", show_default=True, help="Of a 2-D layer's window."
)
@click.option("--ratio", type=click.IntRange(1, 4096), default=2, show_default=True,
              help="ghost_gru: n over intrinsic states; 1 is a plain GRU.")  # fmt: skip
@click.option("--layers", type=click.IntRange(1, 16), default=1, show_default=True,
              help="ghost_gru: how many.")  # fmt: skip
@click.option("--classes", type=click.IntRange(0, 1024), default=12, show_default=True,
              help="ghost_gru: outputs of a dense layer at the end; 0 for none.")  # fmt: skip
@click.option("--frames", type=click.IntRange(49, 10000), default=49, show_default=True,
              help="Frames to run; images are three.")  # fmt: skip
@options.emulator
@options.toolchain
@options.kernels
@options.as_json
def command(
    board: Board,
    layer: str,
    inputs: int,
    units: int | None,
    image: tuple[int, int] | None,
    kernel: tuple[int, int] | None,
    strides: tuple[int, int],
    ratio: int,
    layers: int,
    classes: int,
    frames: int,
    emulator: str | None,
    toolchain: str | None,
    kernels: Choice,
    as_json: bool,
) -> None:
    """Count what a random network of a shape costs on a board.

    Builds it, proves it bit for bit on the board's emulator, and prints instructions per frame: of
    one vector, or of one image where the layer reads one. A conv_1d streams; a reset_gru resets
    before its product.
    """
    from mcu_ghost.host import console
    from mcu_ghost.host.errors import GhostError
    from mcu_ghost.network.random_layer import Shape, random_layer
    from mcu_ghost.network.random_model import random_model
    from mcu_ghost.proof.prove import prove

    shape: dict[str, object] = {"layer": layer, "inputs": inputs}
    if layer == GHOST_GRU:
        if units is None:
            raise GhostError("A layer ghost_gru needs --units.")
        if ratio > units:
            raise GhostError(
                f"--ratio {ratio} leaves no intrinsic state of {text.count(units, 'unit')}."
            )
        model = random_model(
            0, units=units, ratio=ratio, inputs=inputs, layers=layers, classes=classes
        )
        shape |= {"units": units, "ratio": ratio, "layers": layers, "classes": classes}
        title = "GRU" if ratio == 1 else f"GhostGRU ratio {ratio}"
        title += f", {text.count(layers, 'layer')}"
        macs = sum(step.macs for step in model.body)
    else:
        model = random_layer(0, layer, Shape(inputs, units, image, kernel, strides))
        sizes = {"image": image, "kernel": kernel, "strides": strides if kernel else None}
        shape |= {"units": units, **sizes}
        title = ", ".join([layer, *(f"{n} {s[0]}x{s[1]}" for n, s in sizes.items() if s)])
        macs = sum(step.macs for step in model.steps)
    with console.stages() as progress:
        proof = prove(
            model,
            board,
            toolchain=toolchain,
            kernels=kernels,
            emulator=emulator,
            cases=1,
            frames=3 if image else frames,
            progress=progress,
        )
    instructions = round(proof.instructions_per_frame)
    data = {
        "board": board.name,
        "emulator": proof.emulator,
        "toolchain": proof.built.toolchain.kind,
        "kernels": proof.built.kernels,
        **shape,
        "outputs": model.output_size,
        "macs_per_frame": macs,
        "instructions_per_frame": instructions,
        "flash_bytes": proof.built.flash_bytes,
        "ram_bytes": proof.ram_used,
        "mismatches": proof.comparison.mismatches,
    }
    if as_json:
        console.print_json(data)
    else:
        console.say(
            f"[bold]{title}, {text.count(inputs, 'input')}"
            f"{', ' + text.count(units, 'unit') if units else ''}[/] on {board.name} "
            f"({board.cpu.core}), {proof.built.toolchain.kind}, {proof.built.kernels} kernels, "
            f"{proof.emulator}"
        )
        per = f"{instructions / model.output_size:.1f} instructions per output"
        if macs:
            per = (
                f"{text.count(float(macs), 'MAC')} (computed), "
                f"{instructions / macs:.2f} instructions per MAC"
            )
        console.say(f"  {text.count(instructions, 'instruction')} per frame (emulated), {per}")
        console.say(
            f"  {text.size(proof.built.flash_bytes)} flash, {text.size(proof.ram_used)} RAM with "
            f"{proof.stack_used} B of stack used (emulated)"
        )
        first = console.literal(proof.comparison.first)
        console.say(f"  [red]{first}[/]" if first else "  [green]equal bit for bit[/]")
    if proof.comparison.mismatches:
        sys.exit(1)

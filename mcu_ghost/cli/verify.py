# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost verify`: the image on a real board against the reference, byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, samples
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.network.model import Model
    from mcu_ghost.proof.on_board import Measured


@click.command(
    "verify",
    epilog="Examples: mcu-ghost verify -b nrf52840 --clips · mcu-ghost verify -b nano33ble"
    " --port /dev/ttyUSB0 -m mine.tflite --recordings kitchen/",
)
@options.board
@options.model
@options.port
@options.baud
@click.option("--cases", type=click.IntRange(0, 10000), default=3, show_default=True,
              help="Random sequences to compare.")  # fmt: skip
@click.option("--frames", type=click.IntRange(1, 10000), default=49, show_default=True,
              help="Frames of each.")  # fmt: skip
@click.option("--recordings", type=click.Path(path_type=Path), multiple=True, metavar="PATH",
              help="A recording, or a folder of them; may be given again.")  # fmt: skip
@click.option("--clips", is_flag=True, help="Also recognise the bundled clips.")
@samples.options()
@options.as_json
def command(
    board: Board,
    model: Model,
    port: str | None,
    baud: int | None,
    cases: int,
    frames: int,
    recordings: tuple[Path, ...],
    clips: bool,
    data: Path | None,
    expect: Path | None,
    keras: Path | None,
    limit: int,
    as_json: bool,
) -> None:
    """Run the flashed firmware on its board and compare every output byte with the reference.

    The board must run the stream app, built from the same model: `mcu-ghost build --app stream`,
    then `mcu-ghost flash --app stream`; or, with a network that cleans speech, the app denoise. The
    port is found by the board's USB ids. Times are those
    that the board's own counter measured. --data puts the model in float, the int8 reference and
    the board side by side on your own numbers. Exit code 1 when a byte differs.
    """
    from mcu_ghost.host import console, resources
    from mcu_ghost.proof import accuracy, on_board
    from mcu_ghost.sound.data import folder

    files = [f for path in recordings
             for f in (folder.recordings(path) if path.is_dir() else [path])]  # fmt: skip
    files += resources.demo_clips() if clips else []

    def say(sentence: str) -> None:
        console.note(console.literal(sentence))

    own = samples.read(model, data, expect, keras, limit)
    with console.stages() as progress:
        result = on_board.prove(
            model,
            board,
            port or "",
            baud=baud,
            cases=cases,
            frames=frames,
            recordings=files,
            sequences=own.sequences if own else (),
            progress=progress,
            say=say,
        )
    judged = accuracy.judge(model, own, result.comparison.outputs) if own else None
    if as_json:
        data_json = {"data": judged.as_json()} if judged else {}
        about = {"board": board.name, "port": result.port}
        console.print_json(about | result.as_json() | data_json)
    else:
        _show(result, board.name)
        if judged:
            samples.show(judged)
    if result.comparison.mismatches:
        sys.exit(1)


def _show(result: Measured, board: str) -> None:
    from mcu_ghost.cli.test import show_recognised, verdict
    from mcu_ghost.host import console
    from mcu_ghost.host.version import __version__

    report, hello, step = result.comparison, result.hello, result.step
    show_recognised(report.recognised)
    console.say(f"{verdict(report, f'{board}, {result.port}')}")
    if hello.firmware_version != __version__:
        console.say(
            "[yellow]the firmware was built by mcu-ghost"
            f" {console.literal(hello.firmware_version)}, this is {__version__}[/]"
        )
    if step is not None:
        time = step.mean / hello.counter_hz * 1e6
        console.say(
            f"{text.count(step.mean)} {result.unit} per frame, {text.count(step.min)} to"
            f" {text.count(step.max)}: {text.count(time)} µs (measured by the board)"
        )
    console.say(f"stack {result.stack_used} of {result.stack_size} B used")
    if result.replays:
        console.say(
            f"[yellow]the board was reset {text.count(result.replays, 'time')} in between[/]"
        )
    if result.repeats:
        console.say(f"[yellow]requests sent again: {result.repeats}; is the line good?[/]")

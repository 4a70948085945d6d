# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost export`: the network as a library for other build systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, summary
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.build.export import Kind
    from mcu_ghost.network.model import Model


@click.command(
    "export",
    epilog="Examples: mcu-ghost export mine.tflite --as zephyr --board nrf52840 -o lamp ·"
    " mcu-ghost export --as arduino --core cortex-m4 -o words",
)
@click.argument("model", required=False, metavar="[MODEL]", type=click.Path(path_type=Path),
                default=options.bundled_model, callback=options.load_model)  # fmt: skip
@click.option(
    "--as",
    "kind",
    required=True,
    type=click.Choice(["cmake", "zephyr", "arduino", "platformio", "tflm"]),
    help="The build system.",
)
@click.option("--core", metavar="CORE", help="cortex-m0 … cortex-m55, or any: plain C.")
@click.option("--board", "-b", callback=options.load_board, metavar="NAME",
              shell_complete=options.complete_board,
              help="For this board's core.")  # fmt: skip
@click.option("--name", help="Of the library; the model's if left out.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER")
@options.as_json
def command(
    model: Model,
    kind: Kind,
    core: str | None,
    board: Board | None,
    name: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Write a network as a library with header, example and metadata.

    MODEL is a .tflite made by `mcu-ghost convert`, or the bundled wake_words or clean_speech; the
    keyword model if left out. An earlier export in FOLDER is replaced.
    """
    from mcu_ghost.build import export
    from mcu_ghost.host import console
    from mcu_ghost.sound import enhancement

    done = export.export(model, kind, out, core, board, name)
    if as_json:
        console.print_json(done.as_json())
    else:
        folder, name = console.literal(done.folder), console.literal(done.name)
        console.say(f"[bold]{folder}/[/]: {name} for {done.cores}; see its README.md")
        task = enhancement.task_of(model)
        if task is not None:
            sound = task.transform
            console.say(
                f"sound   {sound.sample_rate} Hz int16, hops of {text.count(sound.hop, 'sample')},"
                f" clean after {sound.latency_ms:g} ms; inside:"
            )
        summary.show(model)

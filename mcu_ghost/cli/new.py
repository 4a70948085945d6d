# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost new`: a project of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from mcu_ghost.cli import options
from mcu_ghost.host import text


@click.command(
    "new",
    epilog="Examples: mcu-ghost new lamp --board nrf52840 && cd lamp && mcu-ghost listen ·"
    " mcu-ghost new headset --board nucleo-g474re --model clean_speech",
)
@click.argument("target", metavar="NAME", type=click.Path(path_type=Path))
@click.option("--board", "-b", "names", required=True, multiple=True, metavar="NAME",
              shell_complete=options.complete_board,
              help="See `mcu-ghost boards`; may be given again.")  # fmt: skip
@click.option("--model", "-m", type=click.Path(path_type=Path), callback=options.find_model,
              default="wake_words", show_default=True, shell_complete=options.complete_model,
              metavar="FILE", help="What it begins with: the bundled wake_words or clean_speech,"
              " or a .tflite of your own, which is copied.")  # fmt: skip
@click.option("--app", type=options.APP, help="As of `mcu-ghost build`.  [default: the first that"
              " all of the boards can run]")  # fmt: skip
@click.option("--toolchain", type=click.Choice(["zig", "gcc"]), default="zig", show_default=True,
              help="Of its baseline; zig is the same one on every machine.")  # fmt: skip
def command(
    target: Path, names: tuple[str, ...], model: Path, app: str | None, toolchain: str
) -> None:
    """Make a folder NAME with firmware that works, tests, a baseline and a GitHub workflow.

    It begins with a model that works; its README says how your own takes that one's place. What
    its firmware costs is counted on the spot.
    """
    from mcu_ghost.host import console
    from mcu_ghost.project import new

    chosen = tuple(dict.fromkeys(names))
    with console.stderr().status("") as status:
        found = new.create(
            target,
            chosen,
            app,
            toolchain,
            lambda step: status.update(f"{console.literal(step)} …"),
            model,
        )
    for entry in found:
        cost = "" if entry.instructions_per_frame is None else (
            f", {text.count(entry.instructions_per_frame, 'instruction')} per frame (emulated),"
            " equal bit for bit with the reference"
        )  # fmt: skip
        console.say(
            f"{entry.board}: {text.size(entry.flash_bytes)} of flash,"
            f" {text.size(entry.ram_bytes)} of RAM{cost}"
        )
    folder = console.literal(target)
    console.say(
        f"[bold]{folder}/[/] is made: cd {folder}; mcu-ghost check; README.md says the rest"
    )

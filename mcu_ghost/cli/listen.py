# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost listen`: sound into the microphone of an emulated board, or of this PC; words out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import microphone, options
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.build.kernels import Choice
    from mcu_ghost.network.model import Model
    from mcu_ghost.proof.cpu_load import CpuLoad
    from mcu_ghost.proof.keywords import Listened
    from mcu_ghost.sound.lines import Line

_OF_RECORDINGS = {"recordings": "FILE"} | {
    name: f"--{name}" for name in ("board", "emulator", "toolchain", "kernels", "out")
}


@click.command(
    "listen",
    epilog="Examples: mcu-ghost listen -b nrf52840 · mcu-ghost listen -b nano33ble -m mine.tflite"
    " kitchen.wav · mcu-ghost listen -b nrf52840 --seconds 60 --json · mcu-ghost listen --live",
)
@click.argument("recordings", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--live", is_flag=True,
              help="Hear this PC's microphone instead, until Ctrl-C.")  # fmt: skip
@options.board_unless("live")
@options.model
@options.sensitivity
@click.option("--seconds", type=options.Number(0, 86400), default=0.0,
              help="Seconds of silence to listen to after the recordings; with --live, after which"
              " it ends.")  # fmt: skip
@microphone.device
@options.emulator
@options.toolchain
@options.kernels
@options.out
@options.as_json
def command(
    recordings: tuple[Path, ...],
    live: bool,
    board: Board,
    model: Model,
    seconds: float,
    device: str,
    emulator: str | None,
    toolchain: str | None,
    kernels: Choice,
    out: Path | None,
    as_json: bool,
) -> None:
    """Play recordings into the microphone of an emulated board and show what it hears.

    Builds the kws firmware, the one that is flashed, and plays WAV or FLAC files of any rate into
    its microphone, with half a second of silence behind each; the bundled clips if neither files
    nor --seconds are given. Every word and every output of the network must equal what the PC
    computes from the same samples: exit code 1 if not.

    With --live it is this PC's microphone, and this PC that computes what a board would.
    """
    if live:
        for name in filter(options.given, _OF_RECORDINGS):
            raise click.UsageError(f"{_OF_RECORDINGS[name]} and --live exclude each other.")
        from mcu_ghost.cli import live as view

        view.run(model, microphone.choose(device), seconds, None if as_json else tell)
        return
    if device:
        raise click.UsageError("--device is of use with --live only.")
    from mcu_ghost.build import folder
    from mcu_ghost.cli.build import show
    from mcu_ghost.host import console
    from mcu_ghost.proof.prove import LISTENS, prove

    with console.stages() as progress:
        proof = prove(
            model,
            board,
            LISTENS,
            out or folder.place(board, LISTENS),
            toolchain=toolchain,
            kernels=kernels,
            emulator=emulator,
            recordings=recordings,
            seconds=seconds,
            progress=progress,
            on_line=(lambda line, recording: None) if as_json else tell,
        )
    found = proof.sound
    assert found is not None  # of this app it is
    if as_json:
        console.print_json(
            {"board": board.name, "emulator": proof.emulator, "model": model.name} | found.as_json()
        )
    else:
        _show(found)
        _show_load(found.cpu_load, board.cpu.clock_hz)
        show(proof.built)
        options.tell_wires(board, "The emulated board has a microphone. ")
    if found.differences:
        sys.exit(1)


def tell(line: Line, beside: str = "") -> None:
    """Print a word, or that sound was lost, as the board reports it, and something beside it."""
    from mcu_ghost.host import console
    from mcu_ghost.sound.lines import Overrun, Word

    if isinstance(line, Word):
        bar = "█" * round(20 * line.score)
        word = f"[bold]{console.literal(line.word):<16}[/]"
        where = f"[dim]{console.literal(beside)}[/]"
        told = f"{word} {line.score:.2f} {bar:<20} {where}"
    elif isinstance(line, Overrun):
        told = f"[yellow]{10 * line.hops} ms of sound were lost: the board is too slow[/]"
    else:
        return
    console.say(f"[dim]{line.ms / 1000:8.2f} s[/]  {told}")


def _show(report: Listened) -> None:
    """Print the verdict, and in which recordings nothing was recognised."""
    from mcu_ghost.host import console

    silent = [part.name for part in report.parts if part.name and not part.words]
    if silent:
        console.say(f"nothing was recognised in {console.literal(', '.join(silent))}")
    words = sum(len(part.words) for part in report.parts)
    verdict = "[green]equal bit for bit[/] with the PC"
    if report.differences:
        first = console.literal(report.differences[0])
        verdict = f"[red]{text.count(len(report.differences), 'difference')}[/], first {first}"
    seconds = report.parts[-1].end_ms / 1000
    crc = report.statuses[-1].crc
    lost = f"{text.count(report.overruns, 'hop')} lost" if report.overruns else "none lost"
    console.say(
        f"{seconds:.1f} s of sound, {lost}, {text.count(words, 'word')}, CRC {crc}: {verdict}"
    )


def _show_load(cpu_load: CpuLoad, clock_hz: int) -> None:
    """Print what a hop costs."""
    from rich.table import Table

    from mcu_ghost.host import console

    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    cycles = cpu_load.cycles is not None
    table.add_column(f"per {cpu_load.hop_ms} ms of sound", overflow="fold")
    for heading in ("instructions (emulated)", *(("cycles (estimated)", "of the core") * cycles)):
        table.add_column(heading, justify="right", overflow="fold")

    def row(name: str, instructions: float, estimate: float | None) -> None:
        guess = [] if estimate is None else [
            f"≈ {text.count(estimate)}", f"{estimate / cpu_load.available:.1%}"
        ]  # fmt: skip
        table.add_row(name, text.count(instructions), *guess)

    for item in cpu_load.items:
        row(item.name, item.instructions, item.cycles)
    row("[bold]all, the mean[/]", cpu_load.instructions, cpu_load.cycles)
    row("the worst hop", cpu_load.worst, cpu_load.worst_cycles)
    console.show(table)
    console.say(
        f"[dim]The core has {text.count(cpu_load.available, 'cycle')} at {clock_hz / 1e6:g} MHz.[/]"
    )

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost denoise`: a recording in, the same without its noise out."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcu_ghost.cli import options
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.network.model import Model
    from mcu_ghost.proof.enhancement import Device, HopCost
    from mcu_ghost.sound.cleaning import Cleaned
    from mcu_ghost.sound.enhancement import Cleaner

_PICTURES = (".png", ".svg")
_FILE = click.Path(path_type=Path)


@click.command(
    "denoise",
    epilog="Examples: mcu-ghost denoise noisy.wav -o clean.wav -m clean.tflite · mcu-ghost denoise"
    " talk.flac -o clean.flac -m clean.tflite --plot talk.png · mcu-ghost denoise noisy.wav -o"
    " clean.wav -m clean.tflite --on emulator --board nrf52840",
)
@click.argument("recording", metavar="IN", type=_FILE)
@click.option("-o", "--out", type=_FILE, required=True, metavar="OUT",
              help="A .wav or .flac file to write, mono, of 16 bits.")  # fmt: skip
@click.option(
    "--model",
    "-m",
    type=_FILE,
    callback=options.load_model,
    default=options.enhancement_model,
    shell_complete=options.complete_model,
    metavar="FILE",
    help="A .tflite whose task is enhancement.  [default: ghost.toml's, or the bundled"
    " clean_speech]",
)
@click.option("--on", "where", type=click.Choice(["pc", "emulator", "board"]), default="pc",
              show_default=True, help="What cleans it: this PC, an image on the board's emulator,"
              " or a board that was flashed with the app `denoise`.")  # fmt: skip
@click.option("--board", "-b", metavar="NAME", shell_complete=options.complete_board,
              help="See `mcu-ghost boards`; with --on emulator or board.  [default: ghost.toml's"
              " first]")  # fmt: skip
@options.emulator
@options.toolchain
@options.port
@options.baud
@click.option("--plot", type=_FILE, metavar="PICTURE",
              help="Also draw spectrograms before and after, as .png or .svg.")  # fmt: skip
@options.html("to hear and see both, before and after")
@options.as_json
def command(
    recording: Path,
    out: Path,
    model: Model,
    where: str,
    board: str | None,
    emulator: str | None,
    toolchain: str | None,
    port: str | None,
    baud: int | None,
    plot: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Clean a recording of speech with a model, on this PC, as a board does it.

    IN may be WAV, FLAC, Ogg or what else libsndfile reads, of any rate and length. OUT is mono, of
    16 bits, at the model's rate, as long as IN and in step with it. Every sample is what a board
    makes of the same sound: with --on emulator or board that is looked at, and one that is not
    stops it. An emulator takes some ten seconds for a second of sound.
    """
    from mcu_ghost.host import console, files
    from mcu_ghost.sound import enhancement, page, spectrogram
    from mcu_ghost.sound.cleaning import clean_file
    from mcu_ghost.sound.sound_file import WRITTEN

    enhancer = enhancement.Enhancer(model)
    _need_place(out, "--out", tuple(WRITTEN), recording)
    if plot is not None:
        _need_place(plot, "--plot", _PICTURES, recording)
        if importlib.util.find_spec("matplotlib") is None:
            raise GhostError(
                "--plot needs Matplotlib, which is not installed: pip install matplotlib"
            )
    transform = enhancer.task.transform
    excerpt = spectrogram.Excerpt(transform.sample_rate)
    with contextlib.ExitStack() as stack:
        device = _device(stack, where, model, board, emulator, toolchain, port, baud)
        cleaner: Cleaner = enhancer
        if device is not None:
            from mcu_ghost.proof.enhancement import Checked

            cleaner = Checked(device, model)
        bars = stack.enter_context(console.progress())
        running = bars.add_task("cleaning, seconds", total=None)
        found = clean_file(
            recording,
            out,
            cleaner,
            transform,
            seen=excerpt.add if plot or html else lambda before, after: None,
            progress=lambda done, total: bars.update(
                running, completed=int(done), total=int(total) or None
            ),
        )
        cost = None if device is None else device.cost()
    if plot is not None:
        kind = plot.suffix.lower()[1:]
        files.write_bytes(plot, spectrogram.picture(excerpt, (recording.name, out.name), kind))
    how = _how(found, where, transform.latency_ms, cost)
    if html is not None:
        files.write_text(html, page.page(recording.name, model.name, found, excerpt, how))
    if as_json:
        names = {"recording": str(recording), "out": str(out), "plot": plot and str(plot)}
        latency = {"model": model.name, "latency_ms": transform.latency_ms}
        hop = {"hop": cost.as_json()} if cost is not None else {}
        console.print_json(names | {"on": where} | latency | _as_json(found) | hop)
        return
    _show(found, out, how)
    if plot is not None:
        console.say(f"[bold]{console.literal(plot)}[/] shows it{excerpt.shown}")
    if html is not None:
        console.say(f"[bold]{console.literal(html)}[/] has both, to hear and see{excerpt.shown}")


def _device(
    stack: contextlib.ExitStack,
    where: str,
    model: Model,
    board: str | None,
    emulator: str | None,
    toolchain: str | None,
    port: str | None,
    baud: int | None,
) -> Device | None:
    """Return the board that is to clean, until the stack is left; None for the PC."""
    from mcu_ghost import boards
    from mcu_ghost.host import console
    from mcu_ghost.project import ghost_toml

    if where == "pc":
        if board is not None:
            raise click.UsageError("--board is of use with --on emulator or --on board only.")
        return None
    project = ghost_toml.here()
    name = board or (project.boards[0] if project is not None else None)
    if name is None:
        raise click.UsageError(f"Missing option '--board' / '-b', which --on {where} needs.")
    target = boards.load(name)
    if where == "board":
        from mcu_ghost.proof import on_board

        return stack.enter_context(
            on_board.cleaning(model, target, port or "", baud=baud, say=console.note)
        )
    from mcu_ghost.proof import prove

    with console.stderr().status("building …"):
        return stack.enter_context(
            prove.cleaning(model, target, toolchain=toolchain, emulator=emulator)
        )


def _need_place(path: Path, option: str, kinds: tuple[str, ...], recording: Path) -> None:
    """Raise GhostError unless something of some kind can be written there."""
    if path.is_dir():
        raise GhostError(f"{path}: is a folder. Name a file in it for {option}.")
    if path.suffix.lower() not in kinds:
        raise GhostError(f"{path}: what {option} names must end in {' or '.join(kinds)}.")
    if not path.parent.is_dir():
        raise GhostError(f"{path}: there is no folder {path.parent}. Make it, or name another.")
    if path.exists() and recording.exists() and path.samefile(recording):
        raise GhostError(f"{path}: is the recording itself. Name another file for {option}.")


def _how(found: Cleaned, where: str, latency_ms: float, cost: HopCost | None) -> list[str]:
    """Return sentences on what it took here, and what a board takes."""
    place = "this PC" if where == "pc" else f"this {where}"
    told = [
        f"{found.times_real_time:.1f} × real time on {place} (measured); on a board sound is"
        f" {latency_ms:g} ms late, and by what computing takes (computed)"
    ]
    if cost is not None:
        got = "measured" if where == "board" else "emulated"
        told.append(f"{cost} ({got}); every sample equals this PC's")
    return told


def _as_json(found: Cleaned) -> dict[str, Any]:
    def pair(levels: tuple[float, float] | None) -> dict[str, float] | None:
        return levels and {"before": round(levels[0], 2), "after": round(levels[1], 2)}

    return {
        "sample_rate": found.rate,
        "samples": found.samples,
        "seconds": found.seconds,
        "quietest_tenth_db": pair(found.quietest),
        "loudest_tenth_db": pair(found.loudest),
        "times_real_time": round(found.times_real_time, 2),
        "warnings": list(found.warnings),
    }


def _show(found: Cleaned, out: Path, how: Sequence[str]) -> None:
    """Print how long it is, what became of pauses and speech, and how fast that went."""
    from rich.table import Table

    from mcu_ghost.host import console, text
    from mcu_ghost.sound.cleaning import PIECE_MS

    console.say(
        f"[bold]{console.literal(out)}[/]: {found.seconds:.1f} s at {text.count(found.rate)} Hz"
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"{PIECE_MS} ms pieces (measured)", overflow="fold")
    for heading in ("before", "after", "change"):
        table.add_column(heading, justify="right", overflow="fold")
    rows = (
        ("the quietest tenth: pauses", found.quietest),
        ("the loudest tenth: speech", found.loudest),
    )
    for name, levels in rows:
        if levels is not None:
            before, after = levels
            table.add_row(name, f"{before:.1f} dB", f"{after:.1f} dB", f"{after - before:+.1f} dB")
    if table.row_count:
        console.show(table)
    for sentence, style in zip(how, ("[dim]{}[/]", "{}"), strict=False):
        console.say(style.format(sentence))

# SPDX-License-Identifier: Apache-2.0
"""What `mcu-ghost train` does with a recipe for enhancement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcu_ghost.cli import summary
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.train.enhancement.measure import Score
    from mcu_ghost.train.enhancement.result import Result


def target(out: Path | None, name: str) -> Path:
    """Return the `.tflite` to write.

    Raises:
        GhostError: It is a folder.
    """
    found = out or Path(f"{name}.tflite")
    if found.is_dir():
        raise GhostError(f"{found}: is a folder; name the .tflite to write.")
    return found


def run(
    path: Path, out: Path | None, root: Path | None, seed: int | None, cache: Path, as_json: bool
) -> None:
    """Train a network that cleans speech; the arguments are those of the verb."""
    import dataclasses

    from mcu_ghost.host import console
    from mcu_ghost.host.quiet import quiet
    from mcu_ghost.host.steps import steps
    from mcu_ghost.train.enhancement import recipe as recipes
    from mcu_ghost.train.enhancement import sounds

    recipe = recipes.read(path)
    if seed is not None:
        training = dataclasses.replace(recipe.training, seed=seed)
        recipe = dataclasses.replace(recipe, training=training)
    model = target(out, recipe.name)
    with console.progress() as bars:
        task = bars.add_task("reading recordings", total=None)
        found = sounds.load(
            recipe,
            root or path.parent,
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    for note in found.notes:
        console.note(f"[yellow]note:[/] {console.literal(note)}")
    with steps() as tell, quiet():
        tell("loading TensorFlow")
        from mcu_ghost.train.enhancement import pipeline
    result = pipeline.run(recipe, found, model, cache)
    if as_json:
        console.print_json(dataclasses.asdict(result))
    else:
        show(result, model)


def show(result: Result, out: Path) -> None:
    """Print what a run measured."""
    from rich.table import Table

    from mcu_ghost.host import console, tools

    table = Table(box=None, pad_edge=False)
    for heading in ("noise", "sounds", "SI-SDR", "float", "int8", "PESQ", "STOI"):
        left = heading == "noise"
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for row in result.rows():
        name = console.literal(row.title) + (" [dim](not in training)[/]" if row.unseen else "")
        table.add_row(
            name, str(row.count), f"{row.noisy.si_sdr_db:.1f} dB",
            f"{row.float32.si_sdr_db:+.1f} dB", f"[bold]{row.int8.si_sdr_db:+.1f} dB[/]",
            *_heard(row.int8),
        )  # fmt: skip
    console.say("SI-SDR of the noisy sounds, and what the float and the int8 network gain on it;")
    console.say("PESQ and STOI that the int8 network gains")
    console.show(table)
    clean = result.clean
    quality = "" if clean.pesq is None else f", PESQ {clean.pesq:.2f}"
    console.say(f"speech without noise comes out with SI-SDR {clean.si_sdr_db:.1f} dB{quality}")
    if result.missing:
        install = tools.TOOLS[result.missing[0]].install
        console.say(
            f"[dim]no scores of {' and '.join(result.missing)}: {console.literal(install)}[/]"
        )
    summary.made(
        out, result.model_bytes, result.image or result.no_image, "the whole report, to listen to"
    )


def _heard(gained: Score) -> tuple[str, str]:
    """Return what is gained in PESQ and STOI; nothing where they were not computed."""
    pesq = "" if gained.pesq is None else f"{gained.pesq:+.2f}"
    return pesq, "" if gained.stoi is None else f"{gained.stoi:+.3f}"

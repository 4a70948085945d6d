# SPDX-License-Identifier: Apache-2.0
"""The options of verbs that take a user's own numbers, and the table of what came of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.network.model import Model
    from mcu_ghost.proof.accuracy import Judgement, Row, Selection

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_TITLES = {"float": "float", "reference": "int8 reference", "image": "image"}


def options(data: Any = None, expect: Any = None) -> Callable[[Command], Command]:
    """Return a decorator with the options.

    Args:
        data: The default of `--data`.
        expect: The default of `--expect`.
    """
    chosen = [
        click.option("--data", type=_FILE, default=data, metavar="FILE",
                     help="Inputs of your own, .npy, .npz or .csv: (samples, frames, inputs), or"
                     " (frames, inputs) for one stream; for several inputs an .npz with an array"
                     " for each by its name. Floats are quantised, int8 is taken as it is."),
        click.option("--expect", type=_FILE, default=expect, metavar="FILE",
                     help="What should come out: class indices, labels, or outputs; for several"
                     " outputs an .npz with an array for each."),
        click.option("--float", "keras", type=click.Path(path_type=Path), metavar="MODEL",
                     help="The model in float, .keras, .h5 or .onnx, to run beside it; a .ghost"
                     " file or a SavedModel needs TensorFlow."),
        click.option("--limit", type=click.IntRange(1), default=2000, show_default=True,
                     help="Frames of the data that run as firmware."),
    ]  # fmt: skip

    def decorate(command: Command) -> Command:
        for option in reversed(chosen):
            command = option(command)
        return command

    return decorate


def read(
    model: Model, data: Path | None, expect: Path | None, keras: Path | None, limit: int
) -> Selection | None:
    """Read what the options name; None where there are no data.

    Raises:
        GhostError: A file cannot be used, or there are no data that it could be for.
    """
    if data is None:
        if expect is not None or keras is not None:
            raise GhostError("--expect and --float need --data, the inputs that they are for.")
        return None
    from mcu_ghost.host import console
    from mcu_ghost.proof import accuracy, samples

    found = samples.read(model, data, expect)
    floats = None
    if keras is not None:
        from mcu_ghost.host.quiet import quiet
        from mcu_ghost.host.steps import steps

        with steps() as tell, quiet():
            from mcu_ghost.convert.float_outputs import float_outputs

            floats = float_outputs(keras, [one.real for one in found.taken], tell)
    selection = accuracy.select(model, found, limit, floats)
    run, every = len(selection.chosen), len(found)
    frames = run * selection.frames
    if frames_left := every * found.inputs.shape[1] - frames:
        console.note(
            f"{text.count(run)} of {text.count(every, 'sample')} run as firmware,"
            f" {text.count(frames, 'frame')}; --limit {frames_left + frames} runs them all"
        )
    return selection


def show(found: Judgement) -> None:
    """Print the numbers side by side."""
    from rich.table import Table

    from mcu_ghost.host import console

    for fact in found.facts:
        console.note(f"[yellow]{console.literal(found.file)}: {console.literal(fact)}[/]")
    names = [n for n in _TITLES if any(n in row.numbers for row in found.rows)]
    if found.rows:
        table = Table(box=None, pad_edge=False)
        table.add_column(console.literal(found.file), overflow="fold")
        for heading in ("samples", *(_TITLES[name] for name in names)):
            table.add_column(heading, justify="right", overflow="fold")
        for row in found.rows:
            cells = (_cell(row, name) for name in names)
            of = f", {console.literal(row.output)}" if row.output else ""
            table.add_row(f"{row.what}{of}", text.count(row.samples), *cells)
        console.show(table)
    if found.worst is not None:
        worst = found.worst
        of = f"{console.literal(worst.output)}, " if worst.output else ""
        frame = "" if worst.frame is None else f", frame {worst.frame}"
        wanted = [] if worst.expected is None else [f"expected {worst.expected}"]
        said = [*wanted, *(f"{_TITLES[n]} {answer}" for n, answer in worst.answers.items())]
        console.say(
            f"furthest from {worst.against}: {of}sample {worst.sample}{frame}, by {worst.off:.3g}:"
            f" {console.literal('; '.join(said))}"
        )


def _cell(row: Row, name: str) -> str:
    value = row.numbers.get(name)
    if value is None:
        return ""
    return f"{value:.1%}" if row.share else f"{value:.4g}"

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost convert`: from a Keras model to a `.tflite` with fused operators."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcu_ghost.cli import options, summary
from mcu_ghost.host import files, text
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.convert import Conversion

_LONGEST = 1 << 20  # bytes of metadata
_SHOWN = 8  # lines on what was clipped
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "convert",
    epilog="Example: mcu-ghost convert kws.ghost -o kws.tflite --metadata meta.json",
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=_FILE, required=True, metavar="FILE", help="The .tflite to write."
)
@click.option(
    "--calibration",
    type=_FILE,
    metavar="X.NPY",
    help="Representative float inputs (samples, frames, inputs), .npy or .npz, with an array for"
    " each input by its name if there are several: they set the ranges of a model without QAT, and"
    " int8 is compared with float on them.",
)
@click.option(
    "--input-range",
    type=(float, float),
    metavar="LOW HIGH",
    help="What int8 stands for at the input; taken from --calibration if left out.",
)
@click.option(
    "--metadata",
    type=_FILE,
    metavar="META.JSON",
    help="A JSON object to keep in the file: labels, front_end, thresholds …",
)
@click.option("--channels", metavar="NAME,…", help="Names of the inputs of a frame, in order.")
@click.option("--units", metavar="UNIT,…", help="Their units, or one for all: g.")
@click.option("--labels", metavar="NAME,…", help="Names of the outputs.")
@click.option("--output-units", metavar="UNIT,…", help="Their units, or one for all: h.")
@click.option(
    "--plan",
    type=click.Choice(["stream", "window"]),
    help="Run for ever, with an answer for every frame or by a clock, or give one answer for a"
    " window of frames; chosen if left out: a stream where that is possible.",
)
@options.as_json
def command(
    model: Path,
    out: Path,
    calibration: Path | None,
    input_range: tuple[float, float] | None,
    metadata: Path | None,
    channels: str | None,
    units: str | None,
    labels: str | None,
    output_units: str | None,
    plan: str | None,
    as_json: bool,
) -> None:
    """Convert a MODEL to an int8 .tflite with fused recurrent operators.

    MODEL is a .keras or .h5 file by Keras 3 or tf_keras, an .onnx file (PyTorch's too), a
    SavedModel by tf_keras, or a file by mcu_ghost.layers.save, also after quantisation-aware
    training. Shows what became of each layer, how the network is driven, and how close int8 comes
    to float on the calibration data; names the layer to blame where they are far apart.
    `mcu-ghost inspect` shows the first of these without calibration data.
    """
    entries = _read_metadata(metadata) if metadata else {}
    _name_ends(entries, channels, units, labels, output_units)
    if plan is not None:
        entries["plan"] = plan
    from mcu_ghost.convert import files as model_files
    from mcu_ghost.host import console
    from mcu_ghost.host.steps import steps
    from mcu_ghost.network.tflite import write

    with steps() as tell:
        made = model_files.convert(model, out.stem, calibration, input_range, entries, tell)
        network = made.network
        write.write(network, out)
    shapes = {
        "path": str(out),
        "name": network.name,
        "bytes": out.stat().st_size,
        "frames": network.frames,
        "layers": [layer.shape for layer in network.layers],
        "macs_per_frame": sum(step.macs for step in network.body),
        "head_per_frame": network.head_per_frame,
        **network.as_json(),
        **summary.layers_as_json(made.rows, network),
        "notes": list(made.notes),
        "clipped": [dataclasses.asdict(clipped) for clipped in made.clipped],
        "fidelity": made.fidelity and made.fidelity.as_json(),
    }
    if as_json:
        console.print_json(shapes)
        return
    console.say(
        f"[bold]{console.literal(out)}[/]: {text.count(network.frames, 'frame')} of "
        f"{network.input_size} → {network.output_size}, {text.size(out.stat().st_size)}"
    )
    summary.show_layers(made.rows, network, made.notes)
    summary.show(network)
    _show(made)


def _show(made: Conversion) -> None:
    """Print what was clipped, and how close int8 comes to float."""
    from mcu_ghost.host import console

    for clipped in made.clipped[:_SHOWN]:
        console.note(f"[yellow]clipped: {console.literal(clipped)}[/]")
    if len(made.clipped) > _SHOWN:
        console.note(
            f"[yellow]… and in {text.count(len(made.clipped) - _SHOWN, 'more place')} (--json)[/]"
        )
    found = made.fidelity
    if found is None:
        console.note("[dim]--calibration would compare int8 with float[/]")
    elif found.bad:
        console.note(f"[red]warning: {console.literal(found.warning)}[/]")
    else:
        console.say(console.literal(found))


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(files.read_file(path, _LONGEST).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise GhostError(f"{path}: not JSON ({error}).") from error
    if not isinstance(entries, dict):
        raise GhostError(f"{path}: must hold a JSON object.")
    return entries


def _name_ends(
    entries: dict[str, Any],
    channels: str | None,
    units: str | None,
    labels: str | None,
    output_units: str | None,
) -> None:
    """Put names and units that options give into the metadata, over those of the file."""

    def names(listed: str | None) -> list[str] | None:
        return None if listed is None else [name.strip() for name in listed.split(",")]

    for end, found in (
        ("inputs", {"names": names(channels), "units": names(units)}),
        ("outputs", {"units": names(output_units)}),
    ):
        given = {key: value for key, value in found.items() if value is not None}
        if given:
            already = entries.get(end)
            entries[end] = {**already, **given} if isinstance(already, dict) else given
    if labels is not None:
        entries["labels"] = names(labels)

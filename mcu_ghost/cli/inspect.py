# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost inspect`: what would become of a model file, without converting it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcu_ghost.cli import options, summary
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.sound.enhancement import EnhancementTask


@click.command("inspect", epilog="Example: mcu-ghost inspect kws.keras")
@click.argument("file", type=click.Path(path_type=Path), callback=options.find_model)
@options.as_json
def command(file: Path, as_json: bool) -> None:
    """Show what would become of a model FILE, layer by layer, and what is refused.

    FILE is anything that `mcu-ghost convert` takes, or a .tflite, of which each operator is a
    layer, or the bundled wake_words or clean_speech. No calibration data are needed. Exit code 1
    when something is refused: each layer that is says why, and what to do.
    """
    from mcu_ghost.convert import inspection
    from mcu_ghost.host import console
    from mcu_ghost.host.steps import steps
    from mcu_ghost.sound import enhancement

    with steps() as tell:
        found = inspection.inspect(file, tell)
    network = found.network
    task = None if network is None else enhancement.task_of(network)
    if as_json:
        shape = (
            {}
            if network is None
            else {
                "frames": network.frames,
                "input_size": network.input_size,
                "output_size": network.output_size,
            }
        )
        cleans = {} if task is None else {"enhancement": _as_json(task)}
        scales = {} if network is None or not found.quantised else network.as_json()
        console.print_json(
            {
                "path": str(file),
                "name": found.name,
                "refused": found.refused,
                "notes": list(found.notes),
                **shape,
                **scales,
                **cleans,
                **summary.layers_as_json(found.rows, network),
            }
        )
    else:
        ends = (
            ""
            if network is None
            else (
                f"; {text.count(network.frames, 'frame')} of {network.input_size}"
                f" → {network.output_size}"
            )
        )
        layers = text.count(len(found.rows), "layer")
        console.say(f"[bold]{console.literal(file)}[/]: {layers}{ends}")
        summary.show_layers(found.rows, network, found.notes)
        if network is not None and found.quantised:
            summary.show(network)
            if task is not None:
                _show(task)
        elif network is not None:
            console.say(f"plan    {network.plan}")
        elif found.refused:
            console.say(f"[red]{console.literal(found.refused)}[/]")
    if found.fails:
        sys.exit(1)


def _show(task: EnhancementTask) -> None:
    """Print what a model that cleans speech does with sound."""
    from mcu_ghost.host import console

    cut = task.transform
    hop = f"every {cut.hop} ({cut.hop_ms:g} ms)"
    console.say(
        f"task    cleans speech of {text.count(cut.sample_rate)} Hz: frames of"
        f" {text.count(cut.frame, 'sample')} {hop}, {text.count(task.bands, 'band')}, gains to"
        f" the power of {task.gains.exponent:g}"
    )
    console.say(f"delay   {cut.latency_ms:g} ms, and the time that computing takes")


def _as_json(task: EnhancementTask) -> dict[str, Any]:
    return {
        **dataclasses.asdict(task.transform),
        "bands": task.bands,
        "latency_ms": task.transform.latency_ms,
        "exponent": task.gains.exponent,
    }

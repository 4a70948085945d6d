# SPDX-License-Identifier: Apache-2.0
"""What verbs that make something of a network, or one, say of it: layers, plan, scales, units."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcu_ghost.host import text

if TYPE_CHECKING:
    from rich.table import Table

    from mcu_ghost.convert.rows import Row
    from mcu_ghost.network.ends import End
    from mcu_ghost.network.model import Model
    from mcu_ghost.train.result import Image

_COLUMNS = ("layer", "kind", "became", "output", "MACs", "weights")
_LESS = ("kind", "output")  # left out of a narrow table, in this order


def show(model: Model) -> None:
    """Print a network's plan and what the numbers at its ends mean."""
    from mcu_ghost.host import console

    console.say(f"plan    {model.plan}")
    for end in model.input_ends:
        console.say(f"input   {console.literal(_called(end) + end.text)}, a frame")
    for end in model.output_ends:
        console.say(f"output  {console.literal(_called(end) + end.text)}")


def made(out: Path, size: int, image: Image | str, report: str) -> None:
    """Print what a training leaves.

    Args:
        out: The `.tflite`, beside which the report is.
        size: Of it, in bytes.
        image: What it costs on a board, or why that was not measured.
        report: What that is.
    """
    from mcu_ghost.host import console

    cost = (
        f"not measured on a board: {console.literal(image)}"
        if isinstance(image, str)
        else f"on {image.board} {text.size(image.flash_bytes)} of flash, "
        f"{text.count(image.instructions_per_frame, 'instruction')} per frame (emulated)"
    )
    console.say(f"[bold]{console.literal(out)}[/]: {text.size(size)}; {cost}")
    console.say(f"[bold]{console.literal(out.with_suffix('.html'))}[/]: {report}")


def _called(end: End) -> str:
    """Return how an end's line begins where there are several, with its name in C if it has two."""
    if not end.part:
        return ""
    return f"{end.name}: " if end.name == end.part else f"{end.name} (in C {end.part}): "


def show_layers(rows: Sequence[Row], model: Model | None, notes: Sequence[str]) -> None:
    """Print what became of each layer, what all of them take, and what is refused.

    Args:
        rows: The layers.
        model: The network; None if something is refused.
        notes: What else the user should know.
    """
    from mcu_ghost.host import console

    columns = [name for name in _COLUMNS if any(_cells(row)[name] for row in rows)]
    for narrower in ("", *_LESS):
        columns = [name for name in columns if name != narrower]
        table = _table(rows, columns)
        if console.width(table) <= console.stdout().width:
            break
    console.show(table)
    for row in rows:
        if row.refused:
            console.say(f"[red]{console.literal(row.refused)}[/]")
    for note in notes:
        console.warn(note)
    if model is not None:
        memory = _memory(model)
        console.say(
            f"all     {text.count(sum(row.macs for row in rows), 'MAC')} a {_unit(model)},"
            f" {text.size(sum(row.bytes for row in rows))} of weights (computed)"
        )
        console.say(
            f"memory  {text.size(memory['state_bytes'])} of state,"
            f" {text.size(memory['scratch_bytes'])} of scratch, of which"
            f" {text.size(memory['least_scratch_bytes'])} are in use at a time (computed)"
        )


def layers_as_json(rows: Sequence[Row], model: Model | None) -> dict[str, Any]:
    """Return the same for scripts."""
    found: dict[str, Any] = {"rows": [dataclasses.asdict(row) for row in rows]}
    if model is not None:
        answers = model.schedule.answers
        found |= {
            "plan": "stream" if model.window is None else "window",
            "macs": sum(row.macs for row in rows),
            "macs_per": _unit(model),
            "first_answer": (model.window or answers.first + 1) - 1,
            "period": model.window or answers.period,
            **_memory(model),
        }
    return found


def _unit(model: Model) -> str:
    return "frame" if model.window is None else "window"


def _memory(model: Model) -> dict[str, int]:
    """Return the bytes of RAM that the plain kernels take."""
    from mcu_ghost.build import memory, pack

    plan = memory.plan(model, pack.pack(model))
    return {
        "state_bytes": plan.state_bytes,
        "scratch_bytes": plan.scratch_bytes,
        "least_scratch_bytes": plan.least_scratch_bytes,
    }


def _cells(row: Row) -> dict[str, str]:
    shape = "" if row.shape is None else " × ".join(map(str, row.shape)) or "1"
    numbers = (text.count(row.macs) if row.macs else "", text.size(row.bytes) if row.bytes else "")
    cells = (row.layer, row.kind, row.became, shape, *numbers)
    return dict(zip(_COLUMNS, cells, strict=True))


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    from rich.table import Table

    from mcu_ghost.host import console

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in columns:
        right = heading in ("MACs", "weights")
        table.add_column(
            heading, justify="right" if right else "left", overflow="fold", no_wrap=right
        )
    for row in rows:
        cells = _cells(row)
        style = "red" if row.refused else "dim" if not row.bytes else ""
        table.add_row(*(console.literal(cells[name]) for name in columns), style=style)
    return table

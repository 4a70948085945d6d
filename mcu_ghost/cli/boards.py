# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost boards`: what there is to build for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcu_ghost.cli import options
from mcu_ghost.host import text

if TYPE_CHECKING:
    from rich.table import Table

    from mcu_ghost.boards import Board, Microphone

_COLUMNS = ("board", "core", "clock", "flash", "RAM", "mic", "tested on", "")
# The most that a board's image has run on, as `tested` in its file says it.
_TESTED = {
    "nothing": "nothing",
    "model": "our model",
    "qemu": "QEMU",
    "renode": "Renode",
    "hardware": "hardware",
}
_ADDRESSES = ("origin", "base", "uf2_family")
_BYTES = ("size", "reserved", "code_cache")
_UNITS = {"baud": "baud", "gain_db": "dB", "wait_states": "cycles a word"}


@click.command("boards", epilog="Example: mcu-ghost boards nrf52840")
@click.argument("name", required=False, shell_complete=options.complete_board)
@options.as_json
def command(name: str | None, as_json: bool) -> None:
    """List the boards and what each was tested on, or show all that is known of one.

    A file boards/NAME.toml in the current folder adds a board.
    """
    import dataclasses

    from mcu_ghost import boards
    from mcu_ghost.host import console

    chosen = [boards.load(name)] if name else boards.every()
    if as_json:
        data = [dataclasses.asdict(b) for b in chosen]
        console.print_json(data[0] if name else data)
        return
    from rich.table import Table

    if name:
        grid = Table(
            title=console.literal(f"{chosen[0].title} ({name})"), title_justify="left", box=None
        )
        grid.add_column("key", style="dim")
        grid.add_column("value", overflow="fold")
        for key, value in _rows(dataclasses.asdict(chosen[0])):
            grid.add_row(key, console.literal(value))
        console.show(grid)
        options.tell_wires(chosen[0])
        return
    for columns in range(len(_COLUMNS), 4, -1):  # on a narrow terminal the last ones are left out
        table = _table(chosen, columns)
        if console.width(table) <= console.stdout().width:
            break
    console.show(table)


def _table(chosen: list[Board], columns: int) -> Table:
    """Return the first columns of the list of boards."""
    from rich.table import Table

    from mcu_ghost.host import console, text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in _COLUMNS[:columns]:
        right = heading in ("clock", "flash", "RAM")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for b in chosen:
        row = (
            f"[bold]{console.literal(b.name)}[/]",
            b.cpu.core.removeprefix("cortex-").replace("plus", "+").upper(),
            f"{b.cpu.clock_hz / 1e6:g} MHz",
            text.size(b.flash.usable),
            text.size(b.ram.usable),
            _microphone(b.microphone),
            _TESTED[b.tested],
            f"[dim]{console.literal(b.title)}[/]",
        )
        table.add_row(*row[:columns])
    return table


def _microphone(microphone: Microphone | None) -> str:
    """Return what kind a board has, or takes."""
    if microphone is None:
        return ""
    return microphone.kind if microphone.soldered else f"wire {text.a(microphone.kind)} one"


def _rows(data: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return every key of a board with its value, tables that it does not have included."""
    rows: list[tuple[str, str]] = []
    for key, value in data.items():
        if isinstance(value, dict) and value:
            rows += _rows(value, f"{prefix}{key}.")
        else:
            rows.append((prefix + key, _shown(key, value)))
    return rows


def _shown(key: str, value: Any) -> str:
    """Return a value with its unit."""
    from mcu_ghost.host import text

    if value in (None, "", ()) or (key in _ADDRESSES[2:] and value == 0):
        return "–"
    if isinstance(value, dict):
        return "yes"  # a table without keys
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    if key in _ADDRESSES:
        return f"0x{value:08X}"
    if key in _BYTES:
        return f"{text.size(value)} (0x{value:X})"
    if key.endswith("hz"):
        return f"{value / 1e6:g} MHz"
    if key in _UNITS:
        return f"{value:,} {_UNITS[key]}".replace(",", " ").replace(".0 ", " ")
    return _TESTED[value] if key == "tested" else str(value)

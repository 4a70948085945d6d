# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost boards`: what there is to build for."""

from __future__ import annotations

from typing import Any

import click

# The most that a board's image has run on, as `tested` in its file says it.
_TESTED = {
    "nothing": "nothing",
    "model": "our model of its memory map",
    "qemu": "QEMU",
    "renode": "Renode",
    "hardware": "hardware",
}
_ADDRESSES = ("origin", "base", "uf2_family")
_BYTES = ("size", "reserved", "code_cache")
_UNITS = {"baud": "baud", "gain_db": "dB", "wait_states": "cycles a word"}


@click.command("boards", epilog="Example: mcu-ghost boards nrf52840")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def command(name: str | None, as_json: bool) -> None:
    """List the boards and what each was tested on, or show all that is known of one.

    A file boards/NAME.toml in the current folder adds a board.
    """
    import dataclasses

    from mcu_ghost import boards
    from mcu_ghost.host import console, text

    chosen = [boards.load(n) for n in ([name] if name else boards.names())]
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
        console.stderr().print(grid)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("board", "core", "clock", "flash", "RAM", "tested on", "mic", ""):
        right = heading in ("clock", "flash", "RAM")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for b in chosen:
        table.add_row(
            f"[bold]{console.literal(b.name)}[/]",
            b.cpu.core.removeprefix("cortex-").replace("plus", "+").upper(),
            f"{b.cpu.clock_hz / 1e6:g} MHz",
            text.size(b.flash.usable),
            text.size(b.ram.usable),
            _TESTED[b.tested],
            b.microphone.driver.removeprefix("nrf_") if b.microphone else "",
            f"[dim]{console.literal(b.title)}[/]",
        )
    out = console.stderr()
    out.width = max(out.width, 200)  # a line is never cut, whatever is said of the terminal
    out.print(table)


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

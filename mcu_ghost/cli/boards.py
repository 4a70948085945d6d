# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost boards`: what there is to build for."""

from __future__ import annotations

import click


@click.command("boards", epilog="Example: mcu-ghost boards nrf52840")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def command(name: str | None, as_json: bool) -> None:
    """List the boards, or show all of one.

    A file boards/NAME.toml in the current folder adds a board.
    """
    import dataclasses

    from mcu_ghost import boards, console

    chosen = [boards.load(n) for n in ([name] if name else boards.names())]
    if as_json:
        data = [dataclasses.asdict(b) for b in chosen]
        console.print_json(data[0] if name else data)
        return
    from rich.table import Table

    if name:
        grid = Table(title=f"{chosen[0].title} ({name})", title_justify="left", box=None)
        grid.add_column("key", style="dim")
        grid.add_column("value")
        for key, value in _flatten(dataclasses.asdict(chosen[0])):
            grid.add_row(key, value)
        console.stderr().print(grid)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("board", "core", "clock", "flash", "RAM", "emulators", "microphone", ""):
        table.add_column(
            heading, justify="right" if heading in ("clock", "flash", "RAM") else "left"
        )
    for b in chosen:
        table.add_row(
            f"[bold]{b.name}[/]",
            b.cpu.core,
            f"{b.cpu.clock_hz / 1e6:g} MHz",
            console.size(b.flash.usable),
            console.size(b.ram.usable),
            ", ".join(b.emulators.order),
            b.microphone.driver.removeprefix("nrf_") if b.microphone else "",
            f"[dim]{b.title}[/]",
        )
    console.stderr().print(table)


def _flatten(data: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{key}.")
        elif value not in (None, "", ()):
            number = isinstance(value, int) and not isinstance(value, bool) and value >= 4096
            address = key in ("origin", "base", "size", "reserved") and number
            rows.append((prefix + key, f"{value:#x}" if address else str(value)))
    return rows

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost monitor`: what a board says, as it says it."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options
from mcu_ghost.host.text import count

if TYPE_CHECKING:
    from mcu_ghost.boards import Board
    from mcu_ghost.boards.port.serial_port import SerialPort
    from mcu_ghost.sound.lines import Line, Start


@click.command(
    "monitor",
    epilog="Examples: mcu-ghost monitor -b nrf52840 · mcu-ghost monitor -b nano33ble --port"
    " /dev/ttyUSB0 --reset · mcu-ghost monitor -b nrf52840 --json | jq .word",
)
@options.board
@options.port
@options.baud
@click.option("--reset", is_flag=True, help="Reset the board first, by a break and DTR.")
@click.option("--raw", is_flag=True, help="Pass every byte on to stdout as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as JSON on stdout.")
def command(
    board: Board, port: str | None, baud: int | None, reset: bool, raw: bool, as_json: bool
) -> None:
    """Show what a board prints, until Ctrl-C.

    The events of the kws app become readable: words with their scores, and what a hop of sound
    costs. The port is found by the board's USB ids; when its cable is pulled, the monitor waits
    for it and goes on. --reset works where somebody listens: DAPLink (micro:bit) to the break, an
    adapter with DTR wired to the board's reset to that.
    """
    from mcu_ghost import boards
    from mcu_ghost.boards.port import usb
    from mcu_ghost.boards.port.serial_port import SerialPort
    from mcu_ghost.host import console
    from mcu_ghost.host.errors import GhostError

    if raw and as_json:
        raise GhostError("--raw and --json exclude each other.")
    target = boards.with_baud(board, baud)
    device = port or usb.find(target).device

    def tell(sentence: str) -> None:
        console.note(f"[yellow]{console.literal(sentence)}[/]")

    with contextlib.suppress(KeyboardInterrupt):
        opened = SerialPort(device, target, math.inf, tell)
        with contextlib.closing(opened):
            console.note(f"[dim]{console.literal(opened.status())} Ctrl-C ends.[/]")
            if reset:
                opened.reset()
            if raw:
                _pass_on(opened)
            else:
                _follow(opened, as_json)


def _pass_on(port: SerialPort) -> None:
    while True:
        sys.stdout.buffer.write(port.read(0.5))
        sys.stdout.buffer.flush()


def _follow(port: SerialPort, as_json: bool) -> None:
    from mcu_ghost.host import console
    from mcu_ghost.proof import monitor
    from mcu_ghost.sound import lines

    garbled = 0
    started: lines.Start | None = None
    for line in monitor.lines(port):
        garbled = garbled + 1 if monitor.garbled(line) else 0
        if garbled == 3:
            noise = f"this looks like noise: is the baud rate right? {port.status()}"
            console.note(f"[yellow]{console.literal(noise)}[/]")
        if as_json:
            text = json.dumps({"event": "text", "text": line})
            sys.stdout.write((lines.as_json(line) or text) + "\n")
            sys.stdout.flush()
            continue
        event = lines.read(line)
        if isinstance(event, lines.Start):
            started = event
        if event is None:
            style = "bold red" if line.startswith("FAULT ") else None
            console.stdout().print(line, markup=False, style=style)
        else:
            _show(event, started)


def _show(event: Line, started: Start | None) -> None:
    """Print an event of the kws app."""
    from mcu_ghost.cli.listen import tell
    from mcu_ghost.host import console
    from mcu_ghost.sound.lines import Start, Status

    if isinstance(event, Start):
        words = console.literal(", ".join(event.words))
        console.say(f"[green]{console.literal(event.model)} listens for:[/] {words}")
        if event.reset in ("watchdog", "lockup"):
            console.say(f"[yellow]it was reset before that: {event.reset}[/]")
    elif isinstance(event, Status):
        hop = ""
        if started is not None and started.counter_hz:
            most = event.busy.max / started.counter_hz * 1000
            hop = f"a hop of {started.hop_ms} ms took {most:.1f} ms at most (measured), "
        console.say(
            f"[dim]{event.ms / 1000:8.2f} s  {hop}{count(event.overruns, 'hop')} lost, stack"
            f" {event.stack.used} of {event.stack.size} B[/]"
        )
    else:
        tell(event)

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

if TYPE_CHECKING:
    from mcu_ghost.kws import Line
    from mcu_ghost.serial_port import SerialPort


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
    board: str, port: str | None, baud: int | None, reset: bool, raw: bool, as_json: bool
) -> None:
    """Show what a board prints, until Ctrl-C.

    The events of the kws app become readable: words with their scores, and what a hop of sound
    costs. The port is found by the board's USB ids; when its cable is pulled, the monitor waits
    for it and goes on. --reset works where somebody listens: DAPLink (micro:bit) to the break, an
    adapter with DTR wired to the board's reset to that.
    """
    from mcu_ghost import boards, console, usb
    from mcu_ghost.errors import GhostError
    from mcu_ghost.serial_port import SerialPort

    if raw and as_json:
        raise GhostError("--raw and --json exclude each other.")
    target = boards.with_baud(boards.load(board), baud)
    device = port or usb.find(target).device

    def tell(sentence: str) -> None:
        console.say(f"[yellow]{sentence}[/]")

    with contextlib.suppress(KeyboardInterrupt):
        opened = SerialPort(device, target, math.inf, tell)
        with contextlib.closing(opened):
            console.say(f"[dim]{opened.status()} Ctrl-C ends.[/]")
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
    from mcu_ghost import console, monitor

    garbled = 0
    started: Line = {}
    for line in monitor.lines(port):
        event = monitor.event(line)
        garbled = garbled + 1 if monitor.garbled(line) else 0
        if garbled == 3:
            console.say(
                f"[yellow]this looks like noise: is the baud rate right? {port.status()}[/]"
            )
        if as_json:
            sys.stdout.write(json.dumps(event or {"event": "text", "text": line}) + "\n")
            sys.stdout.flush()
        else:
            if event is not None and event["event"] == "start":
                started = event
            try:
                _show(event or {}, started)
            except (KeyError, TypeError, ValueError):  # text, or an event that the line damaged
                style = "bold red" if line.startswith("FAULT ") else None
                console.stderr().print(line, markup=False, emoji=False, style=style)


def _show(event: Line, started: Line) -> None:
    """Print an event of the kws app; it must have all that such an event says."""
    from rich.markup import escape

    from mcu_ghost import console
    from mcu_ghost.cli.listen import tell

    if event["event"] == "start":
        words = escape(", ".join(event["words"]))
        console.say(f"[green]{escape(event['model'])} listens for:[/] {words}")
        if event.get("reset") in ("watchdog", "lockup"):
            console.say(f"[yellow]it was reset before that: {event['reset']}[/]")
    elif event["event"] == "status":
        hop = ""
        if started:
            most = event["busy"]["max"] / started["counter_hz"] * 1000
            hop = f"a hop of {started['hop_ms']} ms took {most:.1f} ms at most (measured), "
        stack = event["stack"]
        console.say(
            f"[dim]{event['ms'] / 1000:8.2f} s  {hop}{event['overruns']} hops lost, stack"
            f" {stack['used']} of {stack['size']} B[/]"
        )
    elif event["event"] in ("word", "overrun"):
        tell(event)
    else:
        raise KeyError(event["event"])

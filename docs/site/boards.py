# SPDX-License-Identifier: Apache-2.0
"""The page of boards: a row for each board's file, and a picture of the pins that firmware uses."""

from __future__ import annotations

import html

from mcu_ghost import boards
from mcu_ghost.boards import Board
from mcu_ghost.host import text

_TESTED = {"model": "our model of it", "qemu": "QEMU", "renode": "Renode", "hardware": "hardware"}
_MICROPHONE = {
    "PDM": {"clock": "CLK", "data": "DAT", "power": "VDD"},
    "I2S": {"clock": "SCK", "data": "SD", "word": "WS", "out": "DIN", "power": "VDD"},
}
_ROW = 26
_Part = tuple[str, list[tuple[str, str]]]  # a part beside the board: its name, (its pin, ours)


def page() -> str:
    """Return the table of boards, and the picture of each that has pins."""
    rows = [
        "| board | core | clock | flash | RAM | microphone | tested on |",
        "|---|---|--:|--:|--:|---|---|",
        *(_row(board) for board in boards.every()),
    ]
    shown = ["\n".join(rows)]
    for board in boards.every():
        if _parts(board):
            said = f"{board.name}: " + "; ".join(_said(part) for part in _parts(board))
            shown.append(f"## {board.name}\n\n{board.title}\n\n![{said}](pins/{board.name}.svg)")
    return "\n\n".join(shown)


def pictures() -> dict[str, str]:
    """Return an SVG for each board whose file names pins."""
    return {board.name: _picture(board) for board in boards.every() if _parts(board)}


def _row(board: Board) -> str:
    microphone = board.microphone
    kind = "" if microphone is None else microphone.kind
    if microphone is not None and not microphone.soldered:
        kind = f"wire {text.a(kind)} one"
    name = f"[{board.name}](#{board.name})" if _parts(board) else board.name
    return (
        f"| {name}<br>{board.title} | {board.cpu.core} | {board.cpu.clock_hz / 1e6:g} MHz "
        f"| {text.size(board.flash.usable)} | {text.size(board.ram.usable)} "
        f"| {kind} | {_TESTED.get(board.tested, 'nothing')} |"
    )


def _parts(board: Board) -> list[_Part]:
    """Return what hangs on a board's pins: microphone, console, LED."""
    found: list[_Part] = []
    if board.microphone is not None:
        names = _MICROPHONE[board.microphone.kind]
        pins = [(names[role], pin) for role, pin, _ in board.microphone.pins]
        pins += [] if any(role == "VDD" for role, _ in pins) else [("VDD", "3V3")]
        pins += [("SEL" if board.microphone.kind == "PDM" else "L/R", "GND"), ("GND", "GND")]
        place = "microphone" if board.microphone.soldered else "microphone, wired"
        found.append((f"{board.microphone.kind} {place}", pins))
    if board.console.tx_pin:
        pins = [("RX", board.console.tx_pin), ("TX", board.console.rx_pin)]
        found.append((f"console, {board.console.baud} baud", [pair for pair in pins if pair[1]]))
    if board.led is not None:
        found.append(("LED", [("low: on" if board.led.active_low else "high: on", board.led.pin)]))
    return found


def _said(part: _Part) -> str:
    name, pins = part
    return f"{name}: " + ", ".join(f"{theirs} to {ours}" for theirs, ours in pins)


def _picture(board: Board) -> str:
    """Return a board at the left, its parts at the right, and a wire for each pin."""
    parts, at, shapes = _parts(board), 44, []
    for name, pins in parts:
        height = 30 + _ROW * len(pins)
        shapes.append(_box(380, at, 220, height, name))
        for number, (theirs, ours) in enumerate(pins):
            y = at + 40 + _ROW * number
            shapes.append(f'<path d="M210 {y}H380" class="{_wire(ours)}"/>')
            shapes += [_dot(210, y), _dot(380, y)]
            shapes += [_text(200, y + 5, ours, "end"), _text(392, y + 5, theirs, "start")]
        at += height + 18
    board_box = _box(20, 14, 190, at - 18 - 14, board.name)
    style = (
        ".b{fill:#fff;stroke:#5b6b73;stroke-width:2}.w{stroke:#00796b;stroke-width:2.5;fill:none}"
        ".g{stroke:#37474f}.p{stroke:#c62828}text{font:15px sans-serif;fill:#263238}"
        ".h{font-weight:bold}"
    )
    size = f'width="620" height="{at}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {at}" {size}>'
    card = f'<rect {size} rx="10" fill="#eceff1"/>'
    return f"{head}<style>{style}</style>{card}{board_box}{''.join(shapes)}</svg>"


def _wire(ours: str) -> str:
    return {"GND": "w g", "3V3": "w p"}.get(ours, "w")


def _box(x: int, y: int, width: int, height: int, name: str) -> str:
    box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" class="b"/>'
    label = f'<text x="{x + 12}" y="{y + 21}" class="h">{html.escape(name)}</text>'
    return box + label


def _dot(x: int, y: int) -> str:
    return f'<circle cx="{x}" cy="{y}" r="4" fill="#b0892f"/>'


def _text(x: int, y: int, said: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(said)}</text>'

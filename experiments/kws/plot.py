# SPDX-License-Identifier: Apache-2.0
"""Draws accuracy against cost as SVG: the same numbers give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS, WIDTH, HEIGHT = 4, 250, 190  # of a panel, frame and labels included
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 24, 38  # around the frame
LEGEND = 30
ASIDE = 6  # from a mean to its seeds: a GRU's on the left, a ghost's on the right
# Okabe and Ito's colours, told apart by everybody; a plain GRU is a circle, a ghost a diamond.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


@dataclass(frozen=True)
class Cloud:
    """One network in a panel.

    Attributes:
        name: For the legend; ghosts have a `/` in it.
        x: Its cost.
        y: Accuracy of each seed, in percent.
    """

    name: str
    x: float
    y: list[float]


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: Above it.
        axis: What x is.
        clouds: The networks.
    """

    title: str
    axis: str
    clouds: list[Cloud]


def draw(panels: list[Panel]) -> str:
    """Return the SVG: panels in rows of four under one legend."""
    names = list(dict.fromkeys(cloud.name for panel in panels for cloud in panel.clouds))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    width, height = COLUMNS * WIDTH, LEGEND + -(-len(panels) // COLUMNS) * HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="10">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for i, name in enumerate(names):
        x = LEFT + i * 130
        parts.append(_mark(name, x, 15, 5, f'fill="{colours[name]}"'))
        parts.append(f'<text x="{x + 10}" y="19">{name}</text>')
    for i, panel in enumerate(panels):
        x, y = i % COLUMNS * WIDTH, LEGEND + i // COLUMNS * HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(panel, colours), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, colours: dict[str, str]) -> Iterator[str]:
    """Yield a panel's elements: frame, ticks, every seed small, means large."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    ys = [y for cloud in panel.clouds for y in cloud.y]
    low, high, step = _range(min(ys), max(ys))
    left, most, stride = _range(0, max(cloud.x for cloud in panel.clouds))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            round(LEFT + (x - left) / (most - left) * (right - LEFT), 1),
            round(bottom - (y - low) / (high - low) * (bottom - TOP), 1),
        )

    yield f'<text x="{(LEFT + right) / 2}" y="16" text-anchor="middle">{panel.title}</text>'
    for i in range(round((high - low) / step) + 1):
        y = at(left, low + i * step)[1]
        yield f'<path d="M{LEFT} {y}H{right}" stroke="#ddd"/>'
        label = f"{low + i * step:.{_digits(step)}f}"
        yield f'<text x="{LEFT - 4}" y="{y + 3}" text-anchor="end">{label}</text>'
    for i in range(round((most - left) / stride) + 1):
        x = at(left + i * stride, low)[0]
        yield f'<path d="M{x} {bottom}v3" stroke="#000"/>'
        label = f"{(left + i * stride) / 1000:g} k"
        yield f'<text x="{x}" y="{bottom + 14}" text-anchor="middle">{label}</text>'
    centre, middle = (LEFT + right) / 2, (TOP + bottom) / 2
    yield f'<text x="{centre}" y="{bottom + 29}" text-anchor="middle">{panel.axis}</text>'
    yield (
        f'<text x="12" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle})">accuracy, %</text>'
    )
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#000"/>'
    for cloud in panel.clouds:
        aside = ASIDE if "/" in cloud.name else -ASIDE
        for x, y in (at(cloud.x, y) for y in cloud.y):
            style = f'fill="none" stroke="{colours[cloud.name]}"'
            yield _mark(cloud.name, round(x + aside, 1), y, 3, style)
    for cloud in panel.clouds:
        mean = sum(cloud.y) / len(cloud.y)
        yield _mark(cloud.name, *at(cloud.x, mean), 5, f'fill="{colours[cloud.name]}"')


def _mark(name: str, x: float, y: float, size: float, style: str) -> str:
    if "/" in name:
        return f'<path d="M{x} {y - size:g}l{size} {size}l-{size} {size}l-{size}-{size}z" {style}/>'
    return f'<circle cx="{x}" cy="{y}" r="{size - 0.5:g}" {style}/>'


def _range(low: float, high: float) -> tuple[float, float, float]:
    """Return round ends around two values, and a round distance of three to seven ticks."""
    span = (high - low) or 1
    magnitude = 10 ** math.floor(math.log10(span / 3))
    step = next(s * magnitude for s in (1, 2, 5, 10) if span / (s * magnitude) <= 5)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _digits(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))

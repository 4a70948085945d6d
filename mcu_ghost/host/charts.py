# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG within a page of HTML: as wide as the page, and they say what is pointed at.

A plot is an `<svg>` without a viewBox, so that letters, dots and strokes keep their size on every
screen; all in it is placed in percent, and `report/style.html.jinja` leaves room around it for what
stands at the axes. Wherever one may point there is a `hit` with a `<title>`, which browsers show by
themselves; `report/script.html.jinja` shows it better, with a cross at the values, and by touch and
keys too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from mcu_ghost.host.text import count, printable

COLOURS = 6
_LONGEST = 24  # letters of a name
_TICKS = 6
_LOGIT = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99)
_DOTS = 40  # places on an axis beyond which values have no dots


@dataclass(frozen=True)
class Axis:
    """What an axis measures.

    Attributes:
        label: In words, with its unit.
        kind: How values are spread: as they are, by their logarithm, or by their log odds.
        unit: Behind each value that is pointed at, " %".
        low: What it begins with, whatever the values.
        high: Likewise its end.
        whole: Whether only whole numbers mean something.
    """

    label: str
    kind: Literal["linear", "log", "logit"] = "linear"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    whole: bool = False


@dataclass(frozen=True)
class Line:
    """Values to be joined by a line.

    Attributes:
        name: In the legend.
        y: One for each x; None where there is none.
        number: Of lines: each has its colour, and from the seventh on dashes; -1 is grey.
        dashed: Whether it is of the second kind, whatever its number.
        circled: The x that was chosen, by its place, or None.
    """

    name: str
    y: Sequence[float | None]
    number: int = 0
    dashed: bool = False
    circled: int | None = None

    @property
    def colour(self) -> int:
        """0 to `COLOURS`; 0 is grey."""
        return 0 if self.number < 0 else 1 + self.number % COLOURS

    @property
    def look(self) -> str:
        """Classes of CSS."""
        return f"c{self.colour} d{self.dashed or max(0, self.number) // COLOURS % 3:d}"


@dataclass(frozen=True)
class Mark:
    """A value that others are held against.

    Attributes:
        name: What it is.
        at: The value.
        kind: How it is drawn: what may not be passed, or what was before.
    """

    name: str
    at: float
    kind: Literal["limit", "before"] = "limit"


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart.

    Attributes:
        label: What it is of.
        value: How long it is.
        shown: The value as it stands behind the bar.
        title: All that is known of it; the first line is in bold.
        colour: 0 to `COLOURS`; 0 is grey.
        marks: Values to compare with.
    """

    label: str
    value: float
    shown: str
    title: str
    colour: int = 1
    marks: tuple[Mark, ...] = ()


class Scale:
    """Where values stand on an axis.

    Args:
        axis: What it measures.
        values: All that will be placed.
        rounded: Whether it begins and ends at ticks.
    """

    def __init__(self, axis: Axis, values: Sequence[float], rounded: bool = False) -> None:
        self.axis = axis
        low = min(values, default=0.5) if axis.low is None else axis.low
        high = max(values, default=0.5) if axis.high is None else axis.high
        if low >= high and axis.low is not None:
            high = low + 1
        elif low >= high:  # a single value stands in the middle
            low, high = {"linear": (low - 0.5, low + 0.5), "log": (low / 2, low * 2),
                         "logit": (low / 2, (1 + low) / 2)}[axis.kind]  # fmt: skip
        if axis.kind == "linear":
            self.ticks = _linear(low, high, rounded, axis.whole)
        elif axis.kind == "log":
            self.ticks = _logarithmic(low, high, rounded)
        else:
            self.ticks = [tick for tick in _LOGIT if low <= tick <= high]
        if rounded and self.ticks:
            low = self.ticks[0] if axis.low is None else low
            high = self.ticks[-1] if axis.high is None else high
        self._ends = self._spread(low), self._spread(high)
        if len(self.ticks) > _TICKS + 1 and axis.kind == "log":
            self.ticks = [tick for tick in self.ticks if _mantissa(tick) == 1]

    def at(self, value: float) -> float:
        """Return where a value stands, 0 to 100."""
        low, high = self._ends
        return 100 * min(1.0, max(0.0, (self._spread(value) - low) / (high - low)))

    def _spread(self, value: float) -> float:
        if self.axis.kind == "log":
            return math.log(value)
        return math.log(value / (1 - value)) if self.axis.kind == "logit" else value


def name(text: str) -> str:
    """Return a name as a chart can show it: in one line, and with nothing that means anything."""
    shown = " ".join(printable(text).split())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def number(value: float) -> str:
    """Return a value with three digits that count, and no more."""
    if abs(value) >= 1000:
        return count(value)
    return f"{value:.3g}"


def lines(
    title: str,
    x: Sequence[float],
    series: Sequence[Line],
    across: Axis,
    up: Axis,
    marks: Sequence[Mark] = (),
    heads: Sequence[str] | None = None,
) -> Markup:
    """Return lines over one axis, with axes and legend.

    Args:
        title: What it shows, for those who do not see it.
        x: In any order, one way; of several that are equal the first speaks for them.
        series: The lines.
        across: The axis of x.
        up: The other one.
        marks: Levels of the other axis.
        heads: What each x is called where it is pointed at; its value if left out.
    """
    seen = [y for line in series for y in line.y if y is not None]
    place, level = Scale(across, x), Scale(up, [*seen, *(m.at for m in marks)], rounded=True)
    drawn = [_polyline(line, x, place, level) for line in series]
    dots = [dot for line in series for dot in _dots(line, x, place, level)]
    levels = [_markup('<line class="{1}" x1="0" x2="100%" y1="{0}%" y2="{0}%"/>',
                      _percent(100 - level.at(mark.at)), mark.kind) for mark in marks]  # fmt: skip
    return _markup(
        '<figure class="chart">{legend}<div class="up">{up}</div>'
        '<svg class="plot" data-walk="" tabindex="0" role="group" aria-label="{title}">'
        '{axes}<svg viewBox="0 0 1000 1000" preserveAspectRatio="none">{drawn}</svg>'
        '{levels}{dots}{hits}</svg><div class="across">{across}</div></figure>',
        legend=_legend(series, marks),
        up=up.label,
        title=title,
        axes=axes(place, level),
        drawn=_all(drawn),
        levels=_all(levels),
        dots=_all(dots),
        hits=_hits(x, series, place, level, heads),
        across=across.label,
    )


def axes(place: Scale, level: Scale) -> Markup:
    """Return the grid of a plot, and what stands at its axes."""
    parts = []
    for tick in place.ticks:
        at = _percent(place.at(tick))
        parts += [
            _markup('<line class="grid" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', at),
            _markup('<text x="{}%" y="100%" dy="17" text-anchor="middle">{}</text>', at,
                    number(tick)),
        ]  # fmt: skip
    for tick in level.ticks:
        at = _percent(100 - level.at(tick))
        parts += [
            _markup('<line class="grid" x1="0" x2="100%" y1="{0}%" y2="{0}%"/>', at),
            _markup('<text x="0" dx="-8" y="{}%" dy="4" text-anchor="end">{}</text>', at,
                    number(tick)),
        ]  # fmt: skip
    return _all(parts)


def bars(rows: Sequence[Bar], title: str, high: float = 0.0) -> Markup:
    """Return horizontal bars on one scale, which begin at nothing.

    Args:
        rows: The bars.
        title: What they show, for those who do not see it.
        high: What the right end means at least.
    """
    ends = [
        0.0,
        high,
        *(row.value for row in rows),
        *(mark.at for row in rows for mark in row.marks),
    ]
    low, high = min(ends), max(ends)
    parts = [
        _markup("<li><span>{}</span>{}<b>{}</b></li>", printable(row.label),
                strip(row, low, high), row.shown)
        for row in rows
    ]  # fmt: skip
    return _markup('<ul class="bars" data-walk="" tabindex="0" aria-label="{}">{}</ul>', title,
                   _all(parts))  # fmt: skip


def strip(row: Bar, low: float, high: float) -> Markup:
    """Return a bar alone, from nothing to its value.

    Args:
        row: What to show.
        low: What the left end means.
        high: What the right end means.
    """
    place = Scale(Axis("", low=low, high=high), ())
    zero, end = place.at(0.0), place.at(row.value)
    start, width = min(zero, end), abs(end - zero)
    form = '<line class="{kind}" x1="{x}%" x2="{x}%" y1="0" y2="100%"/>'
    marks = [_markup(form, kind=m.kind, x=_percent(place.at(m.at))) for m in row.marks]
    return _markup(
        '<svg class="bar hit" role="img"><title>{title}</title><rect class="back" width="100%"'
        ' height="100%"/><rect class="c{colour} fill" x="{x}%" width="{width}%" y="3"'
        ' height="12"/>{zero}{marks}</svg>',
        title=_lined(row.title),
        colour=row.colour,
        x=_percent(start),
        width=_percent(width),
        zero=_markup('<line class="zero" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', _percent(zero))
        if low < 0 < high
        else "",
        marks=_all(marks),
    )


def _legend(series: Sequence[Line], marks: Sequence[Mark]) -> Markup:
    parts = [_markup('<span><svg class="key"><line class="{}" x1="0" x2="100%" y1="50%" y2="50%"/>'
                     "</svg>{}</span>", line.look, name(line.name)) for line in series]  # fmt: skip
    parts += [_markup('<span><svg class="key"><line class="{}" x1="0" x2="100%" y1="50%" y2="50%"/>'
                      "</svg>{}</span>", mark.kind, mark.name) for mark in marks]  # fmt: skip
    return _markup("<figcaption>{}</figcaption>", _all(parts))


def _polyline(line: Line, x: Sequence[float], place: Scale, level: Scale) -> Markup:
    """Return a line, which is broken where there are no values."""
    pieces: list[list[str]] = [[]]
    for at, y in zip(x, line.y, strict=True):
        if y is None:
            pieces.append([])
        else:
            here = f"{10 * place.at(at):.1f},{1000 - 10 * level.at(y):.1f}"
            pieces[-1].append(here)
    return _all(_markup('<polyline class="{}" points="{}"/>', line.look, " ".join(piece))
                for piece in pieces if len(piece) > 1)  # fmt: skip


def _dots(line: Line, x: Sequence[float], place: Scale, level: Scale) -> list[Markup]:
    found = []
    few = len(x) <= _DOTS
    for number, (at, y) in enumerate(zip(x, line.y, strict=True)):
        circled = number == line.circled
        if y is not None and (few or circled):
            found.append(_markup(
                '<circle class="{} {}" cx="{}%" cy="{}%" r="{}"/>', line.look,
                "ring" if circled else "fill", _percent(place.at(at)),
                _percent(100 - level.at(y)), 5 if circled else 2.5))  # fmt: skip
    return found


def _hits(
    x: Sequence[float],
    series: Sequence[Line],
    place: Scale,
    level: Scale,
    heads: Sequence[str] | None,
) -> Markup:
    """Return what is shown where one points: around each x all that is nearest to it."""
    first = {place.at(value): number for number, value in reversed(list(enumerate(x)))}
    centres = sorted(first)
    if not centres:
        return Markup("")
    edges = [0.0, *((a + b) / 2 for a, b in zip(centres, centres[1:], strict=False)), 100.0]
    parts = []
    for centre, left, right in zip(centres, edges[:-1], edges[1:], strict=True):
        at = first[centre]
        head = heads[at] if heads else f"{place.axis.label} {number(x[at])}{place.axis.unit}"
        values = [(line, line.y[at]) for line in series]
        there = [(line, y) for line, y in values if y is not None]
        said = [head, *(f"{name(line.name)}: {number(y)}{level.axis.unit}" for line, y in there)]
        parts.append(_markup(
            '<rect class="hit" x="{}%" width="{}%" height="100%" data-x="{}" data-y="{}">'
            "<title>{}</title></rect>", _percent(left), _percent(right - left), _percent(centre),
            " ".join(f"{line.colour}:{_percent(100 - level.at(y))}"
                     for line, y in there), "\n".join(said)))  # fmt: skip
    return _all(parts)


def _lined(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _linear(low: float, high: float, rounded: bool, whole: bool) -> list[float]:
    """Return ticks of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / (_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= raw * 0.999)
    if whole:
        step = max(1.0, step)
    first, last = low / step, high / step
    ends = (math.floor(first + 1e-9), math.ceil(last - 1e-9)) if rounded else (
        math.ceil(first - 1e-9), math.floor(last + 1e-9))  # fmt: skip
    return [round(step * n, 12) for n in range(ends[0], ends[1] + 1)]


def _logarithmic(low: float, high: float, rounded: bool) -> list[float]:
    """Return ticks at 1, 2 and 5 of each power of ten."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    every = [float(f"{s}e{power}") for power in powers for s in (1, 2, 5)]
    if rounded:
        low = max(tick for tick in every if tick <= low * 1.0001)
        high = min(tick for tick in every if tick >= high * 0.9999)
    return [tick for tick in every if low * 0.9999 <= tick <= high * 1.0001]


def _mantissa(value: float) -> int:
    return round(value / 10.0 ** math.floor(math.log10(value) + 1e-9))


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _markup(form: str, *args: object, **named: object) -> Markup:
    return Markup(form).format(*args, **named)


def _all(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)

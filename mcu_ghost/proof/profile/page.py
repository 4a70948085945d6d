# SPDX-License-Identifier: Apache-2.0
"""A profile as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from mcu_ghost.host import charts, templates, text
from mcu_ghost.host.version import __version__
from mcu_ghost.proof.profile.attribution import Node
from mcu_ghost.proof.profile.profile import Profile

WIDTH = 1080.0
ROW = 26.0
_GAP = 1.0
_LETTER = 6.6  # of the flame graph's text, in its own units
_NARROWEST = 0.5
_COLOURS = 6
_BLOCKS = 12


@dataclass(frozen=True)
class Bar:
    """A bar of a picture.

    Attributes:
        x: Left edge.
        y: Top edge.
        width: Of the bar.
        colour: 0 for what is nobody's, else the colour of its layer.
        fade: 0 to 3, how pale it is.
        label: Text that fits.
        title: Text to show when pointed at.
    """

    x: float
    y: float
    width: float
    colour: int
    fade: int
    label: str
    title: str


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `profile.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        profile: All numbers.
        width: Of the flame graph.
        height: Likewise.
        row: Height of its bars.
        gap: Between them.
        letter: Width of a letter.
        flame: Its bars.
        mix: The bars of the kinds of instructions, 0 to 100 wide.
        colours: Of the layers, by name.
        blocks: How many to show.
        bar: Draws a name's instructions as their share of the frame's, in a colour.
    """

    version: str
    profile: Profile
    width: float
    height: float
    row: float
    gap: float
    letter: float
    flame: list[Bar]
    mix: list[Bar]
    colours: dict[str, int]
    blocks: int
    bar: Callable[[str, float, int], Markup]


def page(profile: Profile) -> str:
    """Return the page's HTML."""
    named = [layer.name for layer in profile.layers if layer.name != "step"]
    colours = {name: 1 + number % _COLOURS for number, name in enumerate(named)}
    flame = list(_bars(profile.flame, profile.instructions_per_frame, colours))
    context = PageContext(
        version=__version__,
        profile=profile,
        width=WIDTH,
        height=max(bar.y for bar in flame) + ROW,
        row=ROW - _GAP,
        gap=_GAP,
        letter=_LETTER,
        flame=flame,
        mix=_mix(profile),
        colours=colours,
        blocks=_BLOCKS,
        bar=lambda name, value, colour: _share(name, value, colour, profile),
    )
    return templates.render("report/profile.html.jinja", context)


def _share(name: str, value: float, colour: int, profile: Profile) -> Markup:
    title = f"{name}\n{text.count(value, 'instruction')} per frame"
    bar = charts.Bar(name, value, "", title, colour)
    return charts.strip(bar, 0.0, profile.instructions_per_frame)


def _bars(
    node: Node,
    total: float,
    colours: dict[str, int],
    x: float = 0.0,
    depth: int = 0,
    colour: int = 0,
) -> Iterator[Bar]:
    """Yield the bars of a tree: callers above what they call, lines of source at the bottom."""
    width = WIDTH * node.instructions / total
    if width < _NARROWEST:
        return
    share = node.instructions / total
    title = f"{node.name}: {text.count(node.instructions, 'instruction')} ({share:.1%})"
    label = _fit(node.name.rpartition("/")[2], width, leaf=not node.children)
    fade = 3 if not node.children else min(max(depth - 1, 0), 2)
    yield Bar(x, depth * ROW, max(width - _GAP, _NARROWEST), colour, fade, label, title)
    children = list(node.children.values())
    if depth:  # layers stay in order
        children.sort(key=lambda child: -child.instructions)
    for child in children:
        own = colours.get(child.name, 0) if depth == 0 or colour == 0 else colour
        yield from _bars(child, total, colours, x, depth + 1, own)
        x += WIDTH * child.instructions / total


def _fit(name: str, width: float, leaf: bool) -> str:
    """Return a name cut to a bar's width; of "file:line" the line says most."""
    letters = int((width - 10) / _LETTER)
    if len(name) > letters and leaf and ":" in name:
        name = name[name.find(":") :]
    if len(name) <= letters:
        return name
    return name[: letters - 1] + "…" if letters >= 4 else ""


def _mix(profile: Profile) -> list[Bar]:
    bars, x = [], 0.0
    for number, (kind, times) in enumerate(profile.mix.items()):
        share = times / profile.instructions_per_frame
        colour = (number + 1) if kind != "other" else 0
        title = f"{kind}: {text.count(times, 'instruction')} ({share:.1%})"
        bars.append(Bar(x, 0.0, 100 * share, colour, 0, kind, title))
        x += 100 * share
    return bars

# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run, as SVG that can stand in a page: the same numbers, the same bytes."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mcu_ghost.host.text import printable

if TYPE_CHECKING:
    from mcu_ghost.train.thresholds import TradeOff

_LONGEST = 24  # letters of a word
_WIDTHS = {"wide": 7.2, "narrow": 4.5}  # inches; a phone shows the narrow one as large as it is
_TICKS = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99)


def for_screens(draw: Callable[[float], str]) -> str:
    """Return a picture as HTML, drawn once for wide screens and once for phones.

    Args:
        draw: Takes the width in inches, and draws within `style`. Letters keep their size.
    """
    parts = []
    for screen, width in _WIDTHS.items():
        with style(screen):
            parts.append(f'<div class="{screen}">{draw(width)}</div>')
    return "".join(parts)


@contextlib.contextmanager
def style(salt: str) -> Iterator[None]:
    """Draw in the style of all pictures; of two in a page each has a salt of its own."""
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(
        {"svg.hashsalt": f"mcu-ghost {salt}", "svg.fonttype": "none", "font.size": 10,
         "text.parse_math": False, "legend.facecolor": "none"}
    ):  # fmt: skip
        yield


def plain(axis: Any) -> None:
    """Let a logarithmic axis say 10 and 0.1 instead of powers, and more where it is short."""
    from matplotlib import ticker

    for each in (axis.set_major_formatter, axis.set_minor_formatter):
        each(ticker.LogFormatter(labelOnlyBase=False, minor_thresholds=(1.2, 0.5)))


def svg(figure: Any) -> str:
    """Return a figure as an `<svg>` element, and close it."""
    from matplotlib import pyplot

    picture = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the browser has fonts of its own
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    text = picture.getvalue()
    ink = re.sub(
        r"\b(stroke|fill): #000000", r"\1: currentColor", text
    )  # light pages and dark ones
    return ink[ink.index("<svg") :]


def by_threshold(found: TradeOff, chosen: Sequence[float]) -> str:
    """Return what becomes of each word at each threshold: misses above, false accepts below.

    Args:
        found: The counts.
        chosen: The threshold of each word.
    """

    def draw(width: float) -> str:
        from matplotlib import pyplot

        figure, (missed, accepts) = pyplot.subplots(
            2, 1, figsize=(width, 6.4), layout="constrained", sharex=True
        )
        x = found.thresholds
        for number, word in enumerate(found.words):
            look = {"color": f"C{number % 10}", "linewidth": 1.2}
            at = x.index(min(x, key=lambda t, i=number: abs(t - chosen[i])))  # type: ignore[misc]
            share = [[100 * n / max(1, word.said) for n in counts]
                     for counts in (word.missed, word.missed_in_noise)]  # fmt: skip
            missed.plot(x, share[0], label=_name(word.label), **look)
            missed.plot(x, share[1], linestyle="--", **look)
            hourly = [n / found.hours if n else float("nan") for n in word.accepts]
            accepts.plot(x, hourly, **look)
            for axes, values in ((missed, share[0]), (missed, share[1]), (accepts, hourly)):
                axes.plot(x[at], values[at], "o", markerfacecolor="none", **look)
        accepts.plot(x, found.expected, color="grey", linewidth=3, alpha=0.5, zorder=0,
                     label="all words, expected")  # fmt: skip
        accepts.axhline(found.limit, color="grey", linestyle=":", label="the limit")
        missed.set_ylabel("missed, % (dashed: in noise)")
        missed.set_ylim(bottom=0)
        accepts.set_yscale("log", nonpositive="mask")
        plain(accepts.yaxis)
        accepts.set_ylabel("false accepts per hour")
        accepts.set_xlabel("threshold; circles: those chosen")
        accepts.set_xscale("logit")
        accepts.set_xlim(x[0], x[-1])
        accepts.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
        accepts.set_xticks([], minor=True)
        for axes, free in ((missed, "upper left"), (accepts, "upper right")):
            axes.grid(alpha=0.3)
            axes.legend(frameon=False, loc=free)  # misses rise from there, accepts fall
        return svg(figure)

    return for_screens(draw)


def losses(found: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Return the loss of each epoch, phase after phase, as SVG.

    Args:
        found: By phase, [training, validation] of each epoch.
    """

    def draw(width: float) -> str:
        from matplotlib import pyplot, ticker

        figure, axes = pyplot.subplots(figsize=(width, 3), layout="constrained")
        start = 1
        for number, (phase, epochs) in enumerate(found.items()):
            x = range(start, start + len(epochs))
            look: dict[str, Any] = {"color": f"C{number}", "linewidth": 1.2, "marker": "."}
            axes.plot(x, [one[0] for one in epochs], linestyle="--", **look)
            axes.plot(x, [one[1] for one in epochs], label=phase, **look)
            start += len(epochs)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss (dashed: in training)")
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        return svg(figure)

    return for_screens(draw)


def _name(label: str) -> str:
    """Return a word as a legend can show it: in one line, and with nothing that means anything."""
    name = " ".join(printable(label).split())
    return f"'{name}'" if len(name) <= _LONGEST else f"'{name[:_LONGEST]}…'"

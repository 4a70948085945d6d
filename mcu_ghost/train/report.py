# SPDX-License-Identifier: Apache-2.0
"""What a training run measured, as numbers and as a page with a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcu_ghost.host import files, templates, text
from mcu_ghost.host.version import __version__
from mcu_ghost.train import pictures
from mcu_ghost.train.rates import Rate
from mcu_ghost.train.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from mcu_ghost.train.result import Result, Words


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `train.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        name: Of the model.
        result: All numbers.
        curve: The detection error trade-off, an SVG picture.
        by_threshold: Each word's misses and false accepts on validation, another one.
        size: Formats bytes.
        share: Formats a share with its interval.
        hourly: Formats a rate per hour with its interval.
        noise: Names a signal-to-noise ratio.
    """

    version: str
    name: str
    result: Any
    curve: str
    by_threshold: str
    losses: str
    size: Callable[[int], str]
    share: Callable[[Rate], str]
    hourly: Callable[[Rate], str]
    noise: Callable[[float | None], str]


def noise(snr_db: float | None) -> str:
    """Return a signal-to-noise ratio in words."""
    return "no noise" if snr_db is None else f"noise at {snr_db:g} dB"


def share(rate: Rate) -> str:
    """Return a share of trials with its interval."""
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"


def interval(rate: Rate) -> str:
    """Return the interval of a rate per hour; none at all is only a bound."""
    return f"{rate.low:.1f} to {rate.high:.1f}" if rate.count else f"less than {rate.high:.1f}"


def hourly(rate: Rate) -> str:
    """Return a rate per hour with its interval."""
    return f"{rate.value:.1f} ({interval(rate)})" if rate.count else f"0 ({interval(rate)})"


def write(result: Result, out: Path) -> None:
    """Write the numbers and the page beside a `.tflite`.

    Args:
        result: What was measured.
        out: The model; `.json` and `.html` of the same name are written.

    Raises:
        GhostError: They cannot be written.
    """
    numbers = json.dumps(asdict(result), indent=2, allow_nan=False)
    numbers = re.sub(r"\[\s+([-\d.,\se]+?)\s+\]", _joined, numbers)  # rows of numbers on one line
    files.write_text(out.with_suffix(".json"), numbers + "\n")
    words = pictures.by_threshold(result.validation, result.thresholds)
    context = PageContext(__version__, out.stem, result, curve(result), words,
                          pictures.losses(result.losses), text.size, share, hourly,
                          noise)  # fmt: skip
    files.write_text(out.with_suffix(".html"), templates.render("report/train.html.jinja", context))


def _joined(found: re.Match[str]) -> str:
    return "[" + " ".join(found[1].split()) + "]"


def curve(result: Result) -> str:
    """Return the share of words missed against false accepts per hour, as SVG.

    One line for each noise of the first folder's words; a false accept is one on any of the test
    sounds without words. Rates of none are drawn at half a report in all the hours.
    """
    hours = sum(one.int8.of for one in result.accepts)
    accepts = [sum(one.curve[i] for one in result.accepts) for i in range(len(THRESHOLDS))]
    chosen = sum(one.int8.count for one in result.accepts)
    x = [max(count, 0.5) / hours for count in accepts]
    first: list[Words] = [w for w in result.words if w.folder == result.words[0].folder]

    def draw(width: float) -> str:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(width, 4.2), layout="constrained")
        for number, words in enumerate(first):
            colour = f"C{number}"
            axes.plot(
                x, [100 * y for y in words.curve], ".-", color=colour, label=noise(words.snr_db)
            )
            axes.plot(max(chosen, 0.5) / hours, 100 * words.int8.value, "o", color=colour,
                      markersize=9, markerfacecolor="none")  # fmt: skip
        axes.set_xscale("log")
        pictures.plain(axes.xaxis)
        axes.set_xlabel(f"false accepts per hour, on {hours:.1f} h without words")
        axes.set_ylabel("words missed, %")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(title="circles: the thresholds chosen", frameon=False)
        return pictures.svg(figure)

    return pictures.for_screens(draw)

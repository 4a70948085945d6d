# SPDX-License-Identifier: Apache-2.0
"""What a training run measured, as numbers and as a page with charts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from mcu_ghost.host import charts, files, templates, text
from mcu_ghost.host.charts import Axis, Line, Mark
from mcu_ghost.host.version import __version__
from mcu_ghost.train.rates import Rate
from mcu_ghost.train.thresholds import FINEST, NOISY_DB, THRESHOLDS

if TYPE_CHECKING:
    from mcu_ghost.train.result import Result
    from mcu_ghost.train.thresholds import WordCurve


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `train.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        name: Of the model.
        result: All numbers.
        curve: The detection error trade-off, a chart.
        by_threshold: Each word's misses and false accepts on validation, more charts.
        losses: Of each epoch, another one.
        size: Formats bytes.
        share: Formats a share with its interval.
        hourly: Formats a rate per hour with its interval.
        noise: Names a signal-to-noise ratio.
        shade: Tells how dark a count of a row is, 0 to 10.
    """

    version: str
    name: str
    result: Result
    curve: Markup
    by_threshold: list[Markup]
    losses: Markup
    size: Callable[[int], str]
    share: Callable[[Rate], str]
    hourly: Callable[[Rate], str]
    noise: Callable[[float | None], str]
    shade: Callable[[int, Sequence[int]], int]


def noise(snr_db: float | None) -> str:
    """Return a signal-to-noise ratio in words."""
    return "no noise" if snr_db is None else f"noise at {snr_db:g} dB"


def share(rate: Rate) -> str:
    """Return a share of trials with its interval."""
    return f"{100 * rate.value:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f} %)"


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
    files.write_text(out.with_suffix(".html"), page(result, out.stem))


def page(result: Result, name: str) -> str:
    """Return the page's HTML.

    Args:
        result: What was measured.
        name: Of the model.
    """
    context = PageContext(__version__, name, result, curve(result), by_threshold(result),
                          losses(result.losses), text.size, share, hourly, noise,
                          shade)  # fmt: skip
    return templates.render("report/train.html.jinja", context)


def _joined(found: re.Match[str]) -> str:
    return "[" + " ".join(found[1].split()) + "]"


def shade(n: int, row: Sequence[int]) -> int:
    """Return how dark a number of a row of counts is, 0 to 10."""
    return math.ceil(10 * n / (sum(row) or 1))


def curve(result: Result) -> Markup:
    """Draw the share of words missed against false accepts per hour.

    One line for each noise of the first folder's words; a false accept is one on any of the test
    sounds without words. Rates of none are drawn at half a report in all the hours.
    """
    hours = sum(one.int8.of for one in result.accepts)
    counts = [sum(one.curve[i] for one in result.accepts) for i in range(len(THRESHOLDS))]
    chosen = THRESHOLDS.index(min(THRESHOLDS, key=lambda t: abs(t - result.thresholds[0])))
    lines = [
        Line(noise(words.snr_db), [100 * y for y in words.curve], number, circled=chosen)
        for number, words in enumerate(result.words)
        if words.folder == result.words[0].folder
    ]
    return charts.lines(
        "Words missed against false accepts",
        [max(count, 0.5) / hours for count in counts],
        lines,
        Axis(f"false accepts per hour, on {hours:.1f} h without words", "log"),
        Axis("words missed, %", unit=" %", low=0.0),
        heads=[
            f"threshold {threshold:g}: {charts.number(count / hours)} false accepts per hour"
            for threshold, count in zip(THRESHOLDS, counts, strict=True)
        ],
    )


def by_threshold(result: Result) -> list[Markup]:
    """Draw what becomes of each word at each threshold: misses, those in noise, false accepts."""
    found = result.validation
    x = found.thresholds
    at = [x.index(min(x, key=lambda t, c=c: abs(t - c))) for c in result.thresholds]  # type: ignore[misc]

    def each(values: Callable[[WordCurve], Sequence[float | None]]) -> list[Line]:
        return [
            Line(word.label, values(word), number, circled=at[number])
            for number, word in enumerate(found.words)
        ]

    def shares(counts: Sequence[int], said: int) -> list[float]:
        return [100 * n / max(1, said) for n in counts]

    across, heads = Axis("threshold", "logit"), [f"threshold {t:g}" for t in x]
    missed = Axis("words missed without noise, %", unit=" %", low=0.0)
    noisy = Axis(f"words missed in noise at {NOISY_DB:g} dB, %", unit=" %", low=0.0)
    rates = each(lambda word: [n / found.hours if n else None for n in word.accepts])
    told = [e if e >= FINEST / found.hours else None for e in found.expected]
    expected = Line("all words, expected", told, -1, True)
    limit = [Mark("the limit", found.limit)] if found.limit else []
    return [
        charts.lines("Words missed without noise", x,
                     each(lambda w: shares(w.missed, w.said)), across, missed, heads=heads),
        charts.lines("Words missed in noise", x,
                     each(lambda w: shares(w.missed_in_noise, w.said)), across, noisy,
                     heads=heads),
        charts.lines("False accepts per hour", x, [*rates, expected], across,
                     Axis("false accepts per hour", "log"), limit, heads),
    ]  # fmt: skip


def losses(found: Mapping[str, Sequence[Sequence[float]]]) -> Markup:
    """Draw the loss of each epoch, phase after phase.

    Args:
        found: By phase, [training, validation] of each epoch.
    """
    total = sum(len(epochs) for epochs in found.values())
    lines, start = [], 0
    for number, (phase, epochs) in enumerate(found.items()):
        for place, what in enumerate(("training", "validation")):
            y: list[float | None] = [None] * total
            y[start : start + len(epochs)] = [epoch[place] for epoch in epochs]
            lines.append(Line(f"{phase}, {what}", y, number, dashed=place == 0))
        start += len(epochs)
    return charts.lines("Losses", range(1, total + 1), lines, Axis("epoch", whole=True),
                        Axis("loss"))  # fmt: skip

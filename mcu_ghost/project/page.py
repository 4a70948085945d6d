# SPDX-License-Identifier: Apache-2.0
"""What `mcu-ghost check` found, as one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mcu_ghost.boards import Board
from mcu_ghost.host import charts, templates, text
from mcu_ghost.host.charts import Bar, Mark
from mcu_ghost.host.version import __version__
from mcu_ghost.project import baseline
from mcu_ghost.project.baseline import Costs, Row
from mcu_ghost.project.costs import Miss
from mcu_ghost.project.pairs import Pair
from mcu_ghost.proof.accuracy import FLOAT, IMAGE, REFERENCE, Judgement

_BETTER, _WITHIN, _WORSE = 3, 2, 5  # colours


@dataclass(frozen=True)
class Compared:
    """A board's firmware, then and now.

    Attributes:
        target: The board.
        before: The baseline; None where it has none.
        now: What it costs.
        rows: Both, number by number.
    """

    target: Board
    before: Costs | None
    now: Costs
    rows: list[Row]

    @property
    def changes(self) -> list[str]:
        """What else is not as it was."""
        return baseline.changes(self.before, self.now) if self.before else []


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `check.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        name: Of the project.
        boards: What was compared.
        failures: Sentences on what is worse or wrong.
        updated: Whether the baseline was written.
        misses: Recordings that were taken for something else.
        judgements: What came of the project's own data.
        columns: Whose numbers those have.
        strip: Draws how far a number is from what is allowed.
        memory: Draws how much of a board's memory is used.
        gained: What recordings gain, a chart; "" where none are cleaned.
    """

    version: str
    name: str
    boards: Sequence[Compared]
    failures: Sequence[str]
    updated: bool
    misses: Sequence[Miss]
    judgements: Sequence[Judgement]
    columns: Sequence[str]
    strip: Callable[[Row], Markup]
    memory: Callable[[Compared], Markup]
    gained: Markup


def page(
    name: str,
    boards: Sequence[Compared],
    failures: Sequence[str],
    updated: bool,
    misses: Sequence[Miss],
    judgements: Sequence[Judgement],
    cleaned: Sequence[Pair],
) -> str:
    """Return the page's HTML.

    Args:
        name: Of the project.
        boards: What was compared.
        failures: Sentences on what is worse or wrong.
        updated: Whether the baseline was written.
        misses: Recordings that were taken for something else.
        judgements: What came of the project's own data.
        cleaned: Recordings that were made clean.
    """
    context = PageContext(
        __version__, name, boards, failures, updated, misses, judgements,
        (FLOAT, REFERENCE, IMAGE), _strip, _memory, _gained(cleaned),
    )  # fmt: skip
    return templates.render("report/check.html.jinja", context)


def _strip(row: Row) -> Markup:
    """Draw how far a number is from the baseline, and from where it would be too far."""
    before, now, allowed = row.before, row.now, row.allowed
    if before is None or now is None or allowed is None or not before:
        return Markup("")
    scale = 100 / before if row.unit in (" B", "") else 1.0
    value, limit = (now - before) * scale, (allowed - before) * scale
    span = max(2 * abs(limit), 1.25 * abs(value)) or 1.0
    grows = limit > 0 or row.unit in (" B", "")
    colour = _WORSE if row.worse else _WITHIN if (value > 0) == grows else _BETTER
    title = (f"{row.what}\n{row.change or 'as it was'}\nallowed: {'≤' if grows else '≥'}"
             f" {row.said(allowed)}")  # fmt: skip
    marks = (Mark("allowed", limit), Mark("now", value, "before"))
    return charts.strip(Bar(row.what, value, "", title, colour, marks), -span, span)


def _memory(one: Compared) -> Markup:
    """Draw how much of a board's flash and RAM an image takes."""
    bars = []
    rows = {row.what: row for row in one.rows}
    for what, size in (("flash", one.target.flash.usable), ("RAM", one.target.ram.usable)):
        row = rows[what]
        used = row.now or 0.0
        marks = [Mark("budget", 100 * row.budget / size)] if row.budget else []
        told = [f"{what} of {one.target.name}", f"{text.size(round(used))} of {text.size(size)}"]
        told += [f"budget: {text.size(row.budget)}"] if row.budget else []
        shown = f"{text.size(round(used))}, {100 * used / size:.1f} % of {text.size(size)}"
        bars.append(Bar(what, 100 * used / size, shown, "\n".join(told), 1, tuple(marks)))
    return charts.bars(bars, f"Memory of {one.target.name} in use", high=100.0)


def _gained(cleaned: Sequence[Pair]) -> Markup:
    if not cleaned:
        return Markup("")
    bars = [
        Bar(pair.noisy.name, pair.gained_db, f"{pair.gained_db:+.1f} dB",
            f"{pair.noisy}\nSI-SDR {pair.before_db:.1f} → {pair.after_db:.1f} dB")
        for pair in sorted(cleaned, key=lambda pair: pair.gained_db)
    ]  # fmt: skip
    return charts.bars(bars, "SI-SDR gained by recording")

# SPDX-License-Identifier: Apache-2.0
"""What a training run for enhancement measured: numbers, and a page to look at and listen to."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from markupsafe import Markup

from mcu_ghost.host import charts, files, templates, text
from mcu_ghost.host.charts import Axis, Bar, Line, Mark
from mcu_ghost.host.version import __version__
from mcu_ghost.sound import spectrogram
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.sound.spectrogram import Shown
from mcu_ghost.train.enhancement.measure import Mixture
from mcu_ghost.train.enhancement.result import Result, Row

_HEARD = 4  # examples
_HEARD_SNR = 5.0


@dataclass(frozen=True)
class Example:
    """A test sound to listen to.

    Attributes:
        title: Its noise.
        sounds: It as it is, made clean, and the speech in it.
    """

    title: str
    sounds: list[Shown]


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `enhancement.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        name: Of the model.
        result: All numbers.
        rows: By kind of noise.
        by_snr: By SNR.
        curve: SI-SDR of each validation, a chart.
        bars: SI-SDR gained by kind of noise, another one.
        snr: The same by SNR.
        examples: To listen to.
        size: Formats bytes.
    """

    version: str
    name: str
    result: Result
    rows: list[Row]
    by_snr: list[Row]
    curve: Markup
    bars: Markup
    snr: Markup
    examples: list[Example]
    size: Callable[[int], str]


def write(result: Result, made: Sequence[tuple[Mixture, Samples]], out: Path) -> None:
    """Write the numbers and the page beside a `.tflite`.

    Args:
        result: What was measured.
        made: Test mixtures and what the integer network makes of them.
        out: The model; `.json` and `.html` of the same name are written.

    Raises:
        GhostError: They cannot be written.
    """
    numbers = json.dumps(asdict(result), indent=2, allow_nan=False)
    files.write_text(out.with_suffix(".json"), numbers + "\n")
    files.write_text(out.with_suffix(".html"), page(result, made, out.stem))


def page(result: Result, made: Sequence[tuple[Mixture, Samples]], name: str) -> str:
    """Return the page's HTML.

    Args:
        result: What was measured.
        made: Test mixtures and what the integer network makes of them.
        name: Of the model.
    """
    context = PageContext(__version__, name, result, result.rows(), result.by_snr(),
                          _curve(result), _bars(result), _by_snr(result),
                          _examples(result, made), text.size)  # fmt: skip
    return templates.render("report/enhancement.html.jinja", context)


def _examples(result: Result, made: Sequence[tuple[Mixture, Samples]]) -> list[Example]:
    """Return the first mixture at one SNR of some kinds, those with babble last."""
    found = []
    for kind in result.kinds():
        pairs = [(m, y) for m, y in made if (m.kind, m.snr_db) == (kind, _HEARD_SNR)]
        if pairs:
            found.append(pairs[0])
    step = max(1, len(found) // _HEARD)
    return [_example(*pair) for pair in found[::step][:_HEARD]]


def _example(mix: Mixture, made: Samples) -> Example:
    sounds = {"noisy": mix.noisy, "made clean": made, "the speech in it": mix.clean}
    return Example(f"{mix.kind}, {mix.snr_db:g} dB", spectrogram.shown(sounds, RATE))


def _curve(result: Result) -> Markup:
    """Draw the SI-SDR of each validation."""
    steps, _, found = zip(*result.history, strict=True)
    noisy = Mark("as they are", result.validation_noisy_db, "before")
    return charts.lines(
        "SI-SDR of validation", steps, [Line("made clean", found)], Axis("steps"),
        Axis("SI-SDR of validation, dB", unit=" dB"), [noisy],
        [f"{text.count(step, 'step')}" for step in steps],
    )  # fmt: skip


def _bars(result: Result) -> Markup:
    """Draw what is gained by kind of noise."""
    rows = result.rows()[2:]
    return charts.bars([_bar(row) for row in rows], "SI-SDR gained by kind of noise")


def _bar(row: Row) -> Bar:
    before = row.noisy.si_sdr_db
    told = [f"{row.title}{', unheard of in training' if row.unseen else ''}",
            f"SI-SDR {before:.1f} → {before + row.int8.si_sdr_db:.1f} dB"]  # fmt: skip
    told += [f"{score} {old:.{digits}f} → {old + more:.{digits}f}"
             for score, old, more, digits in (("PESQ", row.noisy.pesq, row.int8.pesq, 2),
                                              ("STOI", row.noisy.stoi, row.int8.stoi, 3))
             if old is not None and more is not None]  # fmt: skip
    value = row.int8.si_sdr_db
    return Bar(row.title, value, f"{value:+.1f} dB", "\n".join(told), 2 if row.unseen else 1)


def _by_snr(result: Result) -> Markup:
    """Draw what each kind of noise gains over the SNR."""
    gained = {(c.kind, c.snr_db): c.int8.over(c.noisy).si_sdr_db for c in result.conditions}
    x = sorted({snr for _, snr in gained})
    lines = [
        Line(kind, [gained.get((kind, snr)) for snr in x], number)
        for number, kind in enumerate(result.kinds())
    ]
    return charts.lines(
        "SI-SDR gained by speech over noise", x, lines, Axis("speech over noise, dB", unit=" dB"),
        Axis("SI-SDR gained, dB", unit=" dB"), heads=[f"noise at {snr:g} dB" for snr in x],
    )  # fmt: skip

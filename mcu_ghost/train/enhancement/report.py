# SPDX-License-Identifier: Apache-2.0
"""What a training run for enhancement measured: numbers, and a page to look at and listen to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mcu_ghost.host import files, templates, text
from mcu_ghost.host.version import __version__
from mcu_ghost.sound import recording, spectrogram
from mcu_ghost.sound.audio import RATE, Samples
from mcu_ghost.train import pictures
from mcu_ghost.train.enhancement.measure import Mixture
from mcu_ghost.train.enhancement.result import Result, Row

_HEARD = 4  # examples
_HEARD_SNR = 5.0
_DYNAMIC_DB = 70.0  # of a spectrogram


@dataclass(frozen=True)
class Example:
    """A test sound to listen to.

    Attributes:
        title: Its noise.
        sounds: What it is, and a FLAC file in base64: noisy, made clean, the speech itself.
        picture: Spectrograms of the first two, SVG.
    """

    title: str
    sounds: tuple[tuple[str, str], ...]
    picture: str


@dataclass(frozen=True, eq=False)
class PageContext:
    """What `enhancement.html.jinja` shows.

    Attributes:
        version: Of mcu-ghost.
        name: Of the model.
        result: All numbers.
        rows: By kind of noise.
        by_snr: By SNR.
        curve: SI-SDR of each validation, SVG.
        bars: SI-SDR gained by kind of noise, SVG.
        examples: To listen to.
        size: Formats bytes.
    """

    version: str
    name: str
    result: Result
    rows: list[Row]
    by_snr: list[Row]
    curve: str
    bars: str
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
    context = PageContext(__version__, out.stem, result, result.rows(), result.by_snr(),
                          _curve(result), _bars(result), _examples(result, made),
                          text.size)  # fmt: skip
    page = templates.render("report/enhancement.html.jinja", context)
    files.write_text(out.with_suffix(".html"), page)


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
    sounds = tuple(
        (name, base64.b64encode(recording.encode(samples, "flac")).decode("ascii"))
        for name, samples in (("noisy", mix.noisy), ("made clean", made), ("speech", mix.clean))
    )
    title = f"{mix.kind}, {mix.snr_db:g} dB"
    return Example(title, sounds, spectrograms({"noisy": mix.noisy, "made clean": made}))


def spectrograms(sounds: dict[str, Samples]) -> str:
    """Return the spectrograms of sounds, one below the other on one scale, as SVG."""

    def draw(width: float) -> str:
        from matplotlib import pyplot

        figure, every = pyplot.subplots(
            len(sounds), 1, figsize=(width, 1.7 * len(sounds)), layout="constrained", sharex=True
        )
        levels = {name: spectrogram.levels(samples) for name, samples in sounds.items()}
        top = max(float(level.max()) for level in levels.values())
        for axes, (name, level) in zip(every, levels.items(), strict=True):
            seconds = len(sounds[name]) / RATE
            axes.imshow(level.T, origin="lower", aspect="auto", cmap="magma", vmax=top,
                        vmin=top - _DYNAMIC_DB, extent=(0, seconds, 0, RATE / 2000))  # fmt: skip
            axes.set_title(name, fontsize=10, loc="left")
            axes.set_ylabel("kHz")
        every[-1].set_xlabel("s")
        return pictures.svg(figure)

    return pictures.for_screens(draw)


def _curve(result: Result) -> str:
    """Return the SI-SDR of each validation."""

    def draw(width: float) -> str:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(width, 3), layout="constrained")
        steps, _, found = zip(*result.history, strict=True)
        axes.plot(steps, found, marker=".", linewidth=1.2, label="made clean")
        axes.axhline(result.validation_noisy_db, color="grey", linestyle=":", label="as they are")
        axes.set_xlabel("steps")
        axes.set_ylabel("SI-SDR of validation, dB")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        return pictures.svg(figure)

    return pictures.for_screens(draw)


def _bars(result: Result) -> str:
    """Return what is gained by kind of noise."""

    def draw(width: float) -> str:
        from matplotlib import pyplot

        rows = result.rows()[:1:-1]
        height = 0.9 + 0.27 * len(rows)
        figure, axes = pyplot.subplots(figsize=(width, height), layout="constrained")
        for place, row in enumerate(rows):
            colour = "C1" if row.unseen else "C0"
            axes.barh(place, row.int8.si_sdr_db, color=colour, height=0.7)
        axes.set_yticks(range(len(rows)), [row.title for row in rows])
        axes.axvline(0, color="grey", linewidth=0.8)
        axes.set_xlabel("SI-SDR gained, dB; orange: kinds that training heard nothing of")
        axes.grid(alpha=0.3, axis="x")
        return pictures.svg(figure)

    return pictures.for_screens(draw)

# SPDX-License-Identifier: Apache-2.0
"""`baseline.json`: what a project's firmware cost when it was agreed to, and what is worse now.

The file is checked in beside `ghost.toml`; `mcu-ghost check --update` rewrites it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mcu_ghost.host import schema
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.files import write_text
from mcu_ghost.host.text import count
from mcu_ghost.project import ghost_toml

NAME = "baseline.json"
UPDATE = "`mcu-ghost check --update` writes it down."

Count = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(gt=0)]


@dataclass(frozen=True)
class Accuracy:
    """How many recordings, or samples of the project's data, were recognised.

    Attributes:
        right: Those of which the firmware made what their folder, or the data, say.
        recordings: All.
        hash: Of their labels and contents: others cannot be compared.
    """

    right: Count
    recordings: Size
    hash: str

    def __post_init__(self) -> None:
        if self.right > self.recordings:
            raise ValueError(f"right makes no sense: {self.right} of {self.recordings}.")

    @property
    def percent(self) -> float:
        """Of the recordings that were recognised."""
        return 100 * self.right / self.recordings


@dataclass(frozen=True)
class Cleaned:
    """How much cleaner a model makes recordings.

    Attributes:
        si_sdr_db: Gained, the mean, by the integer network.
        recordings: How many.
        hash: Of them and of their clean partners: others cannot be compared.
    """

    si_sdr_db: float
    recordings: Size
    hash: str


@dataclass(frozen=True)
class Costs:
    """What a board's firmware costs, and that it is right. Instructions and bytes are emulated.

    Attributes:
        board: The board's name.
        app: The main program whose memory is counted.
        mcu_ghost: Version of this program.
        toolchain: The compiler and its version.
        kernels: The variant of the recurrent kernel.
        model: Hash of the network's every weight, option and label.
        emulator: Who ran it; None where no emulator knows the board.
        flash_bytes: Flash of the image.
        ram_bytes: RAM of the image, its whole stack included.
        different_bytes: Outputs and states that differ from the reference, events too.
        instructions_per_frame: From entry to return of the network's step, the mean.
        instructions_per_hop: Of an app that hears: all that a hop of sound takes, the mean.
        accuracy: On the project's recordings or data; None where there are none.
        mean_error: Of the outputs, on the project's data, where those say what should come out.
        cleaned: What the project's recordings gain, where the model cleans speech.
    """

    board: str
    app: str
    mcu_ghost: str
    toolchain: str
    kernels: str
    model: str
    emulator: str | None
    flash_bytes: Size
    ram_bytes: Size
    different_bytes: Count | None
    instructions_per_frame: Size | None
    instructions_per_hop: Size | None
    accuracy: Accuracy | None
    mean_error: Annotated[float, Meta(ge=0)] | None = None
    cleaned: Cleaned | None = None


@dataclass(frozen=True)
class Baseline:
    """The file.

    Attributes:
        boards: One entry for each of the project's boards.
    """

    boards: tuple[Costs, ...]

    def of(self, board: str) -> Costs | None:
        """Return what a board's firmware cost."""
        return next((entry for entry in self.boards if entry.board == board), None)


@dataclass(frozen=True)
class Row:
    """A number, then and now.

    Attributes:
        what: In words.
        before: In the baseline; None where it is not there.
        now: As it is; None where it cannot be counted.
        unit: Behind it.
        worse: What is wrong with it in comparison with the baseline; "" if nothing is.
        wrong: What is wrong with it whatever the baseline says.
        allowed: Up to where, or down to where, it may get worse; None where nothing is compared.
        budget: What it may not exceed whatever the baseline says; None without a limit.
    """

    what: str
    before: float | None
    now: float | None
    unit: str
    worse: str = ""
    wrong: str = ""
    allowed: float | None = None
    budget: int | None = None

    def said(self, value: float | None) -> str:
        """Return a number of its kind as people read it."""
        if value is None:
            return "–"
        if self.unit == " %":
            return f"{value:.1f} %"
        if self.unit == " dB":
            return f"{value:.2f} dB"
        return f"{value:.4g}" if isinstance(value, float) else count(value) + self.unit

    @property
    def change(self) -> str:
        """What became of it; "" where nothing did."""
        if self.before is None or self.now is None or self.before == self.now:
            return ""
        if self.unit == " %":
            return f"{self.now - self.before:+.1f} points"
        if self.unit == " dB":
            return f"{self.now - self.before:+.2f} dB"
        if self.before:
            return f"{100 * (self.now / self.before - 1):+.2f} %"
        return f"{self.now - self.before:+.0f}"


def read(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        GhostError: It is missing, or not what `write` made.
    """
    if not path.is_file():
        raise GhostError(f"{path}: there is no baseline yet. {UPDATE}")
    return schema.read(path, Baseline)


def write(path: Path, found: Sequence[Costs]) -> None:
    """Write a baseline, whole or not at all.

    Raises:
        GhostError: The folder cannot be written.
    """
    data = dataclasses.asdict(Baseline(tuple(found)))
    write_text(path, json.dumps(data, indent=2) + "\n")


def compare(project: ghost_toml.Project, before: Costs, now: Costs) -> list[Row]:
    """Compare what a board's firmware costs with the baseline and with the budget.

    Args:
        project: How much worse it may be.
        before: The baseline.
        now: What it costs.

    Returns:
        A row for each number that either of them has, or should.
    """
    slack, budget = project.tolerance, project.budget
    share = slack.instructions_percent
    rows = [
        _cost("flash", " B", before.flash_bytes, now.flash_bytes,
              slack.flash_percent, budget.flash_bytes),
        _cost("RAM", " B", before.ram_bytes, now.ram_bytes, slack.ram_percent, budget.ram_bytes),
        _cost("instructions per frame", "", before.instructions_per_frame,
              now.instructions_per_frame, share, budget.instructions_per_frame),
        _cost("instructions per hop of sound", "", before.instructions_per_hop,
              now.instructions_per_hop, share),
        _bytes(before, now),
        _accuracy(before.accuracy, now.accuracy, slack.accuracy_points),
        _error(before.mean_error, now.mean_error, slack.error_percent),
        _gained(before.cleaned, now.cleaned, slack.si_sdr_db),
    ]  # fmt: skip
    return [row for row in rows if row.wrong or (row.before, row.now) != (None, None)]


def changes(before: Costs, now: Costs) -> list[str]:
    """Say what else is not as it was when the baseline was written."""
    names = {"app": "app", "mcu_ghost": "mcu-ghost", "toolchain": "compiler", "kernels": "kernels",
             "model": "model", "emulator": "emulator"}  # fmt: skip
    pairs = ((word, getattr(before, key), getattr(now, key)) for key, word in names.items())
    return [f"{word} {old or 'none'} → {new or 'none'}" for word, old, new in pairs if old != new]


def _cost(
    what: str, unit: str, before: int | None, now: int | None, percent: float,
    limit: int | None = None,
) -> Row:  # fmt: skip
    """Compare a number that must not grow."""
    worse, wrong = "", ""
    if before is None and now is not None:
        worse = f"{what}: not in {NAME} yet. {UPDATE}"
    elif before is not None and now is None:
        worse = f"{what}: in {NAME}, but no longer counted. {UPDATE}"
    elif before is not None and now is not None and now > before * (1 + percent / 100):
        worse = (
            f"{what} grew from {count(before)} to {count(now)}{unit}, by"
            f" {100 * (now / before - 1):.1f} %; {ghost_toml.NAME} allows {percent:g} %."
        )
    if limit is not None and now is None:
        wrong = f"{what}: {ghost_toml.NAME} has a budget for it, but it cannot be counted."
    elif limit is not None and now is not None and now > limit:
        wrong = (
            f"{what}: {count(now)}{unit} are over the budget of {count(limit)}{unit} in"
            f" {ghost_toml.NAME}."
        )
    allowed = None if before is None else math.floor(before * (1 + percent / 100))
    return Row(what, before, now, unit, worse, wrong, allowed, limit)


def _bytes(before: Costs, now: Costs) -> Row:
    """Whatever the baseline says, no byte may differ."""
    worse, wrong = "", ""
    if now.different_bytes:
        wrong = f"{count(now.different_bytes, 'byte differs', 'bytes differ')} from the reference."
    if now.different_bytes is None and before.different_bytes is not None:
        worse = f"the firmware is no longer run on an emulator. {UPDATE}"
    counts = before.different_bytes, now.different_bytes
    return Row("bytes that differ", *counts, "", worse, wrong, 0)


def _error(before: float | None, now: float | None, percent: float) -> Row:
    """Compare how far outputs are off what the project's data say."""
    what, worse = "mean error", ""
    if (before is None) != (now is None):
        worse = f"{what}: is counted in one of {NAME} and now alone. {UPDATE}"
    elif before is not None and now is not None and now > before * (1 + percent / 100):
        worse = (
            f"{what} grew from {before:.4g} to {now:.4g}; {ghost_toml.NAME} allows {percent:g} %."
        )
    allowed = None if before is None else before * (1 + percent / 100)
    return Row(what, before, now, "", worse, allowed=allowed)


def _accuracy(before: Accuracy | None, now: Accuracy | None, points: float) -> Row:
    """Compare how many of the same recordings are recognised."""
    worse, allowed = "", None
    if (before and before.hash) != (now and now.hash):
        worse = f"accuracy: {_others(before, now, 'recordings or samples')}"
    elif before and now:
        allowed = before.percent - points
        if now.percent < allowed:
            worse = (
                f"accuracy fell from {before.right} to {now.right} of {now.recordings}, by"
                f" {before.percent - now.percent:.1f} points; {ghost_toml.NAME} allows {points:g}."
            )
    then, today = (entry.percent if entry else None for entry in (before, now))
    return Row("recordings recognised", then, today, " %", worse, allowed=allowed)


def _others(before: Accuracy | Cleaned | None, now: Accuracy | Cleaned | None, things: str) -> str:
    """Say that what is counted on cannot be compared."""
    today, then = (entry.recordings if entry else 0 for entry in (now, before))
    return f"these are other {things} than the baseline's ({today} now, {then} then). {UPDATE}"


def _gained(before: Cleaned | None, now: Cleaned | None, limit: float) -> Row:
    """Compare how much cleaner the same recordings become."""
    what, worse, allowed = "SI-SDR gained", "", None
    if (before and before.hash) != (now and now.hash):
        worse = f"{what}: {_others(before, now, 'recordings')}"
    elif before and now:
        allowed = before.si_sdr_db - limit
        if now.si_sdr_db < allowed:
            worse = (
                f"{what} fell from {before.si_sdr_db:.2f} to {now.si_sdr_db:.2f} dB;"
                f" {ghost_toml.NAME} allows {limit:g} dB."
            )
    then, today = (entry.si_sdr_db if entry else None for entry in (before, now))
    return Row(what, then, today, " dB", worse, allowed=allowed)

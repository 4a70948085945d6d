# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost data`: make, record, fetch and check the folders of recordings that training reads."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import record
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.sound.data.facts import Inspection

_path = click.Path(path_type=Path)
_jobs = click.option(
    "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="cores"
)


@click.group(
    "data",
    epilog="Example: mcu-ghost data synth --words 'hey lamp,stop' --out lamp && "
    "mcu-ghost data check lamp",
)
def command() -> None:
    """Make, record, fetch and check data sets: folders <label>/*.wav or *.flac."""


command.add_command(record.command)


@command.command(
    "fetch", epilog="Example: mcu-ghost data fetch speech_commands_v2 --out speech_commands"
)
@click.argument("name")
@click.option("--out", type=_path, required=True, metavar="DIR", help="The folder to make.")
@click.option("--archive", type=_path, metavar="FILE",
              help="The archive, where there is no network.")  # fmt: skip
def fetch(name: str, out: Path, archive: Path | None) -> None:
    """Download a public data set by name: speech_commands_v2 (2.4 GB).

    A download that was stopped goes on; what arrives is compared with its published SHA-256.
    """
    from mcu_ghost.host import console
    from mcu_ghost.sound.data import fetch as fetching

    chosen = fetching.find(name)
    with console.stages() as show:
        before = ("", 0)

        def progress(what: str, done: int, total: int) -> None:
            nonlocal before
            mb = 1_000_000
            since = done // mb - (before[1] if before[0] == what else 0)
            before = what, done // mb
            show(f"{what} (MB)", since, total // mb)

        fetching.fetch(chosen, out, archive, progress)
    console.say(f"{console.literal(out)}: {chosen.credit}")


@command.command("check", epilog="Example: mcu-ghost data check recordings")
@click.argument("folder", type=_path, metavar="DIR")
@click.option("--speaker", metavar="PATTERN",
              help="Where a file's name says who speaks: '*_{speaker}_*'. [default: before its"
              " first _]")  # fmt: skip
@_jobs
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(folder: Path, speaker: str | None, jobs: int, as_json: bool) -> None:
    """Say what is in a data set and what is wrong with it.

    Exits 1 when it cannot be used, or when a recording is in several splits.
    """
    from dataclasses import asdict

    from mcu_ghost.host import console
    from mcu_ghost.host.errors import GhostError
    from mcu_ghost.sound.data import check as checks
    from mcu_ghost.sound.data.speakers import SpeakerPattern

    try:
        pattern = SpeakerPattern(speaker) if speaker else None
    except ValueError as error:
        raise GhostError(f"--{error}") from error
    with console.progress() as bars:
        task = bars.add_task("reading", total=None)
        report = checks.check(
            folder,
            jobs,
            lambda done, total: bars.update(task, completed=done, total=total),
            pattern,
        )
    if as_json:
        console.print_json(asdict(report))
    else:
        _show(report)
    sys.exit(1 if report.errors else 0)


def _show(report: Inspection) -> None:
    """Print what a check found."""
    from rich.table import Table

    from mcu_ghost.host import console

    table = Table(box=None, pad_edge=False)
    problems = ("clipped", "silent", "offset", "stereo", "dull", "unreadable")
    shown = [p for p in problems if any(getattr(one, p) for one in report.classes)]
    table.add_column("class", overflow="fold")
    for heading in ("train", "valid.", "test", "seconds", "minutes", *shown):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in report.classes:
        least, median, most, total = one.seconds
        table.add_row(
            f"[bold]{console.literal(one.label)}[/]",
            *(str(count) for count in one.counts.values()),
            f"{least:.2f} {median:.2f} {most:.2f}",
            f"{total / 60:.1f}",
            *(str(getattr(one, p) or "") for p in shown),
        )
    console.show(table)
    rates = ", ".join(f"{count} at {rate} Hz" for rate, count in report.rates.items())
    console.say(f"[dim]seconds: shortest / median / longest; recordings: {rates}; "
                f"background noise: {report.noise_seconds:.0f} s[/]")  # fmt: skip
    console.few([f"{path}: {reason}" for path, reason in (*report.unreadable, *report.cut_off)])
    console.few(report.warnings, "[yellow]warning:[/] {}")
    console.few(report.errors, "[red]error:[/] {}")
    if not report.errors:
        console.say("The set can be used.")


@command.command(
    "synth",
    epilog="Example: mcu-ghost data synth --words 'hey lamp,stop' --per-word 500 --out lamp",
)
@click.option("--words", required=True, metavar="WORDS", help="Separated by commas.")
@click.option("--out", type=_path, required=True, metavar="DIR", help="The folder to make.")
@click.option("--seed", type=int, default=1, show_default=True,
              help="The same seed gives the same bytes.")  # fmt: skip
@click.option("--per-word", type=click.IntRange(10), default=400, show_default=True,
              help="Clips of each word: 70 % train, 10 % validation, 20 % test.")  # fmt: skip
@click.option("--unknown", type=click.IntRange(0), metavar="N",
              help="Clips of other words.  [default: as --per-word]")  # fmt: skip
@click.option("--language", default="en", show_default=True, metavar="CODE",
              help="As `espeak-ng --voices` calls it: de, fr, pt-br, cmn …")  # fmt: skip
@click.option("--others", default="", metavar="WORDS",
              help="Other words, for clips of `unknown`; English ones are known, numbers in"
              " other languages.")  # fmt: skip
@click.option("--noise", type=_path, metavar="DIR",
              help="Recordings of noise to add to the generated ones.")  # fmt: skip
@click.option("--clip-ms", type=click.IntRange(300, 5000), default=1000, show_default=True)
@click.option("--format", "kind", type=click.Choice(["flac", "wav"]), default="flac",
              show_default=True)  # fmt: skip
@click.option("--augment", type=click.Choice(["train", "all", "none"]), default="train",
              show_default=True, help="Splits whose clips have rooms and noise.")  # fmt: skip
@_jobs
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def synth(
    words: str,
    out: Path,
    seed: int,
    per_word: int,
    unknown: int | None,
    language: str,
    others: str,
    noise: Path | None,
    clip_ms: int,
    kind: str,
    augment: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Make a data set from text with espeak-ng and flite; a run that was stopped goes on.

    No voice is in two splits.
    """
    from mcu_ghost.host import console
    from mcu_ghost.sound.data import plan
    from mcu_ghost.sound.data.synth import SynthSettings, synthesise

    chosen = plan.parse_words(words)
    settings = SynthSettings(
        chosen, seed, per_word, per_word if unknown is None else unknown, clip_ms, kind, augment,
        language, plan.parse_words(others) if others else (),
    )  # fmt: skip
    with console.progress() as bars:
        task = bars.add_task("speaking", total=None)
        result = synthesise(
            settings, out, noise, jobs,
            lambda done, total: bars.update(task, completed=done, total=total),
        )  # fmt: skip
    if as_json:
        console.print_json(result)
        return
    told = ", ".join(
        f"{text.count(clips, f'{split} clip')} by {text.count(result['voices'][split], 'voice')}"
        for split, clips in result["clips"].items()
    )
    console.say(f"{console.literal(out)}: {told}")

# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost tune`: other thresholds for a keyword model, chosen by recordings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, trade_off
from mcu_ghost.host.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.sound.detector import Sensitivity
    from mcu_ghost.train.thresholds import Counts, Heard, TradeOff
    from mcu_ghost.train.tune import Tunable

_path = click.Path(path_type=Path)


@click.command(
    "tune",
    epilog="Examples: mcu-ghost tune lamp.tflite --data lamp.toml --false-accepts 2 ·"
    " mcu-ghost tune lamp.tflite --data lamp/ --negatives radio/ --dry-run ·"
    " mcu-ghost tune lamp.tflite --threshold stop=0.8 · mcu-ghost tune wake_words --sensitivity"
    " high -o eager.tflite",
)
@click.argument("path", metavar="[MODEL]", type=_path, default=options.of_project(
    lambda project: project.model,
    needed="Missing argument 'MODEL', and no ghost.toml here names one.",
))  # fmt: skip
@click.option("--data", type=_path, metavar="PATH",
              help="Recordings of the words: a data set's folder, or a recipe.")  # fmt: skip
@click.option("--negatives", type=_path, multiple=True, metavar="DIR",
              help="Speech or noise without the words, all of which is used; several times for"
              " more.  [default: the recipe's, else the data set's other words]")  # fmt: skip
@click.option("--false-accepts", type=options.Number(0, 10_000), metavar="N",
              help="That all words together may have in an hour.  [default: the recipe's, or 1]",
              )  # fmt: skip
@click.option("--threshold", "manual", multiple=True, metavar="WORD=X",
              help="Set this one; several times for more words.")  # fmt: skip
@click.option("--sensitivity", type=options.SENSITIVITIES,
              help="Set the thresholds that the file has for it.")  # fmt: skip
@click.option("--split", type=click.Choice(["validation", "all"]), default="validation",
              show_default=True, help="Recordings of DATA to use; all: training heard none of it.",
              )  # fmt: skip
@click.option("--root", type=_path, metavar="DIR",
              help="What the recipe's folders are relative to.  [default: its own]")  # fmt: skip
@click.option("-o", "--out", type=_path, metavar="FILE",
              help="The model to write.  [default: MODEL itself]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be; write nothing.")
@options.as_json
def command(
    path: Path,
    data: Path | None,
    negatives: tuple[Path, ...],
    false_accepts: float | None,
    manual: tuple[str, ...],
    sensitivity: Sensitivity | None,
    split: str,
    root: Path | None,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set the thresholds of a keyword MODEL by recordings, without training.

    The lowest threshold at which no more than --false-accepts are expected becomes that of all
    words, but for those that --threshold sets; with --threshold alone all others stay. A fifth of
    them makes the low sensitivity, four times as many the high one. Only the file's metadata
    changes. The test split is never used.
    """
    from mcu_ghost.host import console
    from mcu_ghost.network.tflite import read, write
    from mcu_ghost.sound import keywords
    from mcu_ghost.train import thresholds, tune

    if sensitivity is not None and (data is not None or false_accepts is not None or negatives):
        raise click.UsageError("--sensitivity takes what the file has, --data chooses anew.")
    if data is None and not sensitivity and (not manual or false_accepts is not None or negatives):
        raise click.UsageError("Missing option '--data': thresholds are chosen by recordings.")
    file = options.model_file(path)
    target = out or path
    if target.is_dir():
        raise GhostError(f"{target}: is a folder; name the .tflite to write.")
    if not (out or dry_run or path.is_file() or file == path):
        raise GhostError(f"{path} comes with mcu-ghost; name what to write: -o mine.tflite.")
    tunable = tune.of_model(read.load(file))
    chosen = tunable.thresholds
    if sensitivity is not None:
        chosen = tune.of_model(keywords.at_sensitivity(tunable.model, sensitivity)).thresholds
    chosen |= tune.parse(manual, tunable)
    heard, found = None, None
    if data is not None:
        heard, found = _hear(tunable, data, root, negatives, split == "all", false_accepts)
        if false_accepts is not None or not manual:
            chosen = dict.fromkeys(chosen, found.chosen) | tune.parse(manual, tunable)
    before, now = tunable.thresholds, chosen
    counts, named = None, None
    if heard is not None and found is not None:
        named = thresholds.sensitivities(found)
        counts = [heard.at(list(one.values())) for one in (before, now)]
    written = None if dry_run else target
    if written:
        write.write(keywords.with_thresholds(tunable.model, now, named), written)
    if as_json:
        console.print_json(
            {
                "model": tunable.model.name,
                "thresholds": now,
                "before": before,
                "sensitivity": named,
                "written": written and str(written),
                "counts": counts
                and {
                    "before": dataclasses.asdict(counts[0]),
                    "now": dataclasses.asdict(counts[1]),
                },
                "trade_off": found and dataclasses.asdict(found),
            }
        )  # fmt: skip
        return
    if found is not None:
        trade_off.show(found, found.chosen in now.values())
        console.say("")
    _show(before, now, heard, counts)
    console.say(f"[bold]{console.literal(written)}[/] has these thresholds now, and the same"
                " network" if written else "nothing is written")  # fmt: skip


def _show(
    before: dict[str, float],
    now: dict[str, float],
    heard: Heard | None,
    counts: Sequence[Counts] | None,
) -> None:
    """Print what becomes of each word."""
    from rich.table import Table

    from mcu_ghost.host import console
    from mcu_ghost.train.thresholds import NOISY_DB

    def change(old: object, new: object) -> str:
        return f"{new}" if old == new else f"{old} → {new}"

    table = Table(box=None, pad_edge=False)
    table.add_column("word", overflow="fold")
    measured = ("said", "missed", f"in noise at {NOISY_DB:g} dB", "false accepts")
    for heading in ("threshold", *(measured if counts else ())):
        table.add_column(heading, justify="right", overflow="fold")
    for i, (label, threshold) in enumerate(now.items()):
        row = [console.literal(label), change(f"{before[label]:g}", f"{threshold:g}")]
        if heard is not None and counts is not None:
            old, new = counts
            row += [str(heard.said[i]), change(old.missed[i], new.missed[i]),
                    change(old.missed_in_noise[i], new.missed_in_noise[i]),
                    change(old.accepts[i], new.accepts[i])]  # fmt: skip
        table.add_row(*row)
    if heard is not None and counts is not None and len(now) > 1:
        old, new = counts
        table.add_row("[bold]all[/]", "", str(sum(heard.said)),
                      change(sum(old.missed), sum(new.missed)),
                      change(sum(old.missed_in_noise), sum(new.missed_in_noise)),
                      change(sum(old.accepts), sum(new.accepts)))  # fmt: skip
    console.show(table)


def _hear(
    tunable: Tunable,
    data: Path,
    root: Path | None,
    negatives: tuple[Path, ...],
    everything: bool,
    limit: float | None,
) -> tuple[Heard, TradeOff]:
    """Run a model over recordings, and choose by that and a limit; None: the recipe's."""
    from mcu_ghost.host import console
    from mcu_ghost.train import thresholds, tune

    with console.progress() as bars:
        task = bars.add_task("reading recordings", total=None)
        recipe, found = tune.load(
            tunable, data, root, negatives, everything,
            lambda done, total: bars.update(task, completed=done, total=total),
        )  # fmt: skip
    for note in found.notes:
        console.note(f"[yellow]note:[/] {console.literal(note)}")
    console.note("[dim]running the integer network over them …[/]")
    with console.stages() as show:
        heard = tune.hear(tunable, recipe, found, lambda step: show(step, 0, None))
        show("choosing the threshold", 0, None)
        asked = recipe.detector.false_accepts_per_hour if limit is None else limit
        return heard, thresholds.trade_off(heard, asked)

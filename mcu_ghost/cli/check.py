# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost check`: a project's firmware against its baseline."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost.cli import options, samples
from mcu_ghost.host import text

if TYPE_CHECKING:
    from mcu_ghost.project.baseline import Costs, Row
    from mcu_ghost.project.costs import Miss
    from mcu_ghost.project.pairs import Pair
    from mcu_ghost.proof.accuracy import Judgement


@click.command(
    "check",
    epilog="Examples: mcu-ghost check · mcu-ghost check --html page.html ·"
    " mcu-ghost check --update",
)
@click.option("--update", is_flag=True, help="Write what it costs now to baseline.json.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR",
              help="For the build folders.  [default: build/ beside ghost.toml]")  # fmt: skip
@samples.options(
    options.of_project(lambda project: project.data and Path(project.data)),
    options.of_project(lambda project: project.expect and Path(project.expect)),
)
@options.html("of all numbers, now and in the baseline")
@options.as_json
def command(
    update: bool,
    out: Path | None,
    data: Path | None,
    expect: Path | None,
    keras: Path | None,
    limit: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Build and run the project in this folder, and compare what it costs with its baseline.

    Reads ghost.toml. For each of its boards the firmware is built, run on the board's emulator and
    compared byte for byte with the reference; flash, RAM, instructions and, where there are
    recordings or data, accuracy, error or the SI-SDR gained are compared with baseline.json. Exit
    code 1 when one of them is worse by more than ghost.toml allows, or a byte differs.
    """
    from mcu_ghost import boards
    from mcu_ghost.build import folder
    from mcu_ghost.host import console, files, workspace
    from mcu_ghost.project import baseline, costs, ghost_toml, page, pairs

    project = ghost_toml.need()
    path = workspace.root() / baseline.NAME
    old = baseline.Baseline(()) if update and not path.exists() else baseline.read(path)
    model = costs.model(project)
    targets = [boards.load(name) for name in project.boards]
    own = samples.read(model, data, expect, keras, limit)
    judgements: list[Judgement] = []
    misses: list[Miss] = []
    with console.stderr().status("") as status:

        def tell(step: str) -> None:
            status.update(f"{console.literal(step)} …")

        cleaned = pairs.measured(project, model, tell)
        found = [
            dataclasses.replace(
                costs.board(
                    project,
                    target,
                    model,
                    out or workspace.root() / folder.BUILDS,
                    tell,
                    own,
                    judgements.append,
                    misses.append,
                ),
                cleaned=pairs.summary(cleaned),
            )
            for target in targets
        ]
    failures, results = [], []
    for target, now in zip(targets, found, strict=True):
        before = old.of(now.board)
        if before is None and not update:
            failures.append(f"{now.board}: not in {path} yet. {baseline.UPDATE}")
        rows = baseline.compare(project, before or now, now)
        sentences = [row.wrong for row in rows] + [row.worse for row in rows if not update]
        failures += [f"{now.board}: {sentence}" for sentence in sentences if sentence]
        results.append(page.Compared(target, before, now, rows))
        if not as_json:
            _show(before, now, rows, update)
    console.few([str(miss) for miss in misses] if not as_json else [], "[yellow]{}[/]")
    for found_own in judgements if not as_json else ():
        samples.show(found_own)
    if cleaned and not as_json:
        _show_least(cleaned)
    updated = update and not any(now.different_bytes for now in found)
    if updated:
        baseline.write(path, found)
    if html is not None:
        name = workspace.root().resolve().name
        made = page.page(name, results, failures, updated, misses, judgements, cleaned)
        files.write_text(html, made)
    if as_json:
        entries = [
            {
                "baseline": one.before and dataclasses.asdict(one.before),
                "now": dataclasses.asdict(one.now),
            }
            for one in results
        ]
        told = {"data": [one.as_json() for one in judgements]} if judgements else {}
        result = {"boards": entries, "failures": failures, "updated": updated}
        missed = {"missed": [dataclasses.asdict(miss) for miss in misses]}
        pairs_json = {"cleaned": [one.as_json() for one in cleaned]} if cleaned else {}
        console.print_json(result | told | missed | pairs_json)
    elif updated:
        console.say(f"[bold]{console.literal(path)}[/] is written: check it in")
    if html is not None and not as_json:
        console.say(f"[bold]{console.literal(html)}[/] shows all of it")
    say = console.note if as_json else console.say
    for sentence in failures:
        say(f"[red]{console.literal(sentence)}[/]")
    if failures:
        sys.exit(1)


def _show_least(cleaned: Sequence[Pair]) -> None:
    """Print which recording gains least."""
    from mcu_ghost.host import console

    least = min(cleaned, key=lambda pair: pair.gained_db)
    console.say(
        f"{text.count(len(cleaned), 'recording')} made clean on this PC; least is gained by"
        f" {console.literal(least.noisy)}, SI-SDR {least.before_db:.1f} → {least.after_db:.1f} dB"
    )


def _show(before: Costs | None, now: Costs, rows: list[Row], update: bool) -> None:
    """Print one board's numbers, and what else has changed since the baseline."""
    from rich.table import Table

    from mcu_ghost.host import console
    from mcu_ghost.project import baseline

    table = Table(
        box=None,
        pad_edge=False,
        title=f"{now.board}, {now.app}, {now.toolchain}, {now.kernels} kernels, "
        f"{now.emulator or 'no emulator'}",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("", overflow="fold")
    for heading in ("baseline", "now", "change", ""):
        table.add_column(heading, justify="right", overflow="fold")
    for row in rows:
        mark = "[red]✗[/]" if row.wrong or (row.worse and not update) else "[green]✓[/]"
        old, change = (row.said(row.before), row.change) if before else ("–", "")
        table.add_row(row.what, old, row.said(row.now), change, mark)
    console.show(table)
    if now.accuracy is None and now.mean_error is None and now.cleaned is None:
        console.say("[dim]no recordings, no data: accuracy is not known[/]")
    if before and (others := baseline.changes(before, now)):
        console.say(f"[yellow]changed since the baseline:[/] {console.literal(', '.join(others))}")

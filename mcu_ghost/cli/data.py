# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost data`: make, fetch and check the folders of recordings that training reads."""

from __future__ import annotations

import os
from pathlib import Path

import click

_path = click.Path(path_type=Path)


@click.group(
    "data",
    epilog="Example: mcu-ghost data synth --words 'hey lamp,stop' --out lamp && "
    "mcu-ghost data check lamp",
)
def command() -> None:
    """Make, fetch and check data sets: folders <label>/*.wav or *.flac."""


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
@click.option("--noise", type=_path, metavar="DIR",
              help="Recordings of noise to add to the generated ones.")  # fmt: skip
@click.option("--clip-ms", type=click.IntRange(300, 5000), default=1000, show_default=True)
@click.option("--format", "kind", type=click.Choice(["flac", "wav"]), default="flac",
              show_default=True)  # fmt: skip
@click.option("--augment-test", is_flag=True,
              help="Rooms and noise in validation and test clips too.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="cores")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def synth(
    words: str,
    out: Path,
    seed: int,
    per_word: int,
    unknown: int | None,
    noise: Path | None,
    clip_ms: int,
    kind: str,
    augment_test: bool,
    jobs: int,
    as_json: bool,
) -> None:
    """Make a data set from text with espeak-ng and flite; a run that was stopped goes on.

    No voice is in two splits. Training clips have rooms and noise, the others are clean.
    """
    from mcu_ghost import console
    from mcu_ghost.data import plan
    from mcu_ghost.data.synth import Settings, synthesise

    chosen = plan.parse_words(words)
    others = per_word if unknown is None else unknown
    settings = Settings(chosen, seed, per_word, others, clip_ms, kind, augment_test)
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
        f"{count} {split} clips by {result['voices'][split]} voices"
        for split, count in result["clips"].items()
    )
    console.say(f"{out}: {told}")

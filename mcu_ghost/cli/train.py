# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost train`: a folder of recordings becomes a keyword model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcu_ghost.train.pipeline import Result


@click.command(
    "train",
    epilog="Example: mcu-ghost train --data recordings --out mine.tflite && "
    "mcu-ghost build -b nrf52840 --model mine.tflite",
)
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Holds wake_words/<word>/*.flac and sentences/*.flac.")  # fmt: skip
@click.option("--word", "words", multiple=True, metavar="WORD",
              help="A keyword (a folder); may be given again.  [default: all]")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("keywords.tflite"),
              show_default=True, help="The model to write.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=16, show_default=True,
              help="Of float training.")  # fmt: skip
@click.option("--qat-epochs", type=click.IntRange(1), default=10, show_default=True,
              help="With the integer network's rounding, after it.")  # fmt: skip
@click.option("--units", type=click.IntRange(1), default=154, show_default=True)
@click.option("--ratio", type=click.IntRange(1), default=2, show_default=True,
              help="Units for each intrinsic one; 1 is a plain GRU.")  # fmt: skip
@click.option("--cache", type=click.Path(path_type=Path), default=Path(".cache/keywords"),
              show_default=True, help="For features and checkpoints.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    data: Path,
    words: tuple[str, ...],
    out: Path,
    seed: int,
    epochs: int,
    qat_epochs: int,
    units: int,
    ratio: int,
    cache: Path,
    as_json: bool,
) -> None:
    """Train a keyword model on recordings and synthesised speech, and say how good it is.

    A run that was stopped goes on where it was.
    """
    from mcu_ghost import console
    from mcu_ghost.data import folder

    chosen = words or folder.labels(data / "wake_words")
    folder.scan(data / "wake_words", chosen)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    console.say("[dim]loading TensorFlow …[/]")
    from dataclasses import asdict

    from mcu_ghost.train import pipeline
    from mcu_ghost.train.keyword import Recipe

    recipe = Recipe(units=units, ratio=ratio, epochs=epochs, qat_epochs=qat_epochs, seed=seed)
    result = pipeline.run(data, chosen, recipe, out, cache)
    if as_json:
        console.print_json(asdict(result))
    else:
        show(result, out)


def show(result: Result, out: Path) -> None:
    """Print what a run measured."""
    from rich.table import Table

    from mcu_ghost import console

    table = Table(box=None, pad_edge=False)
    table.add_column(f"macro accuracy, {result.clips} test clips")
    table.add_column("", justify="right")
    table.add_row("float", f"{result.float32:.2%}")
    table.add_row("QAT", f"{result.qat:.2%}")
    table.add_row("int8, as the image computes it", f"{result.int8:.2%}")
    table.add_row("int8, synthesised test voices", f"{result.int8_synthetic:.2%}")
    for label, recall in result.recalls.items():
        table.add_row(f"  {label}", f"{recall:.1%}")
    table.add_row(f"words missed at {result.threshold}", f"{result.misses:.2%}")
    table.add_row(
        f"false alarms in {result.hours:.2f} h of other speech",
        f"{result.false_alarms} of {result.windows} windows",
    )
    console.stderr().print(table)
    console.say(f"{out}: {console.size(result.model_bytes)}")

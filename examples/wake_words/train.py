# SPDX-License-Identifier: Apache-2.0
"""Trains the keyword model that ships with mcu-ghost.

python examples/wake_words/train.py --data ../shared/data --out wake_words.tflite
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcu_ghost import console
from mcu_ghost.errors import GhostError

if TYPE_CHECKING:
    from mcu_ghost.train.pipeline import Result

WORDS = ("alexa", "computer", "jarvis", "smart_mirror", "snowboy", "view_glass")


@click.command(epilog="Stopped halfway? The same command goes on where it was.")
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Holds wake_words/<word>/*.flac and sentences/*.flac.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("wake_words.tflite"),
              show_default=True, help="The model to write.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True)
@click.option("--qat-epochs", type=click.IntRange(1), default=10, show_default=True)
@click.option("--units", type=click.IntRange(1), default=154, show_default=True)
@click.option("--ratio", type=click.IntRange(1), default=2, show_default=True,
              help="1 is a plain GRU.")  # fmt: skip
@click.option("--cache", type=click.Path(path_type=Path), default=Path(".cache/wake_words"),
              show_default=True, help="For features and checkpoints.")  # fmt: skip
def main(
    data: Path,
    out: Path,
    seed: int,
    epochs: int,
    qat_epochs: int,
    units: int,
    ratio: int,
    cache: Path,
) -> None:
    """Train a GhostGRU on six keywords, quantise it, and say how good it is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    console.say("loading TensorFlow …")
    from mcu_ghost.train import pipeline
    from mcu_ghost.train.keyword import Recipe

    recipe = Recipe(units=units, ratio=ratio, epochs=epochs, qat_epochs=qat_epochs, seed=seed)
    show(pipeline.run(data, WORDS, recipe, out, cache), out)


def show(result: "Result", out: Path) -> None:
    from rich.table import Table

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


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except GhostError as error:
        raise SystemExit(f"error: {error}") from None

# SPDX-License-Identifier: Apache-2.0
"""Sets the thresholds of a keyword model that is there already, by what it hears in recordings.

Nothing is trained, and the network's bytes stay: thresholds are in the file's metadata.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcu_ghost.host.errors import GhostError, did_you_mean
from mcu_ghost.network.model import Model
from mcu_ghost.sound import keywords
from mcu_ghost.sound.audio import RATE
from mcu_ghost.sound.data import sounds
from mcu_ghost.sound.data.folder import SPLITS, Split
from mcu_ghost.sound.data.sections import Negatives
from mcu_ghost.sound.data.sounds import NoRecordings, Sounds
from mcu_ghost.sound.detector import Given
from mcu_ghost.train import evaluate, recipe, thresholds
from mcu_ghost.train.evaluate import Judge
from mcu_ghost.train.recipe import Recipe
from mcu_ghost.train.thresholds import Heard


@dataclass(frozen=True, eq=False)
class Tunable:
    """A keyword model whose thresholds can be set.

    Attributes:
        model: The network.
        task: How it hears.
        given: Its detector, as the file says it.
    """

    model: Model
    task: keywords.KeywordTask
    given: Given

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold of each word."""
        return {label: word.threshold for label, word in self.given.words.items()}


def of_model(model: Model) -> Tunable:
    """Check that a network is one that hears words in a stream.

    Raises:
        GhostError: It is not, or it hears at another rate than recordings are read at.
    """
    task, _ = keywords.listening(model)
    if task.front_end.sample_rate != RATE:
        raise GhostError(
            f"The model '{model.name}' hears at {task.front_end.sample_rate} Hz; only models for"
            f" {RATE} Hz can be tuned."
        )
    return Tunable(model, task, keywords.given(model))


def load(
    tunable: Tunable,
    data: Path,
    root: Path | None,
    negatives: tuple[Path, ...],
    everything: bool,
    progress: Callable[[int, int], None],
) -> tuple[Recipe, Sounds]:
    """Read the recordings of a model's words, and sound without them.

    Args:
        tunable: The model.
        data: A data set, or a recipe that names some.
        root: What a recipe's folders are relative to; None: its own folder.
        negatives: More sound without the words; all of it is used.
        everything: Whether all recordings are for validation, and not their validation split alone.
        progress: Called with the files done and the files in total.

    Raises:
        GhostError: A word has no recordings, or a folder is missing or holds none.
    """
    found = recipe.of_folder(data) if data.is_dir() else recipe.read(data)
    place = (data.resolve() if data.is_dir() else data).parent
    labels = tuple(tunable.given.words)
    added = tuple(Negatives(str(path.resolve()), "speech", "validation") for path in negatives)
    found = dataclasses.replace(
        found,
        words=dataclasses.replace(found.words, labels=labels),
        negatives=(*found.negatives, *added),
    )
    uses: Mapping[Split, Split] = {"validation": "validation"}
    if everything:
        uses = {split: "validation" for split in SPLITS}
    try:
        return found, sounds.load(found, root or place, progress, uses)
    except NoRecordings as error:
        more = "" if everything else (
            " `--split all` takes all there are, which is right for recordings that training never"
            " heard."
        )  # fmt: skip
        raise GhostError(f"{error}{more}") from error


def hear(
    tunable: Tunable,
    found: Recipe,
    heard: Sounds,
    tell: Callable[[str], None] = lambda step: None,
) -> Heard:
    """Run a model over recordings, as training does after it; `tell` takes each step."""
    tell("mixing sound without words")
    task, pool, seed = tunable.task, heard.pools["validation"], found.seed
    quiet = evaluate.negatives(pool, seed + 1000, task.front_end, found.scenes.noise_hours)
    judge = Judge(tunable.given, tuple(tunable.model.labels), task.front_end)
    run = functools.partial(evaluate.integer_outputs, tunable.model, task.formula)
    return thresholds.hear(judge, run, pool, quiet, seed, tell)


def parse(words: tuple[str, ...], tunable: Tunable) -> dict[str, float]:
    """Return the thresholds that `WORD=0.8` and the like ask for.

    Raises:
        GhostError: A word is none of the model's, or a threshold is no number from 0 to 1.
    """
    found = {}
    for text in words:
        label, _, value = text.rpartition("=")
        if label not in tunable.given.words:
            known = ", ".join(tunable.given.words)
            hint = did_you_mean(label or value, tunable.given.words)
            raise GhostError(f"--threshold {text}: name one of {known}, as in WORD=0.8.{hint}")
        try:
            found[label] = float(value)
        except ValueError:
            found[label] = -1.0
        if not 0 <= found[label] <= 1:
            raise GhostError(f"--threshold {text}: a threshold is a number from 0 to 1.")
    return found

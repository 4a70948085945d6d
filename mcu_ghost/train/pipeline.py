# SPDX-License-Identifier: Apache-2.0
"""From a recipe to a keyword model in a `.tflite`, and how good it is."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from mcu_ghost import convert
from mcu_ghost.build.apps import kws
from mcu_ghost.host import console
from mcu_ghost.network.tflite import write
from mcu_ghost.sound import keywords
from mcu_ghost.sound.data import streams
from mcu_ghost.sound.data.augment import Noise
from mcu_ghost.sound.data.folder import Split
from mcu_ghost.sound.data.sounds import Sounds
from mcu_ghost.sound.data.streams import Streams
from mcu_ghost.sound.detector import Given
from mcu_ghost.train import costs, evaluate, inputs, phases, rates, report, thresholds
from mcu_ghost.train.evaluate import SNRS, Judge, Matched, Silent, Spoken
from mcu_ghost.train.inputs import InputFormat
from mcu_ghost.train.recipe import Recipe
from mcu_ghost.train.result import Accepts, Result, Speaker, Words
from mcu_ghost.train.thresholds import THRESHOLDS


def start(recipe: Recipe) -> None:
    """Let TensorFlow find its devices, and say that there is no GPU, before anything is shown."""
    if not recipe.training.workers:  # which start together, with their strategy
        tf.config.list_logical_devices()


def run(recipe: Recipe, sounds: Sounds, out: Path, cache: Path, worker: int = 0) -> Result | None:
    """Prepare, train, convert and measure; an interrupted run goes on where it stopped.

    Args:
        recipe: The run.
        sounds: What it names.
        out: The `.tflite` to write.
        cache: For scenes and checkpoints.
        worker: This process's number among the recipe's workers.

    Returns:
        What was measured; None by a worker that is not the first.

    Raises:
        GhostError: There is too little sound, the loss diverged, the disk is full.
    """
    train = scenes(recipe, sounds, "train", recipe.scenes.train_hours, cache)
    validation = scenes(recipe, sounds, "validation", recipe.scenes.validation_hours, cache)
    form = inputs.of_features(train.features)
    folder = cache / recipe.name
    classes = len(sounds.labels) + 1
    models = phases.train(recipe, (train, validation), form, classes, folder,
                       streams.digest(recipe, sounds), worker)  # fmt: skip
    if worker:
        return None
    console.note("[dim]choosing the threshold on validation, then measuring on test streams …[/]")
    with console.stages() as show:

        def tell(step: str) -> None:
            show(step, 0, None)

        result = judge(recipe, sounds, form, models, train, phases.losses(folder), out, tell)
        tell("drawing the report")
        report.write(result, out)
    return result


def scenes(recipe: Recipe, sounds: Sounds, split: Split, hours: float, cache: Path) -> Streams:
    """Return the scenes of a split, with a progress bar where they must be made first."""
    with console.progress() as bars:
        task = bars.add_task(f"mixing {split} scenes", total=None)
        return streams.training(
            recipe, sounds, split, hours, cache / "scenes",
            lambda done, total: bars.update(task, completed=done, total=total),
        )  # fmt: skip


def negatives(recipe: Recipe, sounds: Sounds, split: Split, number: int) -> list[Silent]:
    """Return all that a split has without words; each has a number of its own for its noise."""
    seed = recipe.training.seed + 1000 * number
    return evaluate.negatives(sounds.pools[split], seed, recipe.settings, recipe.scenes.noise_hours)


def judge(
    recipe: Recipe,
    sounds: Sounds,
    form: InputFormat,
    models: tuple[Any, Any],
    train: Streams,
    losses: dict[str, list[list[float]]],
    out: Path,
    tell: Callable[[str], None],
) -> Result:
    """Choose thresholds on validation, write the `.tflite`, and measure it on the test split."""
    tell("converting to int8")
    given = recipe.detector.given(sounds.labels)
    judge_ = Judge(given, (*sounds.labels, evaluate.OTHER), recipe.settings)
    one = phases.reshaped(models[1], recipe, 1, 1, form.range)
    facts = summary(recipe, sounds, train)
    said_of = metadata(recipe, sounds.labels, form, given, facts)
    network = convert.to_model(one, recipe.name, metadata=said_of)
    integers = functools.partial(evaluate.integer_outputs, network, form.formula)
    tell("mixing sound without words")
    quiet = negatives(recipe, sounds, "validation", 1)
    heard = thresholds.hear(judge_, integers, sounds.pools["validation"], quiet, recipe.seed, tell)
    tell("choosing the threshold")
    trade = thresholds.trade_off(heard, recipe.detector.false_accepts_per_hour)
    chosen = [trade.chosen] * len(sounds.labels)
    given = given.choosing(thresholds.sensitivities(trade)).at(chosen)
    said_of = metadata(recipe, sounds.labels, form, given, facts)
    network = dataclasses.replace(network, metadata=said_of)
    write.write(network, out)
    many = phases.reshaped(models[0], recipe, 32, 100, form.range)
    floats = functools.partial(evaluate.float_outputs, many, form)
    tell("mixing test streams")
    said, quiet = spoken(recipe, sounds), negatives(recipe, sounds, "test", 2)
    features = [one.said.features for one in said] + [one.features for one in quiet]
    both = []
    for what, run in (("float", floats), ("int8", integers)):
        tell(f"running the {what} network over test streams")
        both.append([judge_.sums(out) for out in evaluate.outputs(run, features)])
    sums = list(zip(*both, strict=True))
    tell("counting what was missed")
    found = [
        tuple(judge_.matched(one, test.said.spans, chosen) for one in pair)
        for test, pair in zip(said, sums, strict=False)
    ]
    words, confusion = _words(judge_, said, found, [int8 for _, int8 in sums[: len(said)]])
    accepts = tuple(
        _accepts(judge_, chosen, one, pair)
        for one, pair in zip(quiet, sums[len(said) :], strict=True)
    )
    tell(f"running an image for {recipe.board}")
    image, no_image = costs.cost(network, recipe.board, kws.APP, recipe.settings.frame_ms)
    return Result(
        labels=sounds.labels,
        thresholds=tuple(chosen),
        validation=trade,
        train_hours=facts["hours"],
        losses=losses,
        words=words,
        speakers=_speakers(judge_, said, found),
        accepts=accepts,
        confusion=confusion,
        model_bytes=out.stat().st_size,
        image=image,
        no_image=no_image,
    )


@dataclass(frozen=True, eq=False)
class Test:
    """Words of the test split as they are played.

    Attributes:
        folder: Where they come from.
        snr_db: Over the noise; None: no noise.
        said: The streams.
    """

    folder: str
    snr_db: float | None
    said: Spoken


def spoken(recipe: Recipe, sounds: Sounds) -> list[Test]:
    """Return the test words of each folder in each noise."""
    pool = sounds.pools["test"]
    noise = Noise(pool.noise, speech=pool.speech)
    tests = []
    for origin, folder in enumerate(recipe.words.folders):
        words = [word for word in pool.words if word.origin == origin]
        for snr_db in SNRS if words else ():
            said = evaluate.spoken(words, noise, snr_db, recipe.training.seed, recipe.settings)
            tests.append(Test(folder, snr_db if np.isfinite(snr_db) else None, said))
    return tests


def _words(
    judge: Judge, tests: list[Test], found: list[tuple[Matched, ...]], sums: list[Any]
) -> tuple[tuple[Words, ...], tuple[tuple[int, ...], ...]]:
    """Return what was missed in each test, float and int8, and the confusion of one.

    Args:
        judge: Of both networks.
        tests: The words.
        found: What became of each test's at the thresholds chosen, float and int8.
        sums: Smoothed scores of the integer network, for all other thresholds.
    """
    labels = [*judge.labels, ""]
    confusion: npt.NDArray[np.int64] = np.zeros((len(labels) - 1, len(labels)), np.int64)
    results = []
    for test, (float32, int8), scores in zip(tests, found, sums, strict=True):
        spans = test.said.spans
        missed = [judge.misses(one, spans) for one in (float32, int8)]
        at_each = [judge.matched(scores, spans, t) for t in THRESHOLDS]
        curve = tuple(judge.misses(one, spans).value for one in at_each)
        results.append(Words(test.folder, test.snr_db, missed[0], missed[1], int8.extra, curve))
        if test.folder == tests[0].folder and test.snr_db == 10:
            every = [span for stream in spans for span in stream]
            for span, reported in zip(every, int8.reported, strict=True):
                confusion[span.label, labels.index(reported)] += 1
    return tuple(results), tuple(tuple(int(n) for n in row) for row in confusion)


def _speakers(
    judge: Judge, tests: list[Test], found: list[tuple[Matched, ...]]
) -> tuple[Speaker, ...]:
    """Return what int8 missed of each speaker without noise, most missed first; see `_words`."""
    missed: dict[tuple[str, str], list[bool]] = {}
    for test, (_, int8) in zip(tests, found, strict=True):
        if test.snr_db is None:
            spans = [span for stream in test.said.spans for span in stream]
            for span, reported in zip(spans, int8.reported, strict=True):
                key = test.folder, span.speaker
                missed.setdefault(key, []).append(reported != judge.labels[span.label])
    every = [
        Speaker(folder, name, rates.share(sum(each), len(each)))
        for (folder, name), each in missed.items()
    ]
    return tuple(sorted(every, key=lambda one: (-one.int8.value, one.folder, one.name)))


def _accepts(judge: Judge, thresholds: list[float], quiet: Silent, sums: Any) -> Accepts:
    """Return the false accepts on some sound without words, float and int8."""
    found = [rates.per_hour(sum(judge.accepts(one, thresholds)), quiet.hours) for one in sums]
    curve = tuple(sum(judge.accepts(sums[1], t)) for t in THRESHOLDS)
    return Accepts(quiet.name, found[0], found[1], curve)


def summary(recipe: Recipe, sounds: Sounds, train: Streams) -> dict[str, Any]:
    """Return what the `.tflite` says of its training."""
    return {
        "hours": round(train.labels.size * recipe.settings.frame_ms / 3_600_000, 2),
        "words": len(sounds.pools["train"].words),
        "network": asdict(recipe.network),
        "training": asdict(recipe.training),
    }


def metadata(
    recipe: Recipe,
    labels: tuple[str, ...],
    form: InputFormat,
    given: Given,
    training: dict[str, Any],
) -> dict[str, Any]:
    """Return what the `.tflite` says about itself."""
    said = keywords.metadata(
        recipe.name, [*labels, evaluate.OTHER], recipe.settings, form.formula, given
    )
    return said | {"training": training}

# SPDX-License-Identifier: Apache-2.0
"""From a folder of recordings to a keyword model in a `.tflite`, and how good it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost import audio, console, convert, files, reference, tflite_file
from mcu_ghost.data import keywords
from mcu_ghost.data.keywords import Clips
from mcu_ghost.model import Int8s, Model
from mcu_ghost.train import inputs, keyword
from mcu_ghost.train.inputs import InputFormat
from mcu_ghost.train.keyword import Recipe
from mcu_ghost.train.metrics import accepted, macro_accuracy, recalls

THRESHOLDS = tuple(t / 100 for t in range(50, 100, 5))
HOP_MS = 500  # of the windows that look for false alarms


@dataclass(frozen=True)
class Result:
    """What a run measured, accuracies on the test split.

    Attributes:
        float32: Macro accuracy of the float model on recordings and generated silence.
        qat: Of the model that trained with rounding.
        int8: Of the integer network.
        int8_synthetic: Of the integer network on synthesised test voices.
        recalls: Of the integer network, by class, on recordings and generated silence.
        threshold: Chosen on the validation split.
        misses: Share of the test split's recorded words that are not reported at the threshold.
        false_alarms: Windows of the untouched sentences in which a word is reported.
        windows: How many windows there are.
        hours: Of untouched sentences.
        clips: Test clips that the accuracies are of.
        model_bytes: Size of the `.tflite`.
    """

    float32: float
    qat: float
    int8: float
    int8_synthetic: float
    recalls: dict[str, float]
    threshold: float
    misses: float
    false_alarms: int
    windows: int
    hours: float
    clips: int
    model_bytes: int


def prepare(data: Path, words: tuple[str, ...], seed: int, cache: Path) -> dict[Any, Clips]:
    """Return the splits, with a progress bar where they must be made first."""
    with console.progress() as bars:
        task = bars.add_task("preparing clips", total=None)
        return keywords.load(data, words, seed, cache, lambda: bars.advance(task))


def choose_threshold(model: Any, validation: Clips, form: InputFormat, words: int) -> float:
    """Return the threshold with the least misses and false alarms on the validation split.

    The share of words missed and the share of other clips taken for a word count the same; of equal
    thresholds the highest is taken.
    """
    scores = keyword.scores(model, form.real(validation.features))
    best, word = scores.argmax(-1), validation.labels < words

    def cost(threshold: float) -> float:
        reported = accepted(scores, words, threshold)
        missed = ~(reported & (best == validation.labels))[word]
        return float(missed.mean() + reported[~word].mean())

    return min(THRESHOLDS, key=lambda threshold: (cost(threshold), -threshold))


def metadata(
    words: tuple[str, ...], form: InputFormat, threshold: float, training: dict[str, Any]
) -> dict[str, Any]:
    """Return what the `.tflite` says about itself."""
    return {
        "version": 1,
        "name": "wake_words",
        "task": "classification",
        "labels": keywords.label_names(words),
        "frame": {"shape": [audio.CHANNELS], "hop_ms": 10 * audio.FRONT_END["step"]},
        "reset": "clip",
        "front_end": audio.FRONT_END,
        "features_to_int8": form.formula,
        "thresholds": {"accept": threshold},
        "training": training,
    }


def int8_scores(model: Model, x: Int8s) -> Any:
    """Return the integer network's probabilities; an image computes the same bytes."""
    return (reference.run(model, x).astype(np.float64) + 128) / 256


def untouched(data: Path) -> tuple[Any, float]:
    """Return the features of windows over the sentences kept apart, and their hours."""
    windows, seconds = [], 0.0
    for path in keywords.sentence_files(data)[1]:
        samples = audio.read(path)
        seconds += len(samples) / audio.RATE
        windows += [audio.frames(p) for p in keywords.pieces(samples, HOP_MS, 0.0)]
    return np.stack(windows), seconds / 3600


def measure(
    data: Path,
    words: tuple[str, ...],
    clips: Clips,
    form: InputFormat,
    models: tuple[Any, Any],
    network: Model,
    threshold: float,
    model_bytes: int,
) -> Result:
    """Judge a finished model on the test split and on the untouched sentences."""
    names = keywords.label_names(words)
    human = clips.sources != "synthetic"
    labels = clips.labels[human]
    real = form.real(clips.features[human])
    float32, qat = (
        macro_accuracy(labels, keyword.scores(m, real).argmax(-1), len(names)) for m in models
    )
    scores = int8_scores(network, form.quantize(clips.features))
    best = scores.argmax(-1)
    word = human & (clips.labels < len(words))
    reported = accepted(scores[word], len(words), threshold)
    features, hours = untouched(data)
    alarms = accepted(int8_scores(network, form.quantize(features)), len(words), threshold)
    return Result(
        float32=float32,
        qat=qat,
        int8=macro_accuracy(labels, best[human], len(names)),
        int8_synthetic=macro_accuracy(clips.labels[~human], best[~human], len(names)),
        recalls=dict(zip(names, recalls(labels, best[human], len(names)), strict=True)),
        threshold=threshold,
        misses=1 - float((reported & (best[word] == clips.labels[word])).mean()),
        false_alarms=int(alarms.sum()),
        windows=len(alarms),
        hours=hours,
        clips=int(human.sum()),
        model_bytes=model_bytes,
    )


def run(
    data: Path, words: tuple[str, ...], recipe: Recipe, out: Path, cache: Path, data_seed: int = 1
) -> Result:
    """Prepare, train, convert and measure; an interrupted run goes on where it stopped.

    Args:
        data: Holds `wake_words/<word>/*.flac` and `sentences/*.flac`.
        words: The keywords.
        recipe: How to train.
        out: The `.tflite` to write; the numbers go beside it as `.json`.
        cache: For features and checkpoints.
        data_seed: Of synthesis and augmentation: the same data for every training seed.
    """
    clips = prepare(data, words, data_seed, cache)
    form = inputs.fit(clips["train"].features)
    real = {s: (form.real(c.features), c.labels) for s, c in clips.items()}
    folder = cache / f"{out.stem}-{recipe.units}-{recipe.ratio}-{recipe.seed}"
    names = keywords.label_names(words)
    models = keyword.train(
        recipe,
        real["train"],
        real["validation"],
        len(names),
        form.range,
        folder,
        keywords.fingerprint(data, words, data_seed),
    )
    threshold = choose_threshold(models[1], clips["validation"], form, len(words))
    training = asdict(recipe) | {"clips": len(clips["train"].labels)}
    convert.convert(models[1], out, metadata=metadata(words, form, threshold, training))
    network = tflite_file.load(out)
    result = measure(data, words, clips["test"], form, models, network, threshold,
                     out.stat().st_size)  # fmt: skip
    files.write_text(out.with_suffix(".json"), json.dumps(asdict(result), indent=2) + "\n")
    return result

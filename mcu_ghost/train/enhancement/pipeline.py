# SPDX-License-Identifier: Apache-2.0
"""From a recipe to a network that cleans speech in a `.tflite`, and how good it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost import convert
from mcu_ghost.build.apps import denoise
from mcu_ghost.host import console
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import write
from mcu_ghost.sound import enhancement
from mcu_ghost.sound.data import mixtures
from mcu_ghost.sound.recording import to_int16
from mcu_ghost.train import costs
from mcu_ghost.train.enhancement import measure, network, report, training
from mcu_ghost.train.enhancement.measure import Mixture
from mcu_ghost.train.enhancement.network import Batch, Spectrum
from mcu_ghost.train.enhancement.recipe import Recipe
from mcu_ghost.train.enhancement.result import Condition, Result
from mcu_ghost.train.enhancement.sounds import Sounds
from mcu_ghost.train.enhancement.training import Trained

_CALIBRATION = 48  # mixtures from which the ranges of activations are taken
_AT_ONCE = 32  # mixtures that run side by side


def run(recipe: Recipe, sounds: Sounds, out: Path, cache: Path) -> Result:
    """Train, convert and measure; an interrupted run goes on where it stopped.

    Args:
        recipe: The run.
        sounds: What it names.
        out: The `.tflite` to write, and beside it the report.
        cache: For checkpoints.

    Raises:
        GhostError: The loss became no number, or the disk is full.
    """
    trained = training.train(recipe, sounds, cache / recipe.name)
    console.note("[dim]converting, then measuring on the test split …[/]")
    with console.stages() as show:
        return judge(recipe, sounds, trained, out, show)


def judge(
    recipe: Recipe,
    sounds: Sounds,
    trained: Trained,
    out: Path,
    show: Callable[[str, int, int | None], None],
) -> Result:
    """Write the `.tflite`, and measure it on the test split."""
    show("converting to int8", 0, None)
    spectrum = Spectrum(recipe.transform, recipe.network.bands)
    model = converted(recipe, sounds, trained, spectrum)
    write.write(model, out)
    settings, material = recipe.training, sounds.material["test"]
    show("mixing test sounds", 0, None)
    kinds = measure.kinds(material)
    mixes = measure.test_set(material, kinds, settings.test, settings.seconds, settings.seed)
    noisy = np.stack([one.noisy for one in mixes])
    floats, integers = [], []
    for start in range(0, len(noisy), _AT_ONCE):
        show("cleaning them, float and int8", start, len(noisy))
        some = noisy[start : start + _AT_ONCE]
        floats.append(float_clean(recipe, trained, spectrum, some))
        integers.append(enhancement.clean_all(model, some))
    untouched = [one.clean for one in mixes[:: len(measure.SNRS) * settings.test // 2 or 1]]
    kept = enhancement.clean_all(model, np.stack(untouched))
    clean = [one.clean for one in mixes]
    columns = [list(noisy), [*np.concatenate(floats)], [*np.concatenate(integers)]]
    pairs = [pair for made in columns for pair in zip(made, clean, strict=True)]
    pairs += zip(kept, untouched, strict=True)
    scores = measure.scores(pairs, lambda done, total: show("scoring", done, total))
    several = [scores[i * len(mixes) : (i + 1) * len(mixes)] for i in range(3)]
    show(f"running an image for {recipe.board}", 0, None)
    image, no_image = costs.cost(model, recipe.board, denoise.APP, round(recipe.transform.hop_ms))
    result = Result(
        history=tuple(trained.progress.history),
        validation_noisy_db=trained.noisy_db,
        conditions=tuple(_conditions(mixes, several, sounds.unseen)),
        clean=measure.mean(scores[3 * len(mixes) :]),
        missing=measure.missing(),
        model_bytes=out.stat().st_size,
        latency_ms=recipe.transform.latency_ms,
        image=image,
        no_image=no_image,
    )
    show("drawing the report", 0, None)
    examples = [(mix, made) for mix, made in zip(mixes, columns[2], strict=True)]
    report.write(result, examples, out)
    return result


def converted(recipe: Recipe, sounds: Sounds, trained: Trained, spectrum: Spectrum) -> Model:
    """Return the integer network; ranges come from mixtures of training."""
    length = trained.model.input_shape[1] * recipe.transform.hop
    rng = np.random.default_rng([recipe.training.seed, 3])
    mixed = mixtures.batch(sounds.material["train"], rng, _CALIBRATION, length, recipe.mixing)
    batch = Batch.of(spectrum, trained.scales, *mixed)
    said = enhancement.metadata(recipe.name, recipe.transform, trained.scales, recipe.gains)
    return convert.to_model(
        trained.model, recipe.name, calibration=batch.x, input_range=network.RANGE, metadata=said
    )


def float_clean(recipe: Recipe, trained: Trained, spectrum: Spectrum, noisy: Any) -> Any:
    """Return what the float network makes of (clips, length) int16, rounded to int16."""
    hop = spectrum.transform.hop
    whole = np.pad(noisy, ((0, 0), (0, -noisy.shape[1] % hop))).astype(np.float32)
    anywhere = network.of_frames(recipe.network, None)
    anywhere.set_weights(trained.model.get_weights())
    made = network.clean(anywhere, spectrum, trained.scales, whole, recipe.gains.exponent)
    return to_int16(made[:, : noisy.shape[1]].astype(np.float64))


def _conditions(
    mixes: list[Mixture], scores: list[list[measure.Score]], unseen: frozenset[str]
) -> list[Condition]:
    """Return the mean scores of the mixtures of each kind and SNR."""
    found: dict[tuple[str, float], list[int]] = {}
    for i, mix in enumerate(mixes):
        found.setdefault((mix.kind, mix.snr_db), []).append(i)
    return [
        Condition(kind, kind in unseen, snr, len(at),
                  *(measure.mean(column[i] for i in at) for column in scores))
        for (kind, snr), at in found.items()
    ]  # fmt: skip

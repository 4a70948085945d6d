# SPDX-License-Identifier: Apache-2.0
"""Trains a network that cleans speech; a run that was stopped goes on where it was."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras

from mcu_ghost.host import console, files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.sound.data import mixtures
from mcu_ghost.sound.data.mixtures import Material
from mcu_ghost.sound.enhancement import BandScales
from mcu_ghost.train.enhancement import network
from mcu_ghost.train.enhancement.network import Batch, Spectrum
from mcu_ghost.train.enhancement.recipe import Network, Recipe, Training
from mcu_ghost.train.enhancement.sounds import Sounds

_STATISTICS = 200  # mixtures whose bands are measured
_AHEAD = 3  # batches that are mixed while the network learns
_RISE = 0.1  # share of the steps over which the learning rate rises


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises in a line and falls along a cosine."""

    def __init__(self, highest: float, steps: int) -> None:
        self._highest, self._steps = highest, steps

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step."""
        import tensorflow as tf

        share = tf.cast(step, tf.float32) / self._steps
        falling = 0.5 * (1 + tf.cos(math.pi * (share - _RISE) / (1 - _RISE)))
        return self._highest * tf.minimum((share + 1 / self._steps) / _RISE, falling)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"highest": self._highest, "steps": self._steps}


@dataclass
class Progress:
    """What a run remembers, besides weights.

    Attributes:
        step: Steps done.
        best: SI-SDR of the best validation, dB.
        best_step: After which it was.
        history: Of each validation: step, training loss, validation SI-SDR in dB.
    """

    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    history: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run leaves.

    Attributes:
        model: The float network, of the best validation.
        scales: How bands become its input.
        progress: How it went.
        noisy_db: SI-SDR of the mixtures of validation as they are.
    """

    model: Any
    scales: BandScales
    progress: Progress
    noisy_db: float


def train(
    recipe: Recipe,
    sounds: Sounds,
    folder: Path,
    make: Callable[[Network, int], Any] = network.of_frames,
) -> Trained:
    """Train, or go on where an interrupted run of the same recipe stopped.

    Args:
        recipe: The run.
        sounds: What it names.
        folder: For checkpoints; what another recipe or other sounds left there is removed.
        make: Returns the untrained model of so many frames.

    Raises:
        GhostError: The loss became no number; the last checkpoint is kept.
    """
    settings = recipe.training
    _claim(recipe, sounds, folder)
    spectrum = Spectrum(recipe.transform, recipe.network.bands)
    length = round(settings.seconds * recipe.transform.sample_rate)
    length -= length % recipe.transform.hop
    material = sounds.material["train"]
    with console.stages() as show:
        show("measuring how loud bands are", 0, None)
        rng = np.random.default_rng([settings.seed, 0])
        noisy, _ = mixtures.batch(material, rng, _STATISTICS, length, recipe.mixing)
        scales = network.scales(spectrum, noisy)
        show("mixing for validation", 0, None)
        rng = np.random.default_rng([settings.seed, 1])
        as_recorded = replace(recipe.mixing, speed=0.0)
        validation = [
            Batch.of(spectrum, scales, *mixtures.batch(
                sounds.material["validation"], rng, min(settings.batch, left), length, as_recorded
            )) for left in range(settings.mixtures, 0, -settings.batch)
        ]  # fmt: skip
        show("making the network", 0, None)
        keras.utils.set_random_seed(settings.seed)
        model = make(recipe.network, length // recipe.transform.hop)
        optimizer = keras.optimizers.Adam(Schedule(settings.learning_rate, settings.steps))
        optimizer.build(model.trainable_variables)
    learn, judge = network.step(model, spectrum, optimizer)
    run = _Run(settings, folder, model, optimizer)
    best = run.restore()
    with console.progress() as bars:
        task = bars.add_task("training", total=settings.steps, completed=run.state.step)
        losses: list[float] = []
        stream = _batches(recipe, material, spectrum, scales, length, run.state.step)
        for batch in stream:
            lost, _ = learn(batch.x, batch.noisy, batch.clean, batch.shared)
            losses.append(float(lost))
            run.state.step += 1
            bars.update(task, completed=run.state.step,
                        description=f"training: {run.told(losses)}")  # fmt: skip
            if run.state.step % settings.every and run.state.step < settings.steps:
                continue
            found = _mean([judge(b.x, b.noisy, b.clean, b.shared)[1] for b in validation])
            loss = _mean(losses)
            if not math.isfinite(loss + found):
                raise GhostError(
                    f"The loss became {loss} by step {run.state.step}. Try a smaller learning_rate;"
                    f" the state before is kept in {folder}."
                )
            best = run.validated(loss, found) or best
            if not console.stderr().is_terminal:
                console.note(f"step {run.state.step} of {settings.steps}: loss {loss:.3f},"
                             f" validation SI-SDR {found:.2f} dB")  # fmt: skip
            losses.clear()
    model.set_weights(best)
    ones = [network.si_sdr(np.ones_like(b.noisy), (b.noisy, b.clean, b.shared)) for b in validation]
    return Trained(model, scales, run.state, _mean([np.mean(one) for one in ones]))


def _mean(values: list[Any]) -> float:
    return float(np.mean([float(v) for v in values]))


def _batches(
    recipe: Recipe, material: Material, spectrum: Spectrum, scales: BandScales, length: int,
    first: int,
) -> Iterator[Batch]:  # fmt: skip
    """Yield batches from a step on, each of a seed of its own, mixed ahead in a thread."""
    settings = recipe.training

    def make(step: int) -> Batch:
        rng = np.random.default_rng([settings.seed, 2, step])
        return Batch.of(
            spectrum, scales,
            *mixtures.batch(material, rng, settings.batch, length, recipe.mixing),
        )  # fmt: skip

    pool = futures.ThreadPoolExecutor(1)
    try:
        waiting = [pool.submit(make, s) for s in range(first, min(first + _AHEAD, settings.steps))]
        for step in range(first, settings.steps):
            yield waiting.pop(0).result()
            if step + _AHEAD < settings.steps:
                waiting.append(pool.submit(make, step + _AHEAD))
    finally:
        pool.shutdown(cancel_futures=True)


class _Run:
    """A run's state, in memory and in its folder."""

    def __init__(self, settings: Training, folder: Path, model: Any, optimizer: Any) -> None:
        self.state = Progress()
        self._settings, self._folder = settings, folder
        self._model, self._optimizer = model, optimizer

    def restore(self) -> list[Any]:
        """Go back to the last checkpoint; return the best weights so far."""
        last = self._folder / "last.npz"
        if not last.is_file():
            return list(self._model.get_weights())
        with np.load(last) as found:
            self.state = Progress(**json.loads(str(found["state"])))
            for i, variable in enumerate(self._variables()):
                variable.assign(found[str(i)])
        with np.load(self._folder / "best.npz") as found:
            return [found[str(i)] for i in range(len(found.files))]

    def validated(self, loss: float, found: float) -> list[Any] | None:
        """Note a validation and write a checkpoint; return the weights if they are the best."""
        state = self.state
        state.history.append((state.step, loss, found))
        weights = None
        if found > state.best:
            state.best, state.best_step = found, state.step
            weights = list(self._model.get_weights())
            files.write_npz(self._folder / "best.npz", {str(i): w for i, w in enumerate(weights)})
        values = {str(i): np.asarray(v.read_value()) for i, v in enumerate(self._variables())}
        values["state"] = np.array(json.dumps(asdict(state)))
        files.write_npz(self._folder / "last.npz", values)
        return weights

    def told(self, losses: list[float]) -> str:
        """Return how it goes, for a person."""
        best = f", best SI-SDR {self.state.best:.2f} dB" if self.state.best_step else ""
        return f"loss {np.mean(losses[-20:]):.3f}{best}"

    def _variables(self) -> list[Any]:
        return [*self._model.weights, *self._optimizer.variables]


def _claim(recipe: Recipe, sounds: Sounds, folder: Path) -> None:
    """Note whose checkpoints a folder holds; another run's are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {key: value for key, value in asdict(recipe).items() if key not in ("board", "gains")}
    note, text = folder / "run.json", json.dumps(facts | {"sounds": sounds.digest}, indent=2) + "\n"
    if not note.is_file() or note.read_text("utf-8") != text:
        for path in folder.iterdir():
            if path != note:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        files.write_text(note, text)  # last: who is killed before does it again

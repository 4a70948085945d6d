# SPDX-License-Identifier: Apache-2.0
"""Trains a network that listens without end: float first, then with the integers' rounding (QAT).

Sequences run side by side, and each step of the optimizer takes the next frames of all of them: the
state of the recurrent layer is carried on from step to step and scene to scene.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from mcu_ghost import layers
from mcu_ghost.host import console, files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.sound.data.streams import Streams
from mcu_ghost.train.batches import Batches
from mcu_ghost.train.inputs import InputFormat
from mcu_ghost.train.recipe import Network, Recipe


def network(shape: Network, streams: int, frames: int, inputs: int, classes: int) -> Any:
    """Return the untrained model: (streams, frames, inputs) to each frame's probabilities."""
    dense = [keras.layers.Dense(shape.dense, activation="relu")] if shape.dense else []
    return keras.Sequential(
        [
            keras.layers.Input(batch_shape=(streams, frames, inputs)),
            *dense,
            layers.GhostGRU(shape.units, ratio=shape.ratio, return_sequences=True, stateful=True),
            keras.layers.Dropout(shape.dropout),
            keras.layers.Dense(classes),
            keras.layers.Softmax(),
        ]
    )


def of_kind(model: Any, kind: type) -> list[Any]:
    """Return a model's layers of a class, out of tfmot's wrappers."""
    inner = (getattr(layer, "layer", layer) for layer in model.layers)
    return [layer for layer in inner if isinstance(layer, kind)]


def reshaped(
    model: Any, recipe: Recipe, streams: int, frames: int, input_range: tuple[float, float]
) -> Any:
    """Return a model of other streams and frames with the weights of this one, quantised or not."""
    inputs, classes = model.input_shape[-1], model.output_shape[-1]
    other = network(recipe.network, streams, frames, inputs, classes)
    if len(other.get_weights()) != len(model.get_weights()):
        other = layers.quantize_model(other, input_range)
    other.set_weights(model.get_weights())
    return other


class _Bar(keras.callbacks.Callback):
    """Moves a progress bar with every step."""

    def __init__(self, moved: Callable[[int, float], None]) -> None:
        super().__init__()
        self._moved = moved

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._moved(batch + 1, (logs or {}).get("loss", math.nan))


@dataclass
class _Progress:
    """What a phase has to remember between epochs, besides weights."""

    epoch: int = 0
    best: float = math.inf
    best_epoch: int = 0
    losses: list[list[float]] = field(default_factory=list)  # of each epoch: training, validation


PHASES = ("float", "QAT")


class Diverged(GhostError):
    """The loss is no number any more; the weights before are kept."""


class Phase:
    """One phase of a run: float or QAT.

    Args:
        name: `float` or `QAT`.
        model: Compiled by this class.
        recipe: The run.
        epochs: At most.
        rate: Of learning at its start.
        folder: For checkpoints.
        worker: This process's number among the recipe's workers.
    """

    def __init__(
        self, name: str, model: Any, recipe: Recipe, epochs: int, rate: float, steps: int,
        folder: Path, worker: int,
    ) -> None:  # fmt: skip
        self._name, self._model, self._epochs, self._folder = name, model, epochs, folder
        self._training, self._worker, self._steps = recipe.training, worker, steps
        schedule = keras.optimizers.schedules.CosineDecay(rate, max(1, epochs * steps))
        model.compile(
            keras.optimizers.Adam(schedule, clipnorm=1.0),
            keras.losses.CategoricalCrossentropy(),
            weighted_metrics=[],
        )
        model.optimizer.build(model.trainable_variables)
        self._state = _Progress()
        self._best: list[Any] = []  # weights

    @property
    def _chief(self) -> bool:
        return self._worker == 0

    def run(self, train: Batches, validation: Batches) -> None:
        """Train, from the last whole epoch on, and leave the best epoch's weights in the model.

        Raises:
            Diverged: The loss became infinite or no number.
        """
        self._restore()
        with console.progress() as bars:
            before = self._state.epoch * self._steps
            task = bars.add_task(self._name, total=self._epochs * self._steps, completed=before)
            while not self._over():
                epoch = self._state.epoch

                def moved(step: int, loss: float, epoch: int = epoch) -> None:
                    text = f"{self._name} {epoch + 1}/{self._epochs}: loss {loss:.4f}"
                    bars.update(task, completed=epoch * self._steps + step, description=text)

                loss = self._train(train, moved)
                found = self._evaluate(validation)
                if not (math.isfinite(loss) and math.isfinite(found)):
                    raise Diverged(self._diverged(loss))
                better = found < self._state.best
                if better:
                    self._state.best, self._state.best_epoch = found, epoch + 1
                self._state.epoch += 1
                self._state.losses.append([loss, found])
                self._save(better)
                if not console.stderr().is_terminal and self._chief:
                    console.note(
                        f"{self._name} {epoch + 1}/{self._epochs}: loss {loss:.4f}, "
                        f"validation {found:.4f}{' (best)' if better else ''}"
                    )
        self._model.set_weights(self._best)

    def _over(self) -> bool:
        state = self._state
        waited = state.epoch - state.best_epoch
        return state.epoch >= self._epochs or waited >= self._training.patience

    def _train(self, batches: Batches, moved: Callable[[int, float], None]) -> float:
        seeds = [self._training.seed, self._state.epoch, len(self._name)]
        rng, draws = np.random.default_rng(seeds), np.random.default_rng(seeds).integers(2**31)
        for layer in of_kind(self._model, keras.layers.Dropout):
            # So that an epoch is the same after a kill.
            layer._random_generator._generator.reset_from_seed(int(draws))
        self._reset()
        data = self._dataset(
            lambda: batches.epoch(rng, self._training, self._rows(batches)), batches
        )
        history = self._model.fit(
            data, epochs=1, steps_per_epoch=batches.steps, verbose=0, callbacks=[_Bar(moved)]
        )
        return float(history.history["loss"][-1])

    def _evaluate(self, batches: Batches) -> float:
        self._reset()
        data = self._dataset(lambda: batches.epoch(None, None, self._rows(batches)), batches)
        return float(self._model.evaluate(data, steps=batches.steps, verbose=0))

    def _rows(self, batches: Batches) -> slice:
        each = batches.rows // max(1, len(self._training.workers))
        return slice(self._worker * each, (self._worker + 1) * each)

    def _dataset(self, epoch: Callable[[], Any], batches: Batches) -> Any:
        rows = self._rows(batches)
        inputs = batches.streams.features.shape[-1]
        shape = (rows.stop - rows.start, batches.frames)
        signature = (
            tf.TensorSpec((*shape, inputs), tf.float32),
            tf.TensorSpec((*shape, batches.classes), tf.float32),
            tf.TensorSpec(shape, tf.float32),
        )

        def make(_: Any = None) -> Any:
            return tf.data.Dataset.from_generator(epoch, output_signature=signature).prefetch(2)

        strategy = tf.distribute.get_strategy()
        if self._training.workers:
            return strategy.distribute_datasets_from_function(make)
        return make()

    def _reset(self) -> None:
        for layer in of_kind(self._model, layers.GhostGRU):
            layer.reset_states()

    # Checkpoints: the last whole epoch with the optimizer's state, and the best weights.

    def _restore(self) -> None:
        path = self._folder / f"{self._name}.last.npz"
        if not path.is_file():
            return
        with np.load(path) as found:
            self._state = _Progress(**json.loads(str(found["state"])))
            for i, variable in enumerate(self._variables()):
                variable.assign(found[str(i)])
        with np.load(self._folder / f"{self._name}.best.npz") as found:
            self._best = [found[str(i)] for i in range(len(found.files))]

    def _variables(self) -> list[Any]:
        return [*self._model.weights, *self._model.optimizer.variables]

    def _save(self, better: bool) -> None:
        values = {str(i): np.asarray(v.read_value()) for i, v in enumerate(self._variables())}
        if better:
            self._best = [np.asarray(w) for w in self._model.get_weights()]
        if not self._chief:
            return
        if better:
            best = {str(i): w for i, w in enumerate(self._best)}
            files.write_npz(self._folder / f"{self._name}.best.npz", best)
        values["state"] = np.array(json.dumps(asdict(self._state)))
        files.write_npz(self._folder / f"{self._name}.last.npz", values)

    def _diverged(self, loss: float) -> str:
        kept = self._folder / f"{self._name}.last.npz"
        where = f"Epoch {self._state.epoch} is kept in {kept}. " if kept.is_file() else ""
        return (
            f"{self._name}: the loss became {loss} in epoch {self._state.epoch + 1}. {where}"
            "Try a smaller learning_rate."
        )


def losses(folder: Path) -> dict[str, list[list[float]]]:
    """Return [training, validation] losses of each epoch, by phase, from a folder's checkpoints."""
    found = {}
    for name in PHASES:
        with np.load(folder / f"{name}.last.npz") as kept:
            found[name] = json.loads(str(kept["state"])).get("losses", [])
    return found


def strategy(recipe: Recipe) -> Any:
    """Return the scope in which models are made: of all workers, or of nothing."""
    if not recipe.training.workers:
        return contextlib.nullcontext()
    return tf.distribute.MultiWorkerMirroredStrategy().scope()


def train(
    recipe: Recipe,
    data: tuple[Streams, Streams],
    form: InputFormat,
    classes: int,
    folder: Path,
    digest: str,
    worker: int = 0,
) -> tuple[Any, Any]:
    """Train, or go on where an interrupted run of the same recipe stopped.

    Args:
        recipe: The run.
        data: Training and validation scenes.
        form: How features become what the network reads.
        classes: The words and none of them.
        folder: For `float.ghost`, `qat.ghost` and checkpoints; what another recipe or other data
            left there is removed.
        digest: Names the data.
        worker: This process's number among the recipe's workers.

    Returns:
        The float and the QAT model, of `training.streams` rows and `training.frames` frames.

    Raises:
        Diverged: The loss became no number; the last good epoch is kept.
        GhostError: There is less data than one step takes.
    """
    settings = recipe.training
    _claim(recipe, folder, digest, classes, worker)
    workers = max(1, len(settings.workers))
    batches = [
        Batches(streams, form, settings.streams, settings.frames, classes,
                settings.label_smoothing, settings.class_balance, recipe.front_end.stack)
        for streams in data
    ]  # fmt: skip
    if settings.streams % workers or min(b.steps for b in batches) < 1:
        raise GhostError(
            f"{count(settings.streams, 'stream')} of {count(settings.frames, 'frame')} are more"
            f" than there are scenes, or cannot be shared by {count(workers, 'worker')}:"
            " take fewer streams or more hours."
        )
    inputs = data[0].features.shape[-1]
    keras.utils.set_random_seed(settings.seed)
    keras.backend.experimental.enable_tf_random_generator()  # each layer has its own
    finished = folder / "float.ghost", folder / "qat.ghost"
    models = []
    with strategy(recipe):
        for name, path in zip(PHASES, finished, strict=True):
            if path.is_file():
                models.append(layers.load(path))
                continue
            rows = settings.streams // workers
            with console.stages() as show:
                show(f"making the {name} network", 0, None)
                if name == "float":
                    model = network(recipe.network, rows, settings.frames, inputs, classes)
                    epochs, rate = settings.epochs, settings.learning_rate
                else:
                    sample, _, _ = next(batches[0].epoch(None))
                    model = layers.quantize_model(models[0], form.range, calibration=sample[:rows])
                    epochs, rate = settings.qat_epochs, settings.qat_learning_rate
                phase = Phase(name, model, recipe, epochs, rate, batches[0].steps, folder, worker)
            phase.run(*batches)
            if worker == 0:
                layers.save(model, path)
            models.append(model)
    return models[0], models[1]


def _claim(recipe: Recipe, folder: Path, digest: str, classes: int, worker: int) -> None:
    """Note whose checkpoints a folder holds; another run's are removed."""
    if worker:
        return
    folder.mkdir(parents=True, exist_ok=True)
    hours = [recipe.scenes.train_hours, recipe.scenes.validation_hours]
    facts = {"data": digest, "hours": hours, "classes": classes,
             "network": asdict(recipe.network), "training": asdict(recipe.training)}  # fmt: skip
    note, text = folder / "run.json", json.dumps(facts, indent=2) + "\n"
    if not note.is_file() or note.read_text("utf-8") != text:
        for path in folder.iterdir():
            if path != note:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        files.write_text(note, text)  # last: who is killed before does it again

# SPDX-License-Identifier: Apache-2.0
"""Trains a keyword network: float first, then with the integer network's rounding (QAT)."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras as keras

from mcu_ghost import layers
from mcu_ghost.host import console, files

Reals = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run, besides its data.

    Attributes:
        units: Of the recurrent layer.
        ratio: Units for each intrinsic one; 1 is a plain GRU.
        epochs: Of float training.
        qat_epochs: Of quantisation-aware training after it.
        batch: Clips for each step.
        learning_rate: Of float training at its start; it falls to zero along a cosine.
        qat_learning_rate: Of quantisation-aware training, likewise.
        dropout: Of the recurrent layer's outputs.
        label_smoothing: Keeps scores from all being 1, so that a threshold can tell them apart.
        seed: Of weights, order and dropout.
    """

    units: int = 154
    ratio: int = 2
    epochs: int = 16
    qat_epochs: int = 10
    batch: int = 128
    learning_rate: float = 2e-3
    qat_learning_rate: float = 3e-4
    dropout: float = 0.2
    label_smoothing: float = 0.05
    seed: int = 1


class _Report(keras.callbacks.Callback):
    """A progress bar on a terminal, one line per epoch elsewhere."""

    def __init__(self, phase: str, epochs: int, steps: int) -> None:
        super().__init__()
        self._phase, self._epochs, self._steps = phase, epochs, steps
        self._bars = console.progress()
        self._epoch = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._bars.start()
        self._task = self._bars.add_task(self._phase, total=self._epochs * self._steps)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._bars.update(self._task, completed=self._epoch * self._steps + batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        found = logs or {}
        text = f"{self._phase} {epoch + 1}/{self._epochs}: loss {found['loss']:.4f}"
        if "val_accuracy" in found:
            text += f", validation accuracy {found['val_accuracy']:.2%}"
        self._bars.update(self._task, description=text)
        if not console.stderr().is_terminal:
            console.note(text)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._bars.stop()


def network(recipe: Recipe, frames: int, inputs: int, classes: int) -> Any:
    """Return the untrained float model: (frames, inputs) to the classes' probabilities."""
    return keras.Sequential(
        [
            keras.layers.Input((frames, inputs)),
            layers.GhostGRU(recipe.units, ratio=recipe.ratio),
            keras.layers.Dropout(recipe.dropout),
            keras.layers.Dense(classes),
            keras.layers.Softmax(),
        ]
    )


def _fit(
    model: Any,
    phase: str,
    train: tuple[Reals, Labels],
    validation: tuple[Reals, Labels],
    epochs: int,
    rate: float,
    recipe: Recipe,
    folder: Path,
) -> None:
    classes = model.output_shape[-1]
    x, y = train[0], keras.utils.to_categorical(train[1], classes)
    steps = -(-len(train[1]) // recipe.batch)
    schedule = keras.optimizers.schedules.CosineDecay(rate, max(1, epochs * steps))
    model.compile(
        keras.optimizers.Adam(schedule, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    model.fit(
        x,
        y,
        batch_size=recipe.batch,
        epochs=epochs,
        validation_data=(validation[0], keras.utils.to_categorical(validation[1], classes)),
        verbose=0,
        callbacks=[
            keras.callbacks.BackupAndRestore(str(folder / f"{phase}.backup")),
            _Report(phase, epochs, steps),
        ],
    )


def train(
    recipe: Recipe,
    train_data: tuple[Reals, Labels],
    validation: tuple[Reals, Labels],
    classes: int,
    input_range: tuple[float, float],
    folder: Path,
    data: str = "",
) -> tuple[Any, Any]:
    """Train, or go on where an interrupted run of the same recipe stopped.

    The last epoch's weights are taken, whatever validation said: nothing is selected.

    Args:
        recipe: The run.
        train_data: (clips, frames, inputs) real inputs and (clips,) class numbers.
        validation: The same, only to be looked at.
        classes: How many.
        input_range: The real values of int8 -128 and 127 at the input.
        folder: For `float.ghost`, `qat.ghost` and the state between; what another recipe
            or other data left there is removed.
        data: Names the data, so that a run on other data does not go on with this one's.

    Returns:
        The float and the QAT model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"classes": classes, "input_range": input_range, "data": data}
    text = json.dumps(asdict(recipe) | facts, indent=2)
    if files.write_text(folder / "recipe.json", text + "\n"):
        for name in ("float", "QAT"):
            (folder / f"{name.lower()}.ghost").unlink(missing_ok=True)
            shutil.rmtree(folder / f"{name}.backup", ignore_errors=True)
    keras.utils.set_random_seed(recipe.seed)
    float_path, qat_path = folder / "float.ghost", folder / "qat.ghost"
    if float_path.is_file():
        model = layers.load(float_path)
    else:
        _, frames, size = train_data[0].shape
        model = network(recipe, frames, size, classes)
        _fit(model, "float", train_data, validation, recipe.epochs, recipe.learning_rate, recipe,
             folder)  # fmt: skip
        layers.save(model, float_path)
    if qat_path.is_file():
        quantised = layers.load(qat_path)
    else:
        quantised = layers.quantize_model(model, input_range)
        _fit(quantised, "QAT", train_data, validation, recipe.qat_epochs,
             recipe.qat_learning_rate, recipe, folder)  # fmt: skip
        layers.save(quantised, qat_path)
    return model, quantised


def scores(model: Any, inputs: Reals) -> Reals:
    """Return the classes' probabilities, (clips, classes)."""
    return np.asarray(model.predict(inputs, batch_size=256, verbose=0), np.float32)


def macro_accuracy(labels: Labels, predicted: Labels, classes: int) -> float:
    """Return the mean of the classes' recalls: each class counts the same, however many clips."""
    present = [c for c in range(classes) if (labels == c).any()]
    return float(np.mean([(predicted[labels == c] == c).mean() for c in present]))

# SPDX-License-Identifier: Apache-2.0
"""What a Keras model itself answers, to be put beside the integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras as keras

from mcu_ghost.convert.keras_file import load_model
from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import ranges


def keras_outputs(path: Path, frames: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return a Keras file's answers to (samples, frames, inputs) real values.

    Raises:
        GhostError: It cannot be loaded, or does not take such inputs.
    """
    model = load_model(path)
    if not isinstance(model, keras.Model) or len(model.inputs or ()) != 1:
        raise GhostError(f"{path}: holds no tf_keras model with one input.")
    entry = model.inputs[0].shape
    batch, shape = entry[0], tuple(entry[1:])
    values = np.asarray(frames, np.float32)
    try:
        if None in shape or int(np.prod(shape)) == values[0].size:
            fitting = [-1 if size is None else size for size in shape]
            if fitting.count(-1) <= 1:
                values = values.reshape(len(values), *fitting)
            return ranges.run(model, values, batch)
        return _longer(model, values, batch)
    except (ValueError, TypeError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise GhostError(
            f"{path}: takes inputs of shape {shape}, not {values.shape[1:]} ({first})."
        ) from error


def _longer(model: Any, values: Any, batch: int | None) -> Any:
    """Run a chain of layers over another number of frames than the model says."""
    for layer in model.layers:
        if not isinstance(layer, keras.layers.InputLayer):
            values = ranges.run(layer, values, batch)
    return values

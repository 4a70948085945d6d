# SPDX-License-Identifier: Apache-2.0
"""Reads the model files that can be converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow_model_optimization as tfmot
import tf_keras as keras

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import load, saving


def load_model(path: str | Path) -> Any:
    """Return the model of a file by `mcu_ghost.layers.save`, or of a `.keras` or `.h5` by tf_keras.

    Raises:
        GhostError: The file is missing, or Keras cannot read it.
    """
    path = Path(path)
    if not path.is_dir():  # Keras has a format that is a folder
        files.open_file(path).close()
    if path.is_file() and saving.is_saved(path):
        return load(path)
    try:
        with tfmot.quantization.keras.quantize_scope():
            return keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever its parts raise
        first = str(error).strip().splitlines() or [type(error).__name__]
        raise GhostError(
            f"{path}: Keras cannot load it ({first[0]}). Save models with mcu_ghost.layers.save, "
            "which also keeps quantised ones."
        ) from error

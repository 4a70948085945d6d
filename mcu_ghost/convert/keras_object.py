# SPDX-License-Identifier: Apache-2.0
"""A Keras model in memory as a float graph: by the file that Keras itself writes of it."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

from mcu_ghost.convert import keras_config
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.quiet import quiet


def read(model: Any, go_on: bool = False) -> FloatGraph:
    """Return the network of a float model of Keras 3 or tf_keras.

    Args:
        model: It.
        go_on: As `keras_config.read` takes it.

    Raises:
        GhostError: It is no model, Keras cannot save it, or a layer of it is not known.
    """
    where = type(model).__module__
    if not hasattr(model, "save") or not hasattr(model, "layers"):
        raise GhostError(
            f"Only Keras models can be converted, got {where}.{type(model).__name__}; a PyTorch"
            " module goes by mcu_ghost.convert.torch_module."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("model.keras" if where.startswith("keras.") else "model.h5")
        try:
            with quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Keras thinks little of its older format
                model.save(path)
        except Exception as error:  # Keras raises whatever its layers raise
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise GhostError(
                f"Model '{getattr(model, 'name', '?')}' cannot be saved by Keras ({first}); build"
                " it as a Sequential or functional model."
            ) from error
        try:
            return keras_config.read(path, go_on)
        except GhostError as error:
            raise GhostError(str(error).removeprefix(f"{path}: ")) from error

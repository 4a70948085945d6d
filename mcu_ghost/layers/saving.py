# SPDX-License-Identifier: Apache-2.0
"""One file for a model in training, quantised or not: its configuration and its weights."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import untrusted

_CONFIG = "mcu_ghost_model.json"
_VERSION = 1


def save(model: Any, path: str | Path) -> None:
    """Write a `tf_keras` model, also one under quantisation-aware training, to one file.

    The optimizer and its state are not kept; `load` returns an uncompiled model.

    Raises:
        GhostError: The file cannot be written.
    """
    content = io.BytesIO()
    config = {"version": _VERSION, "model": json.loads(model.to_json())}
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_CONFIG, json.dumps(config))
        for i, weight in enumerate(model.get_weights()):
            array = io.BytesIO()
            np.save(array, np.asarray(weight), allow_pickle=False)
            archive.writestr(f"weights/{i}.npy", array.getvalue())
    files.write_bytes(Path(path), content.getvalue())


def is_saved(path: Path) -> bool:
    """Return whether a file was written by `save`."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _CONFIG in archive.namelist()


def load(path: str | Path) -> Any:
    """Read a model that `save` wrote.

    Raises:
        GhostError: Not such a file, damaged, of another version, or `untrusted.check` refuses
            it.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(_CONFIG))
            names = [n for n in archive.namelist() if n.startswith("weights/")]
            weights = [
                np.load(io.BytesIO(archive.read(f"weights/{i}.npy")), allow_pickle=False)
                for i in range(len(names))
            ]
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, MemoryError) as error:
        raise GhostError(
            f"{path}: not a model written by mcu_ghost.layers.save ({error})."
        ) from error
    version = config.get("version") if isinstance(config, dict) else None
    if version != _VERSION:
        raise GhostError(f"{path}: version {version!r} is not known, only {_VERSION}.")
    untrusted.validate(config.get("model"), path)
    try:
        return _build(json.dumps(config.get("model")), weights)
    except Exception as error:  # Keras raises whatever its parts raise
        raise GhostError(f"{path}: cannot be built again ({error}).") from error


def copy(model: Any) -> Any:
    """Return a model of its own with the same layers and weights, quantised ones included."""
    return _build(model.to_json(), model.get_weights())


def _build(text: str, weights: list[Any]) -> Any:
    with tfmot.quantization.keras.quantize_scope():
        model = keras.models.model_from_json(text)
    model.set_weights(weights)
    return model

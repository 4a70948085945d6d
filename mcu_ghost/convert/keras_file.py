# SPDX-License-Identifier: Apache-2.0
"""Reads the model files that can be converted, and runs no code of theirs."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcu_ghost.layers import backend  # noqa: F401  (before what it imports)

# isort: split
import h5py
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tf_keras.protobuf import saved_metadata_pb2

from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import load, saving, untrusted
from mcu_ghost.network import foreign

_GRAPH, _METADATA = "saved_model.pb", "keras_metadata.pb"  # of a SavedModel
_FORBIDDEN = ("ReadFile", "WriteFile")  # operators that a graph could have run while it is loaded


def load_model(path: str | Path) -> Any:
    """Return the model of a file by `mcu_ghost.layers.save`, or of a `.keras` or `.h5` by tf_keras.

    Raises:
        GhostError: The file is missing, Keras cannot read it, or it holds code, such as a Lambda
            layer's.
    """
    path = Path(path)
    foreign.refuse(path)
    if path.is_file() and saving.is_saved(path):
        return load(path)
    try:
        for config in _configurations(path):
            untrusted.validate(json.loads(config), path)
        with tfmot.quantization.keras.quantize_scope():
            return keras.models.load_model(path, compile=False)
    except GhostError:
        raise
    except Exception as error:  # Keras raises whatever its parts raise
        first = str(error).strip().splitlines() or [type(error).__name__]
        raise GhostError(
            f"{path}: Keras cannot load it ({first[0]}). Save models with mcu_ghost.layers.save, "
            "which also keeps quantised ones."
        ) from error


def _configurations(path: Path) -> Iterator[str | bytes]:
    """Yield the JSON of every configuration that Keras could take from a file or folder."""
    if path.is_dir():
        yield from _saved_model(path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield archive.read("config.json")
    if path.is_file() and h5py.is_hdf5(path):  # a file can be both
        with h5py.File(path, "r") as file:
            if "model_config" in file.attrs:
                yield file.attrs["model_config"]


def _saved_model(folder: Path) -> Iterator[str]:
    """Yield the metadata of a SavedModel's layers; newer ones have them in a file of their own."""
    graph, metadata = saved_model_pb2.SavedModel(), saved_metadata_pb2.SavedMetadata()
    try:
        graph.ParseFromString((folder / _GRAPH).read_bytes())
        if (folder / _METADATA).is_file():
            metadata.ParseFromString((folder / _METADATA).read_bytes())
    except (OSError, DecodeError) as error:
        raise GhostError(f"{folder}: not a SavedModel ({error}).") from error
    for part in graph.meta_graphs:
        nodes = [*part.graph_def.node]
        nodes += (node for f in part.graph_def.library.function for node in f.node_def)
        found = next((node.op for node in nodes if node.op in _FORBIDDEN), None)
        if found is not None:
            raise GhostError(f"{folder}: its graph has an operator {found}; not loaded.")
    entries = [e.user_object for part in graph.meta_graphs for e in part.object_graph_def.nodes]
    layers = [entry.metadata for entry in (*entries, *metadata.nodes) if entry.metadata]
    if not layers:
        raise GhostError(
            f"{folder}: holds operators and no layers, as Keras 3's `model.export` and"
            " `tf.saved_model.save` write it. Save the network by `model.save('whole.keras')`, and"
            " convert that."
        )
    yield from layers

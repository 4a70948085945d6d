# SPDX-License-Identifier: Apache-2.0
"""Writes a `Model` as an int8 `.tflite` with fused recurrent operators (no TensorFlow)."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import METADATA_NAME


def write(model: Model, path: Path) -> None:
    """Write a model to a `.tflite` file, beside and then over the old one.

    Raises:
        GhostError: The file cannot be written.
    """
    files.write_bytes(path, serialize(model))


def serialize(model: Model) -> bytes:
    """Return a model as the bytes of a `.tflite`; `read.parse` reads them back the same."""
    file, graph = Builder(), model.graph
    places: dict[int, int] = {}

    def place(index: int) -> int:
        """Return the file's index of an activation, adding it at its first use."""
        if index not in places:
            t = graph.tensors[index]
            places[index] = file.tensor(t.name, (1, *t.shape), t.dtype, (t.scale,), t.zero_point)
        return places[index]

    inputs = [place(i) for i in graph.inputs]
    if graph.variables:
        file.call_once(1)
    for kept in graph.variables:
        places[kept.output] = kept.declare(file, graph.tensors[kept.output])
    for number, op in enumerate(graph.operators):
        sources = [place(i) for i in op.inputs]
        op.write(file, graph.ends(op)[0], sources, place(op.output), number)
    try:
        metadata = about.encode({"version": about.VERSION, "name": model.name, **model.metadata})
    except ValueError as error:
        raise GhostError(f"The metadata of the model '{model.name}' {error}.") from error
    outputs = [places[i] for i in graph.outputs]
    if not graph.variables:
        return file.file(model.name, inputs, outputs, {METADATA_NAME: metadata})
    file.close(model.name, inputs, outputs)
    for kept in graph.variables:
        kept.write_initial(file, graph.tensors[kept.output], places[kept.output])
    return file.file("initial", [], [], {METADATA_NAME: metadata})


def model_hash(model: Model) -> bytes:
    """Return 16 bytes that identify a model's every weight, option and label."""
    return hashlib.sha256(serialize(model)).digest()[:16]

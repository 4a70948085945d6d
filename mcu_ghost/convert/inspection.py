# SPDX-License-Identifier: Apache-2.0
"""Looks at a model file without calibration data: what would become of it, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_ghost.convert import files, passes, quantise, rows
from mcu_ghost.convert.graph import FloatGraph, check_finite
from mcu_ghost.convert.lower import lower
from mcu_ghost.convert.quantise import Tell
from mcu_ghost.convert.rows import Row
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.quiet import quiet
from mcu_ghost.network import foreign
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import read as tflite

_RANGE = (-1.0, 1.0)  # of every value; shapes and costs do not depend on it


@dataclass(frozen=True, eq=False)
class Inspection:
    """What is known of a model file.

    Attributes:
        name: Of the network.
        quantised: Whether its scales are the file's; those of a float network are made up.
        rows: A layer each.
        network: What it would be; None if something is refused.
        refused: Why the network as a whole cannot be converted, "" if that can be.
        notes: What the user should know of how it was read.
    """

    name: str
    quantised: bool
    rows: tuple[Row, ...]
    network: Model | None
    refused: str = ""
    notes: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether something is refused."""
        return bool(self.refused) or any(row.refused for row in self.rows)


def inspect(path: Path, tell: Tell) -> Inspection:
    """Look at a model file of any kind.

    Args:
        path: The model.
        tell: Called with what is being done.

    Raises:
        GhostError: It cannot be read at all.
    """
    if foreign.is_tflite(path):
        return _tflite(path)
    foreign.refuse(path)
    tell(f"reading {path}")
    graph = files.read(path, go_on=True)
    return _by_keras(path, tell) if graph is None else of_graph(graph)


def of_graph(graph: FloatGraph) -> Inspection:
    """Look at a network in float, whose list of layers may say what is refused."""
    smaller = passes.simplified(graph)
    with np.errstate(all="ignore"):  # weights that are no numbers are told of below
        made = lower(smaller, dict.fromkeys(smaller.shapes, _RANGE), {}, go_on=True)
    refused = {layer.name: layer.refused for layer in graph.layers if layer.refused}
    for node in graph.nodes:
        try:
            check_finite(node)
        except GhostError as error:
            refused.setdefault(node.name, str(error))
    made.refused.update(refused)
    network, reason = None, ""
    if not made.refused:
        try:
            network = quantise.model(smaller, made, graph.name, {})
        except GhostError as error:
            reason = str(error)
    table = rows.of_layers(graph, smaller, made, network)
    return Inspection(graph.name, False, table, network, reason, graph.notes)


def _tflite(path: Path) -> Inspection:
    """Look at a `.tflite`; if it cannot be built, list its operators with all that are unknown."""
    try:
        model = tflite.load(path)
    except GhostError as error:
        listed = tflite.operators(path)
        table = tuple(Row(name, kind, "refused" if why else "", refused=why)
                      for name, kind, why in listed)  # fmt: skip
        known = not any(row.refused for row in table)
        return Inspection(path.stem, True, table, None, str(error) if known else "")
    return Inspection(model.name, True, rows.of_file(model), model)


def _by_keras(path: Path, tell: Tell) -> Inspection:
    """Look at what only Keras reads: quantised, or in float."""
    with quiet():
        tell("loading TensorFlow")
        from mcu_ghost.convert import keras_object
        from mcu_ghost.convert.keras_file import load_model
        from mcu_ghost.convert.keras_model import conversion
        from mcu_ghost.layers import chain

        model = load_model(path)
        if chain.is_quantized(model):
            made = conversion(model, path.stem)
            return Inspection(made.network.name, True, made.rows, made.network)
        return of_graph(keras_object.read(model, go_on=True))

# SPDX-License-Identifier: Apache-2.0
"""What the network of a model file answers in float, to be put beside the integers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mcu_ghost.convert import files
from mcu_ghost.convert.graph import FloatGraph, Input
from mcu_ghost.convert.nodes import Reals, Recurrent
from mcu_ghost.host.arrays import Array
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network import foreign


def float_outputs(
    path: Path, inputs: Sequence[Array], tell: Callable[[str], None] = lambda what: None
) -> list[Array]:
    """Return the outputs of a model file, each sample from the zero state on.

    Args:
        path: A file that `mcu-ghost convert` takes.
        inputs: (samples, frames, *shape of a frame) real values for each input. There may be more
            or fewer frames than the file says.
        tell: Called with what is being done.

    Returns:
        (samples, …) of each output.

    Raises:
        GhostError: The file cannot be read, or does not take such inputs.
    """
    foreign.refuse(path)
    try:
        graph = files.read(path)
    except GhostError as refusal:  # it may hold what is only Keras' to run
        try:
            return _by_keras(path, inputs, tell)
        except GhostError:
            raise refusal from None
    if graph is None:
        return _by_keras(path, inputs, tell)
    if len(inputs) != len(graph.inputs):
        raise GhostError(f"{path}: takes {count(len(graph.inputs), 'input')}, not {len(inputs)}.")
    tell(f"running {count(len(inputs[0]), 'sample')} in float")
    try:
        return _run(graph, inputs)
    except (GhostError, ValueError) as error:
        given = ", ".join(str(values.shape[1:]) for values in inputs)
        taken = ", ".join(str(entry.shape) for entry in graph.inputs)
        raise GhostError(f"{path}: takes inputs of shape {taken}, not {given} ({error})") from error


def _run(graph: FloatGraph, inputs: Sequence[Array]) -> list[Array]:
    shapes = [_shape(e, v.shape[1:]) for e, v in zip(graph.inputs, inputs, strict=True)]
    entries = tuple(Input(e.name, shape) for e, shape in zip(graph.inputs, shapes, strict=True))
    nodes = tuple(
        dataclasses.replace(node, stateful=False) if isinstance(node, Recurrent) else node
        for node in graph.nodes
    )
    fitted = dataclasses.replace(graph, inputs=entries, nodes=nodes)
    _ = fitted.shapes  # or a layer says why it does not take so many frames
    given: dict[str, Reals] = {
        entry.name: np.asarray(values, np.float32).reshape(len(values), *entry.shape)
        for entry, values in zip(entries, inputs, strict=True)
    }
    found = fitted.run(given)
    return [found[name] for name in graph.outputs]


def _shape(entry: Input, given: tuple[int, ...]) -> tuple[int, ...]:
    """Return an input's shape with as many frames as are given."""
    if math.prod(given) == math.prod(entry.shape):
        return entry.shape
    rest = math.prod(entry.shape[1:])
    if len(given) < 2 or math.prod(given[1:]) != rest:
        raise GhostError(f"input '{entry.name}' does not fit")
    return (given[0], *entry.shape[1:])


def _by_keras(path: Path, inputs: Sequence[Array], tell: Callable[[str], None]) -> list[Array]:
    if len(inputs) != 1:
        raise GhostError(f"{path}: a model of several inputs must be a .keras, .h5 or .onnx file.")
    tell("loading TensorFlow")
    from mcu_ghost import convert

    (values,) = inputs
    tell(f"running {count(len(values), 'sample')} in Keras")
    return [convert.keras_outputs(path, values.reshape(*values.shape[:2], -1))]

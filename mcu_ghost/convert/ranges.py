# SPDX-License-Identifier: Apache-2.0
"""Runs a float graph on calibration data, and takes the ranges of all its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.lower.lowering import Range
from mcu_ghost.convert.nodes import LSTM, Constant, Node, Reals
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import calibration
from mcu_ghost.network.calibration import Clipped

_BATCH = 256  # samples at a time through a recurrent layer


@dataclass(frozen=True)
class Ranges:
    """What calibration data show.

    Attributes:
        values: Of each value of the graph, by name.
        largest: The largest magnitude of the cell of each LSTM, by its output.
        clipped: Calibration values that their ranges do not hold.
    """

    values: dict[str, Range]
    largest: dict[str, float]
    clipped: tuple[Clipped, ...]


def validate(graph: FloatGraph, data: Mapping[str, Reals]) -> dict[str, Reals]:
    """Return calibration data as float32.

    Args:
        graph: The network that they are for.
        data: (samples, *shape) for each input, by name.

    Raises:
        GhostError: An input has none, they have another shape, or hold no or not only finite
            numbers.
    """
    entries = {entry.name: entry for entry in graph.inputs}

    def validated(name: str, values: Any) -> Reals:
        entry = entries[name]
        try:
            return calibration.validate(values, entry.shape)
        except GhostError as error:
            if not entry.channels_first or np.shape(values)[1:] != entry.in_file:
                raise
            turn = "as the file has it, channels first; np.moveaxis(x, 1, -1) brings them last"
            raise GhostError(f"{str(error).removesuffix('.')}, {turn}.") from error

    return calibration.of_inputs(data, tuple(entries), validated)


def take(
    graph: FloatGraph,
    data: Mapping[str, Reals],
    fixed: Range | None = None,
    alike: Collection[str] = (),
) -> Ranges:
    """Take the ranges.

    Args:
        graph: The network.
        data: As `validate` returns them.
        fixed: The range of the input, if it is given.
        alike: Inputs whose channels were brought to -1 to 1 before.
    """
    ranges: dict[str, Range] = {}
    largest: dict[str, float] = {}
    found: list[Clipped] = []
    for entry in graph.inputs:
        if entry.name in alike:
            ranges[entry.name] = -1.0, 1.0
            continue
        rows = data[entry.name].reshape(-1, entry.shape[-1] if len(entry.shape) > 1 else 1)
        ranges[entry.name] = fixed or calibration.choose(rows)
        found += calibration.clipped_inputs(rows, *ranges[entry.name])
    for node, given, result in walk(graph, data):
        if isinstance(node, Constant):
            continue
        low, high = calibration.choose(result if result.ndim > 1 else result[:, None])
        ranges[node.output] = (low, high)
        found += calibration.clipped(f"layer '{node.name}'", result, low, high)
        if isinstance(node, LSTM):
            largest[node.output] = _largest_cell(node, *given)
    return Ranges(ranges, largest, tuple(found))


def walk(
    graph: FloatGraph, data: Mapping[str, Reals]
) -> Iterator[tuple[Node, tuple[Reals, ...], Reals]]:
    """Yield each node with what it reads and what it makes; values go when nobody reads them."""
    values = dict(data)
    left = Counter(name for node in graph.nodes for name in node.inputs)
    left.update(graph.outputs)
    for node in graph.nodes:
        given = tuple(values[name] for name in node.inputs)
        result = np.asarray(node.run(*given), np.float32)
        values[node.output] = result
        yield node, given, result
        left.subtract(node.inputs)
        for name in node.inputs:
            if left[name] <= 0:
                values.pop(name, None)


def _largest_cell(node: LSTM, x: Reals) -> float:
    largest = 0.0
    for start in range(0, len(x), _BATCH):
        part = x[start : start + _BATCH]
        state, projected = node.start(len(part)), node.project(part)
        frames = range(part.shape[1])
        for t in reversed(frames) if node.backwards else frames:
            state = node.step(projected[:, t], state)
            largest = max(largest, float(np.abs(state[1]).max()))
    return largest

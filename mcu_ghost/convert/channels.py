# SPDX-License-Identifier: Apache-2.0
"""Inputs whose channels are of unlike size: degrees beside hectopascals do not share a scale.

Int8 has 255 steps for all channels of a tensor. Where a channel would get only a few of them, each
has a scale and an offset of its own outside the network, and the network begins by undoing them:
the passes fold that into the weights behind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.nodes import Affine, Embedding, Reals
from mcu_ghost.network import calibration
from mcu_ghost.network.calibration import Clipped

FEWEST_STEPS = 32  # of 255 that a channel may have of a shared scale
STEP = 2 / 255  # of the int8 that stands for -1 to 1


@dataclass(frozen=True, eq=False)
class Spread:
    """What the channels of an input are made alike by: (x - offsets) / halves is in [-1, 1].

    Attributes:
        offsets: (channels,) the middle of each one's range.
        halves: (channels,) half of its length.
    """

    offsets: Reals
    halves: Reals

    @property
    def metadata(self) -> dict[str, list[float]]:
        """What the file says: scale and offset of the int8 of each channel."""
        scales = self.halves.astype(np.float64) * STEP
        return {
            "scales": [float(np.float32(scale)) for scale in scales],
            "offsets": [float(offset) for offset in self.offsets],
        }


def needed(graph: FloatGraph, data: Mapping[str, Reals]) -> tuple[dict[str, Spread], list[Clipped]]:
    """Return the inputs whose channels need scales of their own, and what these do not hold.

    Args:
        graph: The network.
        data: (samples, *shape) calibration data for each input, by name.
    """
    found: dict[str, Spread] = {}
    beyond: list[Clipped] = []
    for entry in graph.inputs:
        embeds = any(isinstance(node, Embedding) for node in graph.readers[entry.name])
        if len(entry.shape) < 2 or entry.shape[-1] < 2 or embeds or entry.name in graph.outputs:
            continue
        rows = data[entry.name].reshape(-1, entry.shape[-1])
        ends = np.array([calibration.robust(channel) for channel in rows.T], np.float32)
        low, high = ends.T
        shared = max(0.0, float(high.max())) - min(0.0, float(low.min()))
        spans = high - low
        moving = spans > 0
        if not moving.any() or float(spans[moving].min()) >= FEWEST_STEPS / 255 * shared:
            continue
        halves = np.where(moving, spans / 2, np.maximum(np.abs(high), 1)).astype(np.float32)
        found[entry.name] = Spread(((low + high) / 2).astype(np.float32), halves)
        for i, channel in enumerate(rows.T):
            beyond += calibration.clipped(f"input {i}", channel, float(low[i]), float(high[i]))
    return found, beyond


def undone(graph: FloatGraph, spreads: Mapping[str, Spread]) -> FloatGraph:
    """Return the network for inputs whose channels were made alike."""
    new: dict[str, str] = {}
    nodes = []
    for name, spread in spreads.items():
        value = f"{name}'"
        while value in graph.shapes:
            value += "'"
        new[name] = value
        nodes.append(Affine(name, (name,), value, spread.halves, spread.offsets))
    moved = (
        dataclasses.replace(node, inputs=tuple(new.get(name, name) for name in node.inputs))
        for node in graph.nodes
    )
    return dataclasses.replace(graph, nodes=(*nodes, *moved))


def alike(data: Mapping[str, Reals], spreads: Mapping[str, Spread]) -> dict[str, Reals]:
    """Return the data for such a network."""
    return {
        name: np.asarray((values - spreads[name].offsets) / spreads[name].halves, np.float32)
        if name in spreads
        else values
        for name, values in data.items()
    }

# SPDX-License-Identifier: Apache-2.0
"""Random networks of two inputs and two outputs, built operator by operator."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.concatenation import Concatenation
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.tensor import Tensor

NAMES = ("accel", "Air pressure"), ("gains", "class")


def network(seed: int = 0, *, window: bool, frames: int = 5, said: Any = None) -> Model:
    """Return a network of `accel` (T, 3, 1) and `Air pressure` (T, 2).

    Its `gains` are two values of every frame. `class` are the scores of three, of every frame too
    in a stream; one `window` has them once.
    """
    rng = np.random.default_rng([seed, 12])
    accel, pressure = (
        Tensor(name, shape, "int8", 0.03125, zero_point)
        for name, shape, zero_point in zip(
            NAMES[0], [(frames, 3), (frames, 2)], (-4, -4), strict=True
        )
    )
    tensors = [accel, pressure]
    both = Tensor("both", (frames, 5), "int8", accel.scale, accel.zero_point)
    operators: list[Any] = [Concatenation((0, 1), 2)]
    tensors.append(both)

    def add(kind: Any, source: int, **options: Any) -> int:
        op, y = kind.random(rng, tensors[source], source, **options)
        tensors.append(y)
        operators.append(dataclasses.replace(op, output=len(tensors) - 1))
        return len(tensors) - 1

    gains = add(FullyConnected, 2, outputs=2)
    op, y = GhostGRU.random(
        rng, both.frame, 2, units=6, ratio=2, gain=1.0, return_sequences=not window, stateful=False
    )
    tensors.append(y if window else dataclasses.replace(y, shape=(frames, *y.shape)))
    operators.append(dataclasses.replace(op, output=len(tensors) - 1))
    scores = add(Softmax, add(FullyConnected, len(tensors) - 1, outputs=3))
    for index, name in zip((gains, scores), NAMES[1], strict=True):
        tensors[index] = dataclasses.replace(tensors[index], name=name)
    graph = Graph(tuple(tensors), (0, 1), (gains, scores), tuple(operators))
    return Model("two", graph, {"version": 1, "name": "two"} | (said or {}))

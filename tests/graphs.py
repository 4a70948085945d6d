# SPDX-License-Identifier: Apache-2.0
"""Random int8 graphs: chains, branches that meet again, several ends, whatever kinds there are.

The same seed gives the same graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write
from tests.grower import Grower, Wish
from tests.moves import BREAKS, MOVES, OWN


def graph(seed: int, wish: Wish) -> Graph:
    """Return a random graph; some have outputs on the way, none is an input as it is."""
    grower = Grower(seed, wish)
    grow(grower)
    outputs = [len(grower.tensors) - 1]
    if not _made(grower, outputs[0]):
        outputs = [grower.add("elementwise", outputs[0])]
    other = int(grower.rng.integers(len(grower.tensors)))
    if grower.rng.random() < 0.25 and _made(grower, other):
        outputs.append(other)
    return grower.graph(tuple(dict.fromkeys(outputs)))


def _made(g: Grower, index: int) -> bool:
    """Return whether a tensor is more than an input in another shape."""
    by = next((op for op in g.operators if op.output == index), None)
    return by is not None and (by.kind != "reshape" or _made(g, by.inputs[0]))


def parsed(graph: Graph, metadata: dict[str, Any] | None = None) -> Model:
    """Return a graph as it comes back from a file."""
    return read.parse(write.serialize(Model("g", graph, metadata or {})), "g.tflite")


def values(seed: int, graph: Graph) -> list[np.ndarray]:
    """Return int8 values for every input, (1, *shape), some of them at the extremes."""
    rng = np.random.default_rng([seed, 4])
    made = []
    for i in graph.inputs:
        x = rng.integers(-128, 128, (1, *graph.tensors[i].shape)).astype(np.int8)
        x[rng.random(x.shape) < 0.05] = rng.choice([-128, 127])
        x[:, rng.random(x.shape[1]) < 0.1] = graph.tensors[i].zero_point
        made.append(x)
    return made


def frames(model: Model, xs: list[np.ndarray]) -> np.ndarray:
    """Return whole inputs as a caller gives them, (frames, values of all inputs)."""
    return np.concatenate([x.reshape(model.frames, -1) for x in xs], axis=1)


def together(every: Sequence[Graph]) -> Graph:
    """Return graphs side by side as one, which an image can hold."""
    tensors: list[Tensor] = []
    inputs: list[int] = []
    outputs: list[int] = []
    operators: list[Operator] = []
    for one in every:
        first = len(tensors)
        tensors += one.tensors
        inputs += (first + i for i in one.inputs)
        outputs += (first + i for i in one.outputs)
        operators += (
            replace(op, inputs=tuple(first + i for i in op.inputs), output=first + op.output)
            for op in one.operators
        )
    return Graph(tuple(tensors), tuple(inputs), tuple(outputs), tuple(operators))


def grow(g: Grower) -> None:
    """Do some moves; one that cannot be done leaves nothing behind."""
    done, wanted = 0, int(g.rng.integers(1, g.wish.moves + 1))
    for _ in range(40):
        before = len(g.tensors), len(g.operators)
        try:
            done += _move(g)
        except ValueError:
            del g.tensors[before[0] :], g.operators[before[1] :]
        if done == wanted:
            return
        g.timed &= set(range(len(g.tensors)))


def _move(g: Grower) -> bool:
    old = len(g.tensors)
    source = old - 1 if g.rng.random() < 0.75 else int(g.rng.integers(old))
    timed = source in g.timed
    if timed and g.rng.random() < g.wish.breaks:
        made = _choose(g, BREAKS)(g, source)
        return _came(g, made)
    made = _choose(g, MOVES)(g, source)
    frames = g.tensors[made].shape[0]
    if timed and not _looks_over_time(g, old):
        g.timed |= {i for i in range(old, made + 1) if g.tensors[i].shape[0] == frames}
    elif timed and g.rng.random() > g.wish.breaks:
        raise ValueError("it needs a whole sequence")
    return _came(g, made)


def _choose(g: Grower, among: dict[str, Callable[[Grower, int], int]]) -> Any:
    names = [name for name in among if g.wish.own or name not in OWN]
    return among[g.rng.choice(names)]


def _came(g: Grower, made: int) -> bool:
    if made >= len(g.tensors):
        raise ValueError("nothing came")
    return True


def _looks_over_time(g: Grower, old: int) -> bool:
    """Return whether a new operator needs every frame."""
    graph = g.graph(())
    new = [op for op in g.operators if op.output >= old]
    return any(op.reach(*graph.ends(op)).whole for op in new)

# SPDX-License-Identifier: Apache-2.0
"""Compares an int8 network with the Keras model that it was made of, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tf_keras as keras

from mcu_ghost.convert import fidelity, rows
from mcu_ghost.convert.fidelity import Fidelity, Reals
from mcu_ghost.convert.graph import Layer
from mcu_ghost.layers import ranges
from mcu_ghost.layers.chain import Chain, Stage, activation_name
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Recurrent
from mcu_ghost.network.reference import Runner

_OPERATORS = {"sigmoid": "logistic"}  # by Keras' names where TFLite has others


def measure(chain: Chain, batch: int | None, network: Model, data: Reals) -> Fidelity:
    """Run both networks and compare.

    Args:
        chain: The Keras model's layers, float or under quantisation-aware training.
        batch: How many samples the model insists on at a time, if it does.
        network: What was made of it.
        data: (samples, …) inputs of the model; of many, some, evenly spaced, are taken.
    """
    data = fidelity.some(data, chain.frames)
    results = [_Result("the input", 0, -1), *_results(chain, network)]
    frames = data.reshape(len(data), chain.frames, chain.inputs)
    integers = _integers(network, frames, [result.tensor for result in results])
    outputs: dict[int, Reals] = {-1: frames}
    values = data
    for i, stage in enumerate(chain.stages):
        values = outputs[i] = ranges.run(stage.layer, values, batch)
    pairs = [(outputs[r.stage].reshape(integers[r.tensor].shape), integers[r.tensor])
             for r in results]  # fmt: skip
    classes = _operators(chain.stages[results[-1].stage])[-1:] == ["softmax"]
    return fidelity.compare(
        len(data),
        [(r.layer, *pair) for r, pair in zip(results, pairs, strict=True)],
        classes,
        trains=True,
    )


def table(chain: Chain, network: Model) -> tuple[rows.Row, ...]:
    """Return what became of each layer."""
    owned: dict[int, list[int]] = {}
    for i, stage in enumerate(_owners(chain, network)):
        owned.setdefault(stage, []).append(i)
    layers = [
        (Layer(s.inner.name, type(s.inner).__name__, tuple(s.layer.output_shape[1:])), owned.get(i))
        for i, s in enumerate(chain.stages)
        if s.kind != "quantize"
    ]
    return rows.of_operators(network.graph, network, [(s, at or []) for s, at in layers])


@dataclass(frozen=True)
class _Result:
    """Where both networks have the same values.

    Attributes:
        layer: Whose values, in words.
        tensor: Of the integer network.
        stage: The Keras layer, by its place in the chain, whose output they are; -1 for the input.
    """

    layer: str
    tensor: int
    stage: int


def _results(chain: Chain, network: Model) -> list[_Result]:
    """Return what each layer's operators end in; a layer without one is part of the one before."""
    owners = _owners(chain, network)
    ends = {owners[s.origin]: s.op.output for s in network.steps if s.origin is not None}
    starts = [*ends, len(chain.stages)]
    titles = [f"layer '{s.inner.name}' ({type(s.inner).__name__})" for s in chain.stages]
    return [_Result(titles[i], tensor, starts[n + 1] - 1)
            for n, (i, tensor) in enumerate(ends.items())]  # fmt: skip


def _owners(chain: Chain, network: Model) -> list[int]:
    """Return of each operator of the graph which of the chain's layers it belongs to."""
    waiting = [_operators(stage) for stage in chain.stages]
    found = []
    at = 0
    for op in network.graph.operators:
        name = "recurrent" if isinstance(op, Recurrent) else op.name
        at = next((i for i in range(at, len(waiting)) if name in waiting[i]), at)
        if name in waiting[at]:
            waiting[at].remove(name)
        found.append(at)
    return found


def _operators(stage: Stage) -> list[str]:
    """Return the names of the operators that a Keras layer may become."""
    kinds = keras.layers
    if stage.kind == "recurrent":
        return ["recurrent"]
    found = {kinds.Dense: ["fully_connected"], kinds.ReLU: ["relu", "relu6"],
             kinds.Softmax: ["softmax"]}.get(type(stage.inner), [])  # fmt: skip
    activation = getattr(stage.inner, "activation", None)
    if stage.kind == "layer" and activation is not None:
        name = activation_name(activation)
        found = [*found, _OPERATORS.get(name, name)]
    return found


def _integers(network: Model, frames: Reals, wanted: list[int]) -> dict[int, Reals]:
    """Return the real values of tensors: (samples, frames, size), or (samples, size) at the end."""
    runner = Runner(network, (len(frames),))
    in_head = {step.op.output for step in network.head}
    last = network.body[-1].op.output
    kept: dict[int, list[Reals]] = {tensor: [] for tensor in wanted}
    x = network.tensors[network.inputs[0]].quantize(frames)

    def keep(tensors: list[int]) -> None:
        for tensor in tensors:
            kept[tensor].append(network.tensors[tensor].dequantize(runner.value(tensor)))

    at_end = [t for t in wanted if not network.head_per_frame and (t in in_head or t == last)]
    for t in range(frames.shape[1]):
        runner.step(x[:, t])
        if network.head_per_frame:
            runner.head()
        keep([tensor for tensor in wanted if tensor not in at_end])
    if at_end:
        runner.head()
        keep(at_end)
    return {t: parts[0] if t in at_end else np.stack(parts, 1) for t, parts in kept.items()}

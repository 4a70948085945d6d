# SPDX-License-Identifier: Apache-2.0
"""How close an int8 network comes to the Keras model it was made of, layer by layer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras as keras

from mcu_ghost.host import text
from mcu_ghost.layers import ranges
from mcu_ghost.layers.chain import Chain, Stage, activation_name
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Recurrent
from mcu_ghost.network.reference import Runner

Reals = npt.NDArray[np.floating]

_MOST_FRAMES = 20_000  # a few seconds
_WORST_AGREEMENT = 0.97
_WORST_ERROR = 0.1  # of the outputs' own spread
_OPERATORS = {"sigmoid": "logistic"}  # by Keras' names where TFLite has others


@dataclass(frozen=True)
class LayerError:
    """How far a layer is off.

    Attributes:
        layer: Its name and class, or "the input".
        error: RMS difference to Keras, as a share of the spread of Keras' values.
    """

    layer: str
    error: float


@dataclass(frozen=True)
class Fidelity:
    """Int8 against Keras on the same samples.

    Attributes:
        samples: How many.
        agreement: Share of answers with the same class; None where the outputs are no classes.
        mean_error: Mean absolute difference of the outputs, in their own unit.
        largest_error: The largest.
        layers: Every layer's error in order, the input first.
    """

    samples: int
    agreement: float | None
    mean_error: float
    largest_error: float
    layers: tuple[LayerError, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        told = {"bad": self.bad, "blame": self.blame.layer if self.bad else None}
        return dataclasses.asdict(self) | told

    @property
    def bad(self) -> bool:
        """Whether somebody should look at it."""
        if self.agreement is not None:
            return self.agreement < _WORST_AGREEMENT
        return self.layers[-1].error > _WORST_ERROR

    @property
    def blame(self) -> LayerError:
        """The layer that adds most to the error."""
        errors = [0.0, *(layer.error for layer in self.layers)]
        growth = [later - former for former, later in zip(errors, errors[1:], strict=False)]
        return self.layers[int(np.argmax(growth))]

    def __str__(self) -> str:
        """Say it in a sentence."""
        off = f"outputs are off by {self.mean_error:.3g}, at most {self.largest_error:.3g}"
        where = f"on {text.count(self.samples, 'calibration sample')}"
        if self.agreement is None:
            return f"int8 against Keras {where}: {off}, {self.layers[-1].error:.1%} of their spread"
        return f"int8 against Keras {where}: {self.agreement:.1%} of classes agree, {off}"

    @property
    def warning(self) -> str:
        """What to say of it if it is bad."""
        place = self.layers.index(self.blame)
        before = self.layers[place - 1].error if place else 0.0
        return (
            f"{self}. The layer to blame is {self.blame.layer}: its values are off by"
            f" {self.blame.error:.1%} of their spread, {before:.1%} before it. Look at what was"
            " clipped, calibrate with other data, or train on after"
            " mcu_ghost.layers.quantize_model."
        )


def measure(chain: Chain, batch: int | None, network: Model, data: Reals) -> Fidelity:
    """Run both networks and compare.

    Args:
        chain: The Keras model's layers, float or under quantisation-aware training.
        batch: How many samples the model insists on at a time, if it does.
        network: What was made of it.
        data: (samples, …) inputs of the model; of many, some, evenly spaced, are taken.
    """
    most = max(1, _MOST_FRAMES // chain.frames)
    if len(data) > most:
        data = data[np.linspace(0, len(data) - 1, most).astype(int)]
    results = [_Result("the input", 0, -1), *_results(chain, network)]
    frames = data.reshape(len(data), chain.frames, chain.inputs)
    integers = _integers(network, frames, [result.tensor for result in results])
    outputs: dict[int, Reals] = {-1: frames}
    values = data
    for i, stage in enumerate(chain.stages):
        values = outputs[i] = ranges.run(stage.layer, values, batch)
    pairs = [(outputs[r.stage].reshape(integers[r.tensor].shape), integers[r.tensor])
             for r in results]  # fmt: skip
    exact, rough = pairs[-1]
    off = np.abs(exact - rough)
    agreement = None
    if _operators(chain.stages[results[-1].stage])[-1:] == ["softmax"]:
        agreement = float((exact.argmax(-1) == rough.argmax(-1)).mean())
    return Fidelity(
        samples=len(data),
        agreement=agreement,
        mean_error=float(off.mean()),
        largest_error=float(off.max()),
        layers=tuple(
            LayerError(r.layer, _error(*pair)) for r, pair in zip(results, pairs, strict=True)
        ),
    )


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
    waiting = [_operators(stage) for stage in chain.stages]
    ends: dict[int, int] = {}
    at = 0
    for op in (step.op for step in network.steps):
        name = "recurrent" if isinstance(op, Recurrent) else op.name
        at = next((i for i in range(at, len(waiting)) if name in waiting[i]), at)
        if name in waiting[at]:
            waiting[at].remove(name)
        ends[at] = op.output
    starts = [*ends, len(chain.stages)]
    titles = [f"layer '{s.inner.name}' ({type(s.inner).__name__})" for s in chain.stages]
    return [_Result(titles[i], tensor, starts[n + 1] - 1)
            for n, (i, tensor) in enumerate(ends.items())]  # fmt: skip


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


def _error(exact: Reals, rough: Reals) -> float:
    """Return the RMS difference as a share of the exact values' standard deviation.

    Values further out than all but a thousandth are left out: what a glitch becomes says nothing.
    """
    low, high = np.quantile(exact, (0.001, 0.999))
    inside = (exact >= low) & (exact <= high)
    off = float(np.sqrt(np.mean((exact - rough)[inside] ** 2)))
    spread = float(exact[inside].std())
    return off / spread if spread else float(off > 0)

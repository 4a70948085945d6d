# SPDX-License-Identifier: Apache-2.0
"""Random networks of a given shape: what a layer costs before training it, and test vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_ghost.network import quantize
from mcu_ghost.network.model import (
    FullyConnected,
    GhostGRU,
    Int8s,
    Model,
    Operator,
    Softmax,
    Tensor,
)
from mcu_ghost.network.reference import STATE_SCALE


def random_model(
    seed: int,
    *,
    units: int,
    ratio: int,
    inputs: int,
    layers: int = 1,
    classes: int = 12,
    frames: int = 49,
    head_per_frame: bool = False,
    gain: float = 1.0,
    stateful: bool = False,
) -> Model:
    """Return a network of stacked GhostGRU layers, a dense layer and a softmax.

    Args:
        seed: The same seed gives the same network.
        units: n of every layer.
        ratio: n // m of every layer; 1 is a plain GRU.
        inputs: d, the inputs of a frame.
        layers: Recurrent layers.
        classes: Outputs; 0 leaves the head out, so that the last state is the output.
        frames: Frames of one sequence in a `.tflite`.
        head_per_frame: Whether the head runs for every frame.
        gain: Multiplies the weights; large gains saturate the gates.
        stateful: Whether the state survives between invocations of a `.tflite`.

    Raises:
        GhostError: Weights of this gain do not fit 32-bit accumulators.
    """
    rng = np.random.default_rng(seed)
    zero_point = int(rng.integers(-128, 128))
    tensors = [Tensor("input", inputs, "int8", float(np.float32(0.03)), zero_point)]
    body: list[Operator] = []
    for layer in range(layers):
        source = len(tensors) - 1
        tensors.append(Tensor(f"ghost_gru_{layer}", units, "int8", STATE_SCALE, 0))
        last = layer == layers - 1
        body.append(
            _layer(
                rng,
                tensors[source],
                source,
                units,
                ratio,
                gain,
                head_per_frame or not last,
                stateful,
            )
        )
    head = _head(rng, tensors, classes) if classes else []
    return Model(
        name="random",
        frames=frames,
        tensors=tuple(tensors),
        inputs=(0,),
        outputs=(len(tensors) - 1,),
        body=tuple(body),
        head=tuple(head),
        head_per_frame=head_per_frame,
        metadata={"version": 1, "name": "random", "task": "classification", "labels": []},
    )


def _layer(
    rng: np.random.Generator,
    x: Tensor,
    source: int,
    n: int,
    ratio: int,
    gain: float,
    sequences: bool,
    stateful: bool,
) -> GhostGRU:
    m, d = n // ratio, x.size

    def normal(*shape: int, fan: int) -> npt.NDArray[np.float64]:
        return rng.normal(0, gain / np.sqrt(fan), shape)

    return quantize.ghost_gru(
        x,
        kernel=normal(d, 3 * m, fan=d),
        recurrent_kernel=normal(n, 3 * m, fan=n),
        bias=normal(2, 3 * m, fan=4),
        ghost_kernel=normal(m, n - m, fan=m) * 2,
        ghost_bias=normal(n - m, fan=4),
        input=source,
        output=source + 1,
        ratio=ratio,
        return_sequences=sequences,
        stateful=stateful,
    )


def _head(rng: np.random.Generator, tensors: list[Tensor], classes: int) -> list[Operator]:
    """Add a dense layer and a softmax behind the last tensor."""
    x = tensors[-1]
    weights = rng.integers(-127, 128, (classes, x.size)).astype(np.int8)
    scale = float(np.float32(3 / (73 * np.sqrt(x.size))))
    bias = rng.integers(-2000, 2000, classes).astype(np.int32)
    source = len(tensors) - 1
    logits_scale = float(np.float32(8 / 128))
    tensors.append(Tensor("logits", classes, "int8", logits_scale, int(rng.integers(-20, 20))))
    tensors.append(Tensor("scores", classes, "int8", 1 / 256, -128))
    return [
        FullyConnected(source, source + 1, weights, bias, (scale,)),
        Softmax(source + 1, source + 2),
    ]


def random_inputs(seed: int, model: Model, cases: int, frames: int) -> Int8s:
    """Return (cases, frames, inputs) random int8 frames, some of them at the extremes."""
    rng = np.random.default_rng([seed, 1])
    size = model.tensors[model.inputs[0]].size
    x = rng.integers(-128, 128, (cases, frames, size)).astype(np.int8)
    extreme = rng.random((cases, frames)) < 0.1
    x[extreme] = np.where(rng.random(int(extreme.sum())) < 0.5, -128, 127)[:, None]
    return x

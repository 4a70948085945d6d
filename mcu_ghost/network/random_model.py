# SPDX-License-Identifier: Apache-2.0
"""Random networks of a given shape: what a layer costs before training it, and test vectors."""

from __future__ import annotations

import numpy as np

from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.tensor import Int8s, Tensor


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
    windows: bool = False,
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
        windows: Whether sequences are windows, as far as the other arguments let them; otherwise
            the network is a stream.

    Raises:
        GhostError: Weights of this gain do not fit 32-bit accumulators.
    """
    rng = np.random.default_rng(seed)
    zero_point = int(rng.integers(-128, 128))
    tensors = [Tensor("input", (inputs,), "int8", float(np.float32(0.03)), zero_point)]

    def add(made: tuple[Operator, Tensor]) -> Operator:
        op, y = made
        tensors.append(y)
        return op

    def place() -> tuple[Tensor, int]:
        return tensors[-1], len(tensors) - 1

    body = [
        add(
            GhostGRU.random(
                rng,
                *place(),
                units=units,
                ratio=ratio,
                gain=gain,
                return_sequences=head_per_frame or layer < layers - 1,
                stateful=stateful,
            )
        )
        for layer in range(layers)
    ]
    head = []
    if classes:
        head.append(add(FullyConnected.random(rng, *place(), outputs=classes)))
        head.append(add(Softmax.random(rng, *place())))
    return Model.chain(
        "random",
        frames,
        tensors,
        body,
        head,
        head_per_frame=head_per_frame,
        metadata={"version": 1, "name": "random", "task": "classification", "labels": []}
        | ({} if windows else {"reset": "never"}),
    )


def random_inputs(seed: int, model: Model, cases: int, frames: int) -> Int8s:
    """Return (cases, frames, inputs) random int8 frames, some of them at the extremes."""
    rng = np.random.default_rng([seed, 1])
    size = model.input_size
    x = rng.integers(-128, 128, (cases, frames, size)).astype(np.int8)
    extreme = rng.random((cases, frames)) < 0.1
    x[extreme] = np.where(rng.random(int(extreme.sum())) < 0.5, -128, 127)[:, None]
    return x

# SPDX-License-Identifier: Apache-2.0
"""Float equations of Keras' recurrent layers, and networks of their integer kinds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write
from tests.networks import rebuilt

Floats = np.ndarray
Weights = dict[str, Floats]
Gate = Callable[[Floats], Floats]
X = Tensor("x", (7,), "int8", float(np.float32(0.02)), 9)


def sigmoid(v: Floats) -> Floats:
    return 1 / (1 + np.exp(-v))


def hard(slope: float) -> Gate:
    """Return a hard sigmoid: slope 0.2 in Keras 1 and 2, 1/6 in Keras 3."""
    return lambda v: np.clip(slope * v + 0.5, 0, 1)


def lstm(
    w: Weights, x: Floats, h: Floats, c: Floats, gate: Gate = sigmoid
) -> tuple[Floats, Floats]:
    """One step of Keras' LSTM."""
    i, f, g, o = np.split(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"], 4)
    c = gate(f) * c + gate(i) * np.tanh(g)
    return gate(o) * np.tanh(c), c


def gru(w: Weights, x: Floats, h: Floats, after: bool, gate: Gate = sigmoid) -> Floats:
    """One step of Keras' GRU, reset after or before the product, with a bias for each product."""
    wz, wr, wc = np.split(x @ w["kernel"] + w["bias"][0], 3)
    uz, ur, uc = np.split(w["recurrent_kernel"], 3, axis=1)
    bz, br, bc = np.split(w["bias"][1], 3)
    z, r = gate(wz + h @ uz + bz), gate(wr + h @ ur + br)
    c = np.tanh(wc + (r * (h @ uc + bc) if after else (r * h) @ uc + bc))
    return z * h + (1 - z) * c


def simple_rnn(w: Weights, x: Floats, h: Floats, activation: Gate = np.tanh) -> Floats:
    """One step of Keras' SimpleRNN."""
    return activation(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"])


def relu(v: Floats) -> Floats:
    return np.maximum(v, 0)


def weights(seed: int, d: int, n: int, gates: int, biases: int = 0) -> Weights:
    """Return what training leaves; `biases` 2 is a bias for each product."""
    rng = np.random.default_rng(seed)
    wide = (biases, gates * n) if biases else (gates * n,)
    return {
        "kernel": rng.normal(0, 0.9 / np.sqrt(d), (d, gates * n)),
        "recurrent_kernel": rng.normal(0, 0.7 / np.sqrt(n), (n, gates * n)),
        "bias": rng.normal(0, 0.2, wide),
    }


def alone(*made: tuple[Operator, Tensor], x: Tensor = X) -> Model:
    """Return operators in a row as a network, the last one recurrent."""
    tensors, body = [x, *(y for _, y in made)], [op for op, _ in made]
    metadata = {"reset": "never"}
    return Model.chain("alone", 20, tensors, body, head_per_frame=True, metadata=metadata)


def comes_back(model: Model) -> None:
    """Check that a file holds all of a network."""
    data = write.serialize(model)
    again = read.parse(data, "again")
    assert write.serialize(again) == data
    x = random_inputs(1, model, 2, 15)
    np.testing.assert_array_equal(reference.run(again, x), reference.run(model, x))


def extreme(model: Model, seed: int) -> Model:
    """Return the network with weights of ±127 only, their requantizers as they are."""
    rng = np.random.default_rng(seed)

    def signs(weights: np.ndarray) -> np.ndarray:
        return rng.choice([-127, 127], weights.shape).astype(np.int8)

    def loud(op: Operator) -> Operator:
        if not isinstance(op, Gated):
            return op
        weights = {"kernel": signs(op.kernel), "recurrent_kernel": signs(op.recurrent_kernel)}
        return dataclasses.replace(op, **weights)

    return rebuilt(model, body=[loud(op) for op in model.graph.operators])

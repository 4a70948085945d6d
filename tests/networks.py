# SPDX-License-Identifier: Apache-2.0
"""Random networks for every runner: odd sizes, all ratios, stacks, extreme numbers, all heads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mcu_ghost.network import ops
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.elementwise import Elementwise
from mcu_ghost.network.ops.fully_connected import FullyConnected
from mcu_ghost.network.ops.operator import Assigning, Operator, Recurrent
from mcu_ghost.network.ops.softmax import Softmax
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tensor import Tensor

FUNCTIONS = ("logistic", "tanh", "relu", "relu6", "quantize")
ALONE = {  # kinds that tests/firmware/kernels/single.py runs, on shapes that have room for them
    "conv_2d", "depthwise_conv_2d", "average_pool_2d", "max_pool_2d", "resize_nearest_neighbor",
    "mean", "sum", "reduce_max", "reduce_min", "add", "sub", "mul", "maximum", "minimum", "prelu",
    "concatenation", "pad", "strided_slice", "transpose", "broadcast_to", "lookup", "embedding",
}  # fmt: skip
OTHERS = [  # kinds that TFLite Micro has and that need no more care than they take themselves
    name
    for name, kind in ops.KINDS.items()
    if not issubclass(kind, (Assigning, Recurrent))
    and not any(isinstance(code, str) for code in kind.codes)
    and name not in {"fully_connected", "softmax", "elementwise"} | ALONE
]
ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")


def network(seed: int, **fixed: object) -> Model:
    """Return a random network; `fixed` arguments of `random_model` override its shape."""
    rng = np.random.default_rng([seed, 2])
    ratio = int(rng.integers(1, 5))
    shape: dict[str, object] = {
        "ratio": ratio,
        "units": int(rng.integers(ratio, 40)),
        "inputs": int(rng.integers(1, 40)),
        "layers": int(rng.integers(1, 4)),
        "frames": int(rng.integers(1, 12)),
        "gain": float(rng.choice([0.1, 1.0, 4.0, 60.0])),
        "head_per_frame": bool(rng.integers(2)),
    }
    model = random_model(seed, classes=0, **{**shape, **fixed})  # type: ignore[arg-type]
    if seed % 3 == 0:
        model = with_extremes(model, rng)
    return with_head(model, rng)


def with_extremes(model: Model, rng: np.random.Generator) -> Model:
    """Return the network with weights of ±127 only, requantizers and biases as they are."""

    def all_extreme(weights: np.ndarray) -> np.ndarray:
        return np.where(rng.random(weights.shape) < 0.5, -127, 127).astype(np.int8)

    # Shifts stay legal: with gains up to 60 the largest row of these small networks fits 31 bits.
    body = [
        dataclasses.replace(
            op,
            kernel=all_extreme(op.kernel),
            recurrent_kernel=all_extreme(op.recurrent_kernel),
            ghost_kernel=all_extreme(op.ghost_kernel),
        )
        for op in model.layers
    ]
    return rebuilt(model, body=body)


def rebuilt(
    model: Model,
    *,
    body: Sequence[Operator] | None = None,
    head: Sequence[Operator] | None = None,
    more: Sequence[Tensor] = (),
) -> Model:
    """Return a chain with another body or head, and the tensors that a longer one writes."""
    body = [step.op for step in model.body] if body is None else body
    head = [step.op for step in model.head] if head is None else head
    old = 1 + len(body) + len(head) - len(more)
    return Model.chain(
        model.name,
        model.frames,
        [*model.tensors[:old], *more],
        body,
        head,
        head_per_frame=model.head_per_frame,
        metadata=model.metadata,
    )


def with_head(model: Model, rng: np.random.Generator) -> Model:
    """Return the network with up to four random operators behind its last layer."""
    tensors, head = list(model.tensors), list[Operator]()
    for _ in range(int(rng.integers(0, 5))):
        source = len(tensors) - 1
        x = tensors[source]
        kind = rng.choice(["dense", "softmax", *FUNCTIONS, *OTHERS])
        if kind in OTHERS:
            other, y = ops.KINDS[kind].random(rng, x, source)
            tensors.append(y)
            head.append(other)
            continue
        scale = float(np.float32(10 ** rng.uniform(-2.5, 0)))
        zero_point = int(rng.integers(-128, 128))
        size, op = x.size, Softmax((source,), source + 1, float(rng.choice([0.5, 1.0, 1.0, 2.0])))
        made: Operator = op
        if kind == "dense":
            size = int(rng.integers(1, 20))
            weights = rng.integers(-127, 128, (size, x.size)).astype(np.int8)
            per_output = size if rng.integers(2) else 1
            reach = 50 * np.sqrt(x.size) * 60 * x.scale
            scales = tuple(
                float(np.float32(scale * 128 / reach * f)) for f in rng.uniform(0.2, 3, per_output)
            )
            bias = rng.integers(-5000, 5000, size).astype(np.int32)
            activation = rng.choice(ACTIVATIONS)
            made = FullyConnected((source,), source + 1, weights, bias, scales, activation)
        elif kind == "softmax":
            scale, zero_point = 1 / 256, -128
        else:
            made = Elementwise((source,), source + 1, kind)
            if kind == "logistic":
                scale, zero_point = 1 / 256, -128
            elif kind == "tanh":
                scale, zero_point = 1 / 128, 0
            elif kind == "relu6":
                scale, zero_point = x.scale, x.zero_point
        tensors.append(Tensor(f"{kind}_{source}", (size,), "int8", scale, zero_point))
        head.append(made)
    return rebuilt(model, head=head, more=tensors[len(model.tensors) :])

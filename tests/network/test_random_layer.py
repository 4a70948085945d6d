# SPDX-License-Identifier: Apache-2.0
"""Networks of one random layer: the sizes that were asked for, and refusals of others."""

from __future__ import annotations

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.random_layer import KINDS, Shape, random_layer
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tflite import read, write

# Sizes, outputs of a frame, multiply-accumulates.
SIZES: dict[str, tuple[Shape, int, int]] = {
    "dense": (Shape(7, 5), 5, 35),
    "lstm": (Shape(7, 5), 5, 4 * 5 * 12),
    "simple_rnn": (Shape(7, 5), 5, 5 * 12),
    "reset_gru": (Shape(7, 5), 5, 3 * 5 * 12),
    "conv_1d": (Shape(7, 5, kernel=(3, 1)), 5, 3 * 7 * 5),
    "conv_2d": (Shape(7, 5, (6, 4), (3, 3), (2, 1)), 3 * 4 * 5, 3 * 4 * 5 * 9 * 7),
    "depthwise_conv_2d": (Shape(7, None, (6, 4), (3, 3)), 6 * 4 * 7, 6 * 4 * 7 * 9),
    "max_pool_2d": (Shape(7, None, (6, 4), (2, 2), (2, 2)), 3 * 2 * 7, 0),
    "average_pool_2d": (Shape(7, None, (6, 4), (6, 4)), 7, 0),
    "add": (Shape(7), 7, 0),
    "multiply": (Shape(7), 7, 0),
    "layer_norm": (Shape(7), 7, 0),
    "softmax": (Shape(7), 7, 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_has_the_sizes_asked_for(kind: str) -> None:
    shape, outputs, macs = SIZES[kind]
    model = random_layer(3, kind, shape)
    assert model.output_size == outputs and sum(step.macs for step in model.steps) == macs
    assert model.window is None and model.head_per_frame
    x = random_inputs(0, model, 1, 6)[0]
    y = reference.run(model, x)
    assert y.shape == (6, outputs) and len(np.unique(y)) > 3
    again = read.parse(write.serialize(model), "it")
    np.testing.assert_array_equal(reference.run(again, x), y)


@pytest.mark.parametrize(
    ("kind", "shape", "told"),
    [
        ("dense", Shape(3), "A layer dense needs --units"),
        ("conv_2d", Shape(3, 4, (5, 5)), "A layer conv_2d needs --kernel"),
        ("conv_2d", Shape(3, 4, None, (3, 3)), "A layer conv_2d needs --image"),
        ("softmax", Shape(3, 4), "A layer softmax has no --units; leave it out"),
        ("lstm", Shape(3, 4, strides=(2, 1)), "A layer lstm has no --strides; leave it out"),
        ("conv_1d", Shape(3, 4, None, (3, 1), (2, 1)), "A layer conv_1d has no --strides"),
        ("max_pool_2d", Shape(3, None, (4, 4), (5, 1)), "kernel is larger than the image"),
    ],
)
def test_other_sizes_are_refused(kind: str, shape: Shape, told: str) -> None:
    with pytest.raises(GhostError, match=told):
        random_layer(0, kind, shape)

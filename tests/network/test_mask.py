# SPDX-License-Identifier: Apache-2.0
"""Frames that a mask says are none leave recurrent operators as they are: here, in C, in a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write
from tests.conftest import compile_model
from tests.firmware.test_generated_model import run_c
from tests.networks import rebuilt
from tests.recurrent import X, alone, comes_back

MASK = X.zero_point


def layers(mask: int | None) -> Model:
    """Return an LSTM and a GhostGRU, both masked by the network's input."""
    rng = np.random.default_rng(1)
    made: list[Any] = [LSTM.random(rng, X, 0, units=5)]
    made.append(GhostGRU.random(rng, made[0][1], 1, units=6))
    model = alone(*made)
    if mask is None:
        return model
    inputs = [(0, 0), (1, 0)]
    body = zip(model.graph.operators, inputs, strict=True)
    return rebuilt(model, body=[dataclasses.replace(op, inputs=i, mask=mask) for op, i in body])


def frames() -> tuple[np.ndarray, np.ndarray]:
    """Return frames, some of nothing but the mask, and which."""
    rng = np.random.default_rng(2)
    x = rng.integers(-128, 128, (30, X.size)).astype(np.int8)
    none = rng.random(30) < 0.4
    x[none] = MASK
    x[~none, 0], x[~none, 1:] = MASK + 1, np.where(rng.random((30, 1)) < 0.3, MASK, x[:, 1:])[~none]
    return x, none


def test_frames_that_are_none_change_nothing() -> None:
    x, none = frames()
    y = reference.run(layers(MASK), x)
    np.testing.assert_array_equal(y[~none], reference.run(layers(None), x[~none]))
    held = np.flatnonzero(none[1:]) + 1
    np.testing.assert_array_equal(y[held], y[held - 1])
    assert len(held) > 5 and not (y == reference.run(layers(None), x)).all()


def test_a_mask_comes_back_from_a_file() -> None:
    comes_back(layers(MASK))
    for mask in (128, -129):
        with pytest.raises(GhostError, match="option 'mask' must be an integer of int8"):
            read.parse(write.serialize(layers(mask)), "bad")


@pytest.mark.toolchain
@pytest.mark.parametrize("sequences", [True, False])
def test_c_equals_the_reference(sequences: bool, tmp_path: Path) -> None:
    x, _ = frames()
    model = layers(MASK)
    if not sequences:
        last = dataclasses.replace(model.graph.operators[1], return_sequences=False)
        tensors: list[Tensor] = [X, model.tensors[1], model.tensors[2]]
        model = Model.chain("alone", len(x), tensors, [model.graph.operators[0], last])
    library = compile_model(model, tmp_path)
    np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))

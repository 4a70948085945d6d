# SPDX-License-Identifier: Apache-2.0
"""Recurrent kinds in plain C against the reference, bit for bit, extremes included."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.gated import Gated
from mcu_ghost.network.ops.layer_norm import LayerNorm
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reset_gru import ResetGRU
from mcu_ghost.network.ops.simple_rnn import SimpleRNN
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.proof import on_emulator, verify
from tests.conftest import compile_model
from tests.firmware.kernels.networks import extreme_inputs
from tests.firmware.test_generated_model import run_c
from tests.networks import rebuilt
from tests.recurrent import X, alone

# Each kind in all its ways; the gain of weights saturates gates.
KINDS: dict[str, tuple[type[Gated], dict[str, Any]]] = {
    "lstm": (LSTM, {"largest_cell": 0.4}),
    "lstm, large cell": (LSTM, {"largest_cell": 9.0}),
    "lstm, hard": (LSTM, {"hard": 0.2}),
    "gru, reset before": (ResetGRU, {}),
    "gru, reset after, hard": (ResetGRU, {"reset_after": True, "hard": 1 / 6}),
    "simple rnn": (SimpleRNN, {}),
    "simple rnn, relu": (SimpleRNN, {"largest": 5.0}),
}


def stack(name: str, seed: int, gain: float, sizes: list[int]) -> Model:
    """Return layers of a kind on top of each other."""
    kind, options = KINDS[name]
    rng, made, x = np.random.default_rng(seed), [], X
    for i, units in enumerate(sizes):
        made.append(kind.random(rng, x, i, units=units, gain=gain, **options))
        x = made[-1][1]
    return alone(*made)


def extreme(model: Model, seed: int) -> Model:
    """Return the network with weights of ±127 only, their requantizers as they are."""
    rng = np.random.default_rng(seed)

    def signs(weights: np.ndarray) -> np.ndarray:
        return rng.choice([-127, 127], weights.shape).astype(np.int8)

    body = [
        dataclasses.replace(
            op, kernel=signs(op.kernel), recurrent_kernel=signs(op.recurrent_kernel)
        )
        for op in model.layers
        if isinstance(op, Gated)
    ]
    return rebuilt(model, body=body)


def mixed() -> Model:
    """Return a network of every kind in all its ways, behind a layer normalisation."""
    rng = np.random.default_rng(5)
    made: list[tuple[Operator, Tensor]] = [LayerNorm.random(rng, X, 0)]
    x = made[0][1]
    for i, (kind, options) in enumerate(KINDS.values(), 1):
        made.append(kind.random(rng, x, i, units=8 + i, gain=2.0, **options))
        x = made[-1][1]
    return alone(*made)


@pytest.mark.toolchain
@pytest.mark.parametrize("name", KINDS)
def test_c_equals_the_reference(name: str, tmp_path: Path) -> None:
    usual, loud = stack(name, 0, 0.5, [1, 9, 16]), extreme(stack(name, 2, 6.0, [13, 33]), 2)
    for case in (usual, loud):
        library = compile_model(case, tmp_path / str(case is loud))
        for x in extreme_inputs(case, 25):
            np.testing.assert_array_equal(run_c(library, case, x), reference.run(case, x))
    y = reference.run(loud, extreme_inputs(loud, 25))
    assert y.max() > 95 and (y.min() < -95 or name.endswith("relu"))


@pytest.mark.toolchain
def test_layer_normalisation_in_c_equals_the_reference(tmp_path: Path) -> None:
    """Sizes and epsilons at the limits; a layer of three units looks at all outputs."""
    rng = np.random.default_rng(1)
    for size, epsilon in ((1, 0), (2, 2**52), (7, 0), (300, None), (40000, 2**52)):
        x = Tensor("x", (size,), "int8", 0.05, 3)
        op, y = LayerNorm.random(rng, x, 0)
        if epsilon is not None:
            op = dataclasses.replace(op, epsilon=epsilon)
        model = alone((op, y), SimpleRNN.random(rng, y, 1, units=3), x=x)
        library = compile_model(model, tmp_path / str(size))
        frames = rng.integers(-128, 128, (6, size)).astype(np.int8)
        frames[0], frames[1], frames[2, ::2], frames[2, 1::2] = 127, -128, -128, 127
        np.testing.assert_array_equal(run_c(library, model, frames), reference.run(model, frames))


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "engine"), [("nrf52840", "unicorn"), ("microbit", "unicorn"), ("mps3-an547", "qemu")]
)
def test_all_kinds_run_on_boards(board: str, engine: str, tmp_path: Path) -> None:
    model = mixed()
    built = build.build(model, boards.load(board), "stream", tmp_path, "zig")
    work = [verify.Sequence(f"case {i}", x) for i, x in enumerate(extreme_inputs(model))]
    report = on_emulator.run(built, work, engine).comparison
    assert report.mismatches == 0, report.first

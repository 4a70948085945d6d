# SPDX-License-Identifier: Apache-2.0
"""Recurrent kinds in plain C against the reference, bit for bit, extremes included."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Iterator
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
from tests.recurrent import X, alone, extreme

# Each kind in all its ways.
KINDS: list[tuple[type[Gated], dict[str, Any]]] = [
    (LSTM, {"largest_cell": 0.4}),
    (LSTM, {"largest_cell": 9.0}),
    (LSTM, {"hard": 0.2}),
    (ResetGRU, {}),
    (ResetGRU, {"reset_after": True, "hard": 1 / 6}),
    (SimpleRNN, {}),
    (SimpleRNN, {"largest": 5.0}),
]


def mixed(gain: float, seed: int) -> Model:
    """Return a network of every kind in all its ways, behind a layer normalisation."""
    rng = np.random.default_rng(seed)
    made: list[tuple[Operator, Tensor]] = [LayerNorm.random(rng, X, 0)]
    for i, (kind, options) in enumerate(KINDS, 1):
        units = int(rng.choice([1, 7, 8, 9, 16, 33]))
        made.append(kind.random(rng, made[-1][1], i, units=units, gain=gain, **options))
    return alone(*made)


def states(library: ctypes.CDLL, model: Model, x: np.ndarray) -> Iterator[bytes]:
    """Yield what the compiled model keeps after each frame, of all layers."""
    state, scratch, out = (ctypes.create_string_buffer(1 << 12) for _ in range(3))
    for frame in np.ascontiguousarray(x):
        library.alone_step(state, scratch, frame.ctypes.data_as(ctypes.c_void_p), out)
        yield state.raw[: model.state_bytes]


@pytest.mark.toolchain
@pytest.mark.parametrize("loud", [False, True])
def test_c_equals_the_reference(loud: bool, tmp_path: Path) -> None:
    """In all states of all layers; loud ones have weights of ±127 only."""
    model = extreme(mixed(6.0, 1), 1) if loud else mixed(0.8, 2)
    library, most = compile_model(model, tmp_path), set[int]()
    for x in extreme_inputs(model, 25):
        runner = reference.Runner(model)
        for number, (frame, found) in enumerate(zip(x, states(library, model, x), strict=True)):
            runner.step(frame)
            assert found == runner.state_bytes().tobytes(), f"frame {number}"
            most |= {int(abs(runner.state[step.op.output][0]).max()) for step in model.body[1:]}
    assert not loud or {127, 32768} & most and max(most) >= 32767


@pytest.mark.toolchain
def test_layer_normalisation_in_c_equals_the_reference(tmp_path: Path) -> None:
    """Sizes and epsilons at the limits."""
    rng = np.random.default_rng(1)
    for size, epsilon in ((1, 0), (300, None), (40000, 2**52)):
        x = Tensor("x", (size,), "int8", 0.05, 3)
        op, y = LayerNorm.random(rng, x, 0)
        if epsilon is not None:
            op = dataclasses.replace(op, epsilon=epsilon)
        model = Model.chain("alone", 1, [x, y], [op], head_per_frame=True)
        library = compile_model(model, tmp_path / str(size))
        frames = rng.integers(-128, 128, (6, size)).astype(np.int8)
        frames[0], frames[1], frames[2, ::2], frames[2, 1::2] = 127, -128, -128, 127
        np.testing.assert_array_equal(run_c(library, model, frames), reference.run(model, frames))


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "engine"), [("nrf52840", "unicorn"), ("microbit", "unicorn"), ("mps3-an547", "qemu")]
)
def test_all_kinds_run_on_boards(board: str, engine: str, tmp_path: Path) -> None:
    model = mixed(2.0, 5)
    built = build.build(model, boards.load(board), "stream", tmp_path, "zig")
    work = [verify.Sequence(f"case {i}", x) for i, x in enumerate(extreme_inputs(model))]
    report = on_emulator.run(built, work, engine).comparison
    assert report.mismatches == 0, report.first

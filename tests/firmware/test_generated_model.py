# SPDX-License-Identifier: Apache-2.0
"""The generated C, compiled for this machine, equals the reference for every byte."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs, random_model
from tests.conftest import compile_model

pytestmark = pytest.mark.toolchain


def run_c(library: ctypes.CDLL, model: Model, x: np.ndarray) -> np.ndarray:
    """Run one sequence (frames, inputs) through the compiled model."""
    state = ctypes.create_string_buffer(1 << 16)
    scratch = ctypes.create_string_buffer(1 << 16)
    out = np.zeros(model.tensors[model.outputs[0]].size, np.int8)
    pointer = out.ctypes.data_as(ctypes.c_void_p)
    getattr(library, f"{model.name}_reset")(state)
    every = []
    for frame in np.ascontiguousarray(x):
        source = frame.ctypes.data_as(ctypes.c_void_p)
        getattr(library, f"{model.name}_step")(state, scratch, source, pointer)
        every.append(out.copy())
    if model.head_per_frame:
        return np.stack(every)
    head = "head_now" if model.window else "head"
    getattr(library, f"{model.name}_{head}")(state, scratch, pointer)
    return out


@pytest.mark.parametrize(
    "shape",
    [
        dict(units=154, ratio=2, inputs=10),
        dict(units=13, ratio=1, inputs=3, head_per_frame=True),
        dict(units=9, ratio=4, inputs=65, layers=3),
        dict(units=31, ratio=3, inputs=1, layers=2, classes=0),
        dict(units=8, ratio=2, inputs=4, layers=2, classes=0, head_per_frame=True),
        dict(units=17, ratio=2, inputs=40, gain=40.0),
    ],
    ids=lambda shape: "-".join(f"{k}{v}" for k, v in shape.items()),
)
def test_generated_c_equals_reference(shape: dict[str, int], tmp_path: Path) -> None:
    model = random_model(7, **shape)
    library = compile_model(model, tmp_path)
    for x in random_inputs(7, model, cases=4, frames=30):
        np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


def test_a_window_is_answered_when_it_is_full(tmp_path: Path) -> None:
    """Neither before nor after; what is asked too early or too late is left as it was."""
    model = random_model(5, units=9, ratio=2, inputs=4, layers=2, frames=6, windows=True)
    library = compile_model(model, tmp_path)
    library.random_head.restype = ctypes.c_bool
    state, scratch = (ctypes.create_string_buffer(1 << 12) for _ in range(2))
    untouched = np.full(12, 99, np.int8)
    for x in random_inputs(5, model, cases=3, frames=6):
        window, out = np.ascontiguousarray(x), untouched.copy()
        pointer = out.ctypes.data_as(ctypes.c_void_p)
        frames = [frame.ctypes.data_as(ctypes.c_void_p) for frame in [*window, window[0]]]
        runner = reference.Runner(model)
        library.random_reset(state)
        for count, frame in enumerate([*frames, frames[0]]):
            full = library.random_head(state, scratch, pointer)
            assert full == (count == 6)
            np.testing.assert_array_equal(out, reference.run(model, x) if full else untouched)
            out[:] = untouched
            library.random_step(state, scratch, frame, None)
            runner.step([*window, window[0], window[0]][count])
            assert state.raw[: model.state_bytes] == runner.state_bytes().tobytes()
        assert runner.frames == 7 and not library.random_head(state, scratch, pointer)
        source = window.ctypes.data_as(ctypes.c_void_p)
        library.random_run(state, scratch, source, pointer)  # whatever was before
        np.testing.assert_array_equal(out, reference.run(model, x))

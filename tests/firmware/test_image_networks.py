# SPDX-License-Identifier: Apache-2.0
"""Networks of convolutions and all that goes with them: generated C, NumPy and TFLite Micro."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.build import kernels, memory, pack, strips
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tflite import write
from tests.conftest import compile_model
from tests.firmware.test_generated_model import run_c
from tests.image_networks import branched, chained, pooled, series

pytestmark = pytest.mark.toolchain


def micro(model: Model, x: np.ndarray) -> np.ndarray:
    """Run a whole input in stock TFLite Micro."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(write.serialize(model), arena_size=1 << 18)
    shape = model.graph.tensors[model.graph.inputs[0]].shape
    interpreter.set_input(x.reshape(1, *shape), 0)
    interpreter.invoke()
    return np.asarray(interpreter.get_output(0)[0])


def check(model: Model, folder: Path, variant: kernels.Variant = "plain") -> None:
    """Compare all three."""
    library = compile_model(model, folder, variant)
    for x in random_inputs(3, model, 3, model.frames):
        wanted = reference.run(model, x)
        np.testing.assert_array_equal(micro(model, x).ravel(), wanted.ravel())
        np.testing.assert_array_equal(run_c(library, model, x).ravel(), wanted.ravel())


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("metadata", [{}, {"plan": "window"}], ids=["at once", "by frames"])
@pytest.mark.parametrize("made", [branched, chained, series])
def test_same_bytes(made: Any, metadata: dict[str, Any], seed: int, tmp_path: Path) -> None:
    check(made(seed).model(metadata), tmp_path)


@pytest.mark.parametrize("variant", ["plain", "lanes", "dsp"])
def test_same_bytes_in_strips(
    variant: kernels.Variant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "LEAST_MACS", 0)
    taken = 0
    for seed in range(12):
        model = pooled(seed).model({"plan": "window"} if seed % 3 == 0 else {})
        taken += len(memory.plan(model, pack.pack(model)).strips)
        check(model, tmp_path / str(seed), variant)
    assert taken > 6

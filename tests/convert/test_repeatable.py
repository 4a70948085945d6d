# SPDX-License-Identifier: Apache-2.0
"""The same weights give the same file, whatever else Keras has made before."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.train
SHAPE = (6, 4)


def build(before: int):
    """Return a model whose layers' names are counted up by so many that were made before."""
    import tf_keras as keras

    from mcu_ghost.layers import GhostGRU

    for _ in range(before):
        GhostGRU(8), keras.layers.GRU(3), keras.layers.Dense(3), keras.layers.Dropout(0.1)
    model = keras.Sequential(
        [
            keras.layers.Input(SHAPE),
            GhostGRU(8, ratio=2, return_sequences=True),
            keras.layers.Dense(5, activation="relu"),
            keras.layers.GRU(4),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3),
            keras.layers.Softmax(),
        ]
    )
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, 0.5, w.shape).astype(np.float32) for w in model.get_weights()])
    return model


def converted(before: int, path: Path, *, trained: bool) -> bytes:
    """Return the file of a model, quantised before or by its conversion."""
    from mcu_ghost import convert
    from mcu_ghost.layers import quantize_model

    model = build(before)
    data = np.random.default_rng(6).normal(0, 1, (32, *SHAPE)).astype(np.float32)
    if trained:
        model = quantize_model(model, (-4.0, 4.0), data)
    convert.convert(model, path, calibration=data)
    return path.read_bytes()


@pytest.mark.parametrize("trained", [False, True])
def test_twice_in_one_process_and_once_in_another(tmp_path: Path, trained: bool) -> None:
    pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
    path = tmp_path / "net.tflite"
    first = converted(0, path, trained=trained)
    assert converted(3, path, trained=trained) == first
    code = (
        "from pathlib import Path; from tests.convert.test_repeatable import converted\n"
        f"converted(7, Path({str(path)!r}), trained={trained})"
    )
    path.unlink()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    assert path.read_bytes() == first


def test_a_model_that_was_saved_and_loaded(tmp_path: Path) -> None:
    pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
    from mcu_ghost import convert
    from mcu_ghost.layers import load, quantize_model, save

    data = np.random.default_rng(6).normal(0, 1, (32, *SHAPE)).astype(np.float32)
    model = quantize_model(build(1), (-4.0, 4.0), data)
    save(model, tmp_path / "net.ghost")
    path = tmp_path / "net.tflite"
    convert.convert(model, path)
    first = path.read_bytes()
    convert.convert(load(tmp_path / "net.ghost"), path)
    assert path.read_bytes() == first

# SPDX-License-Identifier: Apache-2.0
"""Model files from somebody else: what would run is refused before anything of it is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcu_ghost.host.errors import GhostError

pytestmark = pytest.mark.train
LAMBDA = "holds a Lambda layer, whose code would run; not loaded."


@pytest.fixture
def marked(tmp_path, monkeypatch):
    """Return the path of a file that exists once foreign code has run."""
    mark = tmp_path / "it ran"
    monkeypatch.setenv("MCU_GHOST_TEST_MARK", str(mark))
    return mark


def evil(x):
    import os
    import pathlib

    pathlib.Path(os.environ["MCU_GHOST_TEST_MARK"]).touch()
    return x


def refusal(path: Path) -> str:
    from mcu_ghost.convert.keras_file import load_model

    with pytest.raises(GhostError) as refused:
        load_model(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def save(model, path: Path) -> Path:
    model.save(path, **({} if path.suffix else {"save_format": "tf"}))
    return path


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "m"])
@pytest.mark.parametrize("inner", [False, True])
def test_a_lambda_never_runs(name, inner, keras, tmp_path, marked):
    layers = keras.layers
    inside = [layers.Input((12, 5)), layers.Lambda(lambda x: evil(x)), layers.GRU(4)]
    model = keras.Sequential(inside)
    if inner:
        model = keras.Sequential([layers.Input((12, 5)), model])
    path = save(model, tmp_path / name)
    marked.unlink()
    assert refusal(path) == LAMBDA
    assert not marked.exists()


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "m"])
def test_models_without_code_load(name, keras, tmp_path):
    from mcu_ghost.convert.keras_file import load_model
    from mcu_ghost.layers import GhostGRU

    model = keras.Sequential(
        [keras.layers.Input((12, 5)), GhostGRU(4), keras.layers.Dense(2, activation="softmax")]
    )
    loaded = load_model(save(model, tmp_path / name))
    assert [type(layer).__name__ for layer in loaded.layers] == ["GhostGRU", "Dense"]


def test_a_file_of_two_kinds_is_looked_at_as_both(keras, tmp_path, marked):
    """A zip may lie behind anything, an HDF5 file with a Lambda too."""
    import zipfile

    layers = keras.layers
    path = save(
        keras.Sequential([layers.Input((12, 5)), layers.Lambda(lambda x: evil(x))]),
        tmp_path / "m.h5",
    )
    marked.unlink()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    assert refusal(path) == LAMBDA
    assert not marked.exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}, LAMBDA),
        ({"class_name": "__lambda__", "config": {"value": "4wE="}}, LAMBDA),
        ({"class_name": "X", "registered_name": "keras>Lambda"}, LAMBDA),
        ({"class_name": "X", "config": {"mask_type": "lambda", "mask": ["4wE="]}}, LAMBDA),
        (
            {"class_name": "system", "module": "os"},
            "names 'system' of module 'os', whose code would run; not loaded.",
        ),
        (
            {"class_name": "function", "config": "eval", "module": "builtins"},
            "names 'eval' of module 'builtins', whose code would run; not loaded.",
        ),
        (
            {"class_name": "X", "module": "keras_evil.layers"},
            "names 'X' of module 'keras_evil.layers', whose code would run; not loaded.",
        ),
    ],
)
def test_what_a_configuration_may_not_hold(config, said, tmp_path):
    import zipfile

    from mcu_ghost.layers import untrusted

    untrusted.validate({"class_name": "function", "config": "relu", "module": "builtins"}, tmp_path)
    whole = {"class_name": "Sequential", "module": "keras", "config": {"layers": [{"a": [config]}]}}
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(whole))
    assert refusal(path) == said


def test_a_graph_that_writes_files(keras, tmp_path):
    import tensorflow as tf

    class Writes(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
        def __call__(self, x):
            tf.io.write_file("evil", x)
            return x

    class Doubles(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def __call__(self, x):
            return 2 * x

    tf.saved_model.save(Doubles(), str(tmp_path / "m"))
    assert refusal(tmp_path / "m").startswith("holds operators and no layers, as Keras 3's")
    tf.saved_model.save(Writes(), str(tmp_path / "m"))
    assert refusal(tmp_path / "m") == "its graph has an operator WriteFile; not loaded."
    (tmp_path / "m" / "saved_model.pb").write_bytes(b"\xff\xff")
    assert refusal(tmp_path / "m").startswith("not a SavedModel (")
    (tmp_path / "m" / "saved_model.pb").unlink()
    assert refusal(tmp_path / "m") == "is a folder, but no SavedModel: saved_model.pb is missing."

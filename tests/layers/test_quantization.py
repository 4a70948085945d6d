# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the roundings, that it learns, and that it survives saving."""

import subprocess
import sys

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError

pytestmark = pytest.mark.train
rng = np.random.default_rng(5)
X = rng.normal(0, 1, (32, 10, 4)).astype(np.float32)


def classifier(keras, gru):
    return keras.Sequential(
        [keras.layers.Input((10, 4)), gru, keras.layers.Dense(2, activation="softmax")]
    )


@pytest.mark.parametrize(("bits", "fraction"), [(0, 12), (16, 12), (16, 15), (8, 7)])
def test_q_formats_round_half_up_and_pass_gradients(layers, bits, fraction):
    import tensorflow as tf

    quantizer = layers.FixedPointQuantizer(bits, fraction)
    x = np.concatenate([rng.uniform(-20, 20, 500), rng.uniform(-1, 1, 500)]).astype(np.float32)
    with tf.GradientTape() as tape:
        v = tf.constant(x)
        tape.watch(v)
        y = quantizer(v, True, {})
    limit = 2.0 ** ((bits or 32) - 1)
    expected = np.clip(np.floor(x.astype(np.float64) * 2**fraction + 0.5), -limit, limit - 1)
    got = y.numpy() * 2.0**fraction
    assert np.abs(got - expected).max() <= 1
    assert (got == expected).mean() > 0.99  # fake quantisation adds in float32: ties may slip
    inside = (got > -limit) & (got < limit - 1)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy()[inside], 1)


def test_weights_have_one_scale_per_gate_as_the_converter_finds_it(layers):
    from mcu_ghost.network.quantize import quantize_weights, weight_scale

    w = rng.normal(0, 1, (5, 12)).astype(np.float32) * np.repeat([0.1, 1, 10], 4).astype("f")
    got = layers.PerGateQuantizer(3)(w, True, {}).numpy()
    for gate in range(3):
        block = w[:, gate * 4 : gate * 4 + 4].astype(np.float64)
        scale = weight_scale(block, 1 / 128, np.zeros(4))
        expected = quantize_weights(block, scale) * scale
        np.testing.assert_allclose(got[:, gate * 4 : gate * 4 + 4], expected, rtol=1e-5)


def test_zero_kernels_stay_finite(keras, layers):
    model = classifier(keras, layers.GhostGRU(4, kernel_initializer="zeros"))
    q = layers.quantize_model(model, (-4, 4))
    assert np.isfinite(q.predict(X, verbose=0)).all()


def test_states_lie_on_the_integer_grid_and_stay_near_the_float_layer(keras, layers):
    inputs = keras.layers.Input((10, 4))
    model = keras.Model(inputs, layers.GhostGRU(6, return_sequences=True)(inputs))
    q = layers.quantize_model(model, (-4, 4))
    y = q.predict(X, verbose=0)
    np.testing.assert_array_equal(y * 128, np.round(y * 128))
    assert np.abs(y - model.predict(X, verbose=0)).max() < 0.06


@pytest.mark.parametrize("kind", ["ghost", "plain"])
def test_it_learns(keras, layers, kind):
    keras.utils.set_random_seed(1)
    y = (X.sum((1, 2)) > 0).astype(np.int32)
    gru = layers.GhostGRU(8) if kind == "ghost" else keras.layers.GRU(8)
    q = layers.quantize_model(classifier(keras, gru), (-4, 4))
    before = [w.numpy().copy() for w in q.trainable_weights]
    assert len(before) == (7 if kind == "ghost" else 5)
    q.compile(keras.optimizers.Adam(0.02, clipnorm=1.0), "sparse_categorical_crossentropy")
    losses = q.fit(X, y, epochs=60, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    assert all(np.any(w.numpy() != b) for w, b in zip(q.trainable_weights, before, strict=True))


def test_tfmots_own_functions_take_the_config(keras, layers):
    import tensorflow_model_optimization as tfmot

    annotate = tfmot.quantization.keras.quantize_annotate_layer
    model = keras.Sequential(
        [
            keras.layers.Input((10, 4)),
            annotate(layers.GhostGRU(6), layers.GhostGRUQuantizeConfig()),
            annotate(keras.layers.Dense(2)),
        ]
    )
    q = tfmot.quantization.keras.quantize_apply(model)
    q.compile("sgd", "mse")
    q.fit(X, np.zeros((32, 2)), verbose=0)


def test_a_quantised_model_predicts_the_same_in_a_fresh_process(keras, layers, tmp_path):
    model = classifier(keras, layers.GhostGRU(6))
    q = layers.quantize_model(model, (-4, 4))
    q.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    q.fit(X, rng.integers(0, 2, 32), epochs=2, verbose=0)
    layers.save(q, tmp_path / "model.ghost")
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", q.predict(X, verbose=0))
    script = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from mcu_ghost.layers import load\n"
        "folder = Path(sys.argv[1])\n"
        "model = load(folder / 'model.ghost')\n"
        "y = model.predict(np.load(folder / 'x.npy'), verbose=0)\n"
        "np.testing.assert_array_equal(y, np.load(folder / 'y.npy'))\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.load(folder / 'x.npy'), y, verbose=0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_damaged_files_are_refused(keras, layers, tmp_path):
    import json
    import zipfile

    for number, config in enumerate(
        [[], {"version": 2}, {"version": 1}, {"version": 1, "model": {}}]
    ):
        path = tmp_path / f"{number}.ghost"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mcu_ghost_model.json", json.dumps(config))
        with pytest.raises(GhostError, match=f"{number}.ghost: "):
            layers.load(path)


def test_refusals(keras, layers, tmp_path):
    with pytest.raises(GhostError, match="Only tf_keras models can be converted, got builtins.int"):
        layers.quantize_model(3, (-1, 1))
    model = classifier(keras, layers.GhostGRU(6))
    with pytest.raises(GhostError, match=r"input_range must contain 0, got \(1, 2\)"):
        layers.quantize_model(model, (1, 2))
    nested = keras.Sequential([keras.layers.Input((10, 4)), model], name="outer")
    with pytest.raises(GhostError, match=r"\(Sequential\) cannot be trained with int8 rounding"):
        layers.quantize_model(nested, (-1, 1))
    unbuilt = keras.Sequential([layers.GhostGRU(3)])
    with pytest.raises(GhostError, match="must be a Sequential or functional model that starts"):
        layers.quantize_model(unbuilt, (-1, 1))
    with pytest.raises(GhostError, match="Give input_range, calibration data to take it from, or"):
        layers.quantize_model(model)
    with pytest.raises(GhostError, match=r"must have shape \(samples, 10, 4\), got \(2, 4\)"):
        layers.quantize_model(model, calibration=np.zeros((2, 4)))
    wide = classifier(keras, layers.GhostGRU(70_000, 70_000, name="wide"))
    with pytest.raises(GhostError, match="'wide' .* 70 000 outputs are too many"):
        layers.quantize_model(wide, (-1, 1))
    (tmp_path / "bad").write_text("no zip")
    with pytest.raises(GhostError, match="not a model written by mcu_ghost.layers.save"):
        layers.load(tmp_path / "bad")
    layers.save(
        keras.Sequential([keras.layers.Input((2,)), keras.layers.Lambda(abs)]), tmp_path / "l"
    )
    with pytest.raises(GhostError, match="holds a Lambda layer"):
        layers.load(tmp_path / "l")

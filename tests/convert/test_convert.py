# SPDX-License-Identifier: Apache-2.0
"""Converted networks in integers against the Keras models they came from."""

import dataclasses

import numpy as np
import pytest

pytestmark = pytest.mark.train


def model_of(keras, name, ghost):
    """Return one of the networks that the tests convert."""
    layers = keras.layers
    chains = {
        "state": [ghost(13, 2)],
        "states": [ghost(8, 2, return_sequences=True)],
        "ratio1": [ghost(8, 1), layers.Dense(4, activation="softmax")],
        "ratio3": [ghost(10, 3), layers.Dense(4, activation="softmax")],
        "ratio4": [ghost(16, 4), layers.Dense(4, activation="softmax")],
        "no_bias": [ghost(8, 2, use_bias=False), layers.Dense(3, use_bias=False)],
        "plain": [layers.GRU(8), layers.Dropout(0.5), layers.Dense(4, activation="softmax")],
        "stacked": [
            ghost(12, 2, return_sequences=True),
            layers.GRU(7, return_sequences=True),
            ghost(9, 3),
            layers.Dense(4, activation="softmax"),
        ],
        "per_frame": [ghost(12, 2, return_sequences=True), layers.Dense(3, activation="sigmoid")],
        "deep_head": [
            ghost(12, 2),
            layers.Dense(9, activation="relu"),
            layers.Dense(8),
            layers.ReLU(),
            layers.Dense(7, activation="tanh"),
            layers.Flatten(),
            layers.Dense(4),
            layers.Softmax(),
        ],
        "activations": [
            ghost(12, 2),
            layers.Activation("sigmoid"),
            layers.Dense(6),
            layers.Activation("tanh"),
            layers.Dense(6),
            layers.Activation("relu"),
            layers.Dense(4),
            layers.Activation("softmax"),
        ],
        "front": [
            layers.Dense(6, activation="relu"),
            ghost(8, 2, return_sequences=True),
            layers.Dense(5, activation="tanh"),
            ghost(8, 2),
            layers.Dense(2),
        ],
    }
    return keras.Sequential([layers.Input((12, 5)), *chains[name]], name=name)


QUANTIZED = "state ratio1 ratio4 plain stacked per_frame deep_head front".split()
FLOAT = "states ratio3 no_bias stacked per_frame activations".split()


@pytest.mark.parametrize("name", QUANTIZED)
def test_a_quantised_model(keras, ghost, lab, tmp_path, name):
    from mcu_ghost.layers import quantize_model

    q = quantize_model(lab.randomise(model_of(keras, name, ghost)), lab.RANGE, lab.X)
    network, steps, agree = lab.compare(q, tmp_path / f"{name}.tflite")
    assert steps.max() <= 10
    # tfmot leaves a tanh between two recurrent layers in float.
    assert steps.mean() < (1.5 if name == "front" else 0.8)
    assert agree > 0.98
    assert [layer.return_sequences for layer in network.layers] == [
        layer.layer.return_sequences for layer in q.layers if "gru" in layer.name
    ]
    assert network.head_per_frame == (name == "per_frame")


@pytest.mark.parametrize("name", FLOAT)
def test_a_float_model_with_calibration(keras, ghost, lab, tmp_path, name):
    model = lab.randomise(model_of(keras, name, ghost), 0.4)
    _, steps, agree = lab.compare(model, tmp_path / f"{name}.tflite", calibration=lab.X)
    assert steps.mean() < 1.5
    assert agree > 0.95


def test_a_trained_and_saved_model_keeps_its_answers(keras, ghost, lab, tmp_path):
    from mcu_ghost.layers import load, quantize_model, save

    keras.utils.set_random_seed(2)
    y = np.digitize(lab.X[:, 3:, 0].sum(1), [-2, 2])
    model = model_of(keras, "ratio3", ghost)
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(0.02, clipnorm=1.0), loss, metrics=["accuracy"])
    model.fit(lab.X, y, epochs=30, verbose=0)
    q = quantize_model(model, lab.RANGE)
    q.compile(keras.optimizers.Adam(0.002, clipnorm=1.0), loss, metrics=["accuracy"])
    q.fit(lab.X, y, epochs=15, verbose=0)
    save(q, tmp_path / "model.ghost")
    _, steps, agree = lab.compare(load(tmp_path / "model.ghost"), tmp_path / "trained.tflite")
    assert steps.max() <= 10
    assert agree > 0.98
    _, answers = lab.run_integers(tmp_path / "trained.tflite")
    assert (answers.argmax(-1) == y).mean() > 0.9


def test_calibration_leaves_the_callers_model_alone(keras, ghost, lab, tmp_path):
    from mcu_ghost.layers import quantize_model

    q = quantize_model(lab.randomise(model_of(keras, "deep_head", ghost)), lab.RANGE)
    before = q.get_weights()
    lab.convert(q, tmp_path / "m.tflite", calibration=lab.X[:3])
    for a, b in zip(before, q.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_functional_models_reshapes_and_state_kept(keras, ghost, lab, tmp_path):
    from mcu_ghost.convert import convert

    layers = keras.layers
    x = layers.Input((12, 5, 1), batch_size=1)
    y = layers.Reshape((12, 5))(x)
    y = ghost(8, 2, stateful=True, name="mine")(y)
    model = lab.randomise(keras.Model(x, layers.Dense(3)(layers.Reshape((8,))(y))))
    network = convert(model, tmp_path / "m.tflite", calibration=lab.X[:1, ..., None])
    assert network.layers[0].stateful
    assert network.tensors[network.layers[0].output].name
    assert (network.frames, network.layers[0].features) == (12, 5)


def test_a_model_by_tfmots_own_functions(keras, ghost, lab, tmp_path):
    import tensorflow_model_optimization as tfmot

    from mcu_ghost.layers import GhostGRUQuantizeConfig

    annotate = tfmot.quantization.keras.quantize_annotate_layer
    model = keras.Sequential(
        [
            keras.layers.Input((12, 5)),
            annotate(ghost(8, 2), GhostGRUQuantizeConfig()),
            annotate(keras.layers.Dense(3)),
        ]
    )
    q = tfmot.quantization.keras.quantize_apply(model)
    q.compile("sgd", "mse")
    q.fit(lab.X, np.zeros((256, 3)), verbose=0)
    network, steps, _ = lab.compare(q, tmp_path / "tfmot.tflite")
    low, high = lab.X.min(), lab.X.max()
    assert network.tensors[0].scale == pytest.approx((high - low) / 255, rel=1e-3)
    assert steps.max() <= 4


def test_metadata_is_merged_and_checked(keras, ghost, lab, tmp_path):
    from mcu_ghost.convert import convert
    from mcu_ghost.host.errors import GhostError
    from mcu_ghost.network.tflite import read

    model = model_of(keras, "ratio1", ghost)
    path = tmp_path / "kws.tflite"
    extra = {"labels": ["a", "b", "c", "d"], "task": "classification"}
    convert(model, path, calibration=lab.X, metadata=extra)
    assert read.load(path).metadata == {
        "version": 1,
        "name": "kws",
        "frame": {"shape": [5]},
        **extra,
    }
    before = path.read_bytes()
    for bad, message in [
        ({"labels": ["a"]}, "The metadata names 1 label, but the model has 4 outputs."),
        ({"version": 2}, "The metadata must be a JSON object of version 1."),
        ({"x": {1}}, "The metadata holds a set, which is not JSON: x."),
    ]:
        with pytest.raises(GhostError) as caught:
            convert(model, path, calibration=lab.X, metadata=bad)
        assert str(caught.value) == message
    assert path.read_bytes() == before
    convert(model, path, calibration=lab.X, metadata=extra)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_metadata_may_follow_the_conversion(keras, ghost, lab, tmp_path):
    from mcu_ghost.convert import convert, to_model
    from mcu_ghost.network.tflite import write

    model, path = lab.randomise(model_of(keras, "stacked", ghost)), tmp_path / "kws.tflite"
    network = to_model(model, "kws", calibration=lab.X, metadata={"task": "none yet"})
    assert not path.exists()
    convert(model, path, calibration=lab.X, metadata={"task": "classification"})
    metadata = network.metadata | {"task": "classification"}
    assert write.serialize(dataclasses.replace(network, metadata=metadata)) == path.read_bytes()

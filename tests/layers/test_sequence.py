# SPDX-License-Identifier: Apache-2.0
"""The loop with its own gradient against Keras' loop, which TensorFlow differentiates."""

import numpy as np
import pytest

pytestmark = pytest.mark.train
rng = np.random.default_rng(11)
X = rng.normal(0, 1, (4, 6, 5))


@pytest.fixture
def plain(layers, monkeypatch):
    """Return what runs a function as if no gradient were known."""
    from mcu_ghost.layers import sequence

    def run(function, *args):
        with monkeypatch.context() as patch:
            patch.setattr(sequence, "differentiates", lambda cell: False)
            return function(*args)

    return run


def gradients(model, x, state=None):
    """Return a model's outputs, and the gradients of a function of them."""
    import tensorflow as tf

    @tf.function
    def run(x, *state):
        keras_state = {"initial_state": state[0]} if state else {}
        sources = [x, *state, *model.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(sources[: 1 + len(state)])
            outputs = tf.nest.flatten(model(x, training=True, **keras_state))
            loss = tf.add_n([tf.reduce_sum(y * tf.cos(3 * y + i)) for i, y in enumerate(outputs)])
        return outputs, tape.gradient(loss, sources)

    given = [x] if state is None else [x, state]
    return [np.asarray(y) for y in tf.nest.flatten(run(*map(tf.constant, given)))]


def same(found, expected, tolerance):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert np.abs(other).max() > 0
        np.testing.assert_allclose(one, other, atol=tolerance * np.abs(other).max(), rtol=0)


CASES = {
    "last": {},
    "ratio_1": {"ratio": 1, "return_sequences": True},
    "ratio_3": {"ratio": 3, "return_sequences": True, "return_state": True},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "time_major": {"time_major": True, "return_sequences": True},
    "no_bias": {"use_bias": False},
    "no_bias_ratio_1": {"use_bias": False, "ratio": 1},
    "activations": {"activation": "relu", "ghost_activation": "linear",
                    "recurrent_activation": "tanh"},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_the_plain_loop(layers, plain, name):
    layer = layers.GhostGRU(7, dtype="float64", **CASES[name])
    layer.build(X.shape)
    layer.set_weights([rng.normal(0, 0.5, w.shape) for w in layer.get_weights()])
    shape = (X.shape[1 if layer.time_major else 0], 7)
    state = rng.uniform(-1, 1, shape)
    expected = plain(gradients, layer, X, state)
    found = gradients(layer, X, state)
    outputs = 2 if layer.return_state else 1
    for one, other in zip(found[:outputs], expected[:outputs], strict=True):
        np.testing.assert_array_equal(one, other)
    same(found, expected, 1e-12)


def test_dropped_states_have_their_gradient(layers, plain, monkeypatch):
    layer = layers.GhostGRU(7, dtype="float64", dropout=0.5, recurrent_dropout=0.5)
    layer.build(X.shape)
    kept = rng.integers(0, 2, (4, 7)) * 2.0
    monkeypatch.setattr(layer.cell, "recurrent_mask", lambda state, training: kept)
    monkeypatch.setattr(layer.cell, "get_dropout_mask_for_cell", lambda x, *_, **__: 2.0 + 0 * x)
    same(gradients(layer, X), plain(gradients, layer, X), 1e-12)


@pytest.mark.parametrize("ratio", [1, 2])
def test_rounded_it_has_the_gradients_of_the_roundings(keras, layers, plain, ratio):
    x = (3 * X).astype(np.float32)
    model = keras.Sequential(
        [keras.layers.Input((6, 5)), layers.GhostGRU(8, ratio, return_sequences=True)]
    )
    # Large ones, so that states and sums saturate, where nothing is passed on.
    model.set_weights([rng.normal(0, 3, w.shape) for w in model.get_weights()])
    quantized = layers.quantize_model(model, (-12, 12))
    expected, found = plain(gradients, quantized, x), gradients(quantized, x)
    assert (found[0] == 127 / 128).any()
    np.testing.assert_array_equal(found[0], expected[0])
    same(found, expected, 1e-5)


def test_any_batch_and_any_number_of_frames(keras, layers, plain):
    model = keras.Sequential([keras.layers.Input((None, 5)), layers.GhostGRU(6)])
    for batch, frames in ((4, 6), (1, 2), (3, 4)):
        x = X[:batch, :frames].astype(np.float32)
        same(gradients(model, x), plain(gradients, model, x), 1e-5)


def test_a_saved_model_keeps_the_gradient(keras, layers, tmp_path):
    import tensorflow as tf

    model = keras.Sequential([keras.layers.Input((6, 5)), layers.GhostGRU(6)])
    tf.saved_model.save(model, tmp_path / "net")
    again, x = tf.saved_model.load(tmp_path / "net"), tf.constant(X, tf.float32)

    def slopes(network):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network(x) ** 2)
        return [g.numpy() for g in tape.gradient(loss, list(network.trainable_variables))]

    same(slopes(again), slopes(model), 1e-5)


def test_masks_and_functions_of_ones_own_take_the_plain_loop(layers, plain, monkeypatch):
    import tensorflow as tf

    from mcu_ghost.layers import sequence

    def fail(*args):
        raise AssertionError("not this one")

    monkeypatch.setattr(sequence, "run", fail)
    x = X.astype(np.float32)
    for changes, mask in (({}, np.ones((4, 6), bool)), ({"activation": tf.nn.softsign}, None),
                          ({"unroll": True}, None)):  # fmt: skip
        assert layers.GhostGRU(6, **changes)(x, mask=mask).shape == (4, 6)
    with pytest.raises(AssertionError, match="not this one"):
        layers.GhostGRU(6)(x)


def test_a_whole_fit_has_the_same_losses(keras, layers, plain):
    x, y = rng.normal(0, 1, (40, 6, 5)), rng.integers(0, 3, 40)

    def fit():
        keras.utils.set_random_seed(5)
        model = keras.Sequential([keras.layers.Input((6, 5)), layers.GhostGRU(8),
                                  keras.layers.Dense(3, activation="softmax")])  # fmt: skip
        model.compile("adam", "sparse_categorical_crossentropy")
        return model.fit(x, y, batch_size=16, epochs=4, verbose=0).history["loss"]

    losses = fit()
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses, plain(fit), rtol=1e-5)

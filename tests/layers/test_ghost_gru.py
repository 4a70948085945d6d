# SPDX-License-Identifier: Apache-2.0
"""The float layer against the equations, Keras' own GRU and Keras' habits."""

import numpy as np
import pytest

from tests.layers.equations import ghost_gru

pytestmark = pytest.mark.train
rng = np.random.default_rng(3)
X = rng.normal(0, 1, (4, 6, 5)).astype(np.float32)


def randomise(layer):
    """Give a built layer random weights, biases too; return them."""
    layer.set_weights([rng.normal(0, 0.5, w.shape) for w in layer.get_weights()])
    return layer.get_weights()


def built(layers, units=7, ratio=2, **kwargs):
    layer = layers.GhostGRU(units, ratio, **kwargs)
    layer.build((4, 6, 5))
    return layer, randomise(layer)


@pytest.mark.parametrize(("units", "ratio"), [(6, 1), (6, 2), (7, 2), (7, 3), (8, 4), (3, 3)])
def test_equals_the_equations(layers, units, ratio):
    layer, weights = built(layers, units, ratio, return_sequences=True)
    m = units // ratio
    shapes = [(5, 3 * m), (units, 3 * m), (2, 3 * m)]
    shapes += [(m, units - m), (units - m,)] if ratio > 1 else []
    assert [w.shape for w in weights] == shapes
    np.testing.assert_allclose(layer(X), ghost_gru(X, weights, ratio=ratio), atol=2e-6)


@pytest.mark.parametrize("use_bias", [True, False])
def test_ratio_1_equals_keras_gru_with_the_same_weights(keras, layers, use_bias):
    plain = keras.layers.GRU(6, return_sequences=True, reset_after=True, use_bias=use_bias)
    plain.build((None, 6, 5))
    weights = randomise(plain)
    layer = layers.GhostGRU(6, ratio=1, return_sequences=True, use_bias=use_bias)
    layer.build((None, 6, 5))
    layer.set_weights(weights)
    np.testing.assert_allclose(layer(X), plain(X), atol=2e-6)


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_masked_frames_leave_the_state(layers, sequences, unroll):
    layer, weights = built(layers, return_sequences=sequences, unroll=unroll)
    mask = np.array(
        [[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1], [1, 0, 0, 0, 0, 1]], bool
    )
    expected = ghost_gru(X, weights, ratio=2, mask=mask)
    result = layer(X, mask=mask)
    np.testing.assert_allclose(result, expected if sequences else expected[:, -1], atol=2e-6)


def test_initial_and_returned_state(layers):
    import tensorflow as tf

    layer, weights = built(layers, return_state=True)
    state = rng.uniform(-1, 1, (4, 7)).astype(np.float32)
    output, last = layer(tf.constant(X), initial_state=tf.constant(state))
    expected = ghost_gru(X, weights, ratio=2, state=state)[:, -1]
    np.testing.assert_allclose(output, expected, atol=2e-6)
    np.testing.assert_allclose(last, expected, atol=2e-6)


def test_go_backwards_and_time_major(layers):
    layer, weights = built(layers, go_backwards=True, return_sequences=True)
    expected = ghost_gru(X[:, ::-1], weights, ratio=2)
    np.testing.assert_allclose(layer(X), expected, atol=2e-6)
    layer = layers.GhostGRU(7, time_major=True, return_sequences=True)
    x = X.transpose(1, 0, 2)
    layer.build(x.shape)
    weights = randomise(layer)
    expected = ghost_gru(X, weights, ratio=2).transpose(1, 0, 2)
    np.testing.assert_allclose(layer(x), expected, atol=2e-6)


def test_stateful_halves_equal_the_whole(keras, layers):
    layer = layers.GhostGRU(7, stateful=True, batch_input_shape=(4, 3, 5), return_sequences=True)
    model = keras.Sequential([layer])
    weights = randomise(layer)
    halves = [model.predict(X[:, i : i + 3], batch_size=4, verbose=0) for i in (0, 3)]
    expected = ghost_gru(X, weights, ratio=2)
    np.testing.assert_allclose(np.concatenate(halves, axis=1), expected, atol=2e-6)
    model.reset_states()
    again = model.predict(X[:, :3], batch_size=4, verbose=0)
    np.testing.assert_allclose(again, expected[:, :3], atol=2e-6)


def test_the_cell_in_keras_rnn_equals_the_layer(keras, layers):
    layer, weights = built(layers)
    rnn = keras.layers.RNN(layers.GhostGRUCell(7, 2))
    rnn.build((4, 6, 5))
    rnn.set_weights(weights)
    np.testing.assert_allclose(rnn(X), layer(X), atol=2e-6)


def test_gradients_equal_differences(layers):
    import tensorflow as tf

    layer = layers.GhostGRU(5, 2, dtype="float64")
    x = X.astype(np.float64)
    layer.build(x.shape)
    weights = [w.astype(np.float64) for w in randomise(layer)]
    direction = [rng.normal(0, 1, w.shape) for w in weights]
    target = rng.normal(0, 1, (4, 5))

    def loss(step):
        moved = [w + step * d for w, d in zip(weights, direction, strict=True)]
        return float((ghost_gru(x, moved, ratio=2)[:, -1] * target).sum())

    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(x) * target)
    gradients = tape.gradient(value, layer.trainable_variables)
    slope = sum(float((g.numpy() * d).sum()) for g, d in zip(gradients, direction, strict=True))
    assert slope == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-5)


def test_dropout_only_when_training(layers):
    layer, weights = built(layers, dropout=0.5, recurrent_dropout=0.5)
    expected = ghost_gru(X, weights, ratio=2)[:, -1]
    np.testing.assert_allclose(layer(X, training=False), expected, atol=2e-6)
    one, two = layer(X, training=True), layer(X, training=True)
    assert np.abs(one - expected).max() > 0.01
    assert np.abs(one - two).max() > 0.01


def test_config_round_trip(keras, layers):
    layer = layers.GhostGRU(
        9,
        ratio=3,
        activation="sigmoid",
        ghost_activation="relu",
        ghost_initializer="zeros",
        ghost_regularizer=keras.regularizers.L2(0.1),
        kernel_constraint=keras.constraints.MaxNorm(2),
        use_bias=False,
        dropout=0.1,
        recurrent_dropout=0.2,
        return_sequences=True,
        return_state=True,
        go_backwards=True,
        stateful=True,
        unroll=True,
        time_major=True,
        name="mine",
        trainable=False,
    )
    config = layer.get_config()
    again = layers.GhostGRU.from_config(config)
    assert again.get_config() == config
    assert (config["units"], config["ratio"], config["ghost_activation"]) == (9, 3, "relu")
    assert config["go_backwards"] and config["time_major"] and not config["trainable"]
    cell = layers.GhostGRUCell(9, 3, ghost_activation="relu")
    assert layers.GhostGRUCell.from_config(cell.get_config()).get_config() == cell.get_config()


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
def test_keras_saves_and_loads_a_float_model(keras, layers, tmp_path, suffix):
    model = keras.Sequential(
        [keras.layers.Input((6, 5)), layers.GhostGRU(7), keras.layers.Dense(3)]
    )
    randomise(model)
    path = tmp_path / f"model{suffix}"
    if suffix == ".weights.h5":
        model.save_weights(path)
        again = keras.models.clone_model(model)
        again.load_weights(path)
    else:
        model.save(path)
        again = keras.models.load_model(path)
    np.testing.assert_array_equal(model(X), again(X))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 4, "reset_after": False}, "GhostGRU supports reset_after=True only"),
        ({"units": 4, "ratio": 5}, "Argument `ratio` must be an integer from 1 to `units`"),
        ({"units": 4, "ratio": 0}, "Received: ratio=0, units=4"),
        ({"units": 4, "ratio": 1.5}, "Received: ratio=1.5, units=4"),
        ({"units": -1}, "argument `units`"),
    ],
)
def test_wrong_arguments_are_named(layers, arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.GhostGRU(**arguments)


def test_unroll_needs_the_number_of_frames(keras, layers):
    with pytest.raises(ValueError, match="cannot unroll an undefined number of frames"):
        layers.GhostGRU(4, unroll=True, name="gru")(keras.layers.Input((None, 5)))

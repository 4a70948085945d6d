# SPDX-License-Identifier: Apache-2.0
"""How layers hang together: branches, models in models, operators written in code."""

import numpy as np
import pytest

from mcu_ghost.convert.keras_config import read
from tests.convert.keras_config.saved import check, randomize

pytestmark = pytest.mark.train


@pytest.fixture
def ops(library):
    """Return functions by one name for both libraries."""
    import tensorflow as tf

    if library.__name__ == "keras":
        names = library.ops
        return {"concat": names.concatenate, "relu": names.relu, "mean": names.mean,
                "reshape": names.reshape, "transpose": names.transpose, "expand": names.expand_dims,
                "maximum": names.maximum, "tanh": names.tanh, "softmax": names.softmax}  # fmt: skip
    return {"concat": tf.concat, "relu": tf.nn.relu, "mean": tf.reduce_mean,
            "reshape": tf.reshape, "transpose": tf.transpose, "expand": tf.expand_dims,
            "maximum": tf.maximum, "tanh": tf.tanh, "softmax": tf.nn.softmax}  # fmt: skip


def test_merges(library, tmp_path):
    layers = library.layers
    x = layers.Input((6, 4))
    a, b, c = (layers.Dense(4)(x) for _ in range(3))
    y = [kind()([a, b, c]) for kind in (layers.Add, layers.Multiply, layers.Average,
                                        layers.Maximum, layers.Minimum)]  # fmt: skip
    y += [layers.Subtract()([a, b]), layers.Concatenate(axis=1)([a, b])]
    check(library.Model(x, [layers.Concatenate()(y[:6]), y[6]]), tmp_path)


def test_two_inputs_and_outputs(library, tmp_path):
    layers = library.layers
    x, z = layers.Input((6, 4), name="sound"), layers.Input((3,), name="speaker")
    y = layers.GRU(5)(x)
    both = layers.concatenate([y, z])
    check(library.Model([x, z], [layers.Dense(2)(both), y]), tmp_path)


def test_shared_layer(library, tmp_path):
    layers = library.layers
    x = layers.Input((6, 4))
    shared = layers.Dense(4, activation="tanh")
    graphs = check(library.Model(x, layers.Add()([shared(shared(x)), x])), tmp_path)
    assert len({id(node) for node in graphs[0].nodes if node.name == shared.name}) == 4


def test_models_inside(library, tmp_path):
    layers = library.layers
    x = layers.Input((6, 4))
    inner = library.Sequential(
        [layers.Input((6, 4)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(4)],
        name="inner",
    )
    entry = layers.Input((6, 4))
    functional = library.Model(entry, [layers.LSTM(3)(entry), layers.Dense(4)(entry)], name="two")
    last, sequence = functional(inner(inner(x)))
    model = library.Model(x, [layers.Dense(2)(last), functional(sequence)[1]])
    graphs = check(model, tmp_path)
    other = layers.Input((6, 4))
    check(library.Model(other, [layers.Dense(2)(y) for y in model(other)]), tmp_path)
    assert {"inner/", "two/"} <= {node.name.split("/")[0] + "/" for node in graphs[0].nodes}


def test_operators(library, ops, tmp_path):
    x = library.layers.Input((6, 4))
    y = (x + 1.0) * np.float32([1, 2, 3, 4]) - x
    y = 1.0 - y / 3.0
    y = ops["concat"]([y[:, 1:5:2], x[:, :2, :]], axis=1)
    y = ops["maximum"](ops["relu"](y), 0.5) + ops["tanh"](-y)
    mean = ops["mean"](y, axis=1)
    column = ops["expand"](y[:, -1], axis=-1)
    turned = ops["transpose"](ops["reshape"](y, (-1, 2, 8)), (0, 2, 1))
    check(library.Model(x, [mean * 2.0, column, turned, ops["softmax"](y[:, 0, 1:])]), tmp_path)


def test_every_axis_but_one(keras_3, tmp_path):
    """tf_keras cannot save `...`."""
    x = keras_3.layers.Input((6, 4, 2))
    check(keras_3.Model(x, [x[..., 0], x[:, 1, ..., None:1]]), tmp_path)


def test_constant_of_another_shape(library, tmp_path):
    x = library.layers.Input((3, 2))
    check(library.Model(x, x + np.float32([[1, 2], [3, 4], [5, 6]])), tmp_path)


def test_states_that_nothing_reads(library, tmp_path):
    x = library.layers.Input((6, 4))
    check(library.Model(x, library.layers.LSTM(3, return_state=True)(x)[0]), tmp_path)


def test_batch_of_one_and_stateful(library, tmp_path):
    layers = library.layers
    x = layers.Input(batch_shape=(1, 4, 3))
    model = library.Model(x, layers.LSTM(3, stateful=True)(x))
    randomize(model, np.random.default_rng(1))
    model.save(tmp_path / "m.keras")
    (node,) = read(tmp_path / "m.keras").nodes
    assert node.stateful


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_without_an_input_layer(library, tmp_path, kind):
    model = library.Sequential([library.layers.Dense(3), library.layers.LSTM(2)])
    model.build((None, 5, 4))
    check(model, tmp_path, [kind])


def test_masked_frames(library, tmp_path):
    layers = library.layers
    model = library.Sequential(
        [layers.Input((5, 2)), layers.Masking(0.5), layers.LSTM(3, return_sequences=True)]
    )
    model.save(tmp_path / "m.keras")
    x = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    x[:, 3:] = 0.5
    x[0, 1] = 0.5
    x[1, 0] = (0.5, 1.0)  # not masked: one of its numbers is another
    graph = read(tmp_path / "m.keras")
    ours = graph.run({graph.inputs[0].name: x})[graph.outputs[0]]
    np.testing.assert_allclose(ours, np.asarray(model(x)), atol=1e-5)

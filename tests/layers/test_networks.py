# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training of networks of all kinds: int8 answers as training saw it."""

import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli.convert import command
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.tflite import write

pytestmark = pytest.mark.train
rng = np.random.default_rng(7)
X = rng.normal(0, 1, (48, 10, 4)).astype(np.float32)


def steps(model, inputs):
    """Return the network of a quantised model, and how far it is from it in output steps."""
    from mcu_ghost.convert import to_model

    network = to_model(model, "net")
    graph = network.graph
    given = [graph.tensors[i].quantize(x) for i, x in zip(graph.inputs, inputs, strict=True)]
    integers = reference.whole(graph, given)
    answers = model(inputs if len(inputs) > 1 else inputs[0])
    answers = answers if isinstance(answers, list) else [answers]
    found = []
    for output, answer in zip(graph.outputs, answers, strict=True):
        tensor = graph.tensors[output]
        real = tensor.dequantize(integers[output])
        found.append(np.abs(real.reshape(answer.shape) - answer.numpy()) / tensor.scale)
    return network, np.concatenate([one.ravel() for one in found])


RECURRENT = {
    "backwards": lambda k: k.LSTM(6, go_backwards=True, return_sequences=True),
    "simple_rnn": lambda k: k.SimpleRNN(6, return_sequences=True),
    "reset_before": lambda k: k.GRU(6, reset_after=False, return_sequences=True),
    "both_ways": lambda k: k.Bidirectional(k.LSTM(5, recurrent_activation="hard_sigmoid")),
    "both_ways_gru": lambda k: k.Bidirectional(k.GRU(5)),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers_round_as_their_operators(keras, layers, name):
    model = keras.Sequential([keras.layers.Input((10, 4)), RECURRENT[name](keras.layers)])
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
    q = layers.quantize_model(model, calibration=X)
    y = q(X).numpy()
    np.testing.assert_array_equal(y * 128, np.round(y * 128))
    _, off = steps(q, [X])
    assert off.max() <= 2 and (off < 0.5).mean() > 0.95
    assert np.abs(y - model(X).numpy()).max() < 0.15


def graph_network(k):
    """Return a network of branches, with most kinds of layers that are not recurrent."""
    x = k.layers.Input((12, 8, 2), name="picture")
    other = k.layers.Input((12, 3), name="frames")
    y = k.layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
    y = skip = k.layers.ReLU()(k.layers.BatchNormalization()(y))
    y = k.layers.DepthwiseConv2D(3, padding="same")(y)
    y = k.layers.Activation("relu6")(k.layers.BatchNormalization()(y))
    y = k.layers.ReLU()(k.layers.Add()([k.layers.Conv2D(6, 1)(y), skip]))
    y = k.layers.SeparableConv2D(8, 3, strides=2, activation="swish")(y)
    y = k.layers.AveragePooling2D((1, 2))(y)
    y = k.layers.GlobalAveragePooling2D()(y)
    z = k.layers.Conv1D(8, 3, padding="causal", activation="tanh")(other)
    z = k.layers.MaxPooling1D(2)(z)
    z = k.layers.LSTM(8, name="memory")(z)
    y = k.layers.Maximum()([y, k.layers.Multiply()([z, k.layers.Dense(8, "sigmoid")(z)])])
    y = k.layers.LayerNormalization()(k.layers.Concatenate()([y, z]))
    y = k.layers.PReLU()(k.layers.Dropout(0.1)(y))
    return k.Model([x, other], [k.layers.Dense(3, "softmax", name="a")(y),
                                k.layers.Dense(1, name="b")(y)])  # fmt: skip


@pytest.fixture(scope="module")
def trained(keras, layers):
    """Return a network of many layers after a few epochs, and the data."""
    keras.utils.set_random_seed(3)
    own = np.random.default_rng(8)  # whatever tests ran before
    model = graph_network(keras)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([own.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    data = {"picture": own.normal(0, 1, (48, 12, 8, 2)), "frames": own.normal(0, 1, (48, 12, 3))}
    data = {name: values.astype(np.float32) for name, values in data.items()}
    q = layers.quantize_model(model, calibration=data)
    before = [w.numpy() for w in q.trainable_weights]
    q.compile(keras.optimizers.Adam(0.003), ["sparse_categorical_crossentropy", "mse"])
    _, numbers = model([data["picture"], data["frames"]])
    q.fit(data, [own.integers(0, 3, 48), numbers], epochs=3, verbose=0)
    assert all(np.any(w.numpy() != b) for w, b in zip(q.trainable_weights, before, strict=True))
    return model, q, data


def test_a_network_of_many_layers_is_what_training_saw(trained):
    _, q, data = trained
    network, off = steps(q, [data["picture"], data["frames"]])
    assert off.mean() < 2 and off.max() < 16  # the normalisation makes a step several
    assert {op.kind for op in network.graph.operators} >= {"conv_2d", "lstm", "add", "maximum"}


def test_saved_and_loaded_it_answers_and_converts_the_same(layers, trained, tmp_path):
    from mcu_ghost.convert import to_model

    _, q, data = trained
    layers.save(q, tmp_path / "q.ghost")
    again = layers.load(tmp_path / "q.ghost")
    inputs = [data["picture"], data["frames"]]
    for one, other in zip(q(inputs), again(inputs), strict=True):
        np.testing.assert_array_equal(one, other)
    assert write.serialize(to_model(again, "net")) == write.serialize(to_model(q, "net"))
    np.savez(tmp_path / "x.npz", **data)
    files = [str(tmp_path / name) for name in ("q.ghost", "net.tflite", "x.npz")]
    words = [files[0], "-o", files[1], "--calibration", files[2]]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0 and "LSTM 8" in result.stdout
    assert (tmp_path / "net.tflite").read_bytes() == write.serialize(to_model(q, "net"))


def test_convert_compares_with_the_rounded_model(trained):
    from mcu_ghost.convert import conversion

    _, q, data = trained
    made = conversion(q, "net", data)
    first, second, *others = [layer.error for layer in made.fidelity.layers]
    assert not made.fidelity.bad and max(others) < 0.06
    assert max(others[:10]) < 0.02  # as far as the LSTM
    assert [row.became for row in made.rows if row.layer == "memory"] == ["LSTM 8"]


def test_the_plain_model_answers_the_same(trained):
    from mcu_ghost.layers.plain import plain

    model, _, data = trained
    inputs = [data["picture"], data["frames"]]
    found = plain(model)
    for one, other in zip(model(inputs), found(inputs), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert not any("normalization" in x.name and "batch" in x.name for x in found.layers)


def test_averages_between_two_integers_go_where_the_operator_rounds_them(keras, layers):
    model = keras.Sequential([keras.layers.Input((12, 3)), keras.layers.AveragePooling1D(2)])
    q = layers.quantize_model(model, calibration=rng.normal(0, 1, (64, 12, 3)))
    _, off = steps(q, [rng.normal(0, 1, (64, 12, 3)).astype(np.float32)])
    assert off.max() < 0.01


def test_ranges_stay_as_calibration_set_them(keras, layers):
    from mcu_ghost.convert import to_model

    x = rng.uniform(-1, 1, (64, 6)).astype(np.float32)
    inner = [keras.layers.Dense(4, "relu"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.layers.Input((6,)), *inner])
    q = layers.quantize_model(model, (-2.0, 2.0), x)
    before = [(t.scale, t.zero_point) for t in to_model(q, "net").graph.tensors]
    q.set_weights([w * 1.5 if w.ndim == 2 else w for w in q.get_weights()])
    after = [(t.scale, t.zero_point) for t in to_model(q, "net").graph.tensors]
    assert before == after and before[0][0] == pytest.approx(4 / 255)
    hidden = model.layers[0](x).numpy()
    assert before[1][0] == pytest.approx(hidden.max() / 255, rel=1e-5)


def test_training_makes_good_what_rounding_after_it_spoils(keras, layers):
    """One large weight leaves a Dense few steps for the others."""
    from mcu_ghost.convert import to_model

    keras.utils.set_random_seed(4)
    own = np.random.default_rng(4)  # whatever tests ran before; with 5 to 8 it holds as well
    x = own.normal(0, 1, (256, 8)).astype(np.float32)
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(12, "relu"),
                              keras.layers.Dense(2)])  # fmt: skip
    first, bias, second, last = model.get_weights()
    first[:, 0] *= 60
    second[0] /= 60
    model.set_weights([first, bias, second, last])
    y = model(x).numpy()

    def error(network):
        graph = network.graph
        integers = reference.whole(graph, [graph.tensors[0].quantize(x)])
        out = graph.outputs[0]
        return float(np.mean((graph.tensors[out].dequantize(integers[out]) - y) ** 2))

    after = error(to_model(model, "net", calibration=x))
    q = layers.quantize_model(model, calibration=x)
    q.compile(keras.optimizers.Adam(0.01), "mse")
    q.fit(x, y, epochs=60, batch_size=32, verbose=0)
    assert error(to_model(q, "net")) < 0.5 * after


REFUSED = {
    "kind": (
        lambda k: [k.LSTM(4), k.Dense(2), k.UnitNormalization(name="x")],
        "'x' (UnitNormalization) cannot be trained with int8 rounding: this kind of layer is not"
        " supported there; train it in float, and convert it with calibration data:"
        " post-training quantisation takes it.",
    ),
    "mask": (lambda k: [k.Masking(name="x"), k.LSTM(4)], "this kind of layer"),
    "norm": (
        lambda k: [k.LSTM(4), k.BatchNormalization(name="x")],
        "it must stand right behind a Dense or convolution without an activation, into whose",
    ),
    "activation": (lambda k: [k.LSTM(4, activation="relu", name="x")], "only 'tanh'"),
    "sum": (lambda k: [k.Bidirectional(k.LSTM(4), "sum", name="x")], "merge_mode='sum'"),
    "axis": (lambda k: [k.LSTM(4, return_sequences=True), k.Softmax(1, name="x")], "axis=-1"),
    "inside": (lambda k: [k.Bidirectional(k.LSTM(4, go_backwards=True), name="x")], "go_backwards"),
    "rows": (lambda k: [k.Embedding(300, 4, name="x")], "it has 300 rows, at most 256"),
    "reads": (lambda k: [k.Dense(4), k.Embedding(9, 4, name="x")], "the only layer that reads an"),
    "time": (lambda k: [k.TimeDistributed(k.Dense(2), name="x")], "this kind of layer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_refused_before(keras, layers, name):
    make, message = REFUSED[name]
    model = keras.Sequential([keras.layers.Input((10, 4)), *make(keras.layers)])
    with pytest.raises(GhostError) as caught:
        layers.quantize_model(model, calibration=X)
    assert message in str(caught.value) and str(caught.value).startswith("Layer 'x' (")


def test_refused_calls_and_data(keras, layers):
    x = keras.layers.Input((10, 4), name="first")
    dense = keras.layers.Dense(4, name="twice")
    twice = keras.Model(x, dense(dense(x)))
    with pytest.raises(GhostError, match="'twice' .* it is called more than once"):
        layers.quantize_model(twice, calibration=X)
    lstm = keras.Model(x, keras.layers.LSTM(4)(x), name="net")
    with pytest.raises(GhostError, match="Model 'net' needs calibration data for quantisation-aw"):
        layers.quantize_model(lstm, (-1, 1))
    with pytest.raises(GhostError, match=r"shape \(samples, 10, 4\), got \(2, 4\)"):
        layers.quantize_model(lstm, calibration=np.zeros((2, 4)))
    other = keras.layers.Input((10, 4), name="second")
    two = keras.Model([x, other], keras.layers.Add()([x, other]))
    with pytest.raises(GhostError, match="a dict of arrays: for 'first', 'second'"):
        layers.quantize_model(two, calibration=X)
    with pytest.raises(GhostError, match="have nothing for the input 'second'"):
        layers.quantize_model(two, calibration={"first": X})
    with pytest.raises(GhostError, match="unlike numbers of samples: first: .*, second: 2"):
        layers.quantize_model(two, calibration={"first": X, "second": X[:2]})

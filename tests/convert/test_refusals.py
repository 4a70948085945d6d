# SPDX-License-Identifier: Apache-2.0
"""What cannot be converted is named, with what can be."""

import numpy as np
import pytest

from mcu_ghost.host.errors import GhostError

pytestmark = pytest.mark.train
SUPPORTED = (
    "Supported are one Input of shape (frames, inputs); GhostGRU and GRU with tanh, sigmoid and "
    "reset_after=True; Dense; Activation and Dense activations linear, relu, sigmoid, tanh and "
    "softmax; ReLU; Softmax; Reshape and Flatten within a frame; Dropout."
)


def untrainable(model):
    """Return what is said of a model that cannot be trained with quantisation."""
    from mcu_ghost.layers import quantize_model

    with pytest.raises(GhostError) as caught:
        quantize_model(model, (-1, 1))
    return str(caught.value)


def no_chain(model):
    """Return why a model is no chain of layers, which tfmot alone can quantise."""
    from mcu_ghost.layers import chain

    with pytest.raises(GhostError) as caught:
        chain.read(model)
    return str(caught.value)


def refusal(model, tmp_path, **kwargs):
    from mcu_ghost.convert import convert

    with pytest.raises(GhostError) as caught:
        convert(model, tmp_path / "m.tflite", **kwargs)
    assert not list(tmp_path.iterdir())
    return str(caught.value)


def chain(keras, *layers):
    return keras.Sequential([keras.layers.Input((12, 5)), *layers], name="net")


LAYERS = {
    "go_backwards": (
        lambda k, g: [g(4, go_backwards=True, name="x")],
        "Layer 'x' (GhostGRU): argument go_backwards=True is not supported",
    ),
    "return_state": (
        lambda k, g: [k.GRU(4, return_state=True, name="x")],
        "Model 'net' has 2 outputs, only one is supported. An initial_state counts as an input",
    ),
    "reset_after": (
        lambda k, g: [k.GRU(4, reset_after=False, name="x")],
        "Layer 'x' (GRU): argument reset_after=False is not supported",
    ),
    "activation": (
        lambda k, g: [g(4, activation="relu", name="x")],
        "Layer 'x' (GhostGRU): argument activation='relu' is not supported, only 'tanh'",
    ),
    "recurrent_activation": (
        lambda k, g: [k.GRU(4, recurrent_activation="hard_sigmoid", name="x")],
        "Layer 'x' (GRU): argument recurrent_activation='hard_sigmoid' is not supported, "
        "only 'sigmoid'",
    ),
    "ghost_activation": (
        lambda k, g: [g(4, ghost_activation="linear", name="x")],
        "Layer 'x' (GhostGRU): argument ghost_activation='linear' is not supported, only 'tanh'",
    ),
    "mask": (
        lambda k, g: [k.Masking(name="x"), g(4)],
        "Layer 'x' (Masking): masks are not supported; feed only the frames there are",
    ),
    "lstm": (
        lambda k, g: [k.LSTM(4, name="x")],
        "Layer 'x' (LSTM): this kind of layer is not supported",
    ),
    "bidirectional": (
        lambda k, g: [k.Bidirectional(g(4), name="x")],
        "Layer 'x' (Bidirectional): this kind of layer is not supported",
    ),
    "convolution": (
        lambda k, g: [k.Conv1D(4, 3, name="x"), g(4)],
        "Layer 'x' (Conv1D): this kind of layer is not supported",
    ),
    "time_distributed": (
        lambda k, g: [g(4, return_sequences=True), k.TimeDistributed(k.Dense(2), name="x")],
        "Layer 'x' (TimeDistributed): not supported; use the layer itself, a Dense runs on every "
        "frame anyway",
    ),
    "dense_activation": (
        lambda k, g: [g(4), k.Dense(2, activation="elu", name="x")],
        "Layer 'x' (Dense): activation='elu' is not supported",
    ),
    "relu": (
        lambda k, g: [g(4), k.ReLU(max_value=3, name="x")],
        "Layer 'x' (ReLU): max_value must be None or 6",
    ),
    "leaky": (
        lambda k, g: [g(4), k.ReLU(negative_slope=0.1, name="x")],
        "Layer 'x' (ReLU): only negative_slope=0 and threshold=0 are supported",
    ),
    "softmax": (
        lambda k, g: [g(4, return_sequences=True), k.Softmax(axis=1, name="x")],
        "Layer 'x' (Softmax): only axis=-1 is supported",
    ),
    "flatten": (
        lambda k, g: [g(4, return_sequences=True), k.Flatten(name="x"), k.Dense(2)],
        "Layer 'x' (Flatten): joins frames, which only a whole sequence in memory could give; "
        "use return_sequences=False in the last recurrent layer",
    ),
    "reshape": (
        lambda k, g: [g(4), k.Reshape((2, 2)), k.Dense(2, name="x")],
        "Layer 'x' (Dense): output shape (None, 2, 2) is not one vector for each frame",
    ),
    "none": (
        lambda k, g: [k.Dense(2)],
        "Model 'net' has no GhostGRU or GRU layer",
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(keras, ghost, name):
    make, message = LAYERS[name]
    if name == "return_state":
        x = keras.layers.Input((12, 5))
        model = keras.Model(x, make(keras.layers, ghost)[0](x), name="net")
    else:
        model = chain(keras, *make(keras.layers, ghost))
    assert no_chain(model) == f"{message}. {SUPPORTED}"


def test_models_that_are_not_a_chain(keras, ghost):
    layers = keras.layers
    x = layers.Input((12, 5))
    state = layers.Input((4,))
    model = keras.Model([x, state], ghost(4)(x, initial_state=state), name="net")
    assert no_chain(model) == (
        "Model 'net' has 2 inputs, only one is supported. An initial_state counts as an input. "
        + SUPPORTED
    )
    y = ghost(4, name="gru")(x)
    model = keras.Model(x, layers.Add(name="sum")([layers.Dense(4)(y), y]))
    assert no_chain(model) == (
        "Layer 'sum' (Add): only a chain is supported, in which each layer feeds the next. "
        + SUPPORTED
    )
    start = layers.Dense(4, name="start")(layers.Flatten()(x))
    model = keras.Model(x, ghost(4, name="gru")(x, initial_state=start))
    assert no_chain(model) == (
        "Layer 'gru' (GhostGRU): argument initial_state is not supported. " + SUPPORTED
    )
    model = keras.Sequential([layers.Input((None, 5)), ghost(4)], name="net")
    assert untrainable(model) == (
        "Model 'net': input shape (None, None, 5) has a dynamic number of frames or inputs; give "
        "Input(shape=(frames, inputs)) in numbers. Firmware runs any number of frames."
    )
    assert untrainable(3) == (
        "Only tf_keras models can be converted, got builtins.int; build the model with "
        "`import tf_keras`, not with Keras 3."
    )
    assert untrainable(keras.Sequential([ghost(4)], name="net")) == (
        "Model 'net' must be a Sequential or functional model that starts with "
        "Input(shape=(frames, inputs))."
    )


def test_calibration_data(keras, ghost, tmp_path):
    model = chain(keras, ghost(4))
    assert refusal(model, tmp_path) == (
        "Model 'net' is a float model without quantisers: give calibration data (representative "
        "inputs), or train on after mcu_ghost.layers.quantize_model."
    )
    for data, message in [
        (np.zeros((3, 5)), "Calibration data must have shape (samples, 12, 5), got (3, 5)."),
        (
            np.zeros((0, 12, 5)),
            "Calibration data must have shape (samples, 12, 5), got (0, 12, 5).",
        ),
        (np.full((1, 12, 5), np.nan), "The calibration data hold values that are not finite."),
        (np.zeros((1, 12, 5)), "The calibration data are all zero, which shows no range."),
    ]:
        assert refusal(model, tmp_path, calibration=data) == message


def test_a_quantised_model_that_never_trained(keras, ghost, tmp_path):
    from mcu_ghost.layers import quantize_model

    q = quantize_model(chain(keras, ghost(4), keras.layers.Dense(2, name="scores")), (-4, 4))
    assert refusal(q, tmp_path) == (
        "Layer 'scores' (Dense): its ranges were never set. Train the quantised model, or give "
        "calibration data."
    )


def test_biases_too_large_for_the_accumulator_name_the_layer(keras, ghost, tmp_path):
    model = chain(keras, ghost(4, name="big"))
    model.set_weights([w * 0 + 1e30 for w in model.get_weights()])
    message = refusal(model, tmp_path, calibration=np.ones((1, 12, 5)))
    assert message.startswith("Layer 'big' (GhostGRU): ")

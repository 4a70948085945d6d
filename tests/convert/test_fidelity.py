# SPDX-License-Identifier: Apache-2.0
"""Int8 against float on the calibration data: glitches, and which layer is to blame."""

import warnings

import numpy as np
import pytest

pytestmark = pytest.mark.train


def classifier(keras, lab, *before):
    layers = keras.layers
    chain = [layers.Input((12, 5)), *before, layers.GRU(8), layers.Dense(3, name="last"),
             layers.Softmax()]  # fmt: skip
    return lab.randomise(keras.Sequential(chain, name="net"))


def agreement(lab, model, network):
    from mcu_ghost.network import reference

    y = reference.run(network, lab.to_int8(lab.X, network.tensors[0]))
    return (y.argmax(-1) == model.predict(lab.X, verbose=0).argmax(-1)).mean()


def said(call):
    """Return what a call returns, and the texts that it warns with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(w.message) for w in caught if w.category is UserWarning]


@pytest.mark.parametrize("glitch", [250.0, 1000.0])
def test_a_glitch_in_the_calibration_costs_nothing(keras, lab, glitch):
    from mcu_ghost.convert import to_model

    model, spoilt = classifier(keras, lab), lab.X.copy()
    spoilt[0, 0, 0] = glitch
    clean = to_model(model, "net", calibration=lab.X)
    network, told = said(lambda: to_model(model, "net", calibration=spoilt))
    assert network.tensors[0].scale == clean.tensors[0].scale  # another value was the largest
    assert agreement(lab, model, network) >= 0.98
    low, high = (f"{end:.4g}" for end in (lab.X.min(), lab.X.max()))
    assert told == [
        f"input 0: 1 of 3 072 values is outside {low} to {high}, as far as {glitch:.4g}."
    ]


def test_a_range_far_too_wide_is_blamed_on_the_input(keras, lab):
    from mcu_ghost.convert import to_model

    model = classifier(keras, lab)
    network, told = said(
        lambda: to_model(model, "net", calibration=lab.X, input_range=(-1000, 1000))
    )
    assert network.tensors[0].scale == pytest.approx(2000 / 255)
    assert agreement(lab, model, network) < 0.9
    (warning,) = told
    assert warning.startswith("int8 against float on 256 calibration samples: ")
    assert "The layer to blame is the input: " in warning


def test_a_layer_with_a_wrong_range_is_blamed(keras, lab):
    from mcu_ghost.convert import conversion, keras_fidelity
    from mcu_ghost.layers import chain, quantize_model

    front = keras.layers.Dense(6, activation="relu", name="front")
    model = classifier(keras, lab, front)
    q = quantize_model(model, lab.RANGE, lab.X)
    for variable in q.get_layer("quant_front").non_trainable_weights:
        if variable.name.split(":")[0].endswith("post_activation_max"):
            variable.assign(0.05)
    made = conversion(q, "net").network
    found = keras_fidelity.measure(chain.read(model), None, made, lab.X)
    kinds = [layer.layer.rpartition(" ")[2] for layer in found.layers]
    assert kinds == ["input", "(Dense)", "(GRU)", "(Dense)", "(Softmax)"]
    assert found.blame.layer == "layer 'front' (Dense)"
    assert found.layers[0].error < 0.02 < 0.5 < found.layers[1].error


def test_training_keeps_its_ranges(keras, lab):
    from mcu_ghost.convert import to_model
    from mcu_ghost.host.errors import GhostError
    from mcu_ghost.layers import quantize_model
    from mcu_ghost.network.tflite import write

    q = quantize_model(classifier(keras, lab), lab.RANGE, lab.X)
    plain = write.serialize(to_model(q, "net"))
    network, told = said(lambda: to_model(q, "net", calibration=10 * lab.X))
    assert write.serialize(network) == plain
    assert len(told) >= 5 and told[0].startswith("input 0: ")
    with pytest.raises(GhostError, match="keeps the input range it was trained with"):
        to_model(q, "net", input_range=(-1, 1))


def test_quantize_model_takes_the_input_range_of_the_same_rule(keras, lab):
    from mcu_ghost.convert import to_model
    from mcu_ghost.layers import quantize_model

    spoilt = lab.X.copy()
    spoilt[0, 0, 3] = -1000
    q, told = said(lambda: quantize_model(classifier(keras, lab), calibration=spoilt))
    assert len(told) == 1 and told[0].startswith("input 3: 1 of 3 072 values is outside ")
    network = to_model(q, "net")
    spread = float(lab.X.max() - lab.X.min())
    assert network.tensors[0].scale == pytest.approx(spread / 255, rel=1e-5)


def test_a_model_that_insists_on_one_sample_at_a_time(keras, lab):
    from mcu_ghost.convert import conversion

    layers = keras.layers
    chain = [layers.Input((12, 5), batch_size=1), layers.GRU(8, stateful=True), layers.Dense(3)]
    model = lab.randomise(keras.Sequential(chain, name="net"))
    found = conversion(model, "net", lab.X[:7]).fidelity
    assert found.samples == 7 and found.agreement is None
    assert not found.bad and found.layers[-1].error < 0.05


def test_what_keras_itself_answers(keras, lab, tmp_path):
    from mcu_ghost.convert import keras_outputs
    from mcu_ghost.host.errors import GhostError

    layers = keras.layers
    chain = [layers.Input((12, 5)), layers.GRU(8, return_sequences=True), layers.Dense(3)]
    model = lab.randomise(keras.Sequential(chain, name="net"))
    model.save(tmp_path / "net.keras")
    x = lab.X[:4].astype(np.float64)
    want = model.predict(x, verbose=0)
    np.testing.assert_allclose(keras_outputs(tmp_path / "net.keras", x), want, atol=1e-5)
    longer = keras_outputs(tmp_path / "net.keras", x.reshape(2, 24, 5))
    np.testing.assert_allclose(longer[:, :12], want[::2], atol=1e-5)
    with pytest.raises(GhostError, match=r"takes inputs of shape \(12, 5\), not \(12, 4\)"):
        keras_outputs(tmp_path / "net.keras", x[..., :4])

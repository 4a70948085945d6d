# SPDX-License-Identifier: Apache-2.0
"""What cannot be read is refused in one sentence that names the layer; files are made by hand."""

import zipfile

import h5py
import numpy as np
import pytest

from mcu_ghost.convert.keras_config import read
from mcu_ghost.host.errors import GhostError
from tests.convert.keras_config.by_hand import called, functional, layer, sequential, write

GRU = {"units": 2, "reset_after": True}
DENSE = np.ones((4, 3)), np.ones(3)
RECURRENT = np.ones((4, 6)), np.ones((2, 6)), np.ones((2, 6))


def refusal(path):
    with pytest.raises(GhostError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message and message.endswith(".")
    return message.removeprefix(f"{path}: ")


LAYERS = {
    "Lambda": (layer("Lambda", function="x"), (), "Layer 'a' (Lambda): holds code, which is never"),
    "unknown": (layer("Attention"), (), "this kind of layer is not supported"),
    "custom": (layer("Mine>Dense"), DENSE, "is a class of 'Mine', whose code no file holds"),
    "custom module": ({**layer("Dense", units=3), "module": "evil"}, DENSE, "a class of 'evil'"),
    "registered": ({**layer("Dense", units=3), "registered_name": "Own>Dense"}, DENSE, "'Own'"),
    "missing": (layer("Dense", units=3), (), "Layer 'a' (Dense): its kernel is missing in the"),
    "no bias": (layer("Dense", units=3), DENSE[:1], "its bias is missing in the file"),
    "shape": (layer("Dense", units=3), (np.ones((5, 3)), np.ones(3)),
              "its kernel has the shape (5, 3) in the file, not (4, 3)"),
    "more": (layer("Dense", units=3, use_bias=False), DENSE, "more weights for it than it takes"),
    "nan": (layer("Dense", units=3), (np.full((4, 3), np.nan), np.ones(3)),
            "its kernel has NaN or infinite numbers"),
    "infinite": (layer("GRU", **GRU), (np.full((4, 6), np.inf), *RECURRENT[1:]), "its kernel has"),
    "activation": (layer("Dense", units=3, activation="bell"), DENSE,
                   "argument activation='bell' is not supported; use one that works"),
    "own function": (layer("Dense", units=3, activation={"class_name": "Mine", "config": {}}),
                     DENSE, "argument activation='Mine' is not supported"),
    "gru relu": (layer("GRU", **GRU, activation="relu"), RECURRENT,
                 "Layer 'a' (GRU): activation relu is not supported, only tanh"),
    "gates": (layer("GRU", **GRU, recurrent_activation="relu"), RECURRENT,
              "recurrent_activation relu is not supported, only sigmoid and hard_sigmoid"),
    "time major": (layer("GRU", **GRU, time_major=True), RECURRENT, "argument time_major=True"),
    "channels": (layer("Conv1D", kernel_size=[2], filters=3, data_format="channels_first"),
                 (np.ones((2, 4, 3)), np.ones(3)), "argument data_format='channels_first'"),
    "window": (layer("MaxPooling1D", pool_size=[9]), (), "its window of (9, 1) is larger than"),
    "axis": (layer("Softmax", axis=1), (), "argument axis=1 is not supported, only -1, the last"),
    "norm axis": (layer("BatchNormalization", axis=[1], epsilon=0.1), (), "argument axis=[1]"),
    "reshape": (layer("Reshape", target_shape=[3, -1]), (), "cannot make the shape (3, -1)"),
    "blend": (layer("UpSampling1D", size=2, interpolation="bilinear"), (), "interpolation="),
    "masked": (layer("GlobalAveragePooling1D"), None, "a mask reaches it"),
    "masked dense": (layer("Dense", units=3), None, "reads masked frames"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(tmp_path, name):
    config, weights, message = LAYERS[name]
    before = [] if weights is not None else [layer("Masking", "m", mask_value=0.0)]
    weights = DENSE if weights is None and config["class_name"] == "Dense" else weights or ()
    path = write(tmp_path / "m.h5", sequential(*before, config), a=weights)
    said = refusal(path)
    assert message in said
    assert "Layer 'a' (" in said


def test_a_mask_that_passes_on(tmp_path):
    layers = [layer("Masking", "m", mask_value=0.0),
              layer("GRU", **GRU, return_sequences=True), layer("GRU", "b", **GRU)]  # fmt: skip
    second = np.ones((2, 6)), *RECURRENT[1:]
    path = write(tmp_path / "m.h5", sequential(*layers), a=RECURRENT, b=second)
    assert "Layer 'b' (GRU): a mask reaches it through other layers" in refusal(path)


def test_initial_state(tmp_path):
    first = called("GRU", "x", name="b", **GRU)
    path = write(tmp_path / "m.h5", functional(first, called("GRU", "x", "b", **GRU)),
                 a=RECURRENT, b=RECURRENT)  # fmt: skip
    assert "Layer 'a' (GRU): is given an initial state" in refusal(path)


def test_a_state_that_is_read(tmp_path):
    path = write(
        tmp_path / "m.h5",
        functional(called("GRU", "x", **GRU, return_state=True), output=("a", 0, 1)),
        a=RECURRENT,
    )
    assert "Layer 'a': the network reads its output 1, such as a state" in refusal(path)


@pytest.mark.parametrize("source", ["a", "b"])
def test_circles(tmp_path, source):
    layers = [called("Dropout", source), called("Dropout", "a", name="b")]
    said = refusal(write(tmp_path / "m.h5", functional(*layers)))
    assert "its inputs are in a circle or come from nowhere" in said


def test_shapes_that_do_not_fit(tmp_path):
    small = called("Cropping1D", "x", name="b", cropping=[1, 1])
    said = refusal(write(tmp_path / "m.h5", functional(small, called("Add", "x", "b"))))
    assert "Layer 'a' (add): its inputs have shapes that do not fit: (5, 4), (3, 4)" in said


def test_dynamic_frames(tmp_path):
    config = sequential(layer("Flatten"))
    config["config"]["layers"][0] = layer("InputLayer", "x", batch_input_shape=[None, None, 4])
    said = refusal(write(tmp_path / "m.h5", config))
    assert "Input 'x': its shape (None, None, 4) has a dynamic number of frames" in said


def test_classes_of_models(tmp_path):
    path = write(tmp_path / "m.h5", {"class_name": "Mine", "config": {}})
    assert refusal(path).startswith("is a model of the class Mine, whose code no file holds")


def test_files_that_are_none(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["a"] = 1
    assert "holds weights and no model" in refusal(tmp_path / "weights.h5")
    (tmp_path / "text.h5").write_text("hello")
    assert "cannot be read" in refusal(tmp_path / "text.h5")
    assert "cannot be read" in refusal(tmp_path / "nowhere.h5")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("other", "")
    assert "is damaged" in refusal(tmp_path / "empty.keras")


@pytest.mark.parametrize("broken", ["{", "[]", "7", '{"class_name": "Sequential"}',
                                    '{"class_name": "Sequential", "config": {"layers": [3]}}',
                                    "[" * 100_000])  # fmt: skip
def test_configurations_that_are_none(tmp_path, broken):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_group("model_weights")
        file.attrs.create("model_config", np.bytes_(broken[:60_000]))
    refusal(tmp_path / "m.h5")


def test_weights_too_large_to_be_true(tmp_path):
    path = write(tmp_path / "m.h5", sequential(layer("Dense", units=3)), a=())
    with h5py.File(path, "a") as file:
        own = file["model_weights/a"]
        own.attrs["weight_names"] = ["huge"]
        own.create_dataset("huge", (1 << 40,), "f4", chunks=(1 << 20,))
    assert "has a weight /model_weights/a/huge of 1 099 511 627 776 numbers" in refusal(path)

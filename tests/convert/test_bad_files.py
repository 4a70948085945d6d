# SPDX-License-Identifier: Apache-2.0
"""Damaged and unusual files of every kind: one sentence with the layer's name, and no file."""

import copy

import numpy as np
import pytest

from mcu_ghost.convert import inspection
from tests.convert.keras_config.by_hand import (
    called,
    functional,
    layer,
    sequential,
    write,
    write_keras,
)
from tests.convert.test_bad_input import BACK, floats, refusal, stateful

DENSE = floats(4, 3), floats(3)
GRU = floats(4, 6), floats(2, 6), floats(2, 6)


def shaped(*shape):
    config = sequential(layer("Dense", units=3))
    config["config"]["layers"][0] = layer("InputLayer", "x", batch_input_shape=[None, *shape])
    return config


def dense(**config):
    return sequential(layer("Dense", **{"units": 3, **config}))


KERAS = {
    "circle": (functional(called("Dropout", "b"), called("Dropout", "a", name="b")), (),
               "Layer 'a': its inputs are in a circle"),
    "dynamic": (shaped(None, 4), DENSE, "Input 'x': its shape (None, None, 4) has a dynamic"),
    "no frames": (shaped(0, 4), DENSE, "Input 'x': its shape (None, 0, 4) is none that a"),
    "negative": (shaped(-5, 4), DENSE, "Input 'x': its shape (None, -5, 4) is none that a"),
    "letters": (shaped("a", 4), DENSE, "Input 'x': its shape (None, 'a', 4) is none that a"),
    "huge": (shaped(1 << 40, 4), DENSE, "Input 'x': its shape (None, 1099511627776, 4) is none"),
    "unknown": (sequential(layer("Attention")), (), "Layer 'a' (Attention): this kind of"),
    "Lambda": (sequential(layer("Lambda", function="x")), (), "Layer 'a' (Lambda): holds code"),
    "custom": (sequential(layer("Mine>Dense")), DENSE, "Layer 'a' (Dense): is a class of 'Mine'"),
    "argument": (dense(frobnicate=7), DENSE, "Layer 'a' (Dense): has an argument 'frobnicate',"),
    "text": (sequential(layer("Cropping1D", cropping="ab")), (),
             "Layer 'a' (Cropping1D): has arguments or weights that Keras does not save"),
    "missing": (dense(), (), "Layer 'a' (Dense): its kernel is missing in the file"),
    "shape": (dense(), (floats(5, 3), floats(3)), "Layer 'a' (Dense): its kernel has the shape"),
    "more": (dense(), (*DENSE, floats(3)), "Layer 'a' (Dense): the file has more weights for it"),
    "int8": (dense(), (np.ones((4, 3), np.int8), floats(3)),
             "Layer 'a' (Dense): its kernel is of type int8 in the file, not of floats"),
    "complex": (dense(), (floats(4, 3) * 1j, floats(3)), "its kernel is of type complex128"),
    "nan": (dense(), (np.full((4, 3), np.nan), floats(3)), "Layer 'a' (Dense): its kernel has NaN"),
    "too large": (dense(), (floats(4, 3) * 1e300, floats(3)), "(Dense): its kernel has NaN"),
    "backwards": (sequential(stateful(**{**BACK, "stateful": True})), GRU,
                  "Layer 'a' (GRU): carries its state on from one window to the next"),
    "rank": (sequential(layer("Reshape", "r", target_shape=[5, 1, 4]), layer("GRU", units=2)), GRU,
             "Layer 'a' (GRU): takes inputs with 2 axes besides the batch, not (5, 1, 4)"),
    "recurrent on frames": (
        sequential(layer("Reshape", "r", target_shape=[5, 2, 2]),
                   layer("TimeDistributed", layer=layer("GRU", "g", units=2))), GRU,
        "Layer 'a' (TimeDistributed): a GRU on every frame is not supported"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["h5", "keras"])
@pytest.mark.parametrize("name", KERAS)
def test_keras(tmp_path, name, kind):
    config, weights, message = KERAS[name]
    files = {"h5": write, "keras": write_keras}
    path = files[kind](tmp_path / f"m.{kind}", copy.deepcopy(config), a=weights)
    assert message in (said := refusal(path))
    assert said.startswith(f"{path}: ") and "; " in said


def test_inputs_of_unlike_length_are_named(tmp_path):
    pools = (called("GlobalMaxPooling1D", x, name=f"{x}p") for x in "xy")
    config = functional(*pools, called("Add", "xp", "yp"))
    other = layer("InputLayer", "y", batch_input_shape=[None, 7, 4])
    config["config"]["layers"].insert(1, {**other, "name": "y", "inbound_nodes": []})
    config["config"]["input_layers"].append(["y", 0, 0])
    said = inspection.inspect(write(tmp_path / "m.h5", config), print).refused
    assert said == (
        "Model 'net': the inputs have different numbers of frames: 'x' 5, 'y' 7; frames of all come"
        " together, so give each input as many."
    )


def test_what_reads_a_sequence_across_is_a_window(tmp_path):
    """A layer over time, then one over what were channels."""
    gru = layer("GRU", "g", units=2, reset_after=True, return_sequences=True)
    across = layer("GRU", units=2, reset_after=True)
    path = write(tmp_path / "m.h5", sequential(gru, layer("Permute", "p", dims=[2, 1]), across),
                 g=GRU, a=(floats(5, 6), floats(2, 6), floats(2, 6)))  # fmt: skip
    assert inspection.inspect(path, print).network.window == 5


def onnx_files():
    """Return networks by what is wrong, and the message."""
    from tests.convert.onnx_file.saved import Op, array, network

    turn = Op("Transpose", perm=[1, 0, 2])

    def gru(*weights):
        return Op("GRU", "_", *weights, hidden_size=4, linear_before_reset=1)

    w, r, nan = array(1, 12, 4), array(1, 12, 4), np.float32(np.nan)
    product = [Op("MatMul", "_", array(4, 3))]
    shape = (1, 5, 4)
    return {
        "circle": (network([Op("Add", "x", "b", out=("a",)), Op("Relu", "a", out=("b",))], shape),
                   "Node 'n0' (Add): reads, by way of others, its own output"),
        "dynamic": (network(product, (1, "t", 4)), "Input 'x': its shape (1, ?, 4) is dynamic"),
        "negative": (network(product, (1, -5, 4)), "Input 'x': its shape (1, -5, 4) is dynamic"),
        "operator": (network([Op("Det")], shape), "Node 'n0' (Det): this operator is not"),
        "attribute": (network([Op("Relu", frob=3)], shape),
                      "Node 'n0' (Relu): has an attribute 'frob', which is none of ONNX's in"),
        "text": (network([Op("Softmax", axis="a")], shape),
                 "Node 'n0' (Softmax): has inputs or attributes that ONNX does not allow"),
        "too old": (network([Op("Gelu")], shape, opset=13),
                    "Node 'n0' (Gelu): is none of ONNX's operators in opset 13"),
        "opset": (network(product, shape, opset=99), "is of opset 99, and versions 13 to"),
        "half": (network([Op("MatMul", "_", array(4, 3).astype(np.float16))], shape),
                 "Node 'n0' (MatMul): computes with float16, only float32"),
        "double input": (network(product, shape, kind=11), "Input 'x': is of type double"),
        "domain": (network([Op("Own")], shape, domain="mine"),
                   "Node 'n0' (Own): is an operator of 'mine', not of"),
        "shape": (network([Op("MatMul", "_", array(7, 3))], shape),
                  "Node 'n0' (MatMul): its weights are for 7 channels, but its input has"),
        "conv bias": (network([Op("Conv", "_", array(3, 5, 1), array(4))], shape),
                      "Layer 'n0' (Conv): its bias has the shape (4,), not (3,)"),
        "gru weights": (network([turn, gru(array(1, 12, 7), r)], shape),
                        "Node 'n1' (GRU): its weights have the shapes (12, 7) and (12, 4), not"),
        "gru bias": (network([turn, gru(w, r, array(1, 23))], shape),
                     "Node 'n1' (GRU): its bias has the shape (23,), not (24,)"),
        "nan": (network([turn, gru(w * nan, r)], shape), "Layer 'n1' (GRU): its kernel has NaN"),
        "infinite": (network([Op("Add", "_", np.float32([np.inf] * 4))], shape),
                     "Layer 'n0' (Affine): its offset has NaN or infinite numbers"),
        "lost": (network(product, shape), "Node 'n0' (MatMul): its input 'c0_1' is no initialiser"),
    }  # fmt: skip


ONNX = (
    "circle", "dynamic", "negative", "operator", "attribute", "text", "too old", "opset", "half",
    "double input", "domain", "shape", "conv bias", "gru weights", "gru bias", "nan", "infinite",
    "lost",
)  # fmt: skip


@pytest.mark.parametrize("name", ONNX)
def test_onnx(tmp_path, name):
    pytest.importorskip("onnx")
    from tests.convert.onnx_file.saved import saved

    files = onnx_files()
    assert set(files) == set(ONNX)
    model, message = files[name]
    if name == "lost":
        model.graph.ClearField("initializer")
    path = saved(model, tmp_path)
    said = refusal(path)
    assert said.startswith(f"{path}: {message}") and "; " in said

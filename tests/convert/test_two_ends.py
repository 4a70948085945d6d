"""A Keras file of two inputs and two outputs: names, int8 beside float, what the verb prints."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli.convert import command
from mcu_ghost.convert import files
from mcu_ghost.convert.float_outputs import float_outputs
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.tflite import read
from tests.convert.keras_config.by_hand import called, write


def entry(name, *shape):
    config = {"name": name, "batch_input_shape": [None, *shape]}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


@pytest.fixture
def network(tmp_path):
    """A file, and inputs for it: two signals in, a gain for every frame and three scores out."""
    layers = [
        entry("signal", 8, 2),
        entry("Offset", 8, 1),
        called("Concatenate", "signal", "Offset", name="both", axis=-1),
        called("Dense", "both", name="gain", units=1, activation="sigmoid"),
        called("SimpleRNN", "both", name="rnn", units=4, return_sequences=False, activation="tanh"),
        called("Dense", "rnn", name="scores", units=3, activation="softmax"),
    ]
    config = {"class_name": "Functional", "config": {
        "name": "net", "layers": layers,
        "input_layers": [["signal", 0, 0], ["Offset", 0, 0]],
        "output_layers": [["gain", 0, 0], ["scores", 0, 0]]}}  # fmt: skip
    rng = np.random.default_rng(1)

    def normal(*shape):
        return rng.normal(0, 0.7, shape).astype(np.float32)

    path = write(
        tmp_path / "net.h5",
        config,
        gain=[normal(3, 1), normal(1)],
        rnn=[normal(3, 4), normal(4, 4), normal(4)],
        scores=[normal(4, 3), normal(3)],
    )
    x = {"signal": rng.normal(0, 1, (20, 8, 2)), "Offset": rng.normal(0, 0.5, (20, 8, 1))}
    np.savez(tmp_path / "x.npz", **x)
    return path, x


def test_ends_keep_their_names_and_values(network, tmp_path):
    path, x = network
    made = files.convert(path, "net", tmp_path / "x.npz", None, {}, lambda what: None).network
    assert [(e.name, e.member) for e in made.input_ends] == [
        ("signal", "signal"), ("Offset", "offset")
    ]  # fmt: skip
    gain, scores = made.output_ends
    assert (gain.name, gain.tensor.shape) == ("gain", (8, 1))
    assert (scores.name, scores.tensor.shape) == ("scores", (3,))
    rows = [end.tensor.quantize(x[end.name]) for end in made.input_ends]
    found = reference.run(made, np.concatenate(rows, axis=-1))
    exact = float_outputs(path, list(x.values()))
    assert [values.shape for values in exact] == [(20, 8, 1), (20, 3)]
    np.testing.assert_allclose(gain.tensor.dequantize(found[:, :8]), exact[0][..., 0], atol=0.02)
    np.testing.assert_allclose(scores.tensor.dequantize(found[:, 8:]), exact[1], atol=0.05)


def test_float_takes_any_number_of_frames(network):
    path, x = network
    (gain, _) = float_outputs(path, [values.reshape(1, 160, -1) for values in x.values()])
    (wanted, _) = float_outputs(path, list(x.values()))
    np.testing.assert_allclose(gain.reshape(20, 8, 1), wanted, atol=1e-6)
    with pytest.raises(GhostError, match="takes 2 inputs, not 1"):
        float_outputs(path, [x["signal"]])
    with pytest.raises(GhostError, match=r"takes inputs of shape \(8, 2\), \(8, 1\), not"):
        float_outputs(path, [x["signal"], x["signal"]])


def test_the_verb_prints_a_line_for_each_end(network, tmp_path):
    path, _ = network
    words = [str(path), "-o", str(tmp_path / "n.tflite"), "--calibration", str(tmp_path / "x.npz")]
    shown = CliRunner().invoke(command, words, catch_exceptions=False).stdout
    assert "input   signal: 2 × int8, scale" in shown
    assert "input   Offset (in C offset): 1 × int8, scale" in shown
    assert "output  gain: 8 × int8, scale" in shown and "output  scores: 3 × int8" in shown
    told = json.loads(CliRunner().invoke(command, [*words, "--json"]).stdout)
    assert [end["name"] for end in told["inputs"]] == ["signal", "Offset"]
    assert [end["name"] for end in told["outputs"]] == ["gain", "scores"]
    assert read.load(tmp_path / "n.tflite").as_json()["outputs"] == told["outputs"]


def test_labels_are_of_the_only_output(network, tmp_path):
    path, _ = network
    with pytest.raises(GhostError, match='"outputs": {"gain": {"names"'):
        files.convert(path, "net", tmp_path / "x.npz", None, {"labels": ["a"]}, lambda what: None)


def test_an_onnx_file(tmp_path):
    pytest.importorskip("onnx")
    from tests.convert.onnx_file.saved import Op, network

    ops = [Op("Add", "a", "b", out=("both",)), Op("Relu", out=("up",)), Op("Tanh", "both")]
    made = network(ops, {"a": (1, 6, 2), "b": (1, 6, 2)}, outputs=("v2", "up"))
    (tmp_path / "net.onnx").write_bytes(made.SerializeToString())
    x = np.random.default_rng(5).normal(0, 1, (2, 7, 6, 2)).astype(np.float32)
    np.savez(tmp_path / "x.npz", a=x[0], b=x[1])
    network = files.convert(
        tmp_path / "net.onnx", "net", tmp_path / "x.npz", None, {}, lambda what: None
    ).network
    assert [end.name for end in network.input_ends] == ["a", "b"]
    assert [end.name for end in network.output_ends] == ["v2", "up"]
    curve, up = float_outputs(tmp_path / "net.onnx", list(x))
    np.testing.assert_allclose(curve, np.tanh(x[0] + x[1]), atol=1e-6)
    np.testing.assert_allclose(up, np.maximum(x[0] + x[1], 0), atol=1e-6)

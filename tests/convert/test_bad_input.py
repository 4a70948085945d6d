# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost convert` and input that it cannot take: one sentence, and no file."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli.convert import command
from mcu_ghost.convert import inspection
from mcu_ghost.convert.keras_config import read
from mcu_ghost.host.errors import GhostError
from tests.convert.keras_config.by_hand import called, functional, layer, sequential, write

RNG = np.random.default_rng(6)


def floats(*shape):
    return RNG.normal(0, 0.5, shape)


DENSE = floats(4, 3), floats(3)
X = floats(8, 5, 4)


def convert(path, calibration, *options):
    folder = path.parent
    np.save(folder / "x.npy", calibration)
    words = [path, "-o", folder / "out.tflite", "--calibration", folder / "x.npy", *options]
    return CliRunner().invoke(command, [*map(str, words)])


def refusal(path, calibration=X, *options):
    """Return why a file is not converted; nothing else may be left in its folder."""
    before = {*path.parent.iterdir(), path.parent / "x.npy"}
    result = convert(path, calibration, *options)
    assert isinstance(result.exception, GhostError), result.exception
    assert set(path.parent.iterdir()) == before
    message = str(result.exception)
    assert message.endswith(".") and "\n" not in message
    return message


def one(folder, config, *weights):
    return write(folder / "m.h5", sequential(config), a=weights)


LAYERS = {
    "unknown": (layer("Attention"), (), "Layer 'a' (Attention): this kind of layer is not"),
    "Lambda": (layer("Lambda", function="x"), (), "Layer 'a' (Lambda): holds code, which is never"),
    "custom": (layer("Mine>Dense"), DENSE, "Layer 'a' (Dense): is a class of 'Mine'"),
    "missing": (layer("Dense", units=3), (), "Layer 'a' (Dense): its kernel is missing"),
    "shape": (layer("Dense", units=3), (floats(5, 3), floats(3)),
              "Layer 'a' (Dense): its kernel has the shape (5, 3) in the file, not (4, 3)"),
    "nan": (layer("Dense", units=3), (np.full((4, 3), np.nan), floats(3)),
            "Layer 'a' (Dense): its kernel has NaN or infinite numbers"),
    "infinite": (layer("Dense", units=3), (floats(4, 3), np.array([0, np.inf, 0])),
                 "Layer 'a' (Dense): its bias has NaN or infinite numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(tmp_path, name):
    config, weights, message = LAYERS[name]
    assert f"m.h5: {message}" in refusal(one(tmp_path, config, *weights))


def test_a_circle(tmp_path):
    layers = called("Dropout", "b"), called("Dropout", "a", name="b")
    path = write(tmp_path / "m.h5", functional(*layers))
    assert "Layer 'a': its inputs are in a circle" in refusal(path)


def test_dynamic_frames(tmp_path):
    config = sequential(layer("Dense", units=3))
    config["config"]["layers"][0] = layer("InputLayer", "x", batch_input_shape=[None, None, 4])
    path = write(tmp_path / "m.h5", config, a=DENSE)
    assert "Input 'x': its shape (None, None, 4) has a dynamic number of" in refusal(path)


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (floats(8, 6, 4), "Calibration data must have shape (samples, 5, 4), got (8, 6, 4)."),
        (floats(8, 5), "Calibration data must have shape (samples, 5, 4), got (8, 5)."),
        (floats(0, 5, 4), "Calibration data must have shape (samples, 5, 4), got (0, 5, 4)."),
        (X * np.nan, "The calibration data hold values that are not finite."),
        (X * 0, "The calibration data are all zero, which shows no range."),
    ],
)
def test_calibration(tmp_path, calibration, message):
    assert refusal(one(tmp_path, layer("Dense", units=3), *DENSE), calibration) == message


def test_two_inputs_with_unlike_numbers_of_samples(tmp_path):
    config = functional(called("Add", "x", "y"))
    other = layer("InputLayer", "y", batch_input_shape=[None, 5, 4])
    config["config"]["layers"].insert(1, {**other, "name": "y", "inbound_nodes": []})
    config["config"]["input_layers"].append(["y", 0, 0])
    path = write(tmp_path / "m.h5", config)
    np.savez(tmp_path / "x.npz", x=X, y=X[:3])
    words = [path, "-o", tmp_path / "out.tflite", "--calibration", tmp_path / "x.npz"]
    result = CliRunner().invoke(command, [*map(str, words)])
    wanted = "The calibration data have unlike numbers of samples: x: 8, y: 3."
    assert str(result.exception) == wanted and not (tmp_path / "out.tflite").exists()


def test_no_calibration_says_what_helps(tmp_path):
    """Only what mcu_ghost.layers takes can be trained on by it."""
    gru = floats(4, 6), floats(2, 6), floats(2, 6)
    told = {}
    for kind, weights in (("GRU", gru), ("Rescaling", ())):
        path = one(tmp_path, layer(kind, units=2, reset_after=True, scale=2.0), *weights)
        result = CliRunner().invoke(command, [str(path), "-o", str(tmp_path / "out.tflite")])
        told[kind] = str(result.exception)
    assert told["Rescaling"].endswith("give calibration data (representative inputs).")
    assert "or train on after mcu_ghost.layers.quantize_model." in told["GRU"]


def test_weights_in_half_precision_are_what_they_are(tmp_path):
    halves = [np.float16(weight) for weight in DENSE]
    path = one(tmp_path, layer("Dense", units=3), *halves)
    (node,) = read(path).nodes
    assert node.kernel.dtype == np.float32 and np.array_equal(node.kernel, halves[0])
    assert convert(path, X).exit_code == 0 and (tmp_path / "out.tflite").exists()


def test_plans(tmp_path):
    gru = layer("GRU", units=2, reset_after=True, return_sequences=True)
    path = one(tmp_path, gru, floats(4, 6), floats(2, 6), floats(2, 6))
    assert "plan    a stream" in convert(path, X).stdout
    assert "plan    windows of 5 frames" in convert(path, X, "--plan", "window").stdout
    (tmp_path / "out.tflite").unlink()
    gru["config"]["stateful"] = True
    path = one(tmp_path, gru, floats(4, 6), floats(2, 6), floats(2, 6))
    message = refusal(path, X, "--plan", "window")
    assert "layer 'a' (GRU) is stateful, but windows were asked for, and" in message
    path = one(tmp_path, layer("GlobalAveragePooling1D"))
    assert "plan    windows of 5 frames" in convert(path, X).stdout
    (tmp_path / "out.tflite").unlink()
    assert "Model 'net': it can be no stream: " in refusal(path, X, "--plan", "stream")


def stateful(name="a", **config):
    return layer("GRU", name, **{"units": 2, "reset_after": True, "stateful": True, **config})


BACK = {"go_backwards": True, "return_sequences": True, "stateful": False}
FORGETTING = {
    "behind": ([stateful("g", **BACK), stateful()],
               "layer 'a' (GRU) is stateful, but it runs when a whole sequence of 5 frames is"),
    "pooled": ([stateful(return_sequences=True), layer("GlobalAveragePooling1D", "p")],
               "layer 'a' (GRU) is stateful, but layer 'p' (GlobalAveragePooling1D) needs a whole"),
    "decoder": ([layer("GlobalMaxPooling1D", "p"), layer("RepeatVector", "r", n=3), stateful()],
                "layer 'a' (GRU) is stateful, but it runs when a whole sequence of 3 frames is"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGETTING)
def test_a_state_that_a_window_forgets(tmp_path, name):
    layers, message = FORGETTING[name]
    inputs = 2 if name == "behind" else 4
    own = floats(inputs, 6), floats(2, 6), floats(2, 6)
    first = {"g": (floats(4, 6), *own[1:])} if name == "behind" else {}
    path = write(tmp_path / "m.h5", sequential(*layers), a=own, **first)
    said = refusal(path)
    assert said.startswith(f"Model 'net': {message}")
    assert inspection.inspect(path, print).refused == said


CHECK = """
import sys, time
from mcu_ghost.cli.convert import command
for path in sys.argv[2:]:
    words = [path, "-o", path + ".tflite", "--calibration", sys.argv[1]]
    command(words, standalone_mode=False)
print(time.process_time())
print([name for name in ("tensorflow", "keras", "tf_keras", "torch") if name in sys.modules])
"""


def _keras(folder):
    import h5py

    with h5py.File(folder / "model.weights.h5", "w") as file:
        for i, array in enumerate(DENSE):
            file[f"layers/dense/vars/{i}"] = array
    with zipfile.ZipFile(folder / "m.keras", "w") as archive:
        import json

        archive.writestr("metadata.json", '{"keras_version": "3.5.0"}')
        archive.writestr("config.json", json.dumps(sequential(layer("Dense", units=3))))
        archive.write(folder / "model.weights.h5", "model.weights.h5")
    return folder / "m.keras"


def _onnx(folder):
    pytest.importorskip("onnx")
    from tests.convert.onnx_file.saved import Op, array, network, saved

    return saved(network([Op("MatMul", "_", array(4, 3))], (1, 5, 4)), folder)


FILES = {
    "h5": lambda folder: one(folder, layer("Dense", units=3), *DENSE),
    "keras": _keras,
    "onnx": _onnx,
}


def test_it_is_quick_and_needs_no_framework(tmp_path):
    np.save(tmp_path / "x.npy", X)
    words = [tmp_path / "x.npy", *(made(tmp_path) for made in FILES.values())]
    done = subprocess.run([sys.executable, "-c", CHECK, *map(str, words)],
                          capture_output=True, text=True, check=True)  # fmt: skip
    *_, seconds, loaded = done.stdout.splitlines()
    assert float(seconds) < 6 and loaded == "[]"  # 1.5 s of processor time where nothing else runs

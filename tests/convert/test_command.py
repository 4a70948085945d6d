# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost convert` and the models it reads."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from mcu_ghost.cli.convert import command
from mcu_ghost.host.errors import GhostError


def test_without_tensorflow_it_says_what_to_install():
    script = (
        "import sys\n"
        "sys.modules['tensorflow'] = None\n"
        "from mcu_ghost.host.errors import GhostError\n"
        "try:\n"
        "    from mcu_ghost.convert import convert\n"
        "except GhostError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == (
        "Training and conversion need TensorFlow, tf-keras and tensorflow-model-optimization "
        "(tensorflow is missing): pip install 'mcu-ghost[train]'\n"
    )


def test_the_command_itself_imports_no_tensorflow():
    script = "import sys, mcu_ghost.cli.convert as c; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


NETWORK = {  # of one input, and nothing else
    "class_name": "Sequential",
    "config": {"name": "net", "layers": [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4, 2], "name": "x"}},
        {"class_name": "ReLU", "config": {"name": "relu"}},
    ]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metadata", "none.json"], "none.json: there is no such file."),
        (["--metadata", "bad.json"], "bad.json: not JSON (Expecting value: line 1 column 1"),
        (["--metadata", "list.json"], "list.json: must hold a JSON object."),
        (["--calibration", "none.npy"], "none.npy: there is no such file."),
        (["--calibration", "bad.json"], "bad.json: not a NumPy .npy array ("),
    ],
)
def test_wrong_side_files(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("no")
    (tmp_path / "list.json").write_text("[]")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(NETWORK)
        file.create_group("model_weights").attrs["layer_names"] = []
    result = CliRunner().invoke(command, ["m.h5", "-o", "m.tflite", *arguments])
    assert isinstance(result.exception, GhostError)
    assert str(result.exception).startswith(message)


@pytest.mark.train
def test_files_to_tflite(tmp_path):
    keras = pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
    from mcu_ghost.layers import GhostGRU, quantize_model, save
    from mcu_ghost.network.tflite import read

    model = keras.Sequential(
        [keras.layers.Input((12, 5)), GhostGRU(8), keras.layers.Dense(3, activation="softmax")]
    )
    X = np.random.default_rng(1).normal(0, 1, (9, 12, 5))
    out = tmp_path / "out.tflite"
    save(quantize_model(model, (-4, 4), X), tmp_path / "model.ghost")
    (tmp_path / "meta.json").write_text('{"labels": ["a", "b", "c"]}')
    arguments = [tmp_path / "model.ghost", "-o", out, "--metadata", tmp_path / "meta.json"]
    result = CliRunner().invoke(command, [*map(str, arguments), "--json"], catch_exceptions=False)
    told = json.loads(result.stdout)
    each = 3 * 4 * 5 + 3 * 4 * 8 + 4 * 4
    assert [[row[key] for key in ("kind", "became", "macs")] for row in told.pop("rows")] == [
        ["GhostGRU", "GhostGRU 8/2", 12 * each],
        ["Dense", "FULLY_CONNECTED, SOFTMAX", 8 * 3],
    ]
    assert told == {
        "path": str(out),
        "name": "out",
        "bytes": out.stat().st_size,
        "frames": 12,
        "inputs": 5,
        "outputs": 3,
        "layers": [{"units": 8, "ratio": 2}],
        "macs_per_frame": 3 * 4 * 5 + 3 * 4 * 8 + 4 * 4,
        "head_per_frame": False,
        **read.load(out).as_json(),
        "plan": "window",
        "macs": 12 * each + 8 * 3,
        "macs_per": "window",
        "first_answer": 11,
        "period": 12,
        "state_bytes": 20,
        "scratch_bytes": 8,
        "least_scratch_bytes": 8,
        "notes": [],
        "clipped": [],
        "fidelity": None,
    }
    made = read.load(out)
    assert made.labels == ["a", "b", "c"] and made.window == 12 and not made.input.named

    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", X)
    arguments = [tmp_path / "model.keras", "-o", out, "--calibration", tmp_path / "x.npy"]
    result = CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)
    assert "12 frames of 5 → 3" in result.stdout and "GhostGRU 8/2" in result.stdout
    assert "plan    windows of 12 frames, each from the zero state" in result.stdout
    assert f"scale {read.load(out).tensors[0].scale:.6g}, zero point" in result.stdout
    assert "error" not in result.stderr
    assert "loading TensorFlow" not in result.stderr
    assert "int8 against float on 9 calibration samples: " in result.stdout + result.stderr

    (tmp_path / "meta.json").write_text('{"inputs": {"names": ["no"], "units": "m"}}')
    named = [*arguments, "--metadata", tmp_path / "meta.json", "--channels", "a,b, c,d,e"]
    named += ["--labels", "still,walk,run", "--output-units", "%,h,"]
    result = CliRunner().invoke(command, [*map(str, named), "--json"], catch_exceptions=False)
    told = json.loads(result.stdout)
    assert told["input"]["names"] == ["a", "b", "c", "d", "e"]
    assert told["input"]["units"] == ["m"] * 5 and told["output"]["units"] == ["%", "h", ""]
    assert told["output"]["names"] == read.load(out).labels == ["still", "walk", "run"]
    result = CliRunner().invoke(command, [*map(str, arguments), "--channels", "ax,ay"])
    wanted = "The metadata has 2 names of inputs, but the network has 5 inputs."
    assert str(result.exception) == wanted

    (tmp_path / "bad.keras").write_text("no model")
    for name, message in [
        ("none.keras", "there is no such file."),
        ("bad.keras", "cannot be read ("),
    ]:
        result = CliRunner().invoke(command, [str(tmp_path / name), "-o", str(out)])
        assert str(result.exception).startswith(f"{tmp_path / name}: {message}")

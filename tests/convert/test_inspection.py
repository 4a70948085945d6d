# SPDX-License-Identifier: Apache-2.0
"""Each layer that is refused is said with its reason; the others are shown all the same."""

import json
import zipfile

import flatbuffers
import numpy as np
import pytest
import tflite
from click.testing import CliRunner

from mcu_ghost.cli.inspect import command
from mcu_ghost.convert import inspection
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import random_model
from mcu_ghost.network.tflite import write as tflite_file
from tests.convert.keras_config.by_hand import called, functional, layer, sequential, write

RNG = np.random.default_rng(4)


def floats(*shape):
    return RNG.normal(0, 0.5, shape)


DENSE = floats(4, 3), floats(3)


def inspected(path):
    return inspection.inspect(path, lambda what: None)


def test_every_layer_that_is_refused(tmp_path):
    path = write(
        tmp_path / "m.h5",
        sequential(
            layer("Dense", units=3),
            layer("Lambda", "code", function="x"),
            layer("Dropout", "drop"),
            layer("Attention", "attention"),
            layer("Mine>Dense", "own"),
            layer("Dense", "last", units=2),
        ),
        a=DENSE,
        last=(floats(3, 2), floats(2)),
    )
    found = inspected(path)
    assert found.fails and found.network is None and not found.refused
    assert [(row.layer, row.became) for row in found.rows] == [
        ("a", "FULLY_CONNECTED"),
        ("code", "refused"),
        ("drop", "behind what is refused"),
        ("attention", "refused"),
        ("own", "refused"),
        ("last", "behind what is refused"),
    ]
    whys = [row.refused for row in found.rows if row.refused]
    assert [why.split(":")[0] for why in whys] == [
        "Layer 'code' (Lambda)", "Layer 'attention' (Attention)", "Layer 'own' (Dense)"
    ]  # fmt: skip
    assert all(why.endswith(".") and "; " in why for why in whys)


def test_branches_beside_what_is_refused(tmp_path):
    left = called("Lambda", "x", name="left", function="x")
    right = called("Dense", "x", name="right", units=3)
    path = write(tmp_path / "m.h5", functional(left, right, called("Add", "left", "right")),
                 right=DENSE)  # fmt: skip
    rows = {row.layer: row.became for row in inspected(path).rows}
    assert rows == {"left": "refused", "right": "FULLY_CONNECTED", "a": "behind what is refused"}


def test_a_file_that_says_shapes_goes_on_behind(tmp_path):
    config = sequential(
        layer("Lambda", "code", function="x"),
        {**layer("Dense", "d", units=3), "build_config": {"input_shape": [None, 5, 4]}},
        layer("Softmax", "soft"),
    )
    import h5py

    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        for i, array in enumerate(DENSE):
            file[f"layers/dense/vars/{i}"] = array
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
    rows = inspected(path).rows
    assert [(row.became, row.shape) for row in rows] == [
        ("refused", None), ("FULLY_CONNECTED", (5, 3)), ("SOFTMAX", (5, 3))
    ]  # fmt: skip


def test_weights_that_are_no_numbers_in_two_layers(tmp_path):
    bad = np.full((4, 3), np.nan), floats(3)
    worse = floats(3, 2), np.array([np.inf, 0])
    layers = sequential(layer("Dense", units=3), layer("Dense", "b", units=2))
    path = write(tmp_path / "m.h5", layers, a=bad, b=worse)
    said = [row.refused for row in inspected(path).rows]
    assert said[0].startswith("Layer 'a' (Dense): its kernel has NaN or infinite numbers; ")
    assert said[1].startswith("Layer 'b' (Dense): its bias has NaN or infinite numbers; ")


def test_what_no_operator_can_do_in_two_layers(tmp_path):
    weights = floats(4, 6), floats(2, 6), floats(2, 6)
    gru = {"units": 2, "reset_after": True, "return_sequences": True}
    gates = {"recurrent_activation": {"class_name": "Mine", "config": {}}}
    path = write(
        tmp_path / "m.h5",
        sequential(layer("GRU", **gru), layer("GRU", "b", **gru, **gates)),
        a=weights,
        b=(floats(2, 6), *weights[1:]),
    )
    assert [bool(row.refused) for row in inspected(path).rows] == [False, True]


def test_onnx_nodes(tmp_path):
    pytest.importorskip("onnx")
    from tests.convert.onnx_file.saved import Op, array, network, saved

    ops = [Op("MatMul", "_", array(4, 3)), Op("Det"), Op("Relu"), Op("Erf")]
    found = inspected(saved(network(ops), tmp_path))
    assert [(row.layer, row.kind, row.became) for row in found.rows] == [
        ("n0", "MatMul", "FULLY_CONNECTED"),
        ("n1", "Det", "refused"),
        ("n2", "Relu", "behind what is refused"),
        ("n3", "Erf", "refused"),
    ]
    assert "Node 'n3' (Erf): this operator is not supported" in found.rows[3].refused


def test_unknown_operators_of_a_tflite(tmp_path):
    path = tmp_path / "m.tflite"
    tflite_file.write(random_model.random_model(3, units=8, ratio=2, inputs=5, classes=3), path)
    path.write_bytes(path.read_bytes().replace(b"GhostGRU", b"GhostXYZ"))
    found = inspected(path)
    assert found.network is None and found.rows[0].kind == "GhostXYZ"
    assert f"{path}: operator GhostXYZ is not supported" in found.rows[0].refused
    assert not any(row.refused for row in found.rows[1:])
    path.write_bytes(b"\0\0\0\0TFL3" + bytes(40))
    with pytest.raises(GhostError, match="schema version|damaged"):
        inspected(path)


def test_a_tflite_whose_operators_are_known_and_wrong(tmp_path):
    path = tmp_path / "m.tflite"
    model = random_model.random_model(3, units=8, ratio=2, inputs=5, classes=3)
    tflite_file.write(model, path)
    data = bytearray(path.read_bytes())
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    tensor = graph.Tensors(graph.Inputs(0))
    place = tensor._tab.Pos + tensor._tab.Offset(6)
    flatbuffers.encode.Write(flatbuffers.packer.int8, data, place, tflite.TensorType.FLOAT32)
    path.write_bytes(data)
    found = inspected(path)
    assert "is float32, not int8" in found.refused and found.fails
    assert [row.kind for row in found.rows][0] == "GhostGRU"


def run(path, *options):
    return CliRunner().invoke(command, [str(path), *options])


def test_the_command(tmp_path):
    path = write(tmp_path / "m.h5", sequential(layer("Dense", units=3)), a=DENSE)
    result = run(path, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["rows"][0]["became"] == "FULLY_CONNECTED" and told["plan"] == "stream"
    assert told["frames"] == 5 and told["macs"] == 12 and "input" not in told
    result = run(path)
    assert "FULLY_CONNECTED" in result.stdout and "one answer for each input" in result.stdout

    path = write(tmp_path / "bad.h5", sequential(layer("Attention")), a=())
    result = run(path, "--json")
    assert result.exit_code == 1
    assert "this kind of layer is not supported" in json.loads(result.stdout)["rows"][0]["refused"]
    result = run(path)
    assert result.exit_code == 1 and "Layer 'a' (Attention): " in result.stdout


@pytest.mark.train
def test_files_that_only_keras_reads(tmp_path):
    keras = pytest.importorskip("tf_keras", reason="pip install 'mcu-ghost[train]'")
    from mcu_ghost.layers import GhostGRU, quantize_model, save

    model = keras.Sequential(
        [keras.layers.Input((12, 5)), GhostGRU(8), keras.layers.Dropout(0.5), keras.layers.Dense(3)]
    )
    save(quantize_model(model, (-4, 4), RNG.normal(0, 1, (9, 12, 5))), tmp_path / "q.ghost")
    save(model, tmp_path / "f.ghost")
    model.save(tmp_path / "saved")
    told = {}
    for name in ("q.ghost", "f.ghost", "saved"):
        found = inspected(tmp_path / name)
        told[name] = [(row.kind, row.became, row.shape) for row in found.rows]
        assert found.quantised == (name == "q.ghost") and found.network.window == 12
    wanted = [
        ("GhostGRU", "GhostGRU 8/2", (8,)),
        ("Dropout", "dropped", (8,)),
        ("Dense", "FULLY_CONNECTED", (3,)),
    ]
    assert told == dict.fromkeys(told, wanted)

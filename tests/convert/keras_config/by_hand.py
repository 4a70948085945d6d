# SPDX-License-Identifier: Apache-2.0
"""Writes files by hand: as both libraries do, or with mistakes that they would not make."""

import io
import json
import zipfile

import h5py

INPUT = {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, 5, 4]}}


def layer(kind, name="a", **config):
    return {"class_name": kind, "config": {"name": name, **config}}


def write(path, config, **weights):
    """Write a `.h5` file as tf_keras does."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights")
        for name, arrays in weights.items():
            own = group.create_group(name)
            own.attrs["weight_names"] = [f"{name}/{i}:0" for i in range(len(arrays))]
            for i, array in enumerate(arrays):
                own[f"{name}/{i}:0"] = array
    return path


def write_keras(path, config, **weights):
    """Write a `.keras` file as Keras 3 does, of one layer with weights."""
    arrays = io.BytesIO()
    with h5py.File(arrays, "w") as file:
        for name, own in weights.items():
            (kind,) = (e["class_name"] for e in config["config"]["layers"]
                       if e["config"]["name"] == name)  # fmt: skip
            for i, array in enumerate(own):
                file[f"layers/{kind.rpartition('>')[2].lower()}/vars/{i}"] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.5.0"}')
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", arrays.getvalue())
    return path


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [INPUT, *layers]}}


def functional(*layers, output=("a", 0, 0)):
    given = [{**INPUT, "name": "x", "inbound_nodes": []}, *layers]
    return {"class_name": "Functional", "config": {
        "name": "net", "layers": given, "input_layers": [["x", 0, 0]],
        "output_layers": [list(output)]}}  # fmt: skip


def called(kind, *sources, name="a", **config):
    nodes = [[[source, 0, 0, {}] for source in sources]]
    return {**layer(kind, name, **config), "name": name, "inbound_nodes": nodes}

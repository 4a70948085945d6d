# SPDX-License-Identifier: Apache-2.0
"""Model files, told apart by what is in them: which reader takes which."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from mcu_ghost.convert import quantise
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.lower.lowering import Range
from mcu_ghost.convert.nodes import Reals
from mcu_ghost.convert.quantise import Conversion, Tell
from mcu_ghost.host import arrays
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.quiet import quiet
from mcu_ghost.network import about, foreign

_WRAPPER = "QuantizeWrapper"  # of tfmot, around each layer of a quantised model


def convert(
    path: Path,
    name: str,
    calibration: Path | None,
    input_range: Range | None,
    metadata: dict[str, Any],
    tell: Tell,
) -> Conversion:
    """Convert a model file.

    Args:
        path: The model.
        name: Of the network, where the metadata has none.
        calibration: `.npy`, `.npz` or CSV of representative float inputs.
        input_range: Of the inputs; taken from them if left out.
        metadata: JSON entries for the `.tflite`.
        tell: Called with what is being done.

    Raises:
        GhostError: A file cannot be read, or the network fits no int8 operators.
    """
    foreign.refuse(path)
    tell(f"reading {path}")
    graph = read(path)
    if graph is not None:
        given = None if calibration is None else inputs(graph, calibration)
        made = quantise.quantise(graph, name, given, input_range, metadata, tell)
    else:
        with quiet():  # importing TensorFlow is loud
            tell("loading TensorFlow")
            from mcu_ghost.convert.keras_file import load_model
            from mcu_ghost.convert.keras_model import conversion

            loaded = load_model(path)
            names = [tensor.node.layer.name for tensor in getattr(loaded, "inputs", None) or ()]
            data = None if calibration is None else _arrays(names, calibration)
            made = conversion(loaded, name, data, input_range, metadata, tell)
    if about.plan(metadata) == "window" and made.network.window is None:
        raise GhostError(
            f"{path}: it can have no windows: a sequence has one frame, or a layer keeps its state"
            " from one to the next; leave the plan out."
        )
    return made


def read(path: Path, go_on: bool = False) -> FloatGraph | None:
    """Return the network of a file in float, without TensorFlow.

    None is for what only Keras can read: a model by `mcu_ghost.layers.save`, one under
    quantisation-aware training, whose ranges tfmot's own layers hold, or a SavedModel.

    Args:
        path: The file.
        go_on: Whether layers that cannot be read are only noted where the reader can do that.

    Raises:
        GhostError: It is no model file, or it holds what cannot be converted.
    """
    if path.is_dir() or _needs_keras(path):
        return None
    if foreign.is_onnx(path):
        from mcu_ghost.convert import onnx_file

        return onnx_file.read(path, go_on)
    from mcu_ghost.convert import keras_config

    return keras_config.read(path, go_on)


def _needs_keras(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if "config.json" not in archive.namelist():
                return True
            return _WRAPPER.encode() in archive.read("config.json")
    try:
        import h5py
    except ImportError as error:
        raise GhostError(
            "Reading Keras' files takes h5py: `pip install 'mcu-ghost[convert]'`."
        ) from error
    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        config = file.attrs.get("model_config", "")
    return _WRAPPER in (config.decode() if isinstance(config, bytes) else str(config))


def inputs(graph: FloatGraph, path: Path) -> dict[str, Reals]:
    """Read calibration data for a network: of several inputs an array each, by their names.

    Raises:
        GhostError: The file cannot be read, or lacks an input.
    """
    return _arrays([entry.name for entry in graph.inputs], path)


def _arrays(names: list[str], path: Path) -> dict[str, Reals]:
    if len(names) == 1:
        return {names[0]: arrays.read(path, (*arrays.X_NAMES, names[0]))}
    return arrays.read_all(path, names)

# SPDX-License-Identifier: Apache-2.0
"""Reads a saved Keras model, `.keras` or `.h5`, of Keras 3 or tf_keras, without any of them.

Only its configuration (JSON) and its arrays are read: nothing in a file is ever run.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from mcu_ghost.convert.graph import MALFORMED, FloatGraph, Input
from mcu_ghost.convert.keras_config.layer import Builder, Value
from mcu_ghost.convert.keras_config.topology import MODELS, Model, checked_shape
from mcu_ghost.convert.keras_config.weights import ByName, ByPlace, Config, Weights, class_name
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

__all__ = ["read"]

_LARGEST = 1 << 30  # bytes of a member of an archive


def read(path: str | Path, go_on: bool = False) -> FloatGraph:
    """Return the network of a `.keras` or `.h5` file.

    Args:
        path: The file.
        go_on: Whether layers that cannot be read are only noted in the graph's list of layers; it
            then has holes.

    Raises:
        GhostError: The file cannot be read, or has something in it that no node expresses; says
            which layer.
    """
    path = Path(path)
    try:
        with _opened(path) as (config, weights, version):
            builder = Builder(3 if version.startswith("3") else 2, go_on)
            return _graph(path, config, weights, builder)
    except GhostError as error:
        raise GhostError(f"{path}: {error}") from error
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error}); save the model again.") from error
    except (*MALFORMED, RuntimeError, zipfile.BadZipFile) as error:
        # A configuration of a form that neither Keras writes.
        raise GhostError(
            f"{path}: is damaged, or no model that Keras 3 or tf_keras saved"
            f" ({type(error).__name__}: {error}); save it again with model.save."
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Config, Weights, str]]:
    """Yield a file's configuration, weights and the version of Keras that wrote it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            version = json.loads(_member(archive, "metadata.json")).get("keras_version", "3")
            config = json.loads(_member(archive, "config.json"))
            with h5py.File(io.BytesIO(_member(archive, "model.weights.h5")), "r") as file:
                yield config, ByPlace(file), str(version)
        return
    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise GhostError("holds weights and no model; save it with model.save.")
        version = str(_text(file.attrs.get("keras_version", "2")))
        weights = ByName.of_file(file["model_weights"])
        yield json.loads(_text(file.attrs["model_config"])), weights, version


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > _LARGEST:
        raise GhostError(
            f"its {name} unpacks to {text.size(size)}, at most {text.size(_LARGEST)} are read;"
            " save a smaller network."
        )
    return archive.read(name)


def _text(given: Any) -> Any:
    return given.decode() if isinstance(given, bytes) else given


def _graph(path: Path, config: Config, weights: Weights, builder: Builder) -> FloatGraph:
    if class_name(config) not in MODELS:
        raise GhostError(
            f"is a model of the class {class_name(config)}, whose code no file holds; build it as"
            " a Sequential or functional model."
        )
    model = Model(config, weights, builder)
    inputs = [Input(builder.name(n), checked_shape(n, shape)) for n, shape in model.inputs]
    outputs = model.run([Value(entry.name, entry.shape) for entry in inputs])
    name = str(model.config.get("name", path.stem))
    made_by = {node.output: node.name for node in builder.nodes}
    values = _outputs(outputs, builder)
    graph = FloatGraph(
        name,
        (*inputs, *builder.standing_in),
        tuple(builder.nodes),
        values,
        output_names=tuple(made_by.get(value, value) for value in values),
        layers=tuple(builder.layers),
        folded=builder.masking,
        of_tf_keras=builder.keras == 2,
    )
    return graph if builder.go_on else graph.checked()


def _outputs(outputs: list[Value], builder: Builder) -> tuple[str, ...]:
    """Return the names of the outputs; in a graph with holes, of all that nothing reads."""
    if not builder.go_on:
        return tuple(value.name for value in outputs)
    read_by_others = {name for node in builder.nodes for name in node.inputs}
    ends = [node.output for node in builder.nodes if node.output not in read_by_others]
    known = [value.name for value in outputs if not value.unknown]
    return tuple(dict.fromkeys([*ends, *known]))

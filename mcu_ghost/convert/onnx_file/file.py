# SPDX-License-Identifier: Apache-2.0
"""Loads a file by the package onnx and checks what is said of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcu_ghost.convert.onnx_file.value import Array
from mcu_ghost.host.errors import GhostError

CAST = "export the network in float32 (in PyTorch: model.float())"
"""What to do about other numbers."""

OLDEST, NEWEST = 13, 25
"""Versions of onnx' operators that are known."""


def load(path: Path) -> Any:
    """Return the model of a file, with local functions in the places of their calls.

    Raises:
        GhostError: onnx is not installed, or the file is none of a network that can be read.
    """
    try:
        import onnx
        from onnx import inliner
    except ImportError as error:
        raise GhostError(
            "reading an .onnx file needs the package onnx: pip install 'mcu-ghost[convert]'."
        ) from error
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(str(path), load_external_data=False)
    except DecodeError as error:
        raise GhostError("is damaged, or no ONNX file at all; export the network again.") from error
    if not model.graph.node and not model.graph.output:
        raise GhostError("has no network in it; export the network again.")
    _check_external(path, model)
    onnx.load_external_data_for_model(model, str(path.parent))
    return inliner.inline_local_functions(model) if model.functions else model


def _check_external(path: Path, model: Any) -> None:
    """Refuse weights in other files than those beside this one."""
    from onnx import TensorProto

    for tensor in tensors(model.graph):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        place = next((e.value for e in tensor.external_data if e.key == "location"), "")
        if not place or Path(place).name != place or not (path.parent / place).is_file():
            raise GhostError(
                f"Initialiser '{tensor.name}': its numbers are in another file, {place!r}, which"
                " is not beside this one; put it there, or export with external_data=False."
            )


def tensors(graph: Any) -> Iterator[Any]:
    """Yield all constants that a graph holds."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def opset(model: Any) -> int:
    """Return the version of onnx' operators in a file.

    Raises:
        GhostError: It is not known.
    """
    version = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    if not OLDEST <= version <= NEWEST:
        raise GhostError(
            f"is of opset {version}, and versions {OLDEST} to {NEWEST} are known; export it with"
            f" opset_version={18 if version < OLDEST else NEWEST}."
        )
    return int(version)


def initialisers(graph: Any) -> dict[str, Array]:
    """Return the constants by name.

    Raises:
        GhostError: One is sparse or incomplete.
    """
    if graph.sparse_initializer:
        raise GhostError(
            f"Initialiser '{graph.sparse_initializer[0].values.name}': is sparse, which is not"
            " supported; export it dense."
        )
    return {tensor.name: array(tensor) for tensor in graph.initializer}


def array(tensor: Any) -> Array:
    """Return a constant's numbers."""
    from onnx import numpy_helper

    try:
        return numpy_helper.to_array(tensor)
    except ValueError as error:
        raise GhostError(
            f"Initialiser '{tensor.name}': its numbers are incomplete ({error}); export again."
        ) from error

# SPDX-License-Identifier: Apache-2.0
"""Reads an int8 `.tflite` with fused recurrent operators, trusting nothing in the file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import tflite

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network import ops
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.names import identifier
from mcu_ghost.network.ops import last_frame, variables
from mcu_ghost.network.ops.operator import Recurrent
from mcu_ghost.network.tflite.tables import MAX_BYTES, MAX_SIZE, Tables


def load(path: Path | str) -> Model:
    """Read a `.tflite` file.

    Raises:
        GhostError: The file cannot be read, or `parse` refuses it.
    """
    path = Path(path)
    data = files.read_file(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise GhostError(f"{path}: larger than {MAX_BYTES >> 20} MiB, not a microcontroller model.")
    return parse(data, str(path), path.stem)


def parse(data: bytes, where: str, name: str = "model") -> Model:
    """Parse the bytes of a `.tflite`.

    Args:
        data: The file.
        where: What error messages call it.
        name: The model's name where its metadata has none.

    Raises:
        GhostError: Not a TFLite file, damaged, or not a network this package can build.
    """
    if len(data) < 16 or data[4:8] != b"TFL3":
        raise GhostError(f"{where}: not a TensorFlow Lite file (no TFL3 mark).")
    try:
        return _model(Tables(data, where), name)
    except (struct.error, ValueError, TypeError, IndexError, OverflowError, MemoryError) as error:
        raise GhostError(f"{where}: damaged TensorFlow Lite file ({error}).") from error


def operators(path: Path) -> list[tuple[str, str, str]]:
    """Return what a file's operators write, what they are called, and why one cannot be built.

    Raises:
        GhostError: The file is damaged.
    """
    where = str(path)
    try:
        file = Tables(files.read_file(path, MAX_BYTES + 1), where)
        return [_described(file, op) for op in _operators(file)]
    except (struct.error, ValueError, TypeError, IndexError, OverflowError, MemoryError) as error:
        raise GhostError(f"{where}: damaged TensorFlow Lite file ({error}).") from error


def _described(file: Tables, op: Any) -> tuple[str, str, str]:
    name = file.tensor_name(op.Outputs(0)) if op.OutputsLength() else ""
    kind = file.code(op)[1]
    try:
        ops.known(file, op)
    except GhostError as error:
        return name, kind, str(error)
    return name, kind, ""


def _operators(file: Tables) -> list[Any]:
    return [file.graph.Operators(i) for i in range(file.count(file.graph.OperatorsLength()))]


def _model(file: Tables, name: str) -> Model:
    operators = _operators(file)
    for op in operators:
        ops.known(file, op)
    graph = file.graph
    calls = sum(file.code(op)[0] == tflite.BuiltinOperator.CALL_ONCE for op in operators)
    if file.root.SubgraphsLength() > 1 + calls:
        raise file.error(f"must have one subgraph, has {file.root.SubgraphsLength()}")
    inputs, outputs = file.count(graph.InputsLength()), file.count(graph.OutputsLength())
    if not inputs or not outputs or not operators:
        raise file.error("must have an input, an output and an operator")
    sources = tuple(file.activation(graph.Inputs(i), unsigned=True) for i in range(inputs))
    built = tuple(made for op in operators for made in ops.read(file, op))
    targets = tuple(file.read(graph.Outputs(i)) for i in range(outputs))
    built = last_frame.without_slices(file.tensors, built, targets)
    built = variables.finish(file, built, targets)
    if file.variables and any(isinstance(op, Recurrent) for op in built):
        raise file.error("variables beside recurrent operators are not supported")
    metadata = file.metadata()
    network = Graph(tuple(file.tensors), sources, targets, built)
    model = Model(identifier(metadata.get("name", name)), network, metadata)
    try:
        model.validate_metadata()
    except ValueError as error:
        raise file.error(f"the mcu_ghost metadata {error}") from error
    except GhostError as error:
        raise file.error(str(error)) from error
    _validate_sizes(file, model)
    if same := set(model.inputs) & set(model.outputs):
        raise file.error(
            f"its output '{model.tensors[min(same)].name}' is an input as it is: leave it out"
        )
    return model


def _validate_sizes(file: Tables, model: Model) -> None:
    """Refuse what is too large for a frame, and a state that a head would keep."""
    for i in (*model.inputs, *(i for step in model.body for i in step.op.inputs), *model.outputs):
        if not 0 < model.tensors[i].size <= MAX_SIZE:
            values = count(model.tensors[i].size, "value")
            raise file.error(
                f"tensor '{model.tensors[i].name}' has {values} a frame, at most {MAX_SIZE}"
            )
    if any(s.op.variables and not isinstance(s.op, Recurrent) for s in model.head):
        raise file.error("an operator behind the last recurrent one keeps a state")

# SPDX-License-Identifier: Apache-2.0
"""Reads an int8 `.tflite` with fused recurrent operators, trusting nothing in the file."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

from mcu_ghost.host import files
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about, ops
from mcu_ghost.network.model import Model
from mcu_ghost.network.names import identifier
from mcu_ghost.network.ops.operator import Operator, Recurrent
from mcu_ghost.network.tensor import Tensor
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


def parse_layers(data: bytes, where: str) -> tuple[tuple[Tensor, ...], tuple[Operator, ...]]:
    """Parse a `.tflite` of ordinary layers over one frame, with no recurrent operator.

    Args:
        data: The file.
        where: What error messages call it.

    Returns:
        The tensors, the input first, and the operators in order.

    Raises:
        GhostError: An operator or a tensor that this package cannot build.
    """
    file = Tables(data, where)
    x = file.graph.Inputs(0)
    file.activation(x, math.prod(file.shape(x)))
    read = [ops.read(file, op) for op in _operators(file)]
    return tuple(file.tensors), tuple(op for op in read if op is not None)


def _operators(file: Tables) -> list[Any]:
    return [file.graph.Operators(i) for i in range(file.count(file.graph.OperatorsLength()))]


def _model(file: Tables, name: str) -> Model:
    operators = _operators(file)
    for op in operators:
        ops.known(file, op)
    first = next((op for op in operators if _recurrent(file, op)), None)
    if first is None:
        raise file.error(
            "no GhostGRU operator inside; TensorFlow Lite unrolls recurrent layers, so convert "
            "the Keras model with mcu-ghost"
        )
    file.frames = _frames(file, first)
    graph = file.graph
    if file.count(graph.InputsLength()) != 1 or file.count(graph.OutputsLength()) != 1:
        raise file.error("one input and one output are supported")
    x = graph.Inputs(0)
    elements = math.prod(file.shape(x))
    if elements % file.frames:
        raise file.error(f"{file.label(x)} does not divide into {file.frames} frames")
    inputs = (file.activation(x, elements // file.frames),)
    built = [made for op in operators if (made := ops.read(file, op)) is not None]
    output = file.read(graph.Outputs(0))
    layers = [op for op in built if isinstance(op, Recurrent)]
    if not all(layer.return_sequences for layer in layers[:-1]):
        raise file.error("only the last GhostGRU may have return_sequences=False")
    last = layers[-1]
    split = built.index(last) + 1
    head = tuple(built[split:])
    if any(op.variables for op in head):
        raise file.error("an operator behind the last recurrent one keeps a state")
    reachable = {last.output} | {op.output for op in head}
    if not last.return_sequences and not {op.input for op in head} | {output} <= reachable:
        raise file.error("the layers after the last GhostGRU must start from its output")
    metadata = file.metadata()
    size = file.tensors[inputs[0]].size
    try:
        about.validate_sizes(metadata, size, file.tensors[output].size)
    except ValueError as error:
        raise file.error(f"the mcu_ghost metadata {error}") from error
    return Model(
        name=identifier(metadata.get("name", name)),
        frames=file.frames,
        tensors=tuple(file.tensors),
        inputs=inputs,
        outputs=(output,),
        body=tuple(built[:split]),
        head=head,
        head_per_frame=last.return_sequences,
        metadata=metadata,
    )


def _recurrent(file: Tables, op: Any) -> bool:
    code = file.code(op)[0]
    return any(code in kind.codes for kind in ops.KINDS.values() if issubclass(kind, Recurrent))


def _frames(file: Tables, op: Any) -> int:
    """Return the frames of a sequence, as the first recurrent operator sees them."""
    name = file.code(op)[1]
    if file.count(op.InputsLength()) < 1:
        raise file.error(f"{name} has no input")
    shape = file.shape(op.Inputs(0))
    if len(shape) != 3 or shape[0] != 1:
        raise file.error(
            f"{name} input must have shape [1, frames, inputs], has {list(shape)}; "
            "batch is 1 on a microcontroller"
        )
    if shape[1] > MAX_SIZE:
        raise file.error(f"{shape[1]} frames are too many, at most {MAX_SIZE}")
    return shape[1]

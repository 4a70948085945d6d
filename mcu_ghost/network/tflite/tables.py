# SPDX-License-Identifier: Apache-2.0
"""The tables of a `.tflite` file, read with every index, length, type and number checked."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network import about
from mcu_ghost.network.tensor import Tensor

METADATA_NAME = "mcu_ghost"
MAX_BYTES = 64 << 20
MAX_SIZE = 65535
_NAME_FIELD = 10  # of a tensor, in the flatbuffer's table of fields
_SCHEMA_VERSION = 3
_LONGEST_NAME = 60  # of a tensor or operator in messages
_TYPES = {
    tflite.TensorType.INT8: np.int8,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT16: np.int16,
}
OPERATOR_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
_TYPE_NAMES = {v: k.lower() for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}


class Tables:
    """The tensors, constants and metadata of one file; every read is checked.

    Args:
        data: The file.
        where: What error messages call it.

    Attributes:
        tensors: The activations so far.
        known: Their indices, by the file's.
        handles: What variables are called, by the file's indices of what refers to them.
        initial: What they are at the start, by their names.
        variables: Indices of what they were before the invocation.
        current: Indices of what they are now.
        assigned: Which of them are assigned so far.
    """

    def __init__(self, data: bytes, where: str) -> None:
        """Check the schema version and that there is one graph."""
        self.where, self.size = where, len(data)
        self.root = tflite.Model.GetRootAs(data, 0)
        if self.root.Version() != _SCHEMA_VERSION:
            raise self.error(
                f"schema version {self.root.Version()} is not supported, only {_SCHEMA_VERSION}"
            )
        if not self.count(self.root.SubgraphsLength()):
            raise self.error("must have a subgraph, has none")
        self.graph = self.root.Subgraphs(0)
        self.tensors: list[Tensor] = []
        self.known: dict[int, int] = {}
        self.handles: dict[int, str] = {}
        self.initial: dict[str, int] = {}
        self.variables: dict[str, int] = {}
        self.current: dict[str, int] = {}
        self.assigned: set[str] = set()

    def error(self, text: str) -> GhostError:
        """Return an error that names the file."""
        return GhostError(f"{self.where}: {text}.")

    def count(self, n: int) -> int:
        """Return a vector's length, refusing one the file has no room for."""
        if n > self.size // 4:
            raise self.error("damaged TensorFlow Lite file (a list longer than the file)")
        return n

    def other_graph(self, index: int) -> Tables:
        """Return the tables of another graph of the file."""
        if not 0 < index < self.count(self.root.SubgraphsLength()):
            raise self.error(f"damaged TensorFlow Lite file (no subgraph {index})")
        other = copy.copy(self)
        other.graph = self.root.Subgraphs(index)
        other.tensors, other.known, other.handles = [], {}, {}
        return other

    def raw(self, index: int) -> Any:
        """Return a tensor as it stands in the file."""
        if not 0 <= index < self.count(self.graph.TensorsLength()):
            raise self.error(f"damaged TensorFlow Lite file (no tensor {index})")
        return self.graph.Tensors(index)

    def shape(self, index: int) -> tuple[int, ...]:
        """Return a tensor's shape, which must be fixed and not absurd."""
        tensor = self.raw(index)
        if self.count(tensor.ShapeLength()) > 8:
            raise self.error(f"{self.label(index)} has {count(tensor.ShapeLength(), 'dimension')}")
        shape = tuple(tensor.Shape(i) for i in range(tensor.ShapeLength()))
        signature = [
            tensor.ShapeSignature(i) for i in range(self.count(tensor.ShapeSignatureLength()))
        ]
        if any(d < 1 for d in shape) or any(d < 0 for d in signature[1:]):
            raise self.error(
                f"{self.label(index)} has a dynamic or empty shape {list(signature or shape)}; "
                "convert with a fixed number of frames and batch 1"
            )
        if math.prod(shape) > MAX_BYTES:
            raise self.error(f"{self.label(index)} has an absurd shape {list(shape)}")
        return shape

    def label(self, index: int) -> str:
        """Return what error messages call a tensor."""
        name = shown(self.tensor_name(index))
        return f"tensor '{name}'" if name else f"tensor {index}"

    def tensor_name(self, index: int) -> str:
        """Return a tensor's name; a string cut off by the end of the file is damage."""
        table = self.raw(index)._tab
        field = table.Offset(_NAME_FIELD)
        if field and table.Vector(field) + table.VectorLen(field) >= self.size:
            raise self.error(
                f"damaged TensorFlow Lite file (the name of tensor {index} is cut off)"
            )
        return (self.raw(index).Name() or b"").decode("utf-8", "replace")

    def scales(self, index: int, allowed: tuple[int, ...]) -> tuple[float, ...]:
        """Return the scales of a tensor, one of the allowed numbers of them."""
        q = self.raw(index).Quantization()
        n = self.count(q.ScaleLength()) if q is not None else 0
        if n not in allowed:
            raise self.error(
                f"{self.label(index)} has {count(n, 'quantisation scale')} instead of "
                f"{' or '.join(map(str, allowed))}; the model must be int8 throughout"
            )
        scales = tuple(float(q.Scale(i)) for i in range(n))
        if not all(math.isfinite(s) and 1e-30 < s < 1e30 for s in scales):
            raise self.error(f"{self.label(index)} has a scale that is not a positive number")
        return scales

    def zero_points(self, index: int) -> list[int]:
        """Return the zero points of a tensor."""
        q = self.raw(index).Quantization()
        n = self.count(q.ZeroPointLength()) if q is not None else 0
        return [int(q.ZeroPoint(i)) for i in range(n)]

    def quantized_axis(self, index: int) -> int:
        """Return the axis along which a tensor's scales differ."""
        q = self.raw(index).Quantization()
        return 0 if q is None else int(q.QuantizedDimension())

    def same_scale(self, x: int, y: int, name: str) -> None:
        """Refuse an operator that does not rescale, between tensors that would need it."""
        one, other = self.tensors[x], self.tensors[y]
        if (one.scale, one.zero_point) != (other.scale, other.zero_point):
            raise self.error(f"{name} must have the same scale and zero point before and behind it")

    def written(self, index: int, shape: tuple[int, ...], name: str) -> int:
        """Register an operator's int8 output of this shape, the batch left out."""
        if self.shape(index) != (1, *shape):
            raise self.error(
                f"{name} must give {self.label(index)} the shape {[1, *shape]}, "
                f"not {list(self.shape(index))}"
            )
        return self.activation(index)

    def numbers(self, index: int) -> list[int]:
        """Return a constant list of int32."""
        return [int(n) for n in self.constant(index, np.int32, self.shape(index)).ravel()]

    def constant(
        self, index: int, dtype: type[Any], shape: tuple[int, ...], lowest: int = -127
    ) -> npt.NDArray[Any]:
        """Return a constant of exactly this type and shape; int8 is at least `lowest`."""
        tensor = self.raw(index)
        if _TYPES.get(tensor.Type()) is not dtype:
            raise self.error(
                f"{self.label(index)} must be {np.dtype(dtype)}, is {self.type_name(index)}"
            )
        if self.shape(index) != shape:
            raise self.error(
                f"{self.label(index)} must have shape {list(shape)}, has {list(self.shape(index))}"
            )
        number = tensor.Buffer()
        if not 0 < number < self.count(self.root.BuffersLength()):
            raise self.error(f"{self.label(index)} has no data")
        content = self.root.Buffers(number).DataAsNumpy()
        expected = math.prod(shape) * np.dtype(dtype).itemsize
        if not isinstance(content, np.ndarray) or content.size != expected:
            raise self.error(f"{self.label(index)} must have {count(expected, 'byte')} of data")
        values = np.frombuffer(content.tobytes(), np.dtype(dtype).newbyteorder("<")).reshape(shape)
        if dtype is np.int8 and values.min(initial=0) < lowest:
            raise self.error(f"{self.label(index)} holds a weight of -128; weights are -127 to 127")
        return values.astype(dtype)

    def type_name(self, index: int) -> str:
        """Return the name of a tensor's type."""
        return _TYPE_NAMES.get(self.raw(index).Type(), str(self.raw(index).Type()))

    def activation(self, index: int, size: int | None = None, unsigned: bool = False) -> int:
        """Register an int8 tensor, of so many values if that is said; return our index.

        Where uint8 is allowed, a tensor of it becomes the same of int8: all is less by 128.
        """
        less = 128 if unsigned and self.raw(index).Type() == tflite.TensorType.UINT8 else 0
        if self.raw(index).Type() != tflite.TensorType.INT8 and not less:
            raise self.error(
                f"{self.label(index)} is {self.type_name(index)}, not int8; `mcu-ghost convert`"
                " makes int8 of the Keras or ONNX model; so does TFLiteConverter with a"
                " representative_dataset and inference_input_type and _output_type of tf.int8"
            )
        if index in self.known:
            raise self.error(f"{self.label(index)} is written twice")
        batch, *shape = self.shape(index) or (1,)
        if batch != 1:
            raise self.error(
                f"{self.label(index)} has shape {[batch, *shape]}; the first axis is the batch, "
                "which is 1 on a microcontroller"
            )
        if size is not None and math.prod(shape) != size:
            raise self.error(
                f"{self.label(index)} has {count(math.prod(shape), 'value')} instead of {size}"
            )
        name = self.tensor_name(index)
        (scale,) = self.scales(index, (1,))
        zero_point = next(iter(self.zero_points(index)), 0) - less
        if not -128 <= zero_point <= 127:
            what = f"zero point {zero_point + less}, outside {self.type_name(index)}"
            raise self.error(f"{self.label(index)} has {what}")
        self.tensors.append(Tensor(name, tuple(shape), "int8", scale, zero_point))
        self.known[index] = len(self.tensors) - 1
        return self.known[index]

    def read(self, index: int) -> int:
        """Return our index of a tensor that an operator reads."""
        if index not in self.known:
            raise self.error(f"{self.label(index)} is read before it is written")
        return self.known[index]

    def code(self, op: Any) -> tuple[int | str, str, int]:
        """Return what an operator is called, by number or custom name, its name and version."""
        if not 0 <= op.OpcodeIndex() < self.count(self.root.OperatorCodesLength()):
            raise self.error("damaged TensorFlow Lite file (no such operator code)")
        entry = self.root.OperatorCodes(op.OpcodeIndex())
        code = max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode())
        if code == tflite.BuiltinOperator.CUSTOM:
            name = (entry.CustomCode() or b"?").decode("utf-8", "replace")
            return name, shown(name), entry.Version()
        return code, OPERATOR_NAMES.get(code, f"operator {code}"), entry.Version()

    def options(self, op: Any, target: Any, kind: int, name: str) -> None:
        """Let `target` be the options of a built-in operator."""
        table = op.BuiltinOptions()
        if table is None or op.BuiltinOptionsType() != kind:
            raise self.error(f"{name} has no options")
        target.Init(table.Bytes, table.Pos)

    def custom_options(self, op: Any, where: str) -> bytes:
        """Return the options of a custom operator."""
        content = op.CustomOptionsAsNumpy()
        if not isinstance(content, np.ndarray):
            raise GhostError(f"{where}: no options.")
        return content.tobytes()

    def sequence(self, index: int, where: str) -> tuple[int, int]:
        """Return frames, and values of each, of the input of a recurrent operator.

        Args:
            index: The tensor.
            where: What error messages begin with.
        """
        shape = self.shape(index)
        if len(shape) != 3 or shape[0] != 1:
            raise GhostError(
                f"{where}: input must have shape [1, frames, inputs], has {list(shape)}; "
                "batch is 1 on a microcontroller."
            )
        if shape[1] > MAX_SIZE:
            raise GhostError(
                f"{where}: {count(shape[1], 'frame')} are too many, at most {MAX_SIZE}."
            )
        return shape[1], shape[2]

    def inputs(self, op: Any, wanted: int, name: str) -> list[int]:
        """Return the inputs of an operator that must have so many."""
        if op.InputsLength() != wanted:
            raise self.error(f"{name} must have {count(wanted, 'input')}, has {op.InputsLength()}")
        return [op.Inputs(i) for i in range(wanted)]

    def agrees(self, index: int, zero_point: int, where: str) -> None:
        """Check the zero point that an operator's options give its input."""
        if zero_point != self.tensors[self.read(index)].zero_point:
            what = self.label(index)
            raise GhostError(f"{where}: input_zero_point differs from that of {what}.")

    def frames_of_mask(self, index: int, source: int) -> int:
        """Return our index of the tensor that masks the frames of another."""
        if self.shape(index)[:2] != self.shape(source)[:2]:
            raise self.error(f"{self.label(index)} has other frames than {self.label(source)}")
        return self.read(index)

    def fits(self, index: int, wanted: tuple[int, ...], where: str) -> None:
        """Check the shape of a recurrent operator's output, the batch left out."""
        if self.shape(index) != (1, *wanted):
            raise GhostError(
                f"{where}: output shape {list(self.shape(index))} is not {[1, *wanted]}."
            )

    def variable(self, index: int, dtype: type[Any], size: int, where: str) -> None:
        """Check a tensor that is kept from one invocation to the next."""
        if self.shape(index) != (size,) or not self.raw(index).IsVariable():
            raise GhostError(
                f"{where}: {self.label(index)} must be a variable of {count(size, 'value')}."
            )
        if _TYPES.get(self.raw(index).Type()) is not dtype:
            raise GhostError(f"{where}: {self.label(index)} must be {np.dtype(dtype)}.")

    def kept(self, index: int, dtype: int, size: int) -> None:
        """Check a tensor of a built-in operator's that is kept from one invocation to the next."""
        right = self.raw(index).IsVariable() and self.raw(index).Type() == dtype
        if not right or math.prod(self.shape(index)) != size:
            what = f"variable of {count(size, 'value')} of {_TYPE_NAMES[dtype]}"
            raise self.error(f"{self.label(index)} must be a {what}")

    def metadata(self) -> dict[str, Any]:
        """Return the JSON object in the file, {} where there is none."""
        for i in range(self.count(self.root.MetadataLength())):
            entry = self.root.Metadata(i)
            if entry.Name() != METADATA_NAME.encode():
                continue
            if not 0 <= entry.Buffer() < self.count(self.root.BuffersLength()):
                raise self.error("damaged TensorFlow Lite file (metadata without data)")
            content = self.root.Buffers(entry.Buffer()).DataAsNumpy()
            try:
                return about.decode(content.tobytes() if isinstance(content, np.ndarray) else b"")
            except ValueError as error:
                raise self.error(f"the mcu_ghost metadata {error}") from error
        return {}


def shown(name: str) -> str:
    """Return a name as messages show it: short, and of characters that can be printed."""
    text = "".join(c if c.isprintable() else "?" for c in name)
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"

# SPDX-License-Identifier: Apache-2.0
"""Writes a `Model` as an int8 `.tflite` with fused GhostGRU operators (no TensorFlow)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

from mcu_ghost.host import files
from mcu_ghost.network.model import (
    Activation,
    Elementwise,
    FullyConnected,
    Function,
    GhostGRU,
    Model,
    Operator,
    Softmax,
)
from mcu_ghost.network.reference import CARRY_SCALE, STATE_SCALE
from mcu_ghost.network.tflite import ghost_operator

_ACTIVATIONS: dict[Activation, int] = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}
_BUILTINS: dict[Function, int] = {
    "logistic": tflite.BuiltinOperator.LOGISTIC,
    "tanh": tflite.BuiltinOperator.TANH,
    "relu": tflite.BuiltinOperator.RELU,
    "relu6": tflite.BuiltinOperator.RELU6,
    "quantize": tflite.BuiltinOperator.QUANTIZE,
}
_TYPES = {
    np.dtype(np.int8): tflite.TensorType.INT8,
    np.dtype(np.int16): tflite.TensorType.INT16,
    np.dtype(np.int32): tflite.TensorType.INT32,
}
_ALIGNMENT = 16  # TFLite maps weights in place


def write(model: Model, path: Path) -> None:
    """Write a model to a `.tflite` file, beside and then over the old one.

    Raises:
        GhostError: The file cannot be written.
    """
    files.write_bytes(path, serialize(model))


def serialize(model: Model) -> bytes:
    """Return a model as the bytes of a `.tflite`; `tflite_file.parse` reads them back the same."""
    return _Writer(model).file()


class _Writer:
    """One flatbuffer being built."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.builder = flatbuffers.Builder(1024)
        self.buffers: list[bytes] = [b""]
        self.tensors: list[int] = []
        self.codes: dict[tuple[int, str], int] = {}
        self.versions: dict[tuple[int, str], int] = {}
        self.operators: list[int] = []

    def vector(self, items: list[int], start: Callable[[Any, int], Any]) -> int:
        start(self.builder, len(items))
        for item in reversed(items):
            self.builder.PrependUOffsetTRelative(item)
        return int(self.builder.EndVector())

    def numbers(self, values: Any, dtype: type[Any]) -> int:
        return int(self.builder.CreateNumpyVector(np.asarray(values, dtype)))

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        scales: tuple[float, ...],
        zero_point: int = 0,
        content: npt.NDArray[Any] | None = None,
        variable: bool = False,
    ) -> int:
        """Add a tensor to the graph; return its index in the file."""
        b, number = self.builder, 0
        if content is not None:
            self.buffers.append(content.tobytes())
            number = len(self.buffers) - 1
        text = b.CreateString(name)
        dims = self.numbers(shape, np.int32)
        scale = self.numbers(scales, np.float32)
        zero = self.numbers([zero_point] * len(scales), np.int64)
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scale)
        tflite.QuantizationParametersAddZeroPoint(b, zero)
        quantization = tflite.QuantizationParametersEnd(b)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, dims)
        tflite.TensorAddType(b, _TYPES[np.dtype(dtype)])
        tflite.TensorAddBuffer(b, number)
        tflite.TensorAddName(b, text)
        tflite.TensorAddQuantization(b, quantization)
        tflite.TensorAddIsVariable(b, variable)
        self.tensors.append(tflite.TensorEnd(b))
        return len(self.tensors) - 1

    def operator(
        self,
        code: int,
        inputs: list[int],
        output: int,
        options: tuple[int, int] | None = None,
        custom: bytes | None = None,
        version: int = 1,
    ) -> None:
        b = self.builder
        name = ghost_operator.CUSTOM_CODE if custom is not None else ""
        index = self.codes.setdefault((code, name), len(self.codes))
        self.versions[(code, name)] = max(version, self.versions.get((code, name), 1))
        sources, targets = self.numbers(inputs, np.int32), self.numbers([output], np.int32)
        extra = b.CreateByteVector(custom) if custom is not None else None
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, index)
        tflite.OperatorAddInputs(b, sources)
        tflite.OperatorAddOutputs(b, targets)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(b, options[0])
            tflite.OperatorAddBuiltinOptions(b, options[1])
        if extra is not None:
            tflite.OperatorAddCustomOptions(b, extra)
        self.operators.append(tflite.OperatorEnd(b))

    def file(self) -> bytes:
        model, b = self.model, self.builder
        places: dict[int, int] = {}
        last = model.layers[-1].output
        sequence = True

        def place(index: int) -> int:
            """Return the file's index of an activation, adding it at its first use."""
            if index not in places:
                t = model.tensors[index]
                shape = (1, model.frames, t.size) if sequence else (1, t.size)
                places[index] = self.tensor(t.name, shape, t.dtype, (t.scale,), t.zero_point)
            return places[index]

        inputs = [place(i) for i in model.inputs]
        for number, op in enumerate(model.operators):
            source = place(op.input)
            if op.output == last:
                sequence = model.head_per_frame
            self.convert(op, source, place(op.output), number, sequence)
        outputs = [places[i] for i in model.outputs]
        graph = self.subgraph(inputs, outputs)
        metadata = self.metadata()
        codes = self.operator_codes()
        description = b.CreateString("mcu-ghost")
        buffers = self.vector(
            [self.buffer(data) for data in self.buffers], tflite.ModelStartBuffersVector
        )
        subgraphs = self.vector([graph], tflite.ModelStartSubgraphsVector)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddDescription(b, description)
        tflite.ModelAddBuffers(b, buffers)
        tflite.ModelAddMetadata(b, metadata)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def convert(self, op: Operator, source: int, target: int, number: int, sequence: bool) -> None:
        b = self.builder
        if isinstance(op, GhostGRU):
            self.ghost_gru(op, source, target, number)
        elif isinstance(op, FullyConnected):
            name = f"dense_{number}"
            x = self.model.tensors[op.input]
            weights = self.tensor(
                f"{name}/kernel", op.weights.shape, np.int8, op.weight_scales, content=op.weights
            )
            scales = tuple(float(np.float32(x.scale) * np.float32(s)) for s in op.weight_scales)
            bias = self.tensor(f"{name}/bias", op.bias.shape, np.int32, scales, content=op.bias)
            tflite.FullyConnectedOptionsStart(b)
            tflite.FullyConnectedOptionsAddFusedActivationFunction(b, _ACTIVATIONS[op.activation])
            tflite.FullyConnectedOptionsAddKeepNumDims(b, sequence)
            options = tflite.FullyConnectedOptionsEnd(b)
            self.operator(
                tflite.BuiltinOperator.FULLY_CONNECTED,
                [source, weights, bias],
                target,
                (tflite.BuiltinOptions.FullyConnectedOptions, options),
                version=5,
            )
        elif isinstance(op, Softmax):
            tflite.SoftmaxOptionsStart(b)
            tflite.SoftmaxOptionsAddBeta(b, op.beta)
            options = tflite.SoftmaxOptionsEnd(b)
            self.operator(
                tflite.BuiltinOperator.SOFTMAX,
                [source],
                target,
                (tflite.BuiltinOptions.SoftmaxOptions, options),
                version=2,
            )
        elif isinstance(op, Elementwise):
            self.operator(_BUILTINS[op.function], [source], target, version=2)

    def ghost_gru(self, op: GhostGRU, source: int, target: int, number: int) -> None:
        name = f"ghost_gru_{number}"
        inputs = [
            source,
            self.tensor(
                f"{name}/kernel", op.kernel.shape, np.int8, op.kernel_scales, content=op.kernel
            ),
            self.tensor(
                f"{name}/recurrent_kernel",
                op.recurrent_kernel.shape,
                np.int8,
                op.recurrent_scales,
                content=op.recurrent_kernel,
            ),
            self.tensor(f"{name}/bias", op.bias.shape, np.int32, (), content=op.bias),
            -1,
            -1,
            self.tensor(f"{name}/state", (op.units,), np.int8, (STATE_SCALE,), variable=True),
            self.tensor(f"{name}/carry", (op.intrinsic,), np.int16, (CARRY_SCALE,), variable=True),
        ]
        if op.ghosts:
            inputs[4] = self.tensor(
                f"{name}/ghost_kernel",
                op.ghost_kernel.shape,
                np.int8,
                (op.ghost_scale,),
                content=op.ghost_kernel,
            )
            inputs[5] = self.tensor(
                f"{name}/ghost_bias",
                op.ghost_bias.shape,
                np.int32,
                (op.ghost_scale * STATE_SCALE,),
                content=op.ghost_bias,
            )
        options = ghost_operator.encode_options(op, self.model.tensors[op.input].zero_point)
        self.operator(
            tflite.BuiltinOperator.CUSTOM,
            inputs,
            target,
            custom=options,
            version=ghost_operator.VERSION,
        )

    def subgraph(self, inputs: list[int], outputs: list[int]) -> int:
        b = self.builder
        name = b.CreateString(self.model.name)
        sources, targets = self.numbers(inputs, np.int32), self.numbers(outputs, np.int32)
        tensors = self.vector(self.tensors, tflite.SubGraphStartTensorsVector)
        operators = self.vector(self.operators, tflite.SubGraphStartOperatorsVector)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, sources)
        tflite.SubGraphAddOutputs(b, targets)
        tflite.SubGraphAddOperators(b, operators)
        tflite.SubGraphAddName(b, name)
        return int(tflite.SubGraphEnd(b))

    def metadata(self) -> int:
        b = self.builder
        content = {"version": 1, "name": self.model.name, **self.model.metadata}
        self.buffers.append(json.dumps(content, sort_keys=True, allow_nan=False).encode())
        name = b.CreateString(ghost_operator.METADATA_NAME)
        tflite.MetadataStart(b)
        tflite.MetadataAddName(b, name)
        tflite.MetadataAddBuffer(b, len(self.buffers) - 1)
        return self.vector([tflite.MetadataEnd(b)], tflite.ModelStartMetadataVector)

    def operator_codes(self) -> int:
        b, codes = self.builder, []
        for (code, name), _ in sorted(self.codes.items(), key=lambda item: item[1]):
            text = b.CreateString(name) if name else None
            tflite.OperatorCodeStart(b)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
            tflite.OperatorCodeAddBuiltinCode(b, code)
            tflite.OperatorCodeAddVersion(b, self.versions[(code, name)])
            if text is not None:
                tflite.OperatorCodeAddCustomCode(b, text)
            codes.append(tflite.OperatorCodeEnd(b))
        return self.vector(codes, tflite.ModelStartOperatorCodesVector)

    def buffer(self, data: bytes) -> int:
        b, content = self.builder, None
        if data:
            b.StartVector(1, len(data), _ALIGNMENT)
            b.head -= len(data)
            b.Bytes[b.head : b.head + len(data)] = data
            content = b.EndVector()
        tflite.BufferStart(b)
        if content is not None:
            tflite.BufferAddData(b, content)
        return int(tflite.BufferEnd(b))


def model_hash(model: Model) -> bytes:
    """Return 16 bytes that identify a model's every weight, option and label."""
    return hashlib.sha256(serialize(model)).digest()[:16]

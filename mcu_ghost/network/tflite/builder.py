# SPDX-License-Identifier: Apache-2.0
"""The tables of a `.tflite` file being built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

from mcu_ghost.network.tensor import Variable

_TYPES = {
    np.dtype(np.int8): tflite.TensorType.INT8,
    np.dtype(np.int16): tflite.TensorType.INT16,
    np.dtype(np.int32): tflite.TensorType.INT32,
}
_ALIGNMENT = 16  # TFLite maps weights in place


class Builder:
    """One flatbuffer being built.

    Attributes:
        builder: The flatbuffer library's, for an operator's options.
        shapes: Of each tensor.
    """

    def __init__(self) -> None:
        """Begin with the empty buffer that every file has first."""
        self.builder = flatbuffers.Builder(1024)
        self.shapes: list[tuple[int, ...]] = []
        self._buffers: list[bytes] = [b""]
        self._tensors: list[int] = []
        self._codes: dict[tuple[int, str], int] = {}
        self._versions: dict[tuple[int, str], int] = {}
        self._operators: list[int] = []
        self._graphs: list[int] = []

    def _vector(self, items: list[int], start: Callable[[Any, int], Any]) -> int:
        start(self.builder, len(items))
        for item in reversed(items):
            self.builder.PrependUOffsetTRelative(item)
        return int(self.builder.EndVector())

    def _numbers(self, values: Any, dtype: type[Any]) -> int:
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
        axis: int = 0,
    ) -> int:
        """Add a tensor to the graph, its scales along an axis; return its index in the file."""
        b, number = self.builder, 0
        if content is not None:
            self._buffers.append(content.tobytes())
            number = len(self._buffers) - 1
        text = b.CreateString(name)
        dims = self._numbers(shape, np.int32)
        scale = self._numbers(scales, np.float32)
        zero = self._numbers([zero_point] * len(scales), np.int64)
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scale)
        tflite.QuantizationParametersAddZeroPoint(b, zero)
        tflite.QuantizationParametersAddQuantizedDimension(b, axis)
        quantization = tflite.QuantizationParametersEnd(b)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, dims)
        tflite.TensorAddType(b, _TYPES[np.dtype(dtype)])
        tflite.TensorAddBuffer(b, number)
        tflite.TensorAddName(b, text)
        tflite.TensorAddQuantization(b, quantization)
        tflite.TensorAddIsVariable(b, variable)
        self._tensors.append(tflite.TensorEnd(b))
        self.shapes.append(shape)
        return len(self._tensors) - 1

    def constant(
        self,
        name: str,
        values: npt.NDArray[Any],
        scales: tuple[float, ...] = (),
        zero_point: int = 0,
        axis: int = 0,
    ) -> int:
        """Add a constant tensor; return its index in the file."""
        return self.tensor(
            name, values.shape, values.dtype, scales, zero_point, content=values, axis=axis
        )

    def variable(self, name: str, kept: Variable) -> int:
        """Add a tensor that is kept from one invocation to the next; return its index."""
        return self.tensor(name, (kept.size,), kept.dtype, (kept.scale,), variable=True)

    def handle(self, name: str) -> int:
        """Add what refers to a variable of this name; return its index in the file."""
        b = self.builder
        text = b.CreateString(name)
        tflite.VarHandleOptionsStart(b)
        tflite.VarHandleOptionsAddSharedName(b, text)
        options = (tflite.BuiltinOptions.VarHandleOptions, tflite.VarHandleOptionsEnd(b))
        dims = self._numbers((), np.int32)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, dims)
        tflite.TensorAddType(b, tflite.TensorType.RESOURCE)
        tflite.TensorAddName(b, text)
        self._tensors.append(tflite.TensorEnd(b))
        self.shapes.append(())
        index = len(self._tensors) - 1
        self.operator(tflite.BuiltinOperator.VAR_HANDLE, [], index, 1, options)
        return index

    def call_once(self, graph: int) -> None:
        """Add the call of another graph, when the network starts."""
        tflite.CallOnceOptionsStart(self.builder)
        tflite.CallOnceOptionsAddInitSubgraphIndex(self.builder, graph)
        end = tflite.CallOnceOptionsEnd(self.builder)
        options = (tflite.BuiltinOptions.CallOnceOptions, end)
        self.operator(tflite.BuiltinOperator.CALL_ONCE, [], (), 1, options)

    def operator(
        self,
        code: int,
        inputs: Sequence[int],
        output: int | Sequence[int],
        version: int,
        options: tuple[int, int] | None = None,
    ) -> None:
        """Add a built-in operator.

        Args:
            code: Of `tflite.BuiltinOperator`.
            inputs: Tensors that it reads; -1 for one that is absent.
            output: Tensor that it writes, or several or none.
            version: Of the operator.
            options: Their type, of `tflite.BuiltinOptions`, and the finished table.
        """
        self._add(code, "", inputs, output, version, options, None)

    def custom(
        self, name: str, inputs: Sequence[int], output: int, version: int, options: bytes
    ) -> None:
        """Add a custom operator; the arguments are as for `operator`."""
        code = tflite.BuiltinOperator.CUSTOM
        self._add(code, name, inputs, output, version, None, options)

    def _add(
        self,
        code: int,
        name: str,
        inputs: Sequence[int],
        output: int | Sequence[int],
        version: int,
        options: tuple[int, int] | None,
        custom: bytes | None,
    ) -> None:
        b = self.builder
        index = self._codes.setdefault((code, name), len(self._codes))
        self._versions[(code, name)] = max(version, self._versions.get((code, name), 1))
        sources = self._numbers(inputs, np.int32)
        targets = self._numbers(np.ravel(output), np.int32)
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
        self._operators.append(tflite.OperatorEnd(b))

    def close(self, name: str, inputs: list[int], outputs: list[int]) -> None:
        """Finish a graph, and begin the next one; the arguments are as for `file`."""
        self._graphs.append(self._subgraph(name, inputs, outputs))
        self._tensors, self._operators, self.shapes = [], [], []

    def file(
        self, name: str, inputs: list[int], outputs: list[int], metadata: dict[str, bytes]
    ) -> bytes:
        """Finish the file.

        Args:
            name: Of the last graph.
            inputs: Tensors that a user fills.
            outputs: Tensors that a user reads.
            metadata: Contents by name.
        """
        b = self.builder
        self.close(name, inputs, outputs)
        entries = self._metadata(metadata)
        codes = self._operator_codes()
        description = b.CreateString("mcu-ghost")
        buffers = self._vector(
            [self._buffer(data) for data in self._buffers], tflite.ModelStartBuffersVector
        )
        subgraphs = self._vector(self._graphs, tflite.ModelStartSubgraphsVector)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddDescription(b, description)
        tflite.ModelAddBuffers(b, buffers)
        tflite.ModelAddMetadata(b, entries)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def _subgraph(self, name: str, inputs: list[int], outputs: list[int]) -> int:
        b = self.builder
        text = b.CreateString(name)
        sources, targets = self._numbers(inputs, np.int32), self._numbers(outputs, np.int32)
        tensors = self._vector(self._tensors, tflite.SubGraphStartTensorsVector)
        operators = self._vector(self._operators, tflite.SubGraphStartOperatorsVector)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, sources)
        tflite.SubGraphAddOutputs(b, targets)
        tflite.SubGraphAddOperators(b, operators)
        tflite.SubGraphAddName(b, text)
        return int(tflite.SubGraphEnd(b))

    def _metadata(self, contents: dict[str, bytes]) -> int:
        b, entries = self.builder, []
        for key, content in contents.items():
            self._buffers.append(content)
            name = b.CreateString(key)
            tflite.MetadataStart(b)
            tflite.MetadataAddName(b, name)
            tflite.MetadataAddBuffer(b, len(self._buffers) - 1)
            entries.append(tflite.MetadataEnd(b))
        return self._vector(entries, tflite.ModelStartMetadataVector)

    def _operator_codes(self) -> int:
        b, codes = self.builder, []
        for (code, name), _ in sorted(self._codes.items(), key=lambda item: item[1]):
            text = b.CreateString(name) if name else None
            tflite.OperatorCodeStart(b)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
            tflite.OperatorCodeAddBuiltinCode(b, code)
            tflite.OperatorCodeAddVersion(b, self._versions[(code, name)])
            if text is not None:
                tflite.OperatorCodeAddCustomCode(b, text)
            codes.append(tflite.OperatorCodeEnd(b))
        return self._vector(codes, tflite.ModelStartOperatorCodesVector)

    def _buffer(self, data: bytes) -> int:
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

# SPDX-License-Identifier: Apache-2.0
"""Reads an int8 `.tflite` with fused GhostGRU operators, trusting nothing in the file."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import (
    Activation,
    Elementwise,
    FullyConnected,
    Function,
    GhostGRU,
    Model,
    Operator,
    Requantizer,
    Softmax,
    Tensor,
)
from mcu_ghost.network.ops import rounding
from mcu_ghost.network.tflite import ghost_operator
from mcu_ghost.network.tflite.ghost_operator import CUSTOM_CODE
from mcu_ghost.network.tflite.tables import MAX_BYTES, MAX_SIZE, TYPES, Tables

_MAX_SOFTMAX = 4000  # TFLite's sum of exponentials has 12 integer bits
_OPERATOR_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
_ACTIVATIONS: dict[int, Activation] = {0: "none", 1: "relu", 2: "relu_n1_to_1", 3: "relu6"}
_FUNCTIONS: dict[int, Function] = {
    tflite.BuiltinOperator.LOGISTIC: "logistic",
    tflite.BuiltinOperator.TANH: "tanh",
    tflite.BuiltinOperator.RELU: "relu",
    tflite.BuiltinOperator.RELU6: "relu6",
    tflite.BuiltinOperator.QUANTIZE: "quantize",
}
# Newest version of each built-in operator whose int8 arithmetic is the one implemented here.
_VERSIONS = {
    tflite.BuiltinOperator.FULLY_CONNECTED: 12,
    tflite.BuiltinOperator.SOFTMAX: 3,
    tflite.BuiltinOperator.LOGISTIC: 3,
    tflite.BuiltinOperator.TANH: 3,
    tflite.BuiltinOperator.RELU: 3,
    tflite.BuiltinOperator.RELU6: 3,
    tflite.BuiltinOperator.QUANTIZE: 3,
    tflite.BuiltinOperator.RESHAPE: 1,
}
SUPPORTED = ", ".join([CUSTOM_CODE, *(_OPERATOR_NAMES[code] for code in _VERSIONS)])


def load(path: Path) -> Model:
    """Read a `.tflite` file.

    Raises:
        GhostError: The file cannot be read, or `parse` refuses it.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise GhostError(
                f"{path}: larger than {MAX_BYTES >> 20} MiB, not a microcontroller model."
            )
        data = path.read_bytes()
    except OSError as error:
        raise GhostError(f"{path}: cannot be read ({error.strerror}).") from error
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
        return _Reader(data, where, name).model()
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
    return _Reader(data, where, "layers").layers()


def identifier(name: str) -> str:
    """Return the C identifier closest to a name."""
    word = re.sub(r"\W+", "_", name[:40], flags=re.ASCII).strip("_").lower()
    return word if word and not word[0].isdigit() else f"model_{word}"


class _Reader(Tables):
    """The graph being built; the methods mirror the operators."""

    def __init__(self, data: bytes, where: str, name: str) -> None:
        super().__init__(data, where)
        self.name = name
        self.frames = 0

    def code(self, op: Any) -> tuple[int, str, int]:
        """Return (builtin code, name, version) of an operator."""
        if not 0 <= op.OpcodeIndex() < self.count(self.root.OperatorCodesLength()):
            raise self.error("damaged TensorFlow Lite file (no such operator code)")
        entry = self.root.OperatorCodes(op.OpcodeIndex())
        code = max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode())
        if code == tflite.BuiltinOperator.CUSTOM:
            return code, (entry.CustomCode() or b"?").decode("utf-8", "replace"), entry.Version()
        return code, _OPERATOR_NAMES.get(code, f"operator {code}"), entry.Version()

    def model(self) -> Model:
        operators = [
            self.graph.Operators(i) for i in range(self.count(self.graph.OperatorsLength()))
        ]
        codes = [self.code(op) for op in operators]
        for code, name, version in codes:
            newest = 1 if name == CUSTOM_CODE else _VERSIONS.get(code)
            if newest is None or (code == tflite.BuiltinOperator.CUSTOM and name != CUSTOM_CODE):
                raise self.error(f"operator {name} is not supported; supported are {SUPPORTED}")
            if not 1 <= version <= newest:
                raise self.error(
                    f"version {version} of operator {name} is not supported, at most {newest}"
                )
        recurrent = [i for i, (_, name, _) in enumerate(codes) if name == CUSTOM_CODE]
        if not recurrent:
            raise self.error(
                "no GhostGRU operator inside; TensorFlow Lite unrolls recurrent layers, so convert "
                "the Keras model with mcu-ghost"
            )
        self.frames = self.sequence_length(operators[recurrent[0]])
        if (
            self.count(self.graph.InputsLength()) != 1
            or self.count(self.graph.OutputsLength()) != 1
        ):
            raise self.error("one input and one output are supported")
        x = self.graph.Inputs(0)
        elements = math.prod(self.shape(x))
        if elements % self.frames:
            raise self.error(f"{self.label(x)} does not divide into {self.frames} frames")
        inputs = (self.activation(x, elements // self.frames),)
        built: list[Operator] = []
        split = 0
        for (code, name, _), op in zip(codes, operators, strict=True):
            new = self.operator(code, name, op)
            if new is not None:
                built.append(new)
            if isinstance(new, GhostGRU):
                split = len(built)
        output = self.read(self.graph.Outputs(0))
        layers = [op for op in built if isinstance(op, GhostGRU)]
        if not all(layer.return_sequences for layer in layers[:-1]):
            raise self.error("only the last GhostGRU may have return_sequences=False")
        last, head = layers[-1], tuple(built[split:])
        reachable = {last.output} | {op.output for op in head}
        if not last.return_sequences and not {op.input for op in head} | {output} <= reachable:
            raise self.error("the layers after the last GhostGRU must start from its output")
        metadata = self.metadata()
        return Model(
            name=identifier(str(metadata.get("name", self.name))),
            frames=self.frames,
            tensors=tuple(self.tensors),
            inputs=inputs,
            outputs=(output,),
            body=tuple(built[:split]),
            head=head,
            head_per_frame=last.return_sequences,
            metadata=metadata,
        )

    def layers(self) -> tuple[tuple[Tensor, ...], tuple[Operator, ...]]:
        self.frames = 1
        x = self.graph.Inputs(0)
        self.activation(x, math.prod(self.shape(x)))
        built: list[Operator] = []
        for i in range(self.graph.OperatorsLength()):
            op = self.graph.Operators(i)
            code, name, _ = self.code(op)
            if code not in _VERSIONS:
                raise self.error(f"operator {name} is not supported; supported are {SUPPORTED}")
            new = self.operator(code, name, op)
            if new is not None:
                built.append(new)
        return tuple(self.tensors), tuple(built)

    def sequence_length(self, op: Any) -> int:
        if self.count(op.InputsLength()) < 1:
            raise self.error(f"{CUSTOM_CODE} has no input")
        shape = self.shape(op.Inputs(0))
        if len(shape) != 3 or shape[0] != 1:
            raise self.error(
                f"{CUSTOM_CODE} input must have shape [1, frames, inputs], has {list(shape)}; "
                "batch is 1 on a microcontroller"
            )
        if shape[1] > MAX_SIZE:
            raise self.error(f"{shape[1]} frames are too many, at most {MAX_SIZE}")
        return shape[1]

    def operator(self, code: int, name: str, op: Any) -> Operator | None:
        """Build one operator; None for one that moves no data."""
        if self.count(op.InputsLength()) < 1 or self.count(op.OutputsLength()) != 1:
            raise self.error(f"{name} must have inputs and one output")
        if name == CUSTOM_CODE:
            return self.ghost_gru(op)
        source, target = op.Inputs(0), op.Outputs(0)
        x = self.read(source)
        size = self.tensors[x].size
        if code == tflite.BuiltinOperator.RESHAPE:
            self.reshape(source, target)
            return None
        if code == tflite.BuiltinOperator.FULLY_CONNECTED:
            return self.fully_connected(op)
        y = self.activation(target, size)
        if code == tflite.BuiltinOperator.SOFTMAX:
            if self.rows(source) != size:
                raise self.error(
                    f"SOFTMAX over a part of a frame of {self.label(source)} is not supported"
                )
            if size > _MAX_SOFTMAX:
                raise self.error(f"SOFTMAX over {size} values can overflow, at most {_MAX_SOFTMAX}")
            if (self.tensors[y].scale, self.tensors[y].zero_point) != (1 / 256, -128):
                raise self.error("SOFTMAX output must have scale 1/256 and zero point -128")
            options = tflite.SoftmaxOptions()
            self.options(op, options, tflite.BuiltinOptions.SoftmaxOptions, name)
            return Softmax(x, y, float(options.Beta()))
        function = _FUNCTIONS[code]
        if function == "logistic" and self.tensors[y].zero_point != -128:
            raise self.error("LOGISTIC output must have zero point -128")
        return Elementwise(x, y, function)

    def options(self, op: Any, target: Any, kind: int, name: str) -> None:
        table = op.BuiltinOptions()
        if table is None or op.BuiltinOptionsType() != kind:
            raise self.error(f"{name} has no options")
        target.Init(table.Bytes, table.Pos)

    def reshape(self, source: int, target: int) -> None:
        x = self.read(source)
        size = self.tensors[x].size
        if math.prod(self.shape(source)) != math.prod(self.shape(target)):
            raise self.error(f"RESHAPE of {self.label(source)} changes the number of values")
        joined = self.rows(target) > size
        if joined and self.frames > 1:
            raise self.error(
                f"RESHAPE to {self.label(target)} joins frames, which only a whole sequence in "
                "memory could give; use return_sequences=False or a layer per frame"
            )
        y = self.tensors[self.activation(target, size)]
        if (y.scale, y.zero_point) != (self.tensors[x].scale, self.tensors[x].zero_point):
            raise self.error(f"RESHAPE of {self.label(source)} changes its quantisation")
        self.tensors.pop()
        self.known[target] = x

    def fully_connected(self, op: Any) -> FullyConnected:
        source, target = op.Inputs(0), op.Outputs(0)
        x = self.read(source)
        inputs = self.tensors[x].size
        if self.count(op.InputsLength()) < 2:
            raise self.error("FULLY_CONNECTED has no weights")
        kernel = op.Inputs(1)
        shape = self.shape(kernel)
        if len(shape) != 2 or shape[1] != inputs:
            raise self.error(
                f"FULLY_CONNECTED weights {list(shape)} do not fit {inputs} values a frame of "
                f"{self.label(source)}; a Dense over several frames at once is not supported"
            )
        outputs = shape[0]
        weights = self.constant(kernel, np.int8, shape)
        scales = self.scales(kernel, (1, outputs))
        q = self.raw(kernel).Quantization()
        if any(q.ZeroPoint(i) for i in range(self.count(q.ZeroPointLength()))):
            raise self.error(f"{self.label(kernel)} must have zero point 0")
        bias = np.zeros(outputs, np.int32)
        if op.InputsLength() > 2 and op.Inputs(2) >= 0:
            bias = self.constant(op.Inputs(2), np.int32, (outputs,))
        options = tflite.FullyConnectedOptions()
        self.options(op, options, tflite.BuiltinOptions.FullyConnectedOptions, "FULLY_CONNECTED")
        activation = _ACTIVATIONS.get(options.FusedActivationFunction())
        if activation is None or options.WeightsFormat() != 0:
            raise self.error(
                "FULLY_CONNECTED with this fused activation or format is not supported"
            )
        y = self.activation(target, outputs)
        reach = 255 * np.abs(weights.astype(np.int64)).sum(axis=1) + np.abs(bias.astype(np.int64))
        if reach.max() >= 2**31:
            raise self.error(f"a row of {self.label(kernel)} can overflow 32 bits")
        layer = FullyConnected(x, y, weights, bias, scales, activation)
        pairs = rounding.output_multipliers(layer, self.tensors[x], self.tensors[y])
        if int(reach.max()) << max(0, *(shift for _, shift in pairs)) >= 2**31:
            raise self.error(f"the scales of {self.label(kernel)} can overflow 32 bits")
        return layer

    def ghost_gru(self, op: Any) -> GhostGRU:
        target = op.Outputs(0)
        where = f"{self.where}: {CUSTOM_CODE} to {self.label(target)}"
        if op.InputsLength() != 8:
            raise self.error(f"{CUSTOM_CODE} must have 8 inputs, has {op.InputsLength()}")
        source, kernel, recurrent, bias, ghost, ghost_bias, state, carry = (
            op.Inputs(i) for i in range(8)
        )
        x = self.read(source)
        content = op.CustomOptionsAsNumpy()
        if not isinstance(content, np.ndarray):
            raise GhostError(f"{where}: no options.")
        options = ghost_operator.decode_options(content.tobytes(), where)
        n, ratio = options["units"], options["ratio"]
        if not (0 < n <= MAX_SIZE and 0 < ratio <= n):
            raise GhostError(f"{where}: {n} units with ratio {ratio} are not a layer.")
        d, m = self.tensors[x].size, n // ratio
        if self.shape(source) != (1, self.frames, d):
            raise GhostError(
                f"{where}: input shape {list(self.shape(source))} is not [1, {self.frames}, {d}]."
            )
        if options["input_zero_point"] != self.tensors[x].zero_point:
            raise GhostError(
                f"{where}: input_zero_point differs from that of {self.label(source)}."
            )
        wanted = (1, self.frames, n) if options["return_sequences"] else (1, n)
        if self.shape(target) != wanted:
            raise GhostError(
                f"{where}: output shape {list(self.shape(target))} is not {list(wanted)}."
            )
        for index, dtype, size in ((state, np.int8, n), (carry, np.int16, m)):
            if self.shape(index) != (size,) or not self.raw(index).IsVariable():
                raise GhostError(
                    f"{where}: {self.label(index)} must be a variable of {size} values."
                )
            if TYPES.get(self.raw(index).Type()) is not dtype:
                raise GhostError(f"{where}: {self.label(index)} must be {np.dtype(dtype)}.")
        pairs = [
            tuple(
                Requantizer(*p)
                for p in zip(options[f"{k}_multiplier"], options[f"{k}_shift"], strict=True)
            )
            for k in ("input", "recurrent", "ghost")
        ]
        has_ghosts = n > m
        if has_ghosts != bool(pairs[2]):
            raise GhostError(
                f"{where}: ratio {ratio} of {n} units and the ghost multipliers disagree."
            )
        layer = GhostGRU(
            input=x,
            output=self.activation(target, n),
            ratio=ratio,
            kernel=self.constant(kernel, np.int8, (3, m, d)),
            recurrent_kernel=self.constant(recurrent, np.int8, (3, m, n)),
            bias=self.constant(bias, np.int32, (2, 3, m)),
            ghost_kernel=self.constant(ghost, np.int8, (n - m, m))
            if has_ghosts
            else np.zeros((0, m), np.int8),
            ghost_bias=self.constant(ghost_bias, np.int32, (n - m,))
            if has_ghosts
            else np.zeros(0, np.int32),
            kernel_scales=self.scales(kernel, (3,)),
            recurrent_scales=self.scales(recurrent, (3,)),
            ghost_scale=self.scales(ghost, (1,))[0] if has_ghosts else 0.0,
            input_requantizers=pairs[0],
            recurrent_requantizers=pairs[1],
            ghost_requantizer=pairs[2][0] if has_ghosts else None,
            return_sequences=options["return_sequences"],
            stateful=options["stateful"],
        )
        y = self.tensors[layer.output]
        if (y.scale, y.zero_point) != (1 / 128, 0):
            raise GhostError(f"{where}: the output must have scale 1/128 and zero point 0.")
        ghost_operator.check_requantizers(layer, self.tensors[x], where)
        return layer

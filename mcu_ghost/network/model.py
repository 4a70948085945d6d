# SPDX-License-Identifier: Apache-2.0
"""The int8 network as plain data: the hinge between training and firmware.

What makes a model (a converter, a random generator, a file) may know TensorFlow and never C; what
consumes one (reference, packing, templates) may know C and never TensorFlow. The graph holds the
facts of the file (weights, scales, options); derived integers come from
`mcu_ghost.network.reference`.

A network is a **body** that runs once per frame and ends in the last recurrent operator, and a
**head**, everything after it, which runs per frame or once at the end. Tensors are described by one
frame of them: batch and time never appear.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
DType = Literal["int8", "int16"]
Activation = Literal["none", "relu", "relu6", "relu_n1_to_1"]
Function = Literal["logistic", "tanh", "relu", "relu6", "quantize"]


@dataclass(frozen=True)
class Tensor:
    """One frame of an activation.

    Attributes:
        name: As in the file; unique names are not required.
        size: Elements in one frame.
        dtype: Element type.
        scale: Real value of one step.
        zero_point: The integer that stands for 0.0.
    """

    name: str
    size: int
    dtype: DType
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Requantizer:
    """Multiplies an int32 accumulator by ``multiplier * 2**(shift - 32)``, rounding half up once.

    Attributes:
        multiplier: M, with 0 < M < 2**31.
        shift: k >= 0; every accumulator it meets must satisfy ``abs(acc) << k < 2**31``.
    """

    multiplier: int
    shift: int

    @property
    def real(self) -> float:
        """The real number it multiplies by."""
        return self.multiplier * 2.0 ** (self.shift - 32)


@dataclass(frozen=True, eq=False)
class GhostGRU:
    """A GhostGRU, or with ``ratio == 1`` a GRU with ``reset_after=True``; gates in z, r, c order.

    With d inputs, n units, m = n // ratio intrinsic states:

    Attributes:
        input: Tensor index.
        output: Tensor index; n values at scale 1/128, zero point 0.
        ratio: n // m as the user asked for it.
        kernel: (3, m, d) int8 in [-127, 127].
        recurrent_kernel: (3, m, n) int8, columns in [intrinsic; ghost] order.
        bias: (2, 3, m) int32 at accumulator scale; row 0 holds the input zero point folded in.
        ghost_kernel: (n - m, m) int8; no rows when ratio is 1.
        ghost_bias: (n - m,) int32.
        kernel_scales: One for each gate.
        recurrent_scales: One for each gate.
        ghost_scale: Of the ghost kernel; 0.0 when ratio is 1.
        input_requantizers: One for each gate of the kernel, to Q3.12.
        recurrent_requantizers: One for each gate of the recurrent kernel; the candidate's serves
            both its intrinsic and its ghost part.
        ghost_requantizer: For the ghost kernel; None when ratio is 1.
        return_sequences: Whether what follows sees every frame or the last one.
        stateful: Whether the state lives on between two invocations of the `.tflite` operator.
    """

    input: int
    output: int
    ratio: int
    kernel: Int8s
    recurrent_kernel: Int8s
    bias: Int32s
    ghost_kernel: Int8s
    ghost_bias: Int32s
    kernel_scales: tuple[float, ...]
    recurrent_scales: tuple[float, ...]
    ghost_scale: float
    input_requantizers: tuple[Requantizer, ...]
    recurrent_requantizers: tuple[Requantizer, ...]
    ghost_requantizer: Requantizer | None
    return_sequences: bool = True
    stateful: bool = False

    @property
    def inputs(self) -> int:
        """d, the inputs of a frame."""
        return int(self.kernel.shape[2])

    @property
    def intrinsic(self) -> int:
        """m, the intrinsic states."""
        return int(self.kernel.shape[1])

    @property
    def units(self) -> int:
        """n, the intrinsic and the ghost states together."""
        return int(self.recurrent_kernel.shape[2])

    @property
    def ghosts(self) -> int:
        """N - m, the ghost states."""
        return self.units - self.intrinsic

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one frame."""
        return self.kernel.size + self.recurrent_kernel.size + self.ghost_kernel.size


@dataclass(frozen=True, eq=False)
class FullyConnected:
    """TFLite's int8 FULLY_CONNECTED.

    Attributes:
        input: Tensor index.
        output: Tensor index.
        weights: (outputs, inputs) int8 in [-127, 127], zero point 0.
        bias: (outputs,) int32.
        weight_scales: One, or one for each output.
        activation: Fused activation.
    """

    input: int
    output: int
    weights: Int8s
    bias: Int32s
    weight_scales: tuple[float, ...]
    activation: Activation = "none"

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run."""
        return self.weights.size


@dataclass(frozen=True)
class Softmax:
    """TFLite's int8 SOFTMAX; the output has scale 1/256 and zero point -128."""

    input: int
    output: int
    beta: float = 1.0
    macs: int = 0


@dataclass(frozen=True)
class Elementwise:
    """A function of one int8 value: 256 answers, so firmware holds a table of them."""

    input: int
    output: int
    function: Function
    macs: int = 0


Operator = GhostGRU | FullyConnected | Softmax | Elementwise


@dataclass(frozen=True, eq=False)
class Model:
    """An int8 network.

    Attributes:
        name: A C identifier; the prefix of everything generated from the model.
        frames: Frames of one sequence in the `.tflite`; firmware runs any number of them.
        tensors: Everything that operators read and write.
        inputs: Tensor indices of one frame of input.
        outputs: Tensor indices of the results.
        body: Runs once per frame; its last operator is the last recurrent one.
        head: Runs after the body, for each frame or at the end.
        head_per_frame: Which of the two.
        metadata: The JSON object in the file: labels, front end, training summary and so on.
    """

    name: str
    frames: int
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    body: tuple[Operator, ...]
    head: tuple[Operator, ...]
    head_per_frame: bool
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Body, then head."""
        return self.body + self.head

    @property
    def layers(self) -> tuple[GhostGRU, ...]:
        """The recurrent operators in order."""
        return tuple(op for op in self.body if isinstance(op, GhostGRU))

    @property
    def labels(self) -> list[str]:
        """The name of each output, or its number where the file names none."""
        labels = self.metadata.get("labels")
        size = self.tensors[self.outputs[0]].size
        if isinstance(labels, list) and len(labels) == size:
            return [str(label) for label in labels]
        return [str(i) for i in range(size)]

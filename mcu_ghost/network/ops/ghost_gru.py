# SPDX-License-Identifier: Apache-2.0
"""GhostGRU, with ratio 1 a GRU: "GhostGRU int8, v1", and its custom operator in a `.tflite`.

The equations are those of GhostRNN (Zhou et al., Interspeech 2023, arXiv 2411.14489) with the reset
gate after the product; `ratio == 1` is exactly Keras' ``GRU(reset_after=True)``. Every kernel,
interpreter and image equals `step` bit for bit.

Inputs in a file: x, kernel (3, m, d), recurrent_kernel (3, m, n), bias (2, 3, m), ghost_kernel
(n - m, m), ghost_bias (n - m,), and the variables state (n,) int8 and carry (m,) int16; -1 for the
ghosts' when ratio is 1. One output: (1, T, n) or (1, n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.ops.gates import (
    CARRY_SCALE,
    PREACTIVATION_ONE,
    STATE_SCALE,
    Requantizer,
    largest_sum,
    need_state,
    product,
    requantize,
    saturate16,
    sigmoid,
    tanh,
    to_state,
)
from mcu_ghost.network.ops.operator import Recurrent, State, Tensors
from mcu_ghost.network.quantize import Floats, gates
from mcu_ghost.network.tensor import Int8s, Int32s, Ints, Tensor, Variable
from mcu_ghost.network.tflite import options as flexbuffer
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import MAX_SIZE, Tables

CUSTOM_CODE = "GhostGRU"
VERSION, MASKED = 1, 2
_NUMBERS, _FLAGS = ("units", "ratio", "input_zero_point"), ("return_sequences", "stateful")
_LISTS = ("input_multiplier", "input_shift", "recurrent_multiplier", "recurrent_shift",
          "ghost_multiplier", "ghost_shift")  # fmt: skip


@dataclass(frozen=True, eq=False)
class GhostGRU(Recurrent):
    """A GhostGRU, or with ``ratio == 1`` a GRU with ``reset_after=True``; gates in z, r, c order.

    With d inputs, n units, m = n // ratio intrinsic states:

    Attributes:
        output: n values at scale 1/128, zero point 0.
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
    """

    kind: ClassVar[str] = "ghost_gru"
    codes: ClassVar[dict[int | str, int]] = {CUSTOM_CODE: MASKED}

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
    mask: int | None = None

    @property
    def features(self) -> int:
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
        return len(self.ghost_kernel)

    @property
    def shape(self) -> dict[str, int]:
        """Units and ratio."""
        return {"units": self.units, "ratio": self.ratio}

    @property
    def title(self) -> str:
        """GhostGRU 154/2, or GRU 154."""
        return f"GhostGRU {self.units}/{self.ratio}" if self.ratio > 1 else f"GRU {self.units}"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates of one frame."""
        return self.kernel.size + self.recurrent_kernel.size + self.ghost_kernel.size

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The intrinsic state at full precision, and the state that products see."""
        return (
            Variable("carry", self.intrinsic, "int16", CARRY_SCALE),
            Variable("", self.units, "int8", STATE_SCALE),
        )

    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Advance by a frame; see `step`."""
        after, carry = step(self, values[0], state[1], state[0])
        return after, (carry, after)

    def validate(self, x: Tensor, where: str) -> None:
        """Raise GhostError unless requantizers fit the scales, and no accumulator overflows."""
        real, recurrent = x.scale * PREACTIVATION_ONE, STATE_SCALE * PREACTIVATION_ONE
        for gate, name in enumerate("zrc"):
            what, scale = f"kernel of gate {name}", real * self.kernel_scales[gate]
            largest = largest_sum(self.kernel[gate], self.bias[0, gate])
            self.input_requantizers[gate].validate(scale, largest, what, where)
            scale = recurrent * self.recurrent_scales[gate]
            largest = _recurrent_sum(gate, self.recurrent_kernel[gate], self.bias[1, gate])
            self.recurrent_requantizers[gate].validate(scale, largest, f"recurrent {what}", where)
        if self.ghost_requantizer is not None:
            scale = recurrent * self.ghost_scale
            largest = largest_sum(self.ghost_kernel, self.ghost_bias)
            self.ghost_requantizer.validate(scale, largest, "ghost kernel", where)

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`, its weights, options and variables checked."""
        target = op.Outputs(0)
        where = f"{file.where}: {CUSTOM_CODE} to {file.label(target)}"
        options = _options(file.custom_options(op, where), where)
        ends = file.inputs(op, 8 + ("mask" in options), CUSTOM_CODE)
        source, kernel, recurrent, bias, ghost, ghost_bias, state, carry, *mask = ends
        x = file.read(source)
        n, ratio = options["units"], options["ratio"]
        if not (0 < n <= MAX_SIZE and 0 < ratio <= n):
            raise GhostError(f"{where}: {count(n, 'unit')} with ratio {ratio} are not a layer.")
        (frames, d), m = file.sequence(source, where), n // ratio
        file.fits(target, (frames, n) if options["return_sequences"] else (n,), where)
        file.agrees(source, options["input_zero_point"], where)
        file.variable(state, np.int8, n, where)
        file.variable(carry, np.int16, m, where)
        pairs = [
            tuple(map(Requantizer, options[f"{k}_multiplier"], options[f"{k}_shift"]))
            for k in ("input", "recurrent", "ghost")
        ]
        if (n > m) != bool(pairs[2]):
            raise GhostError(f"{where}: ratio {ratio} and the ghost multipliers disagree.")
        ghosts: tuple[Any, ...] = np.zeros((0, m), np.int8), np.zeros(0, np.int32), 0.0, None
        if n > m:
            ghosts = (
                file.constant(ghost, np.int8, (n - m, m)),
                file.constant(ghost_bias, np.int32, (n - m,)),
                *file.scales(ghost, (1,)),
                pairs[2][0],
            )
        layer = cls(
            inputs=(x, *(file.frames_of_mask(i, source) for i in mask)),
            output=file.activation(target),
            ratio=ratio,
            kernel=file.constant(kernel, np.int8, (3, m, d)),
            recurrent_kernel=file.constant(recurrent, np.int8, (3, m, n)),
            bias=file.constant(bias, np.int32, (2, 3, m)),
            ghost_kernel=ghosts[0],
            ghost_bias=ghosts[1],
            kernel_scales=file.scales(kernel, (3,)),
            recurrent_scales=file.scales(recurrent, (3,)),
            ghost_scale=ghosts[2],
            input_requantizers=pairs[0],
            recurrent_requantizers=pairs[1],
            ghost_requantizer=ghosts[3],
            return_sequences=options["return_sequences"],
            stateful=options["stateful"],
            mask=options.get("mask"),
        )
        need_state(file.tensors[layer.output], where)
        layer.validate(file.tensors[x], where)
        return layer

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (carry, state) = f"ghost_gru_{number}", self.variables
        inputs = [
            sources[0],
            file.constant(f"{label}/kernel", self.kernel, self.kernel_scales),
            file.constant(
                f"{label}/recurrent_kernel", self.recurrent_kernel, self.recurrent_scales
            ),
            file.constant(f"{label}/bias", self.bias),
            -1,
            -1,
            file.variable(f"{label}/state", state),
            file.variable(f"{label}/carry", carry),
            *sources[1:],
        ]
        if self.ghosts:
            kernel_scale, scale = self.ghost_scale, self.ghost_scale * STATE_SCALE
            inputs[4] = file.constant(f"{label}/ghost_kernel", self.ghost_kernel, (kernel_scale,))
            inputs[5] = file.constant(f"{label}/ghost_bias", self.ghost_bias, (scale,))
        options = flexbuffer.encode(self.options(xs[0].zero_point))
        version = MASKED if self.mask is not None else VERSION
        file.custom(CUSTOM_CODE, inputs, target, version, options)

    def options(self, input_zero_point: int) -> dict[str, Any]:
        """Return the options that the operator has in a file."""
        ghosts = [self.ghost_requantizer] if self.ghost_requantizer is not None else []
        return {
            "version": VERSION,
            "units": self.units,
            "ratio": self.ratio,
            "return_sequences": self.return_sequences,
            "stateful": self.stateful,
            "input_zero_point": input_zero_point,
            "input_multiplier": [rq.multiplier for rq in self.input_requantizers],
            "input_shift": [rq.shift for rq in self.input_requantizers],
            "recurrent_multiplier": [rq.multiplier for rq in self.recurrent_requantizers],
            "recurrent_shift": [rq.shift for rq in self.recurrent_requantizers],
            "ghost_multiplier": [rq.multiplier for rq in ghosts],
            "ghost_shift": [rq.shift for rq in ghosts],
            **flexbuffer.mask(self.mask),
        }

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        x: Tensor,
        source: int,
        *,
        units: int = 12,
        ratio: int = 2,
        gain: float = 1.0,
        return_sequences: bool = True,
        stateful: bool = False,
    ) -> tuple[Self, Tensor]:
        """Return a layer with normal weights; large gains saturate the gates, or are refused."""
        n, m, d = units, units // ratio, x.size

        def normal(*shape: int, fan: int) -> npt.NDArray[np.float64]:
            return rng.normal(0, gain / np.sqrt(fan), shape)

        layer = cls.quantized(
            x,
            kernel=normal(d, 3 * m, fan=d),
            recurrent_kernel=normal(n, 3 * m, fan=n),
            bias=normal(2, 3 * m, fan=4),
            ghost_kernel=normal(m, n - m, fan=m) * 2,
            ghost_bias=normal(n - m, fan=4),
            inputs=(source,),
            output=source + 1,
            ratio=ratio,
            return_sequences=return_sequences,
            stateful=stateful,
        )
        return layer, Tensor(f"ghost_gru_{source}", (n,), "int8", STATE_SCALE, 0)

    @classmethod
    def quantized(
        cls,
        x: Tensor,
        kernel: Floats,
        recurrent_kernel: Floats,
        bias: Floats,
        ghost_kernel: Floats,
        ghost_bias: Floats,
        *,
        inputs: tuple[int, ...],
        output: int,
        ratio: int,
        return_sequences: bool = True,
        stateful: bool = False,
    ) -> Self:
        """Quantise one layer's Keras weights.

        Args:
            x: The tensor the layer reads; its scale and zero point enter the biases.
            kernel: (d, 3m) float, gates z, r, c.
            recurrent_kernel: (n, 3m) float.
            bias: (2, 3m) float.
            ghost_kernel: (m, n - m) float.
            ghost_bias: (n - m,) float.
            inputs: Index of `x` in the model.
            output: Index of the output tensor in the model.
            ratio: n // m.
            return_sequences: As in Keras.
            stateful: As in Keras.

        Raises:
            GhostError: The weights cannot be expressed in 32-bit accumulators.
        """
        m = kernel.shape[1] // 3
        own = gates(kernel, bias[0], 3, x.scale, x.zero_point)
        recurrent = gates(recurrent_kernel, bias[1], 3, STATE_SCALE, largest=_recurrent_sum)
        ghost = gates(ghost_kernel, ghost_bias, 1, STATE_SCALE) if ghost_kernel.size else None
        return cls(
            inputs=inputs,
            output=output,
            ratio=ratio,
            kernel=own.weights,
            recurrent_kernel=recurrent.weights,
            bias=np.stack([own.bias, recurrent.bias]),
            ghost_kernel=ghost.weights[0] if ghost else np.zeros((0, m), np.int8),
            ghost_bias=ghost.bias[0] if ghost else np.zeros(0, np.int32),
            kernel_scales=own.scales,
            recurrent_scales=recurrent.scales,
            ghost_scale=ghost.scales[0] if ghost else 0.0,
            input_requantizers=own.requantizers,
            recurrent_requantizers=recurrent.requantizers,
            ghost_requantizer=ghost.requantizers[0] if ghost else None,
            return_sequences=return_sequences,
            stateful=stateful,
        )


def _options(data: bytes, where: str) -> dict[str, Any]:
    """Decode the options and check the lengths of their lists."""
    options = flexbuffer.decode(data, where, VERSION, _NUMBERS, _FLAGS, _LISTS)
    for key in _LISTS:
        length = 3 if not key.startswith("ghost") else int(options["ratio"] != 1)
        if len(options[key]) != length:
            raise GhostError(f"{where}: option '{key}' must list {count(length, 'integer')}.")
    return options


def _recurrent_sum(gate: int, kernel: Int8s, bias: npt.NDArray[np.signedinteger]) -> int:
    """Return one gate's largest accumulator of an (m, n) kernel; the candidate has two."""
    m = kernel.shape[0]
    if gate < 2:
        return largest_sum(kernel, bias)
    return max(largest_sum(kernel[:, :m], bias), largest_sum(kernel[:, m:]))


def step(op: GhostGRU, x: Ints, state: Ints, carry: Ints) -> tuple[Ints, Ints]:
    """Advance a GhostGRU by one frame.

    Args:
        op: The operator.
        x: (…, d) int8 values as int64.
        state: (…, n) Q0.7 state of the frame before; the new one is also the output.
        carry: (…, m) Q0.15 intrinsic state of the frame before.

    Returns:
        The new state and the new carry.
    """
    m = op.intrinsic
    bias = op.bias.astype(np.int64)
    from_input = [
        requantize(product(x, op.kernel[i]) + bias[0, i], rq)
        for i, rq in enumerate(op.input_requantizers)
    ]

    def gate(i: int) -> Ints:
        acc = product(state, op.recurrent_kernel[i]) + bias[1, i]
        return sigmoid(saturate16(from_input[i] + requantize(acc, op.recurrent_requantizers[i])))

    z, r = gate(0), gate(1)
    rq, recurrent = op.recurrent_requantizers[2], op.recurrent_kernel[2]
    intrinsic = saturate16(requantize(product(state[..., :m], recurrent[:, :m]) + bias[1, 2], rq))
    ghosts = requantize(product(state[..., m:], recurrent[:, m:]), rq)
    c = tanh(saturate16(from_input[2] + ghosts + ((r * intrinsic + 2**14) >> 15)))
    carry = (z * carry + (32768 - z) * c + 2**14) >> 15
    h = to_state(carry)
    if op.ghost_requantizer is None:
        return h, carry
    acc = product(h, op.ghost_kernel) + op.ghost_bias
    g = to_state(tanh(saturate16(requantize(acc, op.ghost_requantizer))))
    return np.concatenate([h, g], axis=-1), carry

# SPDX-License-Identifier: Apache-2.0
"""What LSTM, GRU and simple RNN share: gates of two products each, and their custom operators.

Each gate has a row of weights for every unit and input, and one for every unit and unit; both
products have accumulators of their own, are requantised with one rounding and then added.

Inputs in a file, of g gates, d inputs, n units: x, kernel (g, n, d), recurrent_kernel (g, n, n),
bias (2, g, n), and the variables: state (n,) int8 and, where a kind has one, its int16 (n,). One
output: (1, T, n) or (1, n).
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import quantize
from mcu_ghost.network.ops.gates import (
    CARRY_SCALE,
    PREACTIVATION_ONE,
    STATE_SCALE,
    Requantizer,
    hard_sigmoid,
    largest_sum,
    product,
    requantize,
    saturate16,
    sigmoid,
    slope,
)
from mcu_ghost.network.ops.operator import Recurrent, Tensors
from mcu_ghost.network.quantize import Floats
from mcu_ghost.network.tensor import Int8s, Int32s, Ints, Tensor, Variable
from mcu_ghost.network.tflite import options as flexbuffer
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import MAX_SIZE, Tables

_NUMBERS, _FLAGS = ("units", "input_zero_point", "slope"), ("return_sequences", "stateful")
_LISTS = ("input_multiplier", "input_shift", "recurrent_multiplier", "recurrent_shift")
_VERSION, MASKED = 1, 2


@dataclass(frozen=True, eq=False)
class Gated(Recurrent):
    """A recurrent layer with d inputs and n units.

    Attributes:
        output: n values, zero point 0, at scale 1/128 unless the kind says otherwise.
        kernel: (gates, n, d) int8 in [-127, 127].
        recurrent_kernel: (gates, n, n) int8.
        bias: (2, gates, n) int32 at accumulator scale; row 0 holds the input zero point folded in.
        kernel_scales: One for each gate.
        recurrent_scales: One for each gate.
        input_requantizers: One for each gate, to pre-activations.
        recurrent_requantizers: Likewise.
        slope: Of the gates' hard sigmoid in Q0.16; 0 for the sigmoid itself.
    """

    word: ClassVar[str]
    """What people call the kind."""
    code: ClassVar[str]
    """What a `.tflite` calls it, the one of `codes`."""
    gates: ClassVar[str]
    """A letter for each gate, in the order of the weights."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """The variables of int16 beside the state."""
    numbers: ClassVar[tuple[str, ...]] = ()
    """Members that a file's options hold besides, integers."""
    flags: ClassVar[tuple[str, ...]] = ()
    """Likewise, true or false."""

    kernel: Int8s
    recurrent_kernel: Int8s
    bias: Int32s
    kernel_scales: tuple[float, ...]
    recurrent_scales: tuple[float, ...]
    input_requantizers: tuple[Requantizer, ...]
    recurrent_requantizers: tuple[Requantizer, ...]
    slope: int = 0
    return_sequences: bool = True
    stateful: bool = False
    mask: int | None = None

    @property
    def features(self) -> int:
        """d, the inputs of a frame."""
        return int(self.kernel.shape[2])

    @property
    def units(self) -> int:
        """n, the units."""
        return int(self.kernel.shape[1])

    @property
    def shape(self) -> dict[str, int]:
        """The units."""
        return {"units": self.units}

    @property
    def title(self) -> str:
        """LSTM 32."""
        return f"{self.word} {self.units}"

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates of one frame."""
        return self.kernel.size + self.recurrent_kernel.size

    @property
    def state_scale(self) -> float:
        """Real value of one step of the state."""
        return STATE_SCALE

    @property
    def kept_scale(self) -> float:
        """Real value of one step of what is kept in int16."""
        return CARRY_SCALE

    @property
    def one(self) -> float:
        """What 1.0 is as a pre-activation."""
        return PREACTIVATION_ONE

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What is kept in int16, and the state that products see."""
        kept = tuple(Variable(role, self.units, "int16", self.kept_scale) for role in self.keeps)
        return (*kept, Variable("", self.units, "int8", self.state_scale))

    def from_input(self, gate: int, x: Ints) -> Ints:
        """Return one gate's part of a pre-activation that comes from the input, (…, n)."""
        acc = product(x, self.kernel[gate]) + self.bias[0, gate].astype(np.int64)
        return requantize(acc, self.input_requantizers[gate])

    def from_state(self, gate: int, state: Ints) -> Ints:
        """Return the part that comes from the state."""
        acc = product(state, self.recurrent_kernel[gate]) + self.bias[1, gate].astype(np.int64)
        return requantize(acc, self.recurrent_requantizers[gate])

    def preactivation(self, gate: int, x: Ints, state: Ints) -> Ints:
        """Return both, in int16."""
        return saturate16(self.from_input(gate, x) + self.from_state(gate, state))

    def gate(self, gate: int, x: Ints, state: Ints) -> Ints:
        """Return a gate's sigmoid as Q0.15 in [0, 32768]."""
        before = self.preactivation(gate, x, state)
        return hard_sigmoid(before, self.slope) if self.slope else sigmoid(before)

    def validate(self, x: Tensor, where: str) -> None:
        """Raise GhostError unless requantizers fit the scales, and no accumulator overflows."""
        if not 0 <= self.slope < 2**15:
            raise GhostError(f"{where}: {self.slope} is no slope of a hard sigmoid.")
        for gate, name in enumerate(self.gates):
            what = f"kernel of gate {name}" if len(self.gates) > 1 else "kernel"
            real = x.scale * self.kernel_scales[gate] * self.one
            largest = largest_sum(self.kernel[gate], self.bias[0, gate])
            self.input_requantizers[gate].validate(real, largest, what, where)
            real = self.state_scale * self.recurrent_scales[gate] * self.one
            largest = largest_sum(self.recurrent_kernel[gate], self.bias[1, gate])
            self.recurrent_requantizers[gate].validate(real, largest, f"recurrent {what}", where)

    @classmethod
    @abc.abstractmethod
    def members(cls, options: dict[str, Any], y: Tensor, where: str) -> dict[str, Any]:
        """Return the kind's own members from a file's options and the output.

        Raises:
            GhostError: They are out of range, or the output is not what the kind writes.
        """

    @classmethod
    def read(cls, file: Tables, op: Any) -> Self:
        """Take it from a `.tflite`, its weights, options and variables checked."""
        code, count = cls.code, len(cls.gates)
        target = op.Outputs(0)
        where = f"{file.where}: {code} to {file.label(target)}"
        options = cls._options(file.custom_options(op, where), where)
        wanted = 5 + len(cls.keeps) + ("mask" in options)
        source, kernel, recurrent, bias, state, *kept = file.inputs(op, wanted, code)
        x = file.read(source)
        mask = (file.frames_of_mask(kept.pop(), source),) if "mask" in options else ()
        n = options["units"]
        if not 0 < n <= MAX_SIZE:
            raise GhostError(f"{where}: {n} are no number of units.")
        frames, d = file.sequence(source, where)
        file.fits(target, (frames, n) if options["return_sequences"] else (n,), where)
        file.agrees(source, options["input_zero_point"], where)
        file.variable(state, np.int8, n, where)
        for variable in kept:
            file.variable(variable, np.int16, n, where)
        y = file.activation(target)
        layer = cls(
            inputs=(x, *mask),
            output=y,
            kernel=file.constant(kernel, np.int8, (count, n, d)),
            recurrent_kernel=file.constant(recurrent, np.int8, (count, n, n)),
            bias=file.constant(bias, np.int32, (2, count, n)),
            kernel_scales=file.scales(kernel, (count,)),
            recurrent_scales=file.scales(recurrent, (count,)),
            input_requantizers=_requantizers(options, "input"),
            recurrent_requantizers=_requantizers(options, "recurrent"),
            slope=options["slope"],
            return_sequences=options["return_sequences"],
            stateful=options["stateful"],
            mask=options.get("mask"),
            **cls.members(options, file.tensors[y], where),
        )
        layer.validate(file.tensors[x], where)
        return layer

    @classmethod
    def _options(cls, data: bytes, where: str) -> dict[str, Any]:
        numbers, flags = _NUMBERS + cls.numbers, _FLAGS + cls.flags
        options = flexbuffer.decode(data, where, _VERSION, numbers, flags, _LISTS)
        for key in _LISTS:
            if len(options[key]) != len(cls.gates):
                wanted = text.count(len(cls.gates), "integer")
                raise GhostError(f"{where}: option '{key}' must be a list of {wanted}.")
        return options

    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`."""
        label, (*kept, state) = f"{self.kind}_{number}", self.variables
        inputs = [
            sources[0],
            file.constant(f"{label}/kernel", self.kernel, self.kernel_scales),
            file.constant(
                f"{label}/recurrent_kernel", self.recurrent_kernel, self.recurrent_scales
            ),
            file.constant(f"{label}/bias", self.bias),
            file.variable(f"{label}/state", state),
            *(file.variable(f"{label}/{v.role}", v) for v in kept),
            *sources[1:],
        ]
        pairs = {"input": self.input_requantizers, "recurrent": self.recurrent_requantizers}
        options = {
            "version": _VERSION,
            "units": self.units,
            "return_sequences": self.return_sequences,
            "stateful": self.stateful,
            "slope": self.slope,
            "input_zero_point": xs[0].zero_point,
            **{f"{name}_multiplier": [rq.multiplier for rq in rqs] for name, rqs in pairs.items()},
            **{f"{name}_shift": [rq.shift for rq in rqs] for name, rqs in pairs.items()},
            **{name: getattr(self, name) for name in self.numbers + self.flags},
            **flexbuffer.mask(self.mask),
        }
        version = MASKED if "mask" in options else _VERSION
        file.custom(self.code, inputs, target, version, flexbuffer.encode(options))

    @classmethod
    @abc.abstractmethod
    def quantized(cls, *args: Any, **options: Any) -> Self:
        """Quantise one layer's Keras weights; each kind says what else it needs."""

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        x: Tensor,
        source: int,
        *,
        units: int = 12,
        gain: float = 1.0,
        **options: Any,
    ) -> tuple[Self, Tensor]:
        """Return a layer with normal weights; large gains saturate it, or are refused.

        Args:
            rng: Where randomness comes from.
            x: The tensor that is read.
            source: Its index; the new tensor's is the next one.
            units: Of the layer.
            gain: Of the weights.
            options: Of `quantized`.
        """
        weights = cls.drawn(rng, x.size, units, gain)
        layer = cls.quantized(x, **weights, inputs=(source,), output=source + 1, **options)
        return layer, Tensor(f"{cls.kind}_{source}", (units,), "int8", layer.state_scale, 0)

    @classmethod
    def made(
        cls,
        x: Tensor,
        kernel: Floats,
        recurrent_kernel: Floats,
        bias: Floats,
        state_scale: float = STATE_SCALE,
        one: float = PREACTIVATION_ONE,
        hard: float = 0.0,
        **members: Any,
    ) -> Self:
        """Quantise one layer's weights.

        Args:
            x: The tensor the layer reads; its scale and zero point enter the biases.
            kernel: (d, gates * n) float.
            recurrent_kernel: (n, gates * n) float.
            bias: (gates * n,) float, or (2, gates * n) where each product has one.
            state_scale: Of the state.
            one: What 1.0 is as a pre-activation.
            hard: The slope of the gates' hard sigmoid; 0 for the sigmoid itself.
            members: All others.

        Raises:
            GhostError: The weights cannot be expressed in 32-bit accumulators.
        """
        count, (first, second) = len(cls.gates), (bias, 0 * bias) if bias.ndim == 1 else bias
        own = quantize.gates(kernel, first, count, x.scale, x.zero_point, one=one)
        recurrent = quantize.gates(recurrent_kernel, second, count, state_scale, one=one)
        return cls(
            kernel=own.weights,
            recurrent_kernel=recurrent.weights,
            bias=np.stack([own.bias, recurrent.bias]),
            kernel_scales=own.scales,
            recurrent_scales=recurrent.scales,
            input_requantizers=own.requantizers,
            recurrent_requantizers=recurrent.requantizers,
            slope=slope(hard) if hard else 0,
            **members,
        )

    @classmethod
    def drawn(cls, rng: np.random.Generator, d: int, n: int, gain: float) -> dict[str, Floats]:
        """Return random float weights; large gains saturate the gates."""
        wide = n * len(cls.gates)
        return {
            "kernel": rng.normal(0, gain / np.sqrt(d), (d, wide)),
            "recurrent_kernel": rng.normal(0, gain / np.sqrt(n), (n, wide)),
            "bias": rng.normal(0, gain / 2, wide),
        }


def _requantizers(options: dict[str, Any], what: str) -> tuple[Requantizer, ...]:
    return tuple(map(Requantizer, options[f"{what}_multiplier"], options[f"{what}_shift"]))

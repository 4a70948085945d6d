# SPDX-License-Identifier: Apache-2.0
"""What every kind of layer says about itself, in the one file that it has here."""

from __future__ import annotations

import abc
import dataclasses
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from mcu_ghost.network.tensor import Ints, Tensor, Variable
from mcu_ghost.network.tflite.builder import Builder
from mcu_ghost.network.tflite.tables import Tables

State = tuple[Ints, ...]
"""The values of an operator's variables, in their order."""

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Reach:
    """How a frame of an operator's output depends on the frames of its input.

    Attributes:
        whole: On all of them: it runs when a sequence is complete.
        rows: On so many in a row, dilation included; 1 is the frame itself.
        stride: It answers every so many frames.
        before: Frames that padding puts before the first.
        after: Frames that padding puts behind the last.
        fill: What these frames hold; None is the zero point.
    """

    whole: bool = False
    rows: int = 1
    stride: int = 1
    before: int = 0
    after: int = 0
    fill: int | None = None

    @property
    def pads(self) -> bool:
        """Whether it does nothing but put frames around."""
        return not self.whole and self.rows == self.stride == 1 and bool(self.before or self.after)

    @property
    def each(self) -> bool:
        """Whether every frame stands for itself."""
        return replace(self, fill=None) == Reach()


@dataclass(frozen=True, eq=False)
class Operator(abc.ABC):
    """One int8 operator; a kind is a frozen dataclass derived from this.

    Attributes:
        kind: The kind's name, which kernels and generated names carry.
        codes: How a `.tflite` calls it: built-in codes or custom names, each with the newest
            version whose int8 arithmetic is the one implemented here.
        inputs: Indices of the tensors that it reads.
        output: Index of the tensor that it writes.
        overwrites: Whether an input that stands in the output is lost.
        in_strips: Whether kernels make as many rows of the output as the window of their constants
            says, from where it says.
    """

    overwrites: ClassVar[bool] = True
    in_strips: ClassVar[bool] = False
    kind: ClassVar[str]
    codes: ClassVar[dict[int | str, int]]
    inputs: tuple[int, ...]
    output: int

    @property
    def name(self) -> str:
        """What generated names begin with; the operator's number follows."""
        return self.kind

    @property
    def called(self) -> str:
        """What people read that a layer became: a `.tflite`'s word, and what is fused into it."""
        code = next(iter(self.codes), "")
        name = code if isinstance(code, str) and code else self.name.upper()
        fused = getattr(self, "activation", "none")  # of the kinds that have one
        return name if fused == "none" else f"{name} + {fused}"

    @property
    def constant_bytes(self) -> int:
        """Bytes of its weights, biases and tables in a `.tflite`."""
        given = (getattr(self, field.name) for field in dataclasses.fields(self))
        return sum(value.nbytes for value in given if isinstance(value, np.ndarray))

    def macs(self, xs: Tensors, y: Tensor) -> int:
        """Return the multiply-accumulates of one run on tensors of these shapes."""
        return 0

    def rows(self, xs: Tensors, y: Tensor) -> int:
        """Return how many rows stand for themselves, where the kernel takes one at a time."""
        return 1

    def reach(self, xs: Tensors, y: Tensor) -> Reach:
        """Return how far it looks along the first axis of whole tensors."""
        return Reach()

    def in_place(self, xs: Tensors, y: Tensor) -> tuple[int | None, ...]:
        """Return from which value of the output on each input may stand; None: not in it.

        Of an operator that `overwrites`, a kernel reads a value before it writes another there.
        """
        return (None,) * len(xs)

    @property
    def pooled(self) -> int:
        """Of how many rows of an image each row is made, none of them for two; 0: not so.

        What has so has a window among its constants, for kernels to go by.
        """
        return 0

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What lives from frame to frame, in the order of the generated `<name>_state_t`."""
        return ()

    @property
    def resolver(self) -> str:
        """The function of TFLite Micro's resolver that adds it; "" for an operator of ours."""
        return ""

    @abc.abstractmethod
    def run(
        self, xs: Tensors, y: Tensor, values: tuple[Ints, ...], state: State
    ) -> tuple[Ints, State]:
        """Compute it once; this is the specification.

        Args:
            xs: The tensors that are read, as a kernel sees them.
            y: The tensor that is written.
            values: (…, *shape of x) int8 values as int64, for each of them.
            state: The variables' values, (…, size) each.

        Returns:
            (…, *shape of y) int8 values as int64, and the new state.
        """

    def on_rows(self) -> Self:
        """Return it for just the frames that it reaches, padding included, and their one answer.

        That is the operator itself, unless its window has padding or a stride.
        """
        return self

    @classmethod
    @abc.abstractmethod
    def read(cls, file: Tables, op: Any) -> Self | None:
        """Take it from a `.tflite`; None is left of one that does nothing.

        Args:
            file: The tables, which know the tensors read so far.
            op: The operator's flatbuffer table.

        Raises:
            GhostError: It is damaged, or not one that this package can build.
        """

    @abc.abstractmethod
    def write(
        self, file: Builder, xs: Tensors, sources: list[int], target: int, number: int
    ) -> None:
        """Put it into a `.tflite`.

        Args:
            file: What is being built.
            xs: The whole tensors that are read.
            sources: Their indices in the file.
            target: The index of the tensor that is written.
            number: The operator's, for the names of its constants.
        """

    @classmethod
    @abc.abstractmethod
    def random(cls, rng: np.random.Generator, x: Tensor, source: int) -> tuple[Self, Tensor]:
        """Return a random one of some shape that reads `x`, and the tensor that it writes.

        Args:
            rng: Where randomness comes from.
            x: The tensor that is read.
            source: Its index; the new tensor's is the next one.
        """


class Assigning(Operator):
    """An operator whose output is a variable: those before it read what was there last time.

    Attributes:
        initial: What every value of it is at the start.
    """

    initial: int

    @abc.abstractmethod
    def declare(self, file: Builder, variable: Tensor) -> int:
        """Put what reads the variable into a `.tflite`; return the index of the tensor read.

        Args:
            file: What is being built.
            variable: The tensor.
        """

    @abc.abstractmethod
    def write_initial(self, file: Builder, variable: Tensor, target: int) -> None:
        """Put its start into the graph of a `.tflite` that runs once.

        Args:
            file: What is being built.
            variable: The tensor.
            target: The index that `declare` returned.
        """


class Recurrent(Operator):
    """An operator that keeps a state and, of a sequence, gives every frame or the last one.

    Attributes:
        return_sequences: Whether what follows sees every frame or the last one.
        stateful: Whether the state lives on between two invocations of the `.tflite` operator.
        mask: None, or the integer that marks a frame which is none: where all values of the last
            input equal it, state and output stay as they are. That input is for the mask alone; it
            may be the first one again.
    """

    return_sequences: bool
    stateful: bool
    mask: int | None

    def for_the_last_frame(self, output: int) -> Self:
        """Return it with only its last frame, to another tensor."""
        changed: Any = {"output": output, "return_sequences": False}
        return replace(self, **changed)

    def masked(self, values: tuple[Ints, ...]) -> npt.NDArray[np.bool_]:
        """Return which frames of the inputs, (…, size) each, are none, (…, 1)."""
        if self.mask is None:
            return np.zeros((*values[0].shape[:-1], 1), np.bool_)
        return np.all(values[-1] == self.mask, axis=-1, keepdims=True)

    @property
    def called(self) -> str:
        """What people read that a layer became."""
        return self.title

    @property
    @abc.abstractmethod
    def shape(self) -> dict[str, int]:
        """The numbers that describe the layer to scripts."""

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """What people call the layer."""

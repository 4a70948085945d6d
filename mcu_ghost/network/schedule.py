# SPDX-License-Identifier: Apache-2.0
"""When each operator of a network runs, and on what: what the planner makes, and firmware does."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_ghost.network.ops.operator import Operator, Recurrent, Tensors
from mcu_ghost.network.tensor import Tensor, Variable


@dataclass(frozen=True)
class Clock:
    """When something comes, counted in frames of input.

    Attributes:
        first: Frames before the one that brings the first.
        period: Frames from one to the next.
    """

    first: int = 0
    period: int = 1


@dataclass(frozen=True, eq=False)
class Step:
    """One operator at work.

    Attributes:
        op: It; its indices are those of the schedule's tensors.
        xs: What its kernel reads, as the kernel sees it.
        y: What it writes.
        times: How often the kernel runs over rows of the tensors, of which `xs` and `y` are one
            each: those of a matrix, or the frames that a recurrent operator finds complete, which
            it goes through from the zero state on. None: it runs once, on all.
        clock: Of the schedule's clocks, by which it runs in the body.
        origin: The operator's place in the graph; None of what keeps frames for another.
    """

    op: Operator
    xs: Tensors
    y: Tensor
    times: int | None = None
    clock: int = 0
    origin: int | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return (self.times or 1) * self.op.macs(self.xs, self.y)

    @property
    def in_place(self) -> tuple[int | None, ...]:
        """From which value of the output on each input may stand; None: not in it."""
        return (None,) * len(self.xs) if self.times else self.op.in_place(self.xs, self.y)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What lives from frame to frame."""
        return () if self.times else self.op.variables

    @property
    def passing(self) -> tuple[Variable, ...]:
        """What lives as long as the step runs through frames."""
        return self.op.variables if self.times else ()

    @property
    def mask(self) -> int | None:
        """What a frame is full of that is none; the last of `xs` is then for it alone."""
        return self.op.mask if isinstance(self.op, Recurrent) else None

    @property
    def is_variable(self) -> bool:
        """Whether the output is one of the variables."""
        return not all(v.role for v in self.variables)

    @property
    def collects(self) -> bool:
        """Whether the output holds every row's, not only the last one's."""
        return bool(self.times) and not (
            isinstance(self.op, Recurrent) and not self.op.return_sequences
        )


@dataclass(frozen=True, eq=False)
class Schedule:
    """How firmware runs a network.

    Attributes:
        frames: Of a sequence.
        tensors: What lives at a time: a frame of what is streamed, the whole of other things.
        inputs: Indices of one frame of input.
        outputs: Indices of the results.
        body: Runs for every frame.
        head: Runs for every frame, or once behind the last.
        head_per_frame: Which of the two.
        kept: Tensors, no variables, that the body writes and the head or a caller reads later.
        clocks: The first is every frame's.
        answers: When an output of a stream comes.
    """

    frames: int
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    body: tuple[Step, ...]
    head: tuple[Step, ...]
    head_per_frame: bool
    kept: tuple[int, ...]
    clocks: tuple[Clock, ...] = (Clock(),)
    answers: Clock = Clock()

# SPDX-License-Identifier: Apache-2.0
"""When each operator of a network runs, and on what: per frame as long as that can be, then once.

A whole sequence is never there on a microcontroller: frames come one by one. So the planner walks
through the graph and lets every operator run per frame whose answer for a frame needs no later one.
What needs the whole sequence runs once, at its end, on tensors that were collected on the way.
Operators on single vectors behind the last frame are of that part too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.ops.collect import Collect
from mcu_ghost.network.ops.operator import Operator, Recurrent, Tensors
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.tensor import Tensor, Variable


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
    """

    op: Operator
    xs: Tensors
    y: Tensor
    times: int | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return (self.times or 1) * self.op.macs(self.xs, self.y)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What lives from frame to frame."""
        return () if self.times else self.op.variables

    @property
    def passing(self) -> tuple[Variable, ...]:
        """What lives as long as the step runs through frames."""
        return self.op.variables if self.times else ()

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
    """

    frames: int
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    body: tuple[Step, ...]
    head: tuple[Step, ...]
    head_per_frame: bool
    kept: tuple[int, ...]


def make(graph: Graph, timed: bool) -> Schedule:
    """Plan a network.

    Args:
        graph: The network.
        timed: Whether the first axis of the inputs is time; if not, an input is a frame.

    Raises:
        GhostError: Its inputs have different numbers of frames.
    """
    lengths = {graph.tensors[i].shape[0] if graph.tensors[i].shape else 1 for i in graph.inputs}
    if timed and len(lengths) > 1:
        raise GhostError(
            f"the inputs have different numbers of frames: {', '.join(map(str, sorted(lengths)))}"
        )
    frames = lengths.pop() if timed else 1
    return _Planner(graph, frames).schedule()


class _Planner:
    """Places one graph's operators."""

    def __init__(self, graph: Graph, frames: int) -> None:
        self._graph = graph
        self._frames = frames
        self._tensors: list[Tensor] = []
        self._streamed: dict[int, tuple[int, Tensor]] = {}  # graph's tensor → ours, as it is seen
        self._whole: dict[int, tuple[int, Tensor]] = {}
        self._often: list[Step] = []
        self._once: list[Step] = []

    def schedule(self) -> Schedule:
        """Walk through the graph."""
        graph = self._graph
        inputs = tuple(self._place(self._streamed, i, self._frame(i)) for i in graph.inputs)
        for op in graph.operators:
            self._operator(op)
        layers = graph.layers
        per_frame = all(i in self._streamed for i in graph.outputs)
        if self._frames == 1 and layers:
            per_frame = layers[-1].return_sequences
        if per_frame or self._frames == 1:
            outputs = tuple(self._streamed[i][0] for i in graph.outputs)
            split = self._split(inputs)
            body, head = self._often[:split], self._often[split:]
        else:
            outputs = tuple(self._complete(i)[0] for i in graph.outputs)
            body, head = self._often, self._once
        later = {i for step in head for i in step.op.inputs} | set(outputs)
        kept = tuple(s.op.output for s in body if not s.is_variable and s.op.output in later)
        return Schedule(self._frames, tuple(self._tensors), inputs, outputs, tuple(body),
                        tuple(head), per_frame, kept)  # fmt: skip

    def _split(self, inputs: tuple[int, ...]) -> int:
        """Return where the head begins: behind the last variable, and what reads an input.

        A head can be asked for when the input is gone.
        """
        if not any(step.variables for step in self._often):
            return len(self._often)
        needed = (bool(s.variables) or set(s.op.inputs) & set(inputs) for s in self._often)
        return max(n for n, found in enumerate(needed, 1) if found)

    def _frame(self, index: int) -> Tensor:
        """Return what a frame of a tensor of the graph is: all of it where there is but one."""
        tensor = self._graph.tensors[index]
        if self._frames > 1:
            return tensor.frame
        return tensor.frame if tensor.shape[:1] == (1,) and len(tensor.shape) > 1 else tensor

    def _place(self, where: dict[int, tuple[int, Tensor]], index: int, tensor: Tensor) -> int:
        self._tensors.append(tensor)
        where[index] = len(self._tensors) - 1, tensor
        return len(self._tensors) - 1

    def _operator(self, op: Operator) -> None:
        xs, y = self._graph.ends(op)
        streams = all(i in self._streamed for i in op.inputs)
        if streams and (self._frames == 1 or op.reach(xs, y).each):
            self._per_frame(op)
        else:
            self._at_the_end(op, xs)

    def _per_frame(self, op: Operator) -> None:
        places, seen = zip(*(self._streamed[i] for i in op.inputs), strict=True)
        last = isinstance(op, Recurrent) and not op.return_sequences and self._frames > 1
        y = self._graph.tensors[op.output] if last else self._frame(op.output)
        where = self._whole if last else self._streamed
        if isinstance(op, Reshape):
            where[op.output] = places[0], y
            return
        target = self._place(where, op.output, y)
        self._often.append(_step(replace(op, inputs=places, output=target), seen, y))

    def _at_the_end(self, op: Operator, xs: Tensors) -> None:
        places, seen = zip(*(self._complete(i) for i in op.inputs), strict=True)
        y = self._graph.tensors[op.output]
        if isinstance(op, Reshape):
            self._whole[op.output] = places[0], y
            return
        target = self._place(self._whole, op.output, y)
        moved = replace(op, inputs=places, output=target)
        if not isinstance(op, Recurrent):
            self._once.append(_step(moved, seen, y))
            return
        frame = y.frame if op.return_sequences else y
        self._once.append(Step(moved, tuple(x.frame for x in seen), frame, xs[0].shape[0]))

    def _complete(self, index: int) -> tuple[int, Tensor]:
        """Return a tensor as a whole, collected if it comes frame by frame."""
        if index not in self._whole:
            place, frame = self._streamed[index]
            whole = self._graph.tensors[index]
            target = self._place(self._whole, index, whole)
            collect = Collect((place,), target, frame.size, self._frames, whole.scale)
            self._often.append(Step(collect, (frame,), whole))
        return self._whole[index]


def _step(op: Operator, xs: Tensors, y: Tensor) -> Step:
    """Return one that runs for each row, or once."""
    rows = op.rows(xs, y)
    if rows == 1:
        return Step(op, xs, y)
    return Step(op, tuple(map(_row, xs)), _row(y), rows)


def _row(tensor: Tensor) -> Tensor:
    return replace(tensor, shape=tensor.shape[-1:])

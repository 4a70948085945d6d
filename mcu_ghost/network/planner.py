# SPDX-License-Identifier: Apache-2.0
"""Plans how a network runs when its frames come one by one.

A whole sequence is never there on a microcontroller. So the planner walks through the graph and
lets every operator run per frame whose answer needs no later frame; one that looks back, such as a
convolution over time, reads a ring of the frames that it needs. A stride, or a look ahead in a
stream that goes on for ever, makes what follows run by a clock of its own. What needs the whole
sequence runs once, at its end, on tensors that were collected on the way; so does what follows the
last frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.network.about import Plan
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.ops.collect import Collect
from mcu_ghost.network.ops.operator import Operator, Reach, Recurrent, Tensors
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.ops.ring import Ring
from mcu_ghost.network.schedule import Clock, Schedule, Step
from mcu_ghost.network.tensor import Tensor


def make(
    graph: Graph,
    timed: bool,
    plan: Plan | None = None,
    *,
    never_reset: bool = False,
    names: Sequence[str] = (),
) -> Schedule:
    """Plan a network.

    Args:
        graph: The network.
        timed: Whether the first axis of the inputs is time; if not, an input is a frame.
        plan: A stream has outputs for every frame for ever, a window one answer for all of its
            frames. None: a stream if that is possible.
        never_reset: Whether it goes on for ever, so that no window can begin anew.
        names: What people call each operator; by itself and its tensor if left out.

    Raises:
        GhostError: The inputs have different numbers of frames, it can be no stream, or a state
            would have to outlive a window.
    """
    inputs = [graph.tensors[i] for i in graph.inputs]
    lengths = {(*tensor.shape, 1)[0] for tensor in inputs}
    if timed and len(lengths) > 1:
        told = ", ".join(f"'{tensor.name}' {(*tensor.shape, 1)[0]}" for tensor in inputs)
        raise GhostError(
            f"the inputs have different numbers of frames: {told}; frames of all come together, so"
            " give each input as many"
        )
    frames = lengths.pop() if timed else 1
    if plan != "window" or frames == 1:
        planner = _Planner(graph, frames, True, timed, names)
        if planner.streams or frames == 1:
            return planner.schedule()
        if plan == "stream":
            raise GhostError(
                f"it can be no stream: {planner.obstacle}; leave the plan out, or ask for windows"
            )
    planner = _Planner(graph, frames, False, timed, names)
    if never_reset and planner.collects:
        raise GhostError(
            f'it is never to be reset, but {planner.obstacle}; leave "reset" out of the metadata'
        )
    return planner.schedule()


@dataclass(frozen=True)
class _Streamed:
    """A tensor that comes frame by frame.

    Attributes:
        place: Among the schedule's tensors.
        frame: A frame of it.
        clock: When one comes.
        before: Frames of padding that stand before the first.
        fill: What they hold; None is the zero point.
    """

    place: int
    frame: Tensor
    clock: Clock = Clock()
    before: int = 0
    fill: int | None = None


class _Planner:
    """Places one graph's operators.

    A sequence of one frame is complete with it: then all runs for every frame.
    """

    def __init__(
        self, graph: Graph, frames: int, endless: bool, timed: bool, names: Sequence[str]
    ) -> None:
        self._obstacle = ""
        self._graph = graph
        self._names = names
        self._frames = frames
        self._endless = endless
        self._tensors: list[Tensor] = []
        self._streamed: dict[int, _Streamed] = {}  # by the graph's tensors
        self._whole: dict[int, tuple[int, Tensor]] = {}
        self._often: list[Step] = []
        self._once: list[Step] = self._often if frames == 1 else []
        self._clocks = [Clock()]
        self._inputs = tuple(self._input(i, timed) for i in graph.inputs)
        for kept in graph.variables:
            variable = graph.tensors[kept.output]
            self._whole[kept.output] = self._place(variable), variable
        self._at = 0  # which operator is being placed
        for self._at, op in enumerate(graph.operators):
            self._operator(op)

    @property
    def streams(self) -> bool:
        """Whether every output comes frame by frame, all of them at the same pace."""
        return not any(map(self._late, self._graph.outputs))

    @property
    def obstacle(self) -> str:
        """Why it is no stream."""
        late = filter(None, map(self._late, self._graph.outputs))
        return self._obstacle or next(late, "windows were asked for")

    @property
    def collects(self) -> bool:
        """Whether frames of a sequence are kept to its end."""
        return any(isinstance(step.op, Collect) for step in self._often)

    def _late(self, output: int) -> str:
        """Return why an output does not come frame by frame, with the others; "" if it does."""
        one, first = (self._streamed.get(i) for i in (output, self._graph.outputs[0]))
        if one is None or one.before:
            return self._needs_all(output)
        other = first is not None and first.clock.period != one.clock.period
        return f"{self._called(output)} comes at another pace than other outputs" if other else ""

    def _needs_all(self, index: int) -> str:
        frames = count(self._frames, "frame")
        return f"{self._called(index)} needs a whole sequence of {frames}"

    def _called(self, index: int) -> str:
        """Return how people know what writes a tensor."""
        name, ops = self._graph.tensors[index].name, self._graph.operators
        made = next((i for i, op in enumerate(ops) if op.output == index), None)
        if made is None:
            return f"input '{name}'"
        return self._names[made] if self._names else f"operator {ops[made].called} ('{name}')"

    def schedule(self) -> Schedule:
        """Return the plan."""
        graph = self._graph
        per_frame = self._endless and self.streams
        if self._frames == 1:
            per_frame = not graph.layers or graph.layers[-1].return_sequences
        answers = Clock()
        if self._frames == 1:
            outputs = tuple(self._complete(i)[0] for i in graph.outputs)
        elif per_frame:
            found = self._aligned([self._streamed[i] for i in graph.outputs])
            outputs = tuple(one.place for one in found)
            answers = found[0].clock
        else:
            outputs = tuple(self._complete(i)[0] for i in graph.outputs)
        stateful = next((op for op in graph.layers if op.stateful), None)
        if stateful and self.collects and not per_frame:
            raise self._forgets(stateful, self.obstacle)
        body, head = self._often, self._once
        if per_frame or self._frames == 1:
            split = self._split()
            body, head = self._often[:split], self._often[split:]
        later = {i for step in head for i in step.op.inputs} | set(outputs)
        kept = tuple(s.op.output for s in body if not s.is_variable and s.op.output in later)
        return Schedule(self._frames, tuple(self._tensors), self._inputs, outputs, tuple(body),
                        tuple(head), per_frame, kept, tuple(self._clocks), answers)  # fmt: skip

    def _split(self) -> int:
        """Return where the head begins: behind the last variable, and what reads an input.

        A head can be asked for when the input is gone. A network with variables has none, since
        what it joins to one would have to be kept for a head.
        """
        keeps = any(step.variables for step in self._often)
        if self._graph.variables or len(self._clocks) > 1 or not keeps:
            return len(self._often)
        inputs = set(self._inputs)
        needed = (bool(s.variables) or set(s.op.inputs) & inputs for s in self._often)
        return max(n for n, found in enumerate(needed, 1) if found)

    def _input(self, index: int, timed: bool) -> int:
        """Place an input: a frame of it, or all of it where there is no time."""
        tensor = self._graph.tensors[index]
        if not timed:
            self._whole[index] = self._place(tensor), tensor
            return self._whole[index][0]
        self._streamed[index] = _Streamed(self._place(tensor.frame), tensor.frame)
        return self._streamed[index].place

    def _place(self, tensor: Tensor) -> int:
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _operator(self, op: Operator) -> None:
        xs, y = self._graph.ends(op)
        reach = op.reach(xs, y)
        given = [self._streamed[i] for i in op.inputs if i in self._streamed]
        if len(given) == len(op.inputs):
            padded = any(one.before for one in given) and not isinstance(op, Reshape)
            if reach.each and not padded:
                aligned = self._aligned(given)
                if aligned:
                    self._per_frame(op, aligned)
                    return
                joins = f"{self._called(op.output)} joins what comes at unlike paces"
                self._obstacle = self._obstacle or joins
            elif reach.pads and self._can_pad(reach, given[0]) and self._frames > 1:
                before = given[0].before + reach.before
                self._streamed[op.output] = replace(given[0], before=before, fill=reach.fill)
                return
            elif not reach.each and self._can_ring(reach, given[0]) and self._frames > 1:
                self._ring(op, reach, given[0])
                return
        self._obstacle = self._obstacle or self._needs_all(op.output)
        self._at_the_end(op, xs)

    def _aligned(self, given: list[_Streamed]) -> list[_Streamed]:
        """Return tensors that come at the same time, the earlier ones delayed; none if they can't.

        Frames of the same number belong together.
        """
        if len({one.clock.period for one in given}) > 1:
            return []
        last = max(one.clock.first for one in given)
        return [self._delayed(one, last) for one in given]

    def _delayed(self, one: _Streamed, first: int) -> _Streamed:
        if one.clock.first == first:
            return one
        late = (first - one.clock.first) // one.clock.period
        place = self._keep(one, late + 1, one.frame)
        return _Streamed(place, one.frame, Clock(first, one.clock.period))

    def _keep(self, one: _Streamed, rows: int, seen: Tensor, fill: int | None = None) -> int:
        """Return a ring of the last frames of a tensor, as all of them or the oldest is seen."""
        target = self._place(seen)
        ring = Ring((one.place,), target, one.frame.size, rows, one.frame.scale,
                    _filling(one.frame, fill))  # fmt: skip
        self._often.append(Step(ring, (one.frame,), seen, clock=self._clock(one.clock)))
        return target

    def _clock(self, clock: Clock) -> int:
        if clock not in self._clocks:
            self._clocks.append(clock)
        return self._clocks.index(clock)

    def _can_pad(self, reach: Reach, one: _Streamed) -> bool:
        return not reach.after and (not one.before or one.fill == reach.fill)

    def _can_ring(self, reach: Reach, one: _Streamed) -> bool:
        """Return whether the frames come in time, and none is missing at the end."""
        before = one.before + reach.before
        same = not (one.before and reach.before) or one.fill == reach.fill
        return (
            not reach.whole and before < reach.rows and same and (not reach.after or self._endless)
        )

    def _ring(self, op: Operator, reach: Reach, one: _Streamed) -> None:
        """Let an operator that looks back run on a ring."""
        fill = one.fill if one.before else reach.fill
        x = replace(one.frame, shape=(reach.rows, *one.frame.shape))
        ring = self._keep(one, reach.rows, x, fill) if reach.rows > 1 else one.place
        late = reach.rows - 1 - one.before - reach.before
        clock = Clock(one.clock.first + one.clock.period * late, one.clock.period * reach.stride)
        y = self._graph.tensors[op.output].frame
        target = self._place(y)
        self._streamed[op.output] = _Streamed(target, y, clock)
        moved = replace(op.on_rows(), inputs=(ring,), output=target)
        self._often.append(Step(moved, (x,), y, clock=self._clock(clock), origin=self._at))

    def _per_frame(self, op: Operator, given: list[_Streamed]) -> None:
        whole, clock = self._graph.tensors[op.output], given[0].clock
        if isinstance(op, Reshape):
            self._streamed[op.output] = replace(given[0], frame=whole.frame)
            return
        last = isinstance(op, Recurrent) and not op.return_sequences
        y = whole if last else whole.frame
        target = self._place(y)
        if last:
            self._whole[op.output] = target, y
        else:
            self._streamed[op.output] = _Streamed(target, y, clock)
        places, seen = tuple(one.place for one in given), tuple(one.frame for one in given)
        made = _step(replace(op, inputs=places, output=target), seen, y)
        self._often.append(replace(made, clock=self._clock(clock), origin=self._at))

    def _at_the_end(self, op: Operator, xs: Tensors) -> None:
        places, seen = zip(*(self._complete(i) for i in op.inputs), strict=True)
        y = self._graph.tensors[op.output]
        if isinstance(op, Reshape):
            self._whole[op.output] = places[0], y
            return
        if op.output not in self._whole:  # a variable is there from the start
            self._whole[op.output] = self._place(y), y
        target = self._whole[op.output][0]
        moved = replace(op, inputs=places, output=target)
        if not isinstance(op, Recurrent):
            self._once.append(replace(_step(moved, seen, y), origin=self._at))
            return
        frame = y.frame if op.return_sequences else y
        times = xs[0].shape[0] if self._frames > 1 or xs[0].shape[0] > 1 else None
        if times and op.stateful:
            raise self._forgets(
                op, f"it runs when a whole sequence of {count(times, 'frame')} is there"
            )
        seen = tuple(x.frame for x in seen)
        self._once.append(Step(moved, seen, frame, times, origin=self._at))

    def _forgets(self, op: Operator, why: str) -> GhostError:
        """Return the error for a state that Keras keeps and a window does not."""
        return GhostError(
            f"{self._called(op.output)} is stateful, but {why}, and each sequence begins at the"
            " zero state; give it stateful=False and save the network again"
        )

    def _complete(self, index: int) -> tuple[int, Tensor]:
        """Return a tensor as a whole, collected if it comes frame by frame."""
        if index not in self._whole:
            one, whole = self._streamed[index], self._graph.tensors[index]
            if self._frames == 1:
                return one.place, whole
            target = self._place(whole)
            self._whole[index] = target, whole
            rows = whole.shape[0] if whole.shape else 1
            collect = Collect(
                (one.place,), target, one.frame.size, rows, whole.scale, one.before,
                _filling(whole, one.fill) if one.before else 0,
            )  # fmt: skip
            self._often.append(Step(collect, (one.frame,), whole, clock=self._clock(one.clock)))
        return self._whole[index]


def _filling(tensor: Tensor, fill: int | None) -> int:
    return tensor.zero_point if fill is None else fill


def _step(op: Operator, xs: Tensors, y: Tensor) -> Step:
    """Return one that runs for each row, or once."""
    rows = op.rows(xs, y)
    if rows == 1:
        return Step(op, xs, y)
    return Step(op, tuple(map(_row, xs)), _row(y), rows)


def _row(tensor: Tensor) -> Tensor:
    return replace(tensor, shape=tensor.shape[-1:])

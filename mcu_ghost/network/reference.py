# SPDX-License-Identifier: Apache-2.0
"""Runs a network in integers, frame by frame: what every kernel, interpreter and image must equal.

The arithmetic of each kind of layer stands in its file of `mcu_ghost.network.ops`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Recurrent, State, Tensors
from mcu_ghost.network.schedule import Clock, Step
from mcu_ghost.network.tensor import Int8s, Ints, Tensor, Variable, align

_AT_ONCE = 64  # frames of a head: what it works on stays small


class Runner:
    """A model in integers, one frame at a time, any number of sequences side by side.

    Args:
        model: The network.
        batch: Leading dimensions of every frame; ``()`` for one sequence.

    Attributes:
        state: The values of each operator's variables, by its output.
        frames: Since the reset; of a network of windows, at most one more than a window has.
    """

    def __init__(self, model: Model, batch: tuple[int, ...] = ()) -> None:
        """Start from the zero state."""
        self.model = model
        self._batch = batch
        self._window = model.window
        self.reset()

    def reset(self) -> None:
        """Go back to the zero state."""
        self.frames = 0
        self._counts = [0] * len(self.model.schedule.clocks)
        self.state: dict[int, State] = {
            step.op.output: self._zero(step.variables) for step in self.model.steps
        }
        self._values: dict[int, Ints] = {
            step.op.output: values[..., : step.y.size]
            for step in self.model.steps
            for variable, values in zip(step.variables, self.state[step.op.output], strict=True)
            if not variable.role
        }

    def _zero(self, variables: tuple[Variable, ...]) -> State:
        return tuple(np.full((*self._batch, v.size), v.initial, np.int64) for v in variables)

    def _run(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            values = tuple(self._values[i] for i in step.op.inputs)
            if step.times:
                self._values[step.op.output] = self._often(step, values, step.times)
                continue
            result, state = self._once(step, values, self.state[step.op.output])
            self._values[step.op.output], self.state[step.op.output] = result, state

    def _once(self, step: Step, values: tuple[Ints, ...], state: State) -> tuple[Ints, State]:
        shaped = tuple(
            v.reshape((*self._batch, *x.shape)) for v, x in zip(values, step.xs, strict=True)
        )
        result, after = step.op.run(step.xs, step.y, shaped, state)
        if not isinstance(step.op, Recurrent):
            return result.reshape(*self._batch, step.y.size), after
        none = step.op.masked(values)
        after = tuple(np.where(none, *pair) for pair in zip(state, after, strict=True))
        roles = [v.role for v in step.op.variables]
        return after[roles.index("")], after

    def _often(self, step: Step, values: tuple[Ints, ...], times: int) -> Ints:
        """Run an operator on row after row."""
        rows = [v.reshape(*self._batch, times, -1) for v in values]
        if not step.passing:
            result, _ = step.op.run(step.xs, step.y, tuple(rows), ())
            return result.reshape(*self._batch, -1)
        state, every = self._zero(step.passing), []
        for i in range(times):
            result, state = self._once(step, tuple(row[..., i, :] for row in rows), state)
            every.append(result)
        return np.concatenate(every, axis=-1) if step.collects else every[-1]

    def _due(self, number: int, clock: Clock) -> bool:
        """Move a clock on; return whether it strikes."""
        due = self._counts[number] == clock.first
        self._counts[number] += 1 - due * clock.period
        return due

    def step(self, *inputs: Int8s) -> None:
        """Advance by one frame; one (…, size) int8 array for each input, or one of all in a row."""
        if len(inputs) == 1 < len(self.model.inputs):
            sizes = [self.model.tensors[i].size for i in self.model.inputs]
            inputs = tuple(np.split(inputs[0], np.cumsum(sizes)[:-1], axis=-1))
        for tensor, value in zip(self.model.inputs, inputs, strict=True):
            self._values[tensor] = value.astype(np.int64)
        due = [self._due(i, clock) for i, clock in enumerate(self.model.schedule.clocks)]
        self._run(tuple(step for step in self.model.body if due[step.clock]))
        if self._window is None or self.frames <= self._window:
            self.frames += 1

    def head(self) -> list[Int8s]:
        """Return the outputs as they follow from the state now, (…, size) int8 each."""
        self._run(self.model.head)
        return [self._kept(i).astype(np.int8) for i in self.model.outputs]

    def _kept(self, tensor: int) -> Ints:
        """Return the values of a tensor; zeros before the first."""
        size = self.model.tensors[tensor].size
        return self._values.get(tensor, np.zeros((*self._batch, size), np.int64))

    def answer(self) -> Int8s:
        """Return the same in a row, (…, size)."""
        return np.concatenate(self.head(), axis=-1)

    def answers(self, x: Int8s) -> Int8s:
        """Advance by (…, frames, size) inputs; return the answer to each, (…, frames, size).

        A head without a state of its own runs once, over all of them side by side.
        """
        frames, head = range(x.shape[-2]), self.model.head
        if any(step.variables or step.passing for step in head):
            every = []
            for frame in frames:
                self.step(x[..., frame, :])
                every.append(self.answer())
            return np.stack(every, axis=-2)
        read = {i for step in head for i in step.op.inputs} | set(self.model.outputs)
        seen: dict[int, list[Ints]] = {i: [] for i in read - {step.op.output for step in head}}
        for frame in frames:
            self.step(x[..., frame, :])
            for tensor, values in seen.items():
                values.append(self._kept(tensor))
        beside = Runner(self.model, (*self._batch, len(frames)))
        beside._values |= {i: np.stack(values, axis=-2) for i, values in seen.items()}
        return beside.answer()

    def value(self, tensor: int) -> Ints:
        """Return what a tensor holds since the last step, or the last head, (…, size)."""
        return self._values[tensor]

    def state_bytes(self) -> Int8s:
        """Return one sequence's state as the generated `<name>_state_t` lays it out."""
        parts = []
        for step in self.model.steps:
            for variable, values in zip(step.variables, self.state[step.op.output], strict=True):
                dtype = np.dtype(variable.dtype).newbyteorder("<")
                parts.append(values.astype(dtype).tobytes().ljust(variable.bytes, b"\0"))
        for i in self.model.schedule.kept:
            one = self._kept(i)
            parts.append(one.astype(np.int8).tobytes().ljust(align(one.size), b"\0"))
        for count in self._counts[1:]:
            parts.append(count.to_bytes(2, "little", signed=True).ljust(4, b"\0"))
        if self._window:
            parts.append(self.frames.to_bytes(4, "little"))
        return np.frombuffer(b"".join(parts), np.int8)


def whole(graph: Graph, inputs: Sequence[Int8s]) -> list[Ints | None]:
    """Run whole sequences, operator by operator, as an interpreter of the `.tflite` does.

    Args:
        graph: The network.
        inputs: (samples, *shape) int8 for each input; stateful operators go on from one sample to
            the next.

    Returns:
        The values of every tensor, (samples, *shape); None for one that nothing writes.
    """
    values: list[Ints | None] = [None] * len(graph.tensors)
    for index, given in zip(graph.inputs, inputs, strict=True):
        values[index] = given.astype(np.int64)
    for op in graph.operators:
        xs, y = graph.ends(op)
        given_ = tuple(v for i in op.inputs if (v := values[i]) is not None)
        if not isinstance(op, Recurrent):
            values[op.output], _ = op.run(xs, y, given_, ())
            continue
        frame = y.frame if op.return_sequences else y
        made = _frames(op, tuple(x.frame for x in xs), frame, given_)
        values[op.output] = made if op.return_sequences else made[:, -1]
    return values


def _frames(op: Recurrent, xs: Tensors, y: Tensor, values: tuple[Ints, ...]) -> Ints:
    """Run a recurrent operator through (samples, frames, …) values, and return every output."""
    samples, frames = values[0].shape[:2]
    if op.stateful:  # the samples are one sequence
        values = tuple(v.reshape(1, -1, *v.shape[2:]) for v in values)
    state: State = tuple(
        np.full((len(values[0]), v.size), v.initial, np.int64) for v in op.variables
    )
    every: list[Ints] = []
    for t in range(values[0].shape[1]):
        given = tuple(v[:, t].reshape(len(v), -1) for v in values)
        none = op.masked(given)
        result, new = op.run(xs, y, given, state)
        state = tuple(np.where(none, a, b) for a, b in zip(state, new, strict=True))
        every.append(np.where(none, every[-1] if every else 0, result))
    return np.stack(every, axis=1).reshape(samples, frames, *y.shape)


def run(model: Model, x: Int8s) -> Int8s:
    """Run whole sequences through a model.

    Args:
        model: The network.
        x: (…, frames, values of all inputs) int8; leading dimensions are independent sequences.

    Returns:
        (…, frames, outputs) int8 when the head runs per frame, else (…, outputs).
    """
    runner = Runner(model, x.shape[:-2])
    if model.head_per_frame:
        starts = range(0, x.shape[-2], _AT_ONCE)
        parts = [runner.answers(x[..., start : start + _AT_ONCE, :]) for start in starts]
        return np.concatenate(parts, axis=-2)
    for frame in range(x.shape[-2]):
        runner.step(x[..., frame, :])
    return runner.answer()

# SPDX-License-Identifier: Apache-2.0
"""Runs a network in integers, frame by frame: what every kernel, interpreter and image must equal.

The arithmetic of each kind of layer stands in its file of `mcu_ghost.network.ops`.
"""

from __future__ import annotations

import numpy as np

from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Operator, State
from mcu_ghost.network.tensor import Int8s, Ints


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
        self.state: dict[int, State] = {
            op.output: tuple(np.zeros((*self._batch, v.size), np.int64) for v in op.variables)
            for op in self.model.operators
        }
        self._values: dict[int, Ints] = {
            op.output: values
            for op in self.model.operators
            for variable, values in zip(op.variables, self.state[op.output], strict=True)
            if not variable.role
        }

    def _run(self, operators: tuple[Operator, ...]) -> None:
        tensors, values = self.model.tensors, self._values
        for op in operators:
            values[op.output], self.state[op.output] = op.run(
                tensors[op.input], tensors[op.output], values[op.input], self.state[op.output]
            )

    def step(self, *inputs: Int8s) -> None:
        """Advance by one frame; one (…, size) int8 array for each input of the model."""
        for tensor, value in zip(self.model.inputs, inputs, strict=True):
            self._values[tensor] = value.astype(np.int64)
        self._run(self.model.body)
        if self._window is None or self.frames <= self._window:
            self.frames += 1

    def head(self) -> list[Int8s]:
        """Return the outputs as they follow from the state now, (…, size) int8 each."""
        self._run(self.model.head)
        return [self._values[i].astype(np.int8) for i in self.model.outputs]

    def value(self, tensor: int) -> Ints:
        """Return what a tensor holds since the last step, or the last head, (…, size)."""
        return self._values[tensor]

    def state_bytes(self) -> Int8s:
        """Return one sequence's state as the generated `<name>_state_t` lays it out."""
        parts = []
        for op in self.model.operators:
            for variable, values in zip(op.variables, self.state[op.output], strict=True):
                dtype = np.dtype(variable.dtype).newbyteorder("<")
                parts.append(values.astype(dtype).tobytes().ljust(variable.bytes, b"\0"))
        if self._window:
            parts.append(self.frames.to_bytes(4, "little"))
        return np.frombuffer(b"".join(parts), np.int8)


def run(model: Model, x: Int8s) -> Int8s:
    """Run whole sequences through a model with one input and one output.

    Args:
        model: The network.
        x: (…, frames, inputs) int8; leading dimensions are independent sequences.

    Returns:
        (…, frames, outputs) int8 when the head runs per frame, else (…, outputs).
    """
    runner = Runner(model, x.shape[:-2])
    every = []
    for frame in range(x.shape[-2]):
        runner.step(x[..., frame, :])
        if model.head_per_frame:
            every.append(runner.head()[0])
    return np.stack(every, axis=-2) if model.head_per_frame else runner.head()[0]

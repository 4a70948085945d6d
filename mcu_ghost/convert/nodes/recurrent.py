# SPDX-License-Identifier: Apache-2.0
"""Recurrent nodes. A node runs its equations over the frames of (T, d), from a state of zeros."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.convert.nodes.function import Function
from mcu_ghost.convert.nodes.node import Node, Reals, Shape

TANH, SIGMOID = Function("tanh"), Function("sigmoid")
State = tuple[Reals, ...]
"""What is carried from frame to frame; the first is the output."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recurrent(Node):
    """What all recurrent nodes share.

    Attributes:
        kernel: (d, gates · m), for the inputs.
        recurrent_kernel: (n, gates · m), for the outputs of the frame before.
        bias: (gates · m,); a GRU's (2, 3m), for the inputs and for the recurrent product.
        activation: Of the candidate, and of an LSTM's output.
        return_sequences: Whether every frame has an output, (T, n), or only the last, (n,).
        backwards: Whether frames come last first; outputs keep the inputs' order of frames.
        stateful: Whether firmware carries the state from one window to the next.
        mask: A frame that is this number throughout leaves the state as it is.
    """

    kernel: Reals
    recurrent_kernel: Reals
    bias: Reals
    activation: Function = TANH
    return_sequences: bool = True
    backwards: bool = False
    stateful: bool = False
    mask: float | None = None

    @property
    def units(self) -> int:
        """N, the size of the output."""
        return int(self.recurrent_kernel.shape[0])

    @abstractmethod
    def project(self, x: Reals) -> Reals:
        """Return the inputs' share of the gates, for all frames at once."""

    @abstractmethod
    def step(self, projected: Reals, state: State) -> State:
        """Return the state after a frame."""

    def start(self, batch: int) -> State:
        """Return a state of zeros."""
        return (np.zeros((batch, self.units), np.float32),)

    def infer(self, *shapes: Shape) -> Shape:
        """Return (T, n) or (n,)."""
        self.check_rank(shapes[0], (2,))
        self.check_last(shapes[0], self.kernel.shape[0])
        self._check_function("activation", self.activation, ("tanh",))
        if self.backwards and self.stateful:
            raise self.refuse(
                "carries its state on from one window to the next and runs backwards, which do not"
                " go together; make it with stateful=False"
            )
        return (shapes[0][0], self.units) if self.return_sequences else (self.units,)

    def _check_function(self, what: str, function: Function, known: tuple[str, ...]) -> None:
        if function.name not in known:
            raise self.refuse(
                f"{what} {function} is not supported, only {' and '.join(known)}; train it with"
                f" {known[0]}"
            )

    def run(self, *values: Reals) -> Reals:
        """Go through the frames; a stateful layer through those of all samples in a row."""
        (x,) = values
        if self.stateful and len(x) > 1:
            row = dataclasses.replace(self, return_sequences=True).run(x.reshape(1, -1, x.shape[2]))
            every = row.reshape(*x.shape[:2], self.units)
            return every if self.return_sequences else every[:, -1]
        state, projected, kept = self.start(len(x)), self.project(x), self._kept(x)
        frames = range(x.shape[1])
        outputs = np.empty((len(x), x.shape[1], self.units), np.float32)
        for t in reversed(frames) if self.backwards else frames:
            new = self.step(projected[:, t], state)
            if kept is not None:
                pairs = zip(new, state, strict=True)
                new = tuple(np.where(kept[:, t, None], a, b) for a, b in pairs)
            state = new
            outputs[:, t] = state[0]
        return outputs if self.return_sequences else state[0]

    def _kept(self, x: Reals) -> npt.NDArray[np.bool_] | None:
        """Return which frames count, (batch, T); None for all."""
        return None if self.mask is None else np.any(x != np.float32(self.mask), axis=-1)


@dataclass(frozen=True, eq=False, kw_only=True)
class GRU(Recurrent):
    """A GRU, or a GhostGRU with a ratio above 1; gates in the order z, r, candidate.

    Of n units, m = n // ratio are intrinsic and the ghosts are computed of them:

        z, r = recurrent_activation(x · kernel + s · recurrent_kernel + biases)
        c = activation(… r · (h · U + b) + g · U)    reset_after; the ghosts' part is not reset
        c = activation(… (r · s) · U + b)            otherwise
        h = z · h + (1 - z) · c,    g = ghost_activation(h · ghost_kernel + ghost_bias)
        s = [h, g]

    Attributes:
        ghost_kernel: (m, n - m); without ghosts None.
        ghost_bias: (n - m,).
        ratio: n // m.
        reset_after: Whether r is applied after the recurrent product.
    """

    recurrent_activation: Function = SIGMOID
    ratio: int = 1
    ghost_kernel: Reals | None = None
    ghost_bias: Reals | None = None
    ghost_activation: Function = TANH
    reset_after: bool = True

    @property
    def kind(self) -> str:
        """What it is called in messages."""
        return "GRU" if self.ratio == 1 else "GhostGRU"

    def infer(self, *shapes: Shape) -> Shape:
        """Return (T, n) or (n,)."""
        shape = super().infer(*shapes)
        known = ("sigmoid", "hard_sigmoid")
        self._check_function("recurrent_activation", self.recurrent_activation, known)
        self._check_function("ghost_activation", self.ghost_activation, ("tanh",))
        return shape

    def project(self, x: Reals) -> Reals:
        """Return x · kernel + its bias."""
        return x @ self.kernel + self.bias[0]

    def step(self, projected: Reals, state: State) -> State:
        """Return the new state, ghosts included."""
        (s,) = state
        m = self.kernel.shape[1] // 3
        weights, bias = self.recurrent_kernel, self.bias[1]
        gates = projected[:, : 2 * m] + s @ weights[:, : 2 * m] + bias[: 2 * m]
        z, r = np.split(self.recurrent_activation(gates), 2, axis=1)
        new, bias = weights[:, 2 * m :], bias[2 * m :]
        if self.reset_after:
            share = r * (s[:, :m] @ new[:m] + bias) + s[:, m:] @ new[m:]
        else:
            share = (r * s) @ new + bias
        c = self.activation(projected[:, 2 * m :] + share)
        h = z * s[:, :m] + (1 - z) * c
        if self.ghost_kernel is None:
            return (h,)
        ghosts = h @ self.ghost_kernel
        if self.ghost_bias is not None:
            ghosts = ghosts + self.ghost_bias
        return (np.concatenate([h, self.ghost_activation(ghosts)], axis=1),)


@dataclass(frozen=True, eq=False, kw_only=True)
class LSTM(Recurrent):
    """An LSTM, gates in the order i, f, c, o.

    i, f, o = recurrent_activation(x · kernel + h · recurrent_kernel + bias), c̃ = activation(…)
    c = f · c + i · c̃,    h = o · activation(c)
    """

    recurrent_activation: Function = SIGMOID

    def infer(self, *shapes: Shape) -> Shape:
        """Return (T, n) or (n,)."""
        shape = super().infer(*shapes)
        known = ("sigmoid", "hard_sigmoid")
        self._check_function("recurrent_activation", self.recurrent_activation, known)
        return shape

    def start(self, batch: int) -> State:
        """Return zeros for the output and the cell."""
        return super().start(batch) * 2

    def project(self, x: Reals) -> Reals:
        """Return x · kernel + bias."""
        return x @ self.kernel + self.bias

    def step(self, projected: Reals, state: State) -> State:
        """Return the new output and cell."""
        h, cell = state
        i, f, candidate, o = np.split(projected + h @ self.recurrent_kernel, 4, axis=1)
        cell = self.recurrent_activation(f) * cell + self.recurrent_activation(i) * self.activation(
            candidate
        )
        return self.recurrent_activation(o) * self.activation(cell), cell


@dataclass(frozen=True, eq=False, kw_only=True)
class SimpleRNN(Recurrent):
    """h = activation(x · kernel + h · recurrent_kernel + bias)."""

    def project(self, x: Reals) -> Reals:
        """Return x · kernel + bias."""
        return x @ self.kernel + self.bias

    def step(self, projected: Reals, state: State) -> State:
        """Return the new output."""
        return (self.activation(projected + state[0] @ self.recurrent_kernel),)

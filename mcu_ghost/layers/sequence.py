# SPDX-License-Identifier: Apache-2.0
"""A GhostGRU's loop over the frames with a gradient written by hand.

TensorFlow's own gradient of a loop keeps every value of every operation in a list and runs some
hundred small operations for each frame. Here the loop keeps what the gradient needs, and the loop
back has two dozen operations; what the weights get is one product over all frames behind it.

With the names of `Frame`, e the gradient of h and a' that of the recurrent product a:

    e    = e' z' + s' + g_in' G^T         z', s' of the next step; g' the ghosts' part of s'
    c_in' = e (1 - z) f'(c)               f' of activations, from what they answered with
    z_in' = e (h_before - c) f'(z)
    r_in' = c_in' reset f'(r)
    a'    = [z_in', r_in', c_in' r, c_in']
    s'    = a' matrix^T                   of the step before

and each rounding passes on what its own gradient lets through. That of products lets all through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from mcu_ghost.layers.cell import Frame, GhostGRUCell

_linear = keras.activations.linear
_BACK: dict[Any, Callable[[Any, Any], Any]] = {
    _linear: lambda y, upstream: upstream,
    keras.activations.relu: lambda y, upstream: tf.raw_ops.ReluGrad(gradients=upstream, features=y),
    keras.activations.sigmoid: lambda y, upstream: tf.raw_ops.SigmoidGrad(y=y, dy=upstream),
    keras.activations.tanh: lambda y, upstream: tf.raw_ops.TanhGrad(y=y, dy=upstream),
}
"""Gradients of activations from their outputs."""

_KEPT = ("z", "r", "reset", "c", "ghost")
_ROUNDED = ("gates_in", "reset_in", "candidate_in", "carry_in", "h", "ghost_in")


def differentiates(cell: GhostGRUCell) -> bool:
    """Return whether the gradient of a cell's activations is known here."""
    used = cell.activation, cell.recurrent_activation, cell.ghost_activation
    return all(activation in _BACK for activation in used)


def run(
    cell: GhostGRUCell,
    projected: Any,
    h: Any,
    s: Any,
    weights: tuple[Any, ...],
    mask: Any,
    sequences: bool,
) -> tuple[Any, Any, Any]:
    """Run all frames.

    Args:
        cell: One that `differentiates`.
        projected: (frames, batch, 3m) of `project`.
        h: (batch, m) before the first frame, as `step` takes it.
        s: (batch, n) the same.
        weights: Of `recurrent_weights`.
        mask: Recurrent dropout's, (batch, n), or None.
        sequences: Whether the outputs of all frames are wanted.

    Returns:
        (frames, batch, n) outputs or None, the last h and s.
    """
    frames = projected.shape[0] or tf.shape(projected)[0]
    given = [projected, h, s, *(w for w in weights if w is not None)]

    @tf.custom_gradient
    def forward(*given: Any) -> tuple[Any, Any]:
        projected, h, s, *rest = given
        left = iter(rest)
        used = tuple(None if w is None else next(left) for w in weights)
        loop = _Loop(cell, projected, h, s, used, mask, frames)
        outputs = (loop.states[1:],) if sequences else ()

        def backward(*upstream: Any) -> Any:
            return loop.back(*upstream) if sequences else loop.back(None, *upstream)

        return (*outputs, loop.h, loop.s), backward

    *outputs, h, s = forward(*[tf.convert_to_tensor(x) for x in given])
    return outputs[0] if sequences else None, h, s


class _Loop:
    """The loop forwards, run when this is made, and what it kept for the way back."""

    def __init__(
        self, cell: Any, projected: Any, h: Any, s: Any, weights: Any, mask: Any, frames: Any
    ) -> None:
        self._cell, self._weights, self._mask, self._frames = cell, weights, mask, frames
        hooks = cell.round_product, cell.round_preactivation, cell.round_carry, cell.round_state
        rounds = any(hook is not _linear for hook in hooks)
        self._names = [
            name
            for name in _KEPT + (_ROUNDED if rounds else ())
            if cell.ghosts or not name.startswith("ghost")
        ]
        inputs = self._array().unstack(projected)

        def body(t: Any, h: Any, s: Any, *arrays: Any) -> tuple[Any, ...]:
            frame = cell.step(inputs.read(t), h, s, weights, mask)  # h is that of before
            values = [h, *(getattr(frame, name) for name in self._names)]
            written = [a.write(t, x) for a, x in zip(arrays[1:], values, strict=True)]
            return t + 1, frame.h, frame.s, arrays[0].write(t + 1, frame.s), *written

        states = self._array(frames + 1).write(0, s)
        arrays = [states, *(self._array() for _ in range(1 + len(self._names)))]
        _, self.h, self.s, *kept = tf.while_loop(
            lambda t, *_: t < frames, body, (0, h, s, *arrays), maximum_iterations=frames
        )
        # Tensors, since a SavedModel cannot keep a gradient that takes arrays from outside.
        self.states, self._before, *self._kept = (array.stack() for array in kept)

    def _array(self, size: Any = None) -> Any:
        size = self._frames if size is None else size
        return tf.TensorArray(self._cell.compute_dtype, size, clear_after_read=False)

    def back(self, outputs: Any, h: Any, s: Any) -> list[Any]:
        """Return the gradients of what `run` was given, from those of what it returned."""
        upstream = None if outputs is None else self._array().unstack(outputs)
        before, *arrays = (self._array().unstack(x) for x in (self._before, *self._kept))
        kept = dict(zip(self._names, arrays, strict=True))
        # Once, since a product with a transposed matrix takes a third longer.
        self._transposed = [None if w is None else tf.transpose(w) for w in self._weights[::2]]

        def body(i: Any, h: Any, s: Any, *arrays: Any) -> tuple[Any, ...]:
            t = self._frames - 1 - i
            if upstream is not None:
                s += upstream.read(t)
            found = {name: array.read(t) for name, array in kept.items()}
            frame = Frame(**{name: found.get(name) for name in Frame._fields})
            h, s, *values = self._step(frame, before.read(t), h, s)
            written = [a.write(t, x) for a, x in zip(arrays, values, strict=True)]
            return i + 1, h, s, *written

        arrays = [self._array() for _ in range(3 if self._cell.ghosts else 2)]
        _, h, s, *arrays = tf.while_loop(
            lambda i, *_: i < self._frames,
            body,
            (0, h, s, *arrays),
            maximum_iterations=self._frames,
        )
        projected, *sums = (array.stack() for array in arrays)
        return [projected, h, s, *self._weighted(*sums)]

    def _step(self, frame: Frame, before: Any, h: Any, s: Any) -> tuple[Any, ...]:
        """Return the gradients of a step's h, s, projected inputs, product and ghosts' product."""
        cell, (matrix, ghost_kernel) = self._cell, self._transposed
        ghosts: tuple[Any, ...] = ()
        if cell.ghosts:
            s, g = tf.split(s, (cell.intrinsic, cell.ghosts), axis=1)
            g = _BACK[cell.ghost_activation](frame.ghost, _back(cell.round_state, frame.ghost, g))
            ghosts = (_back(cell.round_preactivation, frame.ghost_in, g),)
            s += tf.matmul(*ghosts, ghost_kernel)
        e = h + _back(cell.round_state, frame.h, s)
        e = _back(cell.round_carry, frame.carry_in, e)
        h = e * frame.z
        c = _BACK[cell.activation](frame.c, e - h)
        c = _back(cell.round_preactivation, frame.candidate_in, c)
        z = _BACK[cell.recurrent_activation](frame.z, e * (before - frame.c))
        r = _BACK[cell.recurrent_activation](frame.r, c * frame.reset)
        gates = _back(cell.round_preactivation, frame.gates_in, tf.concat((z, r), axis=1))
        reset = _back(cell.round_preactivation, frame.reset_in, c * frame.r)
        product = tf.concat((gates, reset, c) if cell.ghosts else (gates, reset), axis=1)
        s = tf.matmul(product, matrix)
        if self._mask is not None:
            s *= self._mask
        return h, s, tf.concat((gates, c), axis=1), product, *ghosts

    def _weighted(self, product: Any, ghosts: Any = None) -> list[Any]:
        """Return the gradients of the weights there are, each a product over all frames."""
        states = self.states
        seen = states[:-1] if self._mask is None else states[:-1] * self._mask
        pairs = [(seen, product), (states[1:, :, : self._cell.intrinsic], ghosts)]
        found = []
        for (inputs, sums), kernel, bias in zip(
            pairs, self._weights[::2], self._weights[1::2], strict=True
        ):
            if kernel is not None:
                sums = tf.reshape(sums, (-1, kernel.shape[1]))
                inputs = tf.reshape(inputs, (-1, kernel.shape[0]))
                found.append(tf.matmul(inputs, sums, transpose_a=True))
            if bias is not None:
                found.append(tf.raw_ops.BiasAddGrad(out_backprop=sums))
        return found


def _back(rounding: Any, x: Any, upstream: Any) -> Any:
    """Return the gradient of what a rounding took, from that of what it answered with."""
    if rounding is _linear:
        return upstream
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = rounding(x)
    return tape.gradient(y, x, output_gradients=upstream)

# SPDX-License-Identifier: Apache-2.0
"""The GhostGRU over a sequence, as a Keras layer."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras

from mcu_ghost.layers import sequence
from mcu_ghost.layers.cell import GhostGRUCell

_LAYER_ARGUMENTS = (
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "time_major",
    "zero_output_for_mask",
)
_BASE_ARGUMENTS = ("name", "dtype", "trainable", "dynamic", "batch_size", "autocast")


@keras.utils.register_keras_serializable(package="mcu_ghost")
class GhostGRU(keras.layers.RNN):
    """A GhostGRU layer; with `ratio=1` it equals `tf_keras.layers.GRU(reset_after=True)`.

    See `GhostGRUCell` for the equations and the weights. The products with the inputs of all
    time steps are one matrix product before the loop. The gradient is that of `sequence`, unless
    there is a mask, `unroll`, or an activation other than linear, relu, sigmoid and tanh.

    Args:
        units: n, the size of the output.
        ratio: How many states share one intrinsic state; m = units // ratio.
        **kwargs: The other arguments of `GhostGRUCell` (activation, recurrent_activation,
            ghost_activation, use_bias, the initializers, regularizers and constraints, dropout,
            recurrent_dropout, reset_after) and of `tf_keras.layers.GRU` (return_sequences,
            return_state, go_backwards, stateful, unroll, time_major, zero_output_for_mask).

    Call arguments:
        inputs: (batch, frames, d), or (frames, batch, d) with `time_major=True`.
        mask: (batch, frames) of bool; a masked frame leaves the state as it is.
        training: Whether dropout is active.
        initial_state: (batch, n), or a list with that one tensor.

    Returns:
        (batch, frames, n) with `return_sequences=True`, else (batch, n); with `return_state=True` a
        list of that and of the last state, (batch, n).

    Example:
        >>> model = tf_keras.Sequential([
        ...     tf_keras.layers.Input((49, 40)),
        ...     GhostGRU(154, ratio=2),
        ...     tf_keras.layers.Dense(12, activation="softmax"),
        ... ])
        >>> model.output_shape
        (None, 12)
    """

    def __init__(self, units: int, ratio: int = 2, **kwargs: Any) -> None:
        layer = {k: kwargs.pop(k) for k in _LAYER_ARGUMENTS if k in kwargs}
        base = {k: kwargs.pop(k) for k in _BASE_ARGUMENTS if k in kwargs}
        for key in [
            k for k in kwargs if k.startswith(("input_", "batch_input_")) or k == "weights"
        ]:
            base[key] = kwargs.pop(key)
        if kwargs.pop("implementation", 2) not in (1, 2):
            raise ValueError("Argument `implementation` must be 1 or 2.")
        cell = GhostGRUCell(
            units,
            ratio,
            dtype=base.get("dtype"),
            trainable=base.get("trainable", True),
            name="ghost_gru_cell",
            **kwargs,
        )
        stateful = bool(layer.pop("stateful", False))
        super().__init__(cell, **layer, **base)
        self.stateful = stateful  # not through Keras, which refuses it under tf.distribute
        self.input_spec = [keras.layers.InputSpec(ndim=3)]

    states: list[Any]

    @property
    def units(self) -> int:
        """N, the size of the output."""
        return int(self.cell.units)

    @property
    def ratio(self) -> int:
        """How many states share one intrinsic state."""
        return int(self.cell.ratio)

    def reset_states(self, states: Any = None) -> None:
        """Set the carried state of a stateful layer to zeros, or to what is given.

        The state is a variable of each replica's own, so that `tf.distribute` workers carry on
        their own sequences.

        Args:
            states: (batch, n), or a list with that one array; zeros if left out.

        Raises:
            AttributeError: The layer is not stateful.
            ValueError: The batch size is not known, or the shape is another one.
        """
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        if self.states[0] is None:
            batch = self.input_spec[0].shape[1 if self.time_major else 0]
            if not batch:
                raise ValueError(
                    f"Layer '{self.name}' is stateful and needs to know its batch size: give the "
                    "Input a batch_shape."
                )
            zeros = tf.zeros((batch, self.units), self.variable_dtype)
            self.states = [
                tf.Variable(
                    zeros,
                    trainable=False,
                    name="state",
                    synchronization=tf.VariableSynchronization.ON_READ,
                    aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
                )
            ]
        variable = self.states[0]
        value = tf.nest.flatten(states)[0] if states is not None else tf.zeros(variable.shape)
        if tuple(value.shape) != tuple(variable.shape):
            raise ValueError(
                f"Layer '{self.name}' has a state of shape {tuple(variable.shape)}, "
                f"got {tuple(value.shape)}."
            )
        variable.assign(tf.cast(value, variable.dtype))

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        """Run the sequence; see the class."""
        if isinstance(inputs, tf.RaggedTensor):
            raise ValueError(
                f"Layer '{self.name}' takes dense inputs with a mask, not a RaggedTensor; "
                "use inputs.to_tensor() and mask=tf.sequence_mask(inputs.row_lengths())."
            )
        inputs, initial_state, _ = self._process_inputs(inputs, initial_state, None)
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        frames = inputs.shape[0 if self.time_major else 1]
        if self.unroll and frames is None:
            raise ValueError(
                f"Layer '{self.name}' cannot unroll an undefined number of frames; give the Input "
                "a shape of (frames, inputs) or use unroll=False."
            )
        cell, state = self.cell, initial_state[0]
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
        if 0.0 < cell.dropout < 1.0:
            frame = inputs[0] if self.time_major else inputs[:, 0]
            kept = cell.get_dropout_mask_for_cell(frame, training, count=1)
            inputs = inputs * tf.expand_dims(kept, 0 if self.time_major else 1)
        recurrent_mask = cell.recurrent_mask(state, training)
        weights = cell.recurrent_weights()
        h, s = cell.round_carry(state[:, : cell.intrinsic]), cell.round_state(state)
        if mask is None and not self.unroll and sequence.differentiates(cell):
            output, h, s = self._sequence(inputs, h, s, weights, recurrent_mask)
        else:
            output, h, s = self._loop(inputs, h, s, weights, recurrent_mask, mask)
        if not (self.stateful or self.return_state):
            return output
        state = cell.state(h, s)
        if self.stateful:
            self.states[0].assign(tf.cast(state, self.states[0].dtype))
        return [output, state] if self.return_state else output

    def _sequence(
        self, inputs: Any, h: Any, s: Any, weights: tuple[Any, ...], recurrent_mask: Any
    ) -> tuple[Any, Any, Any]:
        """Return the output and the last h and s, with a gradient written by hand."""
        frames = inputs if self.time_major else tf.transpose(inputs, (1, 0, 2))
        if self.go_backwards:
            frames = tf.reverse(frames, (0,))
        projected = self.cell.project(frames)
        outputs, h, s = sequence.run(
            self.cell, projected, h, s, weights, recurrent_mask, self.return_sequences
        )
        if not self.return_sequences:
            return s, h, s
        return outputs if self.time_major else tf.transpose(outputs, (1, 0, 2)), h, s

    def _loop(
        self, inputs: Any, h: Any, s: Any, weights: tuple[Any, ...], recurrent_mask: Any, mask: Any
    ) -> tuple[Any, Any, Any]:
        """Return the same by Keras' loop, which TensorFlow differentiates, whatever is in it."""

        def step(projected: Any, states: Any) -> tuple[Any, list[Any]]:
            frame = self.cell.step(projected, states[0], states[1], weights, recurrent_mask)
            return frame.s, [frame.h, frame.s]

        last, outputs, (h, s) = keras.backend.rnn(
            step,
            self.cell.project(inputs),
            [h, s],
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            input_length=inputs.shape[0 if self.time_major else 1],
            time_major=self.time_major,
            zero_output_for_mask=self.zero_output_for_mask,
            return_all_outputs=self.return_sequences,
        )
        return outputs if self.return_sequences else last, h, s

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        cell = self.cell.get_config()
        for key in ("name", "dtype", "trainable"):
            cell.pop(key, None)
        layer = super().get_config()
        layer.pop("cell")
        return {**cell, **layer, "zero_output_for_mask": self.zero_output_for_mask}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> GhostGRU:
        """Build the layer from `get_config`."""
        return cls(**config)

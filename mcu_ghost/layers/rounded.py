# SPDX-License-Identifier: Apache-2.0
"""Keras' recurrent layers with places for roundings, as `GhostGRU` has them.

Their weights and arguments are Keras' own. `project` computes the inputs' share of all frames
before the loop; a step takes it from there. The roundings are identities until
`RecurrentQuantizeConfig` puts Q formats in their places.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras

from mcu_ghost.layers.ghost_gru import GhostGRU

HOOKS = ("round_product", "round_preactivation", "round_carry", "round_state")


class _Cell:
    """What the cells share."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in HOOKS:
            setattr(self, name, keras.activations.linear)

    def project(self: Any, inputs: Any) -> Any:
        """Return the inputs' share of the pre-activations."""
        product = tf.tensordot(inputs, self.kernel, 1)
        return self.round_product(product + self.bias if self.use_bias else product)

    def product(self: Any, state: Any, weights: Any) -> Any:
        """Return the state's share."""
        return self.round_product(tf.matmul(state, weights))

    def dropped(self: Any, state: Any, training: Any) -> Any:
        """Return the state as products see it, with recurrent dropout."""
        if not 0.0 < self.recurrent_dropout < 1.0:
            return state
        return state * self.get_recurrent_dropout_mask_for_cell(state, training, count=1)


class _LSTMCell(_Cell, keras.layers.LSTMCell):
    def call(self: Any, inputs: Any, states: Any, training: Any = None) -> tuple[Any, Any]:
        """Return the output and the new state, of the projected inputs of a frame."""
        before = self.dropped(states[0], training)
        sums = self.round_preactivation(inputs + self.product(before, self.recurrent_kernel))
        i, f, g, o = tf.split(sums, 4, axis=1)
        kept = self.recurrent_activation(f) * states[1]
        cell = self.round_carry(kept + self.recurrent_activation(i) * self.activation(g))
        output = self.round_state(self.recurrent_activation(o) * self.activation(cell))
        return output, [output, cell]


class _SimpleRNNCell(_Cell, keras.layers.SimpleRNNCell):
    def call(self: Any, inputs: Any, states: Any, training: Any = None) -> tuple[Any, Any]:
        """Return the output and the new state, of the projected inputs of a frame."""
        before = self.dropped(states[0], training)
        sums = self.round_preactivation(inputs + self.product(before, self.recurrent_kernel))
        output = self.round_state(self.activation(sums))
        return output, [output]


class _ResetGRUCell(_Cell, keras.layers.GRUCell):
    def call(self: Any, inputs: Any, states: Any, training: Any = None) -> tuple[Any, Any]:
        """Return the output and the new state, of the projected inputs of a frame."""
        n, weights, carry = self.units, self.recurrent_kernel, states[0]
        before = self.dropped(self.round_state(carry), training)
        share = self.product(before, weights[:, : 2 * n])
        gates = self.recurrent_activation(self.round_preactivation(inputs[:, : 2 * n] + share))
        z, r = tf.split(gates, 2, axis=1)
        share = self.product(self.round_state(r * carry), weights[:, 2 * n :])
        c = self.activation(self.round_preactivation(inputs[:, 2 * n :] + share))
        carry = self.round_carry(z * carry + (1 - z) * c)
        return self.round_state(carry), [carry]


class _Layer:
    """What the layers share: a cell of ours, and the projection before the loop."""

    cell_class: Any

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cell = self.cell_class.from_config(self.cell.get_config())

    def call(
        self: Any, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        """Run the sequence."""
        cell = self.cell
        if 0.0 < cell.dropout < 1.0:
            cell.reset_dropout_mask()
            kept = cell.get_dropout_mask_for_cell(inputs[:, 0], training, count=1)
            inputs = inputs * tf.expand_dims(kept, 1)
        return keras.layers.RNN.call(
            self, cell.project(inputs), mask=mask, training=training, initial_state=initial_state
        )


@keras.utils.register_keras_serializable(package="mcu_ghost")
class RoundedLSTM(_Layer, keras.layers.LSTM):
    """An LSTM."""

    cell_class = _LSTMCell


@keras.utils.register_keras_serializable(package="mcu_ghost")
class RoundedSimpleRNN(_Layer, keras.layers.SimpleRNN):
    """A SimpleRNN."""

    cell_class = _SimpleRNNCell


@keras.utils.register_keras_serializable(package="mcu_ghost")
class RoundedResetGRU(_Layer, keras.layers.GRU):
    """A GRU with reset_after=False."""

    cell_class = _ResetGRUCell


_ROUNDED: dict[Any, Any] = {
    keras.layers.LSTM: RoundedLSTM,
    keras.layers.SimpleRNN: RoundedSimpleRNN,
    keras.layers.GRU: RoundedResetGRU,
}
RECURRENT = (*_ROUNDED, GhostGRU, keras.layers.Bidirectional)


def as_ghost_gru(layer: Any) -> GhostGRU:
    """Return the GhostGRU of ratio 1 that equals a plain Keras GRU (without its weights)."""
    return GhostGRU(ratio=1, **layer.get_config())


def rounded(layer: Any) -> Any:
    """Return a recurrent layer's equal that has places for roundings, without its weights."""
    if isinstance(layer, keras.layers.Bidirectional):
        return keras.layers.Bidirectional(rounded(layer.layer), name=layer.name)
    if isinstance(layer, GhostGRU):
        return GhostGRU.from_config(layer.get_config())
    if isinstance(layer, keras.layers.GRU) and layer.reset_after:
        return as_ghost_gru(layer)
    return _ROUNDED[type(layer)].from_config(layer.get_config())


def unrounded(layer: Any) -> Any:
    """Return the layer that `rounded` took, or one that equals it, without its weights."""
    if isinstance(layer, keras.layers.Bidirectional):
        return keras.layers.Bidirectional(unrounded(layer.layer), name=layer.name)
    for kind, ours in _ROUNDED.items():
        if isinstance(layer, ours):
            return kind.from_config(layer.get_config())
    return GhostGRU.from_config(layer.get_config())


def cells(layer: Any) -> list[Any]:
    """Return a recurrent layer's cells: of a Bidirectional one that forwards and that backwards."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer.cell, layer.backward_layer.cell]
    return [layer.cell]

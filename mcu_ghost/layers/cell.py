# SPDX-License-Identifier: Apache-2.0
"""One step of a GhostGRU as a Keras cell."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf
import tf_keras as keras


class Frame(NamedTuple):
    """All that a step computes, (batch, m) where nothing else is said.

    What a rounding or an activation takes is `…_in`; roundings come before activations and behind
    what is carried. The fields from `ghost_in` on are (batch, n - m), or None without ghosts.

    Attributes:
        gates_in: (batch, 2m) of z and r.
        z: The update gate.
        r: The reset gate.
        reset_in: The part of the candidate that is reset.
        reset: The same, rounded.
        candidate_in: Of c.
        c: The candidate.
        carry_in: Of h.
        h: The intrinsic state, at the precision it is carried in.
        ghost_in: Of the ghost states.
        ghost: The ghost states, not rounded yet.
        s: (batch, n) the state as products see it, which is the output.
    """

    gates_in: Any
    z: Any
    r: Any
    reset_in: Any
    reset: Any
    candidate_in: Any
    c: Any
    carry_in: Any
    h: Any
    ghost_in: Any
    ghost: Any
    s: Any


@keras.utils.register_keras_serializable(package="mcu_ghost")
class GhostGRUCell(keras.layers.GRUCell):
    """One step of a GhostGRU: a GRU of few intrinsic states, the rest derived from them.

    After "GhostRNN: Reducing State Redundancy in RNN with Cheap Operations" (Zhou et al.,
    Interspeech 2023, arXiv 2411.14489). With n units, m = n // ratio intrinsic states h and the
    n - m ghost states g, s = [h; g]:

        z = recurrent_activation(Wz x + bz + Uz s + cz)
        r = recurrent_activation(Wr x + br + Ur s + cr)
        c = activation(Wc x + bc + r * (Uc,h h + cc) + Uc,g g)
        h = z * h + (1 - z) * c
        g = ghost_activation(G h + bg)

    Weights: `kernel` (d, 3m) and `recurrent_kernel` (n, 3m) with the gates in z, r, c order, `bias`
    (2, 3m), `ghost_kernel` (m, n - m) and `ghost_bias` (n - m,). With `ratio=1` there are no
    ghosts and the cell is `GRUCell(reset_after=True)` with the very same weights.

    Args:
        units: n, the size of the output and of the state.
        ratio: How many states share one intrinsic state; m = units // ratio.
        ghost_activation: Activation of the ghost states.
        ghost_initializer: Of `ghost_kernel`; `ghost_bias` follows `bias_initializer`.
        ghost_regularizer: Of `ghost_kernel`; `ghost_bias` follows `bias_regularizer`.
        ghost_constraint: Of `ghost_kernel`; `ghost_bias` follows `bias_constraint`.
        reset_after: Only True, the reset gate after the product.
        **kwargs: The other arguments of `tf_keras.layers.GRUCell`, with the same meaning.
            `dropout` and `recurrent_dropout` draw one mask for the three gates.

    Call arguments:
        inputs: (batch, d).
        states: (batch, n), or a list with that one tensor.
        training: Whether dropout is active.

    Example:
        >>> layer = tf_keras.layers.RNN(GhostGRUCell(154, ratio=2))
        >>> layer(tf.zeros((8, 49, 40))).shape
        TensorShape([8, 154])
    """

    def __init__(
        self,
        units: int,
        ratio: int = 2,
        *,
        ghost_activation: Any = "tanh",
        ghost_initializer: Any = "glorot_uniform",
        ghost_regularizer: Any = None,
        ghost_constraint: Any = None,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)
        super().__init__(units, reset_after=reset_after, **kwargs)
        if not reset_after:
            raise ValueError(
                "GhostGRU supports reset_after=True only (the reset gate after the recurrent "
                f"product). Received: reset_after={reset_after}"
            )
        if not isinstance(ratio, int) or not 1 <= ratio <= units:
            raise ValueError(
                "Argument `ratio` must be an integer from 1 to `units`, so that at least one "
                f"intrinsic state is left. Received: ratio={ratio}, units={units}"
            )
        self.ratio = ratio
        self.intrinsic = units // ratio
        self.ghosts = units - self.intrinsic
        self.ghost_activation = keras.activations.get(ghost_activation)
        self.ghost_initializer = keras.initializers.get(ghost_initializer)
        self.ghost_regularizer = keras.regularizers.get(ghost_regularizer)
        self.ghost_constraint = keras.constraints.get(ghost_constraint)
        # Roundings that quantisation-aware training puts in place of the identity, value by value.
        # That of products never saturates: its gradient is the identity.
        self.round_product = keras.activations.linear
        self.round_preactivation = keras.activations.linear
        self.round_carry = keras.activations.linear
        self.round_state = keras.activations.linear

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of shape (batch, d)."""
        m = self.intrinsic
        inputs = tf.TensorShape(input_shape)[-1]
        self.kernel = self.add_weight(
            shape=(inputs, 3 * m),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 3 * m),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias: Any = self._add_bias("bias", (2, 3 * m)) if self.use_bias else None
        self.ghost_kernel = self.ghost_bias = None
        if self.ghosts:
            self.ghost_kernel = self.add_weight(
                shape=(m, self.ghosts),
                name="ghost_kernel",
                initializer=self.ghost_initializer,
                regularizer=self.ghost_regularizer,
                constraint=self.ghost_constraint,
            )
            if self.use_bias:
                self.ghost_bias = self._add_bias("ghost_bias", (self.ghosts,))
        self.built = True

    def _add_bias(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def project(self, inputs: Any) -> Any:
        """Return the input's share of the pre-activations, (…, 3m) for (…, d) inputs."""
        product = tf.tensordot(inputs, self.kernel, 1)
        if self.use_bias:
            product = tf.nn.bias_add(product, self.bias[0])
        return self.round_product(product)

    def recurrent_weights(self) -> tuple[Any, ...]:
        """Return the weights of a step's product and its bias, those of the ghosts and theirs.

        The product's are (n, 4m) in z, r, c of h, c of g order: the candidate's two parts stay
        apart because only one of them is reset. Without ghosts (n, 3m), and None for theirs, as
        for biases that there are none of.
        """
        m, weights = self.intrinsic, self.recurrent_kernel
        bias = self.bias[1] if self.use_bias else None
        if not self.ghosts:
            return weights, bias, None, None
        from_h = tf.pad(weights[:m, 2 * m :], [[0, self.ghosts], [0, 0]])
        from_g = tf.pad(weights[m:, 2 * m :], [[m, 0], [0, 0]])
        if bias is not None:
            bias = tf.pad(bias, [[0, m]])
        matrix = tf.concat([weights[:, : 2 * m], from_h, from_g], axis=1)
        return matrix, bias, self.ghost_kernel, self.ghost_bias

    def step(
        self, projected: Any, h: Any, s: Any, weights: tuple[Any, ...], mask: Any = None
    ) -> Frame:
        """Advance by one step.

        Args:
            projected: (batch, 3m) of `project`.
            h: (batch, m) intrinsic state, at the precision it is carried in.
            s: (batch, n) state as products see it.
            weights: Of `recurrent_weights`.
            mask: Recurrent dropout's, or None.
        """
        m = self.intrinsic
        matrix, bias, ghost_kernel, ghost_bias = weights
        a = tf.matmul(s if mask is None else s * mask, matrix)
        if bias is not None:
            a = tf.nn.bias_add(a, bias)
        sizes = (2 * m, m, m) if self.ghosts else (2 * m, m)
        gates_in, reset_in, *from_ghosts = tf.split(self.round_product(a), sizes, axis=1)
        inputs, candidate_in = tf.split(projected, (2 * m, m), axis=1)
        gates_in = inputs + gates_in
        gates = self.recurrent_activation(self.round_preactivation(gates_in))
        z, r = tf.split(gates, 2, axis=1)
        reset = self.round_preactivation(reset_in)
        candidate_in += r * reset
        if self.ghosts:
            candidate_in += from_ghosts[0]
        c = self.activation(self.round_preactivation(candidate_in))
        carry_in = z * h + (1 - z) * c
        h = self.round_carry(carry_in)
        s = self.round_state(h)
        ghost_in = ghost = None
        if self.ghosts:
            ghost_in = tf.matmul(s, ghost_kernel)
            if ghost_bias is not None:
                ghost_in = tf.nn.bias_add(ghost_in, ghost_bias)
            ghost = self.ghost_activation(self.round_preactivation(ghost_in))
            s = tf.concat([s, self.round_state(ghost)], axis=1)
        return Frame(gates_in, z, r, reset_in, reset, candidate_in, c, carry_in, h,
                     ghost_in, ghost, s)  # fmt: skip

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, Any]:
        """Return the output and the new state for one frame."""
        state = states[0] if tf.nest.is_nested(states) else states
        if 0.0 < self.dropout < 1.0:
            inputs = inputs * self.get_dropout_mask_for_cell(inputs, training, count=1)
        mask = self.recurrent_mask(state, training)
        h = self.round_carry(state[:, : self.intrinsic])
        frame = self.step(
            self.project(inputs), h, self.round_state(state), self.recurrent_weights(), mask
        )
        state = self.state(frame.h, frame.s)
        return frame.s, [state] if tf.nest.is_nested(states) else state

    def state(self, h: Any, s: Any) -> Any:
        """Return the (batch, n) state that is carried on, of a step's h and s."""
        return tf.concat([h, s[:, self.intrinsic :]], axis=1) if self.ghosts else h

    def recurrent_mask(self, state: Any, training: Any) -> Any:
        """Return recurrent dropout's mask for (batch, n) states, or None without it."""
        if not 0.0 < self.recurrent_dropout < 1.0:
            return None
        return self.get_recurrent_dropout_mask_for_cell(state, training, count=1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        config.pop("implementation", None)
        return {
            **config,
            "ratio": self.ratio,
            "ghost_activation": keras.activations.serialize(self.ghost_activation),
            "ghost_initializer": keras.initializers.serialize(self.ghost_initializer),
            "ghost_regularizer": keras.regularizers.serialize(self.ghost_regularizer),
            "ghost_constraint": keras.constraints.serialize(self.ghost_constraint),
        }

# SPDX-License-Identifier: Apache-2.0
"""The networks that are compared, and how many parameters each has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcu_ghost.train.enhancement.recipe import Network

BANDS = 64
UNITS = 128


@dataclass(frozen=True)
class Variant:
    """A network of the comparison.

    Attributes:
        name: What tables call it.
        units: Of its recurrent layer.
        ratio: Units for each intrinsic one; 1 is a plain GRU.
        diagonal: Whether each ghost state follows from one intrinsic state alone.
    """

    name: str
    units: int
    ratio: int = 1
    diagonal: bool = False

    @property
    def shape(self) -> Network:
        """As a recipe says it."""
        return Network(bands=BANDS, units=self.units, ratio=self.ratio)

    @property
    def parameters(self) -> int:
        """Weights and biases, those of the layer behind it too."""
        n, m = self.units, self.units // self.ratio
        each = 1 if self.diagonal else m
        recurrent = 3 * m * (BANDS + n) + 6 * m + (n - m) * (each + 1)
        return recurrent + BANDS * (n + 1)


def matched(ghost: Variant) -> Variant:
    """Return the plain GRU whose number of parameters is nearest."""
    units = min(
        range(1, ghost.units + 1),
        key=lambda n: abs(Variant("", n).parameters - ghost.parameters),
    )
    return Variant(f"GRU-{units}, as many parameters as the half", units)


HALF = Variant(f"GhostGRU-{UNITS}, ratio 2", UNITS, 2)
VARIANTS = (
    Variant(f"GRU-{UNITS}", UNITS),
    HALF,
    Variant(f"GhostGRU-{UNITS}, ratio 2, diagonal ghosts", UNITS, 2, diagonal=True),
    Variant(f"GhostGRU-{UNITS}, ratio 4", UNITS, 4),
    matched(HALF),
    Variant(f"GRU-{UNITS // 2}, the intrinsic states alone", UNITS // 2),
)


def made(variant: Variant, frames: int) -> Any:
    """Return the untrained model."""
    import tensorflow as tf
    import tf_keras as keras

    from mcu_ghost.train.enhancement import network

    class Diagonal(keras.constraints.Constraint):
        """Leaves nothing beside the diagonal."""

        def __call__(self, w: Any) -> Any:
            return w * tf.eye(*w.shape)

    ghosts = {"ghost_constraint": Diagonal()} if variant.diagonal else {}
    model = network.of_frames(variant.shape, frames, **ghosts)
    if variant.diagonal:  # from the first step on
        for layer in model.layers:
            for weights in layer.weights:
                if "ghost_kernel" in weights.name:
                    weights.assign(weights * tf.eye(*weights.shape))
    return model

# SPDX-License-Identifier: Apache-2.0
"""What every node of a float graph has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

Reals = npt.NDArray[np.float32]
Shape = tuple[int, ...]
"""Of a value, without its batch axis."""


@dataclass(frozen=True, eq=False)
class Node(ABC):
    """One step of a float graph.

    Axes count from the value's first one after the batch, so axis 0 of a sequence is time.

    Attributes:
        name: The user's name of the layer that it comes from.
        inputs: Names of the values that it reads.
        output: Name of the value that it makes.
    """

    name: str
    inputs: tuple[str, ...]
    output: str

    @property
    def kind(self) -> str:
        """What it is called in messages."""
        return type(self).__name__

    @abstractmethod
    def infer(self, *shapes: Shape) -> Shape:
        """Return the output's shape.

        Raises:
            GhostError: The inputs do not fit the node's weights or options.
        """

    @abstractmethod
    def run(self, *values: Reals) -> Reals:
        """Return the output's values, (batch, …), for inputs (batch, …)."""

    def refuse(self, why: str) -> GhostError:
        """Return the error that names the layer."""
        return GhostError(f"Layer '{self.name}' ({self.kind}): {why}.")

    def check_last(self, shape: Shape, size: int, what: str = "weights") -> None:
        """Refuse an input whose last axis is not as long as the weights' own."""
        if not shape or shape[-1] != size:
            raise self.refuse(
                f"its {what} are for {text.count(size, 'channel')}, but its input has the shape"
                f" {shape}; save the model again from the code that trained it"
            )

    def check_weights(self, what: str, weights: Reals, size: int) -> None:
        """Refuse weights that are not one for each of so many channels."""
        if weights.shape != (size,):
            raise self.refuse(
                f"its {what} has the shape {weights.shape}, not ({size},); save the model again"
                " from the code that trained it"
            )

    def check_rank(self, shape: Shape, allowed: Sequence[int]) -> None:
        """Refuse an input with another number of axes."""
        if len(shape) not in allowed:
            wanted = " or ".join(map(str, allowed))
            raise self.refuse(
                f"takes inputs with {wanted} axes besides the batch, not {shape}; bring its input"
                " into such a shape"
            )

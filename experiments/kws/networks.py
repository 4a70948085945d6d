# SPDX-License-Identifier: Apache-2.0
"""The networks that are compared."""

from __future__ import annotations

from dataclasses import dataclass

UNITS, INPUTS = 154, 40


@dataclass(frozen=True)
class Network:
    """One recurrent layer and a dense one.

    Attributes:
        units: n of the recurrent layer.
        ratio: n // m; 1 is a plain GRU.
    """

    units: int
    ratio: int = 1

    def __str__(self) -> str:
        """Return `GRU-154` or `GhostGRU-154/2`."""
        return f"GhostGRU-{self.units}/{self.ratio}" if self.ratio > 1 else f"GRU-{self.units}"

    def parameters(self, classes: int) -> int:
        """Return how many numbers are trained, the dense layer's included."""
        n, m = self.units, self.units // self.ratio
        ghosts = (n - m) * (m + 1) if self.ratio > 1 else 0
        return 3 * m * (INPUTS + n) + 6 * m + ghosts + (n + 1) * classes


def matched(ghost: Network, classes: int) -> Network:
    """Return the plain GRU whose number of parameters is nearest to a ghost network's."""
    wanted = ghost.parameters(classes)
    plain = (Network(n) for n in range(1, ghost.units + 1))
    return min(plain, key=lambda network: abs(network.parameters(classes) - wanted))


def networks(classes: int) -> dict[str, Network]:
    """Return the networks by their role, widest first.

    GRU(n / 2) is the first ghost network without its ghosts. It also has, within 1.1 %, as many
    parameters as the second one, and so stands for that one's match too.
    """
    ghost = Network(UNITS, 2)
    return {
        "wide": Network(UNITS),
        "ghost 2": ghost,
        "matched": matched(ghost, classes),
        "ghost 4": Network(UNITS, 4),
        "half": Network(UNITS // 2),
    }

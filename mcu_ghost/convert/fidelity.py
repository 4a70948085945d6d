# SPDX-License-Identifier: Apache-2.0
"""How close an int8 network comes to the one in float that it was made of, layer by layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import text

Reals = npt.NDArray[np.floating]

TRAIN_ON = "train on after mcu_ghost.layers.quantize_model"
"""What helps a network that can be trained so."""

MOST_FRAMES = 20_000  # a few seconds
_WORST_AGREEMENT = 0.97
_WORST_ERROR = 0.1  # of the outputs' own spread


@dataclass(frozen=True)
class LayerError:
    """How far a layer is off.

    Attributes:
        layer: Its name and class, or "the input".
        error: RMS difference to float, as a share of the spread of the values in float.
    """

    layer: str
    error: float


@dataclass(frozen=True)
class Fidelity:
    """Int8 against float on the same samples.

    Attributes:
        samples: How many.
        agreement: Share of answers with the same class; None where the outputs are no classes.
        mean_error: Mean absolute difference of the outputs, in their own unit.
        largest_error: The largest.
        layers: Every layer's error in order, the input first.
        trains: Whether the network can be trained on with the rounding of int8.
    """

    samples: int
    agreement: float | None
    mean_error: float
    largest_error: float
    layers: tuple[LayerError, ...]
    trains: bool

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        told = {"bad": self.bad, "blame": self.blame.layer if self.bad else None}
        return dataclasses.asdict(self) | told

    @property
    def bad(self) -> bool:
        """Whether somebody should look at it."""
        if self.agreement is not None:
            return self.agreement < _WORST_AGREEMENT
        return self.layers[-1].error > _WORST_ERROR

    @property
    def blame(self) -> LayerError:
        """The layer that adds most to the error."""
        errors = [0.0, *(layer.error for layer in self.layers)]
        growth = [later - former for former, later in zip(errors, errors[1:], strict=False)]
        return self.layers[int(np.argmax(growth))]

    def __str__(self) -> str:
        """Say it in a sentence."""
        off = f"outputs are off by {self.mean_error:.3g}, at most {self.largest_error:.3g}"
        where = f"on {text.count(self.samples, 'calibration sample')}"
        if self.agreement is None:
            return f"int8 against float {where}: {off}, {self.layers[-1].error:.1%} of their spread"
        return f"int8 against float {where}: {self.agreement:.1%} of classes agree, {off}"

    @property
    def warning(self) -> str:
        """What to say of it if it is bad."""
        place = self.layers.index(self.blame)
        before = self.layers[place - 1].error if place else 0.0
        ways = (
            f"calibrate with other data, or {TRAIN_ON}"
            if self.trains
            else ("and calibrate with other data")
        )
        return (
            f"{self}. The layer to blame is {self.blame.layer}: its values are off by"
            f" {self.blame.error:.1%} of their spread, {before:.1%} before it. Look at what was"
            f" clipped, {ways}."
        )


def compare(
    samples: int, results: Sequence[tuple[str, Reals, Reals]], classes: bool, trains: bool
) -> Fidelity:
    """Compare values.

    Args:
        samples: Whose they are.
        results: In order, of each layer a name in words, the exact values and the rough ones; the
            input first, the outputs last.
        classes: Whether the largest output is the answer.
        trains: Whether the network can be trained on with the rounding of int8.
    """
    _, exact, rough = results[-1]
    off = np.abs(exact - rough)
    return Fidelity(
        samples=samples,
        agreement=float((exact.argmax(-1) == rough.argmax(-1)).mean()) if classes else None,
        mean_error=float(off.mean()),
        largest_error=float(off.max()),
        layers=tuple(LayerError(name, _error(*pair)) for name, *pair in results),
        trains=trains,
    )


def some(data: Reals, frames: int) -> Reals:
    """Return as many samples, evenly spaced, as are compared in a few seconds."""
    most = max(1, MOST_FRAMES // frames)
    return data[np.linspace(0, len(data) - 1, most).astype(int)] if len(data) > most else data


def _error(exact: Reals, rough: Reals) -> float:
    """Return the RMS difference as a share of the exact values' standard deviation.

    Values further out than all but a thousandth are left out: what a glitch becomes says nothing.
    """
    low, high = np.quantile(exact, (0.001, 0.999))
    inside = (exact >= low) & (exact <= high)
    off = float(np.sqrt(np.mean((exact - rough)[inside] ** 2)))
    spread = float(exact[inside].std())
    return off / spread if spread else float(off > 0)

# SPDX-License-Identifier: Apache-2.0
"""The range of values that int8 stands for, and no glitch of a sensor decides it.

What the rule was chosen by is in docs/calibration.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError

Floats = npt.NDArray[np.float32]
Rule = Callable[[Floats], tuple[float, float]]
"""Takes one channel's values and returns the lowest and the highest that its range must hold."""

_BULK = 1000  # one value of so many on either side may be anything
_FAR = 4.0  # times as far from the median as the bulk: a glitch


@dataclass(frozen=True)
class Clipped:
    """Values of calibration data that a range does not hold.

    Attributes:
        where: What they are values of.
        count: How many.
        total: Of how many.
        low: The range's lower end.
        high: The range's upper end.
        smallest: The smallest value.
        largest: The largest value.
    """

    where: str
    count: int
    total: int
    low: float
    high: float
    smallest: float
    largest: float

    def __str__(self) -> str:
        """Say it in a sentence."""
        far = [f"{self.smallest:.4g}"] if self.smallest < self.low else []
        far += [f"{self.largest:.4g}"] if self.largest > self.high else []
        beyond = "is" if self.count == 1 else "are"
        return (
            f"{self.where}: {text.count(self.count)} of {text.count(self.total, 'value')} {beyond} "
            f"outside {self.low:.4g} to {self.high:.4g}, as far as {' and '.join(far)}."
        )


def by_name(
    calibration: npt.ArrayLike | Mapping[str, npt.ArrayLike], names: Sequence[str]
) -> dict[str, npt.ArrayLike]:
    """Return calibration data by the names of the inputs; of one input they may be an array."""
    if isinstance(calibration, Mapping):
        return dict(calibration)
    if len(names) == 1:
        return {names[0]: calibration}
    told = ", ".join(f"'{name}'" for name in names)
    raise GhostError(f"Calibration data for several inputs are a dict of arrays: for {told}.")


def of_inputs(
    data: Mapping[str, npt.ArrayLike],
    names: Sequence[str],
    validated: Callable[[str, npt.ArrayLike], Floats],
) -> dict[str, Floats]:
    """Return calibration data for each input.

    Args:
        data: By the inputs' names.
        names: Those of the inputs.
        validated: Returns the data for one of them, or raises.

    Raises:
        GhostError: An input has none, or they are of unlike numbers of samples.
    """
    for name in names:
        if name not in data:
            named = ", ".join(f"'{each}'" for each in names)
            raise GhostError(
                f"The calibration data have nothing for the input '{name}': give arrays by name"
                f" (in a file, an .npz) for each of {named}."
            )
    found = {name: validated(name, data[name]) for name in names}
    if len({len(values) for values in found.values()}) > 1:
        counts = ", ".join(f"{name}: {len(values)}" for name, values in found.items())
        raise GhostError(f"The calibration data have unlike numbers of samples: {counts}.")
    return found


def validate(calibration: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return calibration data as float32.

    Args:
        calibration: What somebody calls calibration data.
        shape: Of a sample, as the network takes it.

    Raises:
        GhostError: They do not have that shape, or hold no or not only finite numbers.
    """
    try:
        data = np.asarray(calibration, np.float32)
    except (TypeError, ValueError) as error:
        raise GhostError(f"The calibration data are not an array of numbers ({error}).") from error
    if data.shape[1:] != shape or data.ndim != len(shape) + 1 or not len(data):
        wanted = ", ".join(map(str, ("samples", *shape)))
        raise GhostError(f"Calibration data must have shape ({wanted}), got {data.shape}.")
    if not np.isfinite(data).all():
        raise GhostError("The calibration data hold values that are not finite.")
    if not data.any():
        raise GhostError("The calibration data are all zero, which shows no range.")
    return data


def extremes(values: Floats) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    return float(values.min()), float(values.max())


def robust(values: Floats) -> tuple[float, float]:
    """Return the smallest and the largest value but for glitches.

    A value is a glitch if it is four times as far from the median as all but a thousandth of the
    values on either side, and at least one, are. A channel that hardly ever moves has none.
    """
    outside = max(1, len(values) // _BULK)
    if len(values) <= 2 * outside + 1:
        return extremes(values)
    middle = len(values) // 2
    places = (outside, middle, len(values) - 1 - outside)
    ordered = np.partition(values, places)
    low, median, high = (float(ordered[i]) for i in places)
    reach = _FAR * max(high - median, median - low)
    if reach == 0.0:
        return extremes(values)
    return extremes(values[np.abs(values - median) <= reach])


def choose(values: Floats, rule: Rule = robust) -> tuple[float, float]:
    """Return the range of (…, channels) values: it holds zero, and of each channel what it needs.

    Each channel is judged by itself, so that a large one is no glitch of the small ones.
    """
    channels = values.reshape(-1, values.shape[-1])
    ends = [rule(channels[:, i]) for i in range(channels.shape[1])]
    return min(0.0, *(low for low, _ in ends)), max(0.0, *(high for _, high in ends))


def clipped(where: str, values: Floats, low: float, high: float) -> tuple[Clipped, ...]:
    """Return what a range does not hold; half a step beyond it is as good as inside."""
    slack = (high - low) / 510
    outside = int(((values < low - slack) | (values > high + slack)).sum())
    if not outside:
        return ()
    ends = float(values.min()), float(values.max())
    return (Clipped(where, outside, values.size, low, high, *ends),)


def clipped_inputs(frames: Floats, low: float, high: float) -> tuple[Clipped, ...]:
    """Return what the range of the input does not hold of (frames, inputs) values, by input."""
    return tuple(
        one for i, values in enumerate(frames.T) for one in clipped(f"input {i}", values, low, high)
    )

# SPDX-License-Identifier: Apache-2.0
"""Takes the ranges of a network's values from data, and lets no glitch of a sensor decide them.

What the rule was chosen by is in docs/calibration.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
    QuantizeWrapper,
)
from tensorflow_model_optimization.python.core.quantization.keras.quantizers import Quantizer

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers.ghost_gru import GhostGRU

Floats = npt.NDArray[np.float32]
Rule = Callable[[Floats], tuple[float, float]]
"""Takes one channel's values and returns the lowest and the highest that its range must hold."""

_BATCH = 256
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


def validate(model: Any, calibration: Any) -> Floats:
    """Return calibration data as float32.

    Args:
        model: The Keras model that they are for.
        calibration: What somebody calls calibration data.

    Raises:
        GhostError: They do not have the model's input shape, or hold no or not only finite numbers.
    """
    try:
        data = np.asarray(calibration, np.float32)
    except (TypeError, ValueError) as error:
        raise GhostError(f"The calibration data are not an array of numbers ({error}).") from error
    shape = tuple(model.inputs[0].shape[1:])
    if data.shape[1:] != shape or data.ndim != len(shape) + 1 or not len(data):
        text = ", ".join(map(str, ("samples", *shape)))
        raise GhostError(f"Calibration data must have shape ({text}), got {data.shape}.")
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


class _Recorder(Quantizer):
    """Stands where a quantiser stood, lets everything through, and keeps it."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[dict[str, Any], list[Any]]] = {}

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Return nothing: the variables of the quantiser that stood there are kept."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Keep the inputs by the range that they are for."""
        _, values = self.seen.setdefault(id(weights["min_var"]), (weights, []))
        values.append(np.asarray(inputs))
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return no arguments."""
        return {}


def settle(model: Any, data: npt.ArrayLike, rule: Rule = robust) -> tuple[Clipped, ...]:
    """Set the activation and weight ranges of a quantised model's ordinary layers.

    tfmot starts them at [-6, 6] and moves them by a thousandth at each step. GhostGRU layers have
    fixed formats and the input keeps its range.

    Args:
        model: A chain of layers from `quantize_model`; changed in place.
        data: (samples, frames, inputs) representative float inputs.
        rule: How a range follows from values.

    Returns:
        What the ranges do not hold.

    Raises:
        GhostError: A layer does not follow the one before it.
    """
    values = np.asarray(data, np.float32)
    batch = model.inputs[0].shape[0]
    found: list[Clipped] = []
    output = model.inputs[0]
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if layer.input is not output:
            raise GhostError(
                f"Layer '{layer.name}' does not follow the one before it; "
                "only the ranges of a chain of layers can be measured."
            )
        output = layer.output
        inner = layer.layer if isinstance(layer, QuantizeWrapper) else layer
        if isinstance(inner, keras.layers.Dropout):
            continue
        if inner is not layer and not isinstance(inner, GhostGRU):
            found += _settle(layer, values, batch, rule)
        values = run(layer, values, batch)
    return tuple(found)


def run(layer: Any, values: Floats, batch: int | None, training: bool = False) -> Floats:
    """Run a layer over all samples, of which it may insist on `batch` at a time, each from zero."""
    size = batch or _BATCH
    inner = getattr(layer, "layer", layer)
    results = []
    for start in range(0, len(values), size):
        part = values[start : start + size]
        rows = len(part)
        if batch and rows < batch:
            part = np.concatenate([part, np.repeat(part[-1:], batch - rows, axis=0)])
        if getattr(inner, "stateful", False):
            inner.reset_states()
        results.append(np.asarray(layer(part, training=training))[:rows])
    return np.concatenate(results)


def _settle(wrapper: Any, values: Floats, batch: int | None, rule: Rule) -> list[Clipped]:
    """Set the ranges of one layer; its weights' follow from the weights."""
    kept = [a.quantizer for a in wrapper._quantize_activations], list(wrapper._output_quantizers)
    recorder = _Recorder()
    _put(wrapper, [recorder] * len(kept[0]), [recorder] * len(kept[1]))
    run(wrapper, values, batch, training=True)
    _put(wrapper, *kept)
    found: list[Clipped] = []
    for weights, parts in recorder.seen.values():
        seen = np.concatenate(parts)
        low, high = choose(seen, rule)
        weights["min_var"].assign(low)
        weights["max_var"].assign(high)
        found += clipped(f"layer '{wrapper.layer.name}'", seen, low, high)
    return found


def _put(wrapper: Any, activations: list[Any], outputs: list[Any]) -> None:
    for activation, quantizer in zip(wrapper._quantize_activations, activations, strict=True):
        activation.quantizer = quantizer
    wrapper._output_quantizers = outputs

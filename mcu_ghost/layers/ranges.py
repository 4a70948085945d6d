# SPDX-License-Identifier: Apache-2.0
"""Takes the ranges of a Keras model's values from data, by the rule of `network.calibration`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
    QuantizeWrapper,
)
from tensorflow_model_optimization.python.core.quantization.keras.quantizers import Quantizer

from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.network.calibration import Clipped, Floats, Rule, choose, clipped, robust

_BATCH = 256


def chosen(rows: Floats) -> tuple[float, float]:
    """Return the range of values, by the rule of calibration; it ends above zero, as int8's do."""
    low, high = map(float, choose(rows))
    return low, high or -low / 255 or 1.0


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


def run(
    layer: Any, values: Floats | list[Floats], batch: int | None, training: bool = False
) -> Floats:
    """Run a layer over all samples, of which it may insist on `batch` at a time, each from zero."""
    given = values if isinstance(values, list) else [values]
    size = batch or _BATCH
    inner = getattr(layer, "layer", layer)
    results = []
    for start in range(0, len(given[0]), size):
        parts = [one[start : start + size] for one in given]
        rows = len(parts[0])
        if batch and rows < batch:
            parts = [np.concatenate([x, np.repeat(x[-1:], batch - rows, axis=0)]) for x in parts]
        if getattr(inner, "stateful", False):
            inner.reset_states()
        read = parts if isinstance(values, list) else parts[0]
        results.append(np.asarray(layer(read, training=training))[:rows])
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

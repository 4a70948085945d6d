# SPDX-License-Identifier: Apache-2.0
"""tfmot's QuantizeConfigs: how the layers of a kind round as their integer operators do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow_model_optimization as tfmot
import tf_keras as keras

from mcu_ghost.layers import rounded
from mcu_ghost.layers.fixed_point import (
    AverageQuantizer,
    FixedPointQuantizer,
    FixedRangeQuantizer,
    PerChannelQuantizer,
    PerGateQuantizer,
)

_GHOST_ROUNDINGS = {
    "round_product": FixedPointQuantizer(0, 12),
    "round_preactivation": FixedPointQuantizer(16, 12),
    "round_carry": FixedPointQuantizer(16, 15),
    "round_state": FixedPointQuantizer(8, 7),
}
_KERNELS = ("kernel", "recurrent_kernel", "ghost_kernel")


class _Config(tfmot.quantization.keras.QuantizeConfig):
    """What the configs share: two are equal if their arguments are."""

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Return nothing: the output is rounded already."""
        return []

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash(type(self))


@keras.utils.register_keras_serializable(package="mcu_ghost")
class RecurrentQuantizeConfig(_Config):
    """Makes a layer of `mcu_ghost.layers.rounded`, or a `GhostGRU`, round as its operator does.

    Weights are int8 with one scale per gate. Products of inputs and of states become Q3.12 apart
    and are then added; pre-activations saturate to Q3.12 int16; a GRU's state is carried in Q0.15,
    an LSTM's cell in 16 bits of the integer bits that it needs; products and the output see Q0.7.

    Args:
        cell_bits: Of an LSTM the integer bits of the cell; of a Bidirectional one, both cells'.
    """

    def __init__(self, cell_bits: Sequence[int] = ()) -> None:
        self.cell_bits = tuple(cell_bits)

    def _weights(self, layer: Any) -> list[tuple[Any, str]]:
        return [
            (cell, name)
            for cell in rounded.cells(layer)
            for name in _KERNELS
            if getattr(cell, name, None) is not None
        ]

    def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        """Return the kernels with a quantizer of one scale per gate each."""
        found = []
        for cell, name in self._weights(layer):
            weight = getattr(cell, name)
            states = getattr(cell, "intrinsic", cell.units)
            gates = 1 if name == "ghost_kernel" else weight.shape[-1] // states
            found.append((weight, PerGateQuantizer(gates)))
        return found

    def get_activations_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        """Return the cells' roundings, identities so far, with their Q formats."""
        found = []
        for i, cell in enumerate(rounded.cells(layer)):
            formats = dict(_GHOST_ROUNDINGS)
            if self.cell_bits:
                formats["round_carry"] = FixedPointQuantizer(16, 15 - self.cell_bits[i])
            found += [(getattr(cell, name), formats[name]) for name in rounded.HOOKS]
        return found

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """Put rounded kernels into the cells."""
        for (cell, name), weight in zip(self._weights(layer), quantize_weights, strict=True):
            setattr(cell, name, weight)

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Put the Q formats into the cells."""
        places = [(cell, name) for cell in rounded.cells(layer) for name in rounded.HOOKS]
        for (cell, name), rounding in zip(places, quantize_activations, strict=True):
            setattr(cell, name, rounding)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"cell_bits": list(self.cell_bits)}


@keras.utils.register_keras_serializable(package="mcu_ghost")
class GhostGRUQuantizeConfig(RecurrentQuantizeConfig):
    """Makes a `GhostGRU` in a chain of layers round as "GhostGRU int8, v1" does.

    Example:
        >>> annotated = tfmot.quantization.keras.quantize_annotate_layer(
        ...     GhostGRU(154), GhostGRUQuantizeConfig())
    """

    def __init__(self) -> None:
        super().__init__()

    def get_config(self) -> dict[str, Any]:
        """Return no arguments."""
        return {}


@keras.utils.register_keras_serializable(package="mcu_ghost")
class RangeQuantizeConfig(_Config):
    """Rounds a layer's output to int8 of a range that does not move, and its weights.

    Args:
        output: Real values of -128 and 127; None for an output that is not rounded, since the
            layer behind it is part of the same operator.
        weight: The attribute that holds the weights, if it has some that become int8.
        axes: As `PerChannelQuantizer` takes it, of these weights.
        averages: Whether the output are averages of int8 values.
    """

    def __init__(
        self,
        output: Sequence[float] | None = None,
        weight: str = "",
        axes: int = 0,
        averages: bool = False,
    ) -> None:
        self.output = None if output is None else (float(output[0]), float(output[1]))
        self.weight, self.axes, self.averages = weight, axes, averages

    def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        """Return the weights, if there are some."""
        if not self.weight:
            return []
        return [(getattr(layer, self.weight), PerChannelQuantizer(self.axes))]

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """Put rounded weights into the layer."""
        for weight in quantize_weights:
            setattr(layer, self.weight, weight)

    def get_activations_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
        """Return nothing: an activation is a layer of its own."""
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Put nothing anywhere: there are none."""
        assert not quantize_activations

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Return that of the output."""
        if self.output is None:
            return []
        return [(AverageQuantizer if self.averages else FixedRangeQuantizer)(*self.output)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "output": self.output,
            "weight": self.weight,
            "axes": self.axes,
            "averages": self.averages,
        }

# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training of any network: each layer rounds as the operator it becomes.

Ranges of activations are taken from calibration data, by the same rule as post-training
quantisation, before training, and do not move then: the int8 network has exactly these.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import (
    QuantizeLayer,
)
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
    QuantizeWrapper,
    QuantizeWrapperV2,
)

from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers import calls, kinds, ranges, rounded
from mcu_ghost.layers.calls import Call, Calls
from mcu_ghost.layers.configs import (
    GhostGRUQuantizeConfig,
    RangeQuantizeConfig,
    RecurrentQuantizeConfig,
)
from mcu_ghost.layers.fixed_point import FixedRangeQuantizer
from mcu_ghost.layers.plain import copied, plain
from mcu_ghost.network import calibration as rule
from mcu_ghost.network.calibration import Clipped, Floats
from mcu_ghost.network.ops.lstm import cell_bits

Range = tuple[float, float]
_ROWS = (0.0, 255.0)  # of an input that an Embedding reads: numbers of rows, as they are


@dataclass(frozen=True)
class _Value:
    """A value of the model to be trained.

    Attributes:
        tensor: It.
        samples: What it is for the calibration data, in float.
        range: Real values of -128 and 127.
    """

    tensor: Any
    samples: Floats
    range: Range


@dataclass(frozen=True)
class Fixed:
    """What does not move while a model trains.

    Attributes:
        ranges: Real values of -128 and 127 of inputs and layers' outputs, by their names.
        cells: Of each LSTM the integer bits of the cell, or of both cells.
    """

    ranges: dict[str, Range] = field(default_factory=dict)
    cells: dict[str, tuple[int, ...]] = field(default_factory=dict)


def is_quantized(model: Any) -> bool:
    """Return whether `quantize` made a model."""
    return any(
        isinstance(config, (RangeQuantizeConfig, RecurrentQuantizeConfig))
        and not isinstance(config, GhostGRUQuantizeConfig)
        for config in (getattr(layer, "quantize_config", None) for layer in model.layers)
    )


def quantize(model: Any, input_range: Range | None, calibration: Any) -> Any:
    """Return a copy of a float model that trains with rounding.

    Args:
        model: A Sequential or functional one.
        input_range: Of the inputs; taken from the calibration data if left out.
        calibration: (samples, *shape) for the input, or for several ones a dict by their names.

    Raises:
        GhostError: A layer cannot be trained so, or calibration data are missing or do not fit.
    """
    for call in calls.read(model).order:
        kinds.validate(call.layer)
    data = _data(model, calibration)
    model = plain(model)
    read = calls.read(model)
    beyond: list[Clipped] = []
    values: dict[int, _Value] = {}
    entries = []
    for (number, x), samples in zip(read.inputs.items(), data, strict=True):
        entry = calls.entry(x)
        entries.append(entry)
        if isinstance(read.sole_reader(number), keras.layers.Embedding):
            values[number] = _Value(entry, samples, _ROWS)
            continue
        rows = samples.reshape(-1, samples.shape[-1] if samples.ndim > 2 else 1)
        low, high = input_range or ranges.chosen(rows)
        beyond += rule.clipped_inputs(rows, low, high)
        name = f"quantize_{x.node.layer.name}"
        tensor = QuantizeLayer(FixedRangeQuantizer(low, high), name=name)(entry)
        values[number] = _Value(tensor, samples, (low, high))
    read.run(values, lambda call, xs: _rounding(call, xs, read, beyond))
    for clipped in beyond:
        warnings.warn(str(clipped), stacklevel=3)
    answers = [values[number].tensor for number in read.outputs]
    return keras.Model(entries, answers, name=model.name)


def _data(model: Any, calibration: Any) -> list[Floats]:
    """Return calibration data for each input."""
    shapes = {x.node.layer.name: tuple(x.shape[1:]) for x in model.inputs}
    if calibration is None:
        raise GhostError(
            f"Model '{model.name}' needs calibration data for quantisation-aware training: its"
            " ranges are taken from them."
        )
    names = tuple(shapes)
    given = rule.by_name(calibration, names)
    found = rule.of_inputs(given, names, lambda name, x: rule.validate(x, shapes[name]))
    return [found[name] for name in names]


def _rounding(call: Call, xs: list[_Value], read: Calls, beyond: list[Clipped]) -> _Value:
    """Call the layer that rounds as another one's operator."""
    layer, name = call.layer, call.layer.name
    if isinstance(layer, keras.layers.Embedding) and xs[0].range != _ROWS:
        raise calls.refuse(layer, "it must be the only layer that reads an input of the model")
    samples = _run(layer, [x.samples for x in xs])
    tensors = [x.tensor for x in xs]
    if isinstance(layer, rounded.RECURRENT):
        config: Any = RecurrentQuantizeConfig(_cells(layer, xs[0].samples))
        inner, found = rounded.rounded(layer), kinds.STATE
    else:
        role = kinds.role(layer)
        if role == "nothing":
            return _Value(calls.apply(copied(layer), tensors), samples, xs[0].range)
        inner = copied(layer)
        fixed = kinds.fixed(layer)
        if role == "like":
            found = xs[0].range
        elif fixed is not None:
            found = fixed
        elif kinds.concatenates(layer) and len({x.range for x in xs}) == 1:
            found = xs[0].range
        else:
            rows = samples if samples.ndim > 1 else samples[:, None]
            found = ranges.chosen(rows)
        fused = kinds.fuses(layer) and kinds.rectifies(read.sole_reader(call.result))
        if fused:
            config = RangeQuantizeConfig(None, *kinds.weight(layer))
        else:
            config = RangeQuantizeConfig(found, *kinds.weight(layer), averages=role == "like")
            if fixed is None and role == "ranged":
                beyond += rule.clipped(f"layer '{name}'", samples, *found)
    wrapper = QuantizeWrapperV2(inner, config)
    tensor = calls.apply(wrapper, tensors)
    _give(layer, wrapper)
    return _Value(tensor, samples, found)


def _run(layer: Any, given: list[Floats]) -> Floats:
    """Run a layer of one or several inputs over all samples."""
    batch = next(iter(tf.nest.flatten(layer.input))).shape[0]
    return ranges.run(layer, given[0] if len(given) == 1 else given, batch)


def _cells(layer: Any, samples: Floats) -> list[int]:
    """Return the integer bits of an LSTM's cell, or of both cells."""
    both = isinstance(layer, keras.layers.Bidirectional)
    ones = [layer.forward_layer, layer.backward_layer] if both else [layer]
    if not isinstance(ones[0], keras.layers.LSTM):
        return []
    found = []
    for one in ones:
        probe = keras.layers.RNN(
            _Cell.from_config(one.cell.get_config()), return_sequences=True,
            go_backwards=one.go_backwards,
        )  # fmt: skip
        probe.build((None, *samples.shape[1:]))
        probe.set_weights(one.get_weights())
        reached = float(np.abs(ranges.run(probe, samples, None)).max())
        try:
            found.append(cell_bits(reached))
        except GhostError as error:
            raise GhostError(f"Layer '{layer.name}' ({type(layer).__name__}): {error}") from error
    return found


class _Cell(keras.layers.LSTMCell):
    """An LSTM's cell that answers with what it keeps."""

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, Any]:
        """Return the kept value, and the state."""
        _, kept = super().call(inputs, states, training=training)
        return kept[1], kept


def _give(source: Any, target: Any) -> None:
    """Set a layer's weights to those of the same names of another one, in a wrapper or not."""
    given = {_key(weight): weight for weight in source.weights}
    for weight in target.weights:
        if _key(weight) in given:
            weight.assign(given[_key(weight)])


def _key(weight: Any) -> tuple[bool, str]:
    """Return what a weight is of its layer, and of which of two that are in a Bidirectional."""
    *path, name = weight.name.split(":")[0].split("/")
    return any(part.startswith("backward_") for part in path), name


def unquantized(model: Any) -> tuple[Any, Fixed]:
    """Return a model of `quantize` in float, with its weights, and what its int8 network must keep.

    Raises:
        GhostError: It was changed since.
    """
    read = calls.read(model)
    entries = {number: calls.entry(x) for number, x in read.inputs.items()}
    found = Fixed()
    things: dict[int, tuple[Any, Range]] = {}
    for number, entry in entries.items():
        things[number] = entry, _ROWS
        found.ranges[entry.node.layer.name] = _ROWS

    def step(call: Call, xs: list[tuple[Any, Range]]) -> tuple[Any, Range]:
        layer, (first, own) = call.layer, xs[0]
        if isinstance(layer, QuantizeLayer):
            own = layer.quantizer.minimum, layer.quantizer.maximum
            found.ranges[first.node.layer.name] = own
            return first, own
        if isinstance(layer, keras.layers.Dropout):
            return first, own
        if not isinstance(layer, QuantizeWrapper):
            made = copied(layer)
        else:
            config = layer.quantize_config
            if isinstance(config, RecurrentQuantizeConfig):
                made, own = rounded.unrounded(layer.layer), kinds.STATE
                found.cells[made.name] = config.cell_bits
            else:
                made, own = copied(layer.layer), config.output or own
        tensor = calls.apply(made, [x for x, _ in xs])
        _give(layer, made)
        found.ranges[made.name] = own
        return tensor, own

    read.run(things, step)
    answers = [things[number][0] for number in read.outputs]
    return keras.Model(list(entries.values()), answers, name=model.name), found


def outputs(model: Any, data: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return what the layers of a model of `quantize` answer with, by their names in float.

    Args:
        model: It.
        data: (samples, *shape) for each input, by name.
    """
    read = calls.read(model)
    found: dict[str, Floats] = {}

    def step(call: Call, xs: list[Floats]) -> Floats:
        result = _run(call.layer, xs)
        found[getattr(call.layer, "layer", call.layer).name] = result
        return result

    read.run({number: data[x.node.layer.name] for number, x in read.inputs.items()}, step)
    return found

# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers, cells inside `RNN`, and Bidirectional around them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from mcu_ghost.convert.keras_config.layer import Layer, Value, checked_class
from mcu_ghost.convert.keras_config.layers.activations import function
from mcu_ghost.convert.keras_config.weights import Config
from mcu_ghost.convert.nodes import GRU, LSTM, Concat, Merge, Node, Reverse, SimpleRNN

_CELLS = {"GRUCell": "GRU", "LSTMCell": "LSTM", "SimpleRNNCell": "SimpleRNN",
          "GhostGRUCell": "GhostGRU"}  # fmt: skip
_MERGES: dict[str, Literal["add", "multiply", "average"]] = {
    "sum": "add", "mul": "multiply", "ave": "average",
}  # fmt: skip


def _recurrent(layer: Layer) -> Value:
    """Import one recurrent layer; its own class says which cell it has."""
    return _run(layer, [layer])


def _rnn(layer: Layer) -> Value:
    """Import `RNN` with one cell or several on top of each other."""
    cell = layer.config["cell"]
    stacked = checked_class(cell, layer.name) == "StackedRNNCells"
    cells = cell["config"]["cells"] if stacked else [cell]
    parts = [layer.part(part) for part in cells]
    for part in parts:
        if part.kind not in _CELLS:
            raise part.refuse(f"this kind of cell is not supported, only {', '.join(_CELLS)}")
    return _run(layer, parts)


def _run(layer: Layer, cells: list[Layer]) -> Value:
    """Add a node for each cell.

    Args:
        layer: The one that says in which order frames come and what becomes of the outputs.
        cells: Those that say what happens in a frame.
    """
    config, x = layer.config, _sequence(layer)
    layer.require("time_major", False)
    backwards, sequences = bool(config.get("go_backwards")), bool(config.get("return_sequences"))
    options: dict[str, Any] = {"backwards": backwards, "stateful": bool(config.get("stateful"))}
    mask = _mask(layer, x) if x.mask is not None else None
    if mask is not None and len(cells) > 1:
        raise layer.refuse("a mask reaches several cells; use one recurrent layer for each")
    for i, cell in enumerate(cells):
        kind, fields = _weights(cell, x.shape[-1])
        last = i == len(cells) - 1
        x = layer.add(
            kind, x, mask=mask, return_sequences=sequences or not last, **fields, **options
        )
    if backwards and sequences:
        x = layer.add(Reverse, x)
    return x if sequences else Value(x.name, x.shape)


def _sequence(layer: Layer) -> Value:
    """Return its input, refusing the others that it could have."""
    xs = layer.xs
    if len(xs) != 1:
        raise layer.refuse(
            "is given an initial state, which is not supported; let it start from zeros, or make"
            " it stateful"
        )
    return xs[0]


def _mask(layer: Layer, x: Value) -> float:
    """Return the number that masks frames of x."""
    assert x.mask is not None
    if x.mask.number is None or not x.masked:
        raise layer.refuse(
            "a mask reaches it through other layers, which is not supported; put the Masking layer"
            " right in front of the one recurrent layer that needs it"
        )
    if layer.config.get("zero_output_for_mask"):
        raise layer.refuse("argument zero_output_for_mask=True is not supported behind Masking")
    masking = layer.builder.masking
    masking[x.mask.by] = (*masking.get(x.mask.by, ()), layer.name)
    return x.mask.number


def _weights(cell: Layer, inputs: int) -> tuple[type[Node], dict[str, Any]]:
    """Return the kind of node for a cell, and its weights and functions."""
    kind, n = _CELLS.get(cell.kind, cell.kind), cell.config["units"]
    fields: dict[str, Any] = {"activation": function(cell, "activation", "tanh")}
    if kind == "SimpleRNN":
        return SimpleRNN, fields | _kernels(cell, inputs, n, n) | {"bias": cell.bias(n)}
    fields["recurrent_activation"] = function(cell, "recurrent_activation", "sigmoid")
    if kind == "LSTM":
        return LSTM, fields | _kernels(cell, inputs, n, 4 * n) | {"bias": cell.bias(4 * n)}
    return GRU, fields | _gru(cell, inputs, n)


def _kernels(cell: Layer, inputs: int, n: int, gates: int) -> dict[str, Any]:
    return {"kernel": cell.take("kernel", inputs, gates),
            "recurrent_kernel": cell.take("recurrent_kernel", n, gates)}  # fmt: skip


def _gru(cell: Layer, inputs: int, n: int) -> dict[str, Any]:
    """Return the weights of a GRU or GhostGRU; a reset before the product has one bias only."""
    config = cell.config
    ratio = int(config.get("ratio", 1))
    m = n // ratio
    fields = _kernels(cell, inputs, n, 3 * m)
    after = bool(config.get("reset_after", True))
    bias = np.zeros((2, 3 * m), np.float32)
    if config.get("use_bias", True):
        bias[: 2 if after else 1] = cell.take("bias", 2, 3 * m) if after else cell.bias(3 * m)
    fields |= {"bias": bias, "reset_after": after, "ratio": ratio}
    if n > m:
        fields["ghost_kernel"] = cell.take("ghost_kernel", m, n - m)
        fields["ghost_bias"] = cell.bias(n - m)
        fields["ghost_activation"] = function(cell, "ghost_activation", "tanh")
    return fields


def _bidirectional(layer: Layer) -> Value | list[Value]:
    """Import one layer forwards, one backwards, and how they are brought together.

    Keras turns the second's outputs round, whatever order the first has.
    """
    forward = layer.config["layer"]
    backward = layer.config.get("backward_layer") or _turned(forward)
    x, pair = _sequence(layer), []
    for config in (forward, backward):
        part = layer.part(config, x)
        if part.kind not in LAYERS or part.kind == "Bidirectional":
            raise part.refuse("this kind of layer is not supported inside Bidirectional")
        if x.mask is not None and config["config"].get("return_sequences"):
            raise layer.refuse("a mask reaches it; take the Masking layer away")
        pair.append(LAYERS[part.kind](part))
    if forward["config"].get("return_sequences"):
        pair[1] = layer.add(Reverse, pair[1])
    mode = layer.config.get("merge_mode", "concat")
    if mode is None:
        return pair
    if mode == "concat":
        return layer.add(Concat, *pair, axis=len(pair[0].shape) - 1)
    return layer.add(Merge, *pair, function=_MERGES[mode])


def _turned(config: Config) -> Config:
    inside = config["config"]
    return {**config, "config": {**inside, "go_backwards": not inside.get("go_backwards", False)}}


LAYERS: dict[str, Any] = {
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "GhostGRU": _recurrent,
    "SimpleRNN": _recurrent,
    "RNN": _rnn,
    "Bidirectional": _bidirectional,
}
"""By class."""

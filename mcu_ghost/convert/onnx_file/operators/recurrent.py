# SPDX-License-Identifier: Apache-2.0
"""GRU, LSTM and RNN, in either direction or both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_ghost.convert.nodes import GRU, LSTM, Function, Node, Reals, SimpleRNN, Slice
from mcu_ghost.convert.onnx_file.flattened import straightened
from mcu_ghost.convert.onnx_file.operator import Known, Operator
from mcu_ghost.convert.onnx_file.operators.functions import PARAMETERS
from mcu_ghost.convert.onnx_file.value import Stack, Value
from mcu_ghost.host import text

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_FUNCTIONS = {
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu", "Softsign": "softsign",
    "Softplus": "softplus",
}  # fmt: skip
_BEFORE_RESET = (
    "Node '{}' (GRU): the file comes from PyTorch and says linear_before_reset=0, but PyTorch's own"
    " GRU is the one with 1, and some of its exporters wrote 0 by mistake; compare an output with"
    " the module's own, or read the module itself with from_torch, which does."
)


@dataclass(frozen=True)
class _Kind:
    """One of the three operators.

    Attributes:
        gates: Places of the node's gates among ONNX's.
        activations: By default.
        state: Inputs that are initial states, and what they are called.
    """

    gates: tuple[int, ...]
    activations: tuple[str, ...]
    states: dict[int, str]


_KINDS = {
    "GRU": _Kind((0, 1, 2), ("Sigmoid", "Tanh"), {5: "initial_h"}),
    "LSTM": _Kind(
        (0, 2, 3, 1), ("Sigmoid", "Tanh", "Tanh"),
        {5: "initial_h", 6: "initial_c", 7: "weights of peepholes (P)"},
    ),
    "RNN": _Kind((0,), ("Tanh",), {5: "initial_h"}),
}  # fmt: skip


def _recurrent(operator: Operator) -> list[Known]:
    """Add a node for each direction; return Y and Y_h."""
    x = operator.x
    if x.rank != 3:
        raise operator.refuse(f"takes inputs of shape (frames, batch, inputs), not {x.full}")
    if x.full[1] != 1:
        raise operator.refuse(
            f"has {text.count(x.full[1], 'sequence')} in a batch for one sample; export the network"
            " for one example, and look at batch_first"
        )
    x = operator.arranged(x, (0, 2))
    backwards = _DIRECTIONS[operator.take("direction", "forward")]
    _check_options(operator, x.shape[0])
    whole, last, *_ = (*operator.outputs, "", "")
    both = [
        _direction(operator, x, i, backwards[i], bool(whole), bool(last))
        for i in range(len(backwards))
    ]
    sequences = tuple(dataclasses.replace(y, axes=(0, None, None, 1)) for y, _ in both)
    states = tuple(dataclasses.replace(h, axes=(None, None, 0)) for _, h in both)
    if len(both) == 1:
        return [sequences[0], states[0]]
    return [Stack(sequences, 1), Stack(states, 0)]


def _check_options(operator: Operator, frames: int) -> None:
    """Refuse what changes the equations, or starts them from something else than zeros."""
    operator.require("layout", 0)
    operator.require("input_forget", 0)
    if operator.take("clip", None) is not None:
        raise operator.refuse("attribute clip is not supported; export it without")
    lengths = operator.integers(4, "sequence_lens")
    if lengths is not None and set(lengths) != {frames}:
        raise operator.refuse("input sequence_lens is not supported; export it without")
    for index, what in _KINDS[operator.kind].states.items():
        given = operator.given(index)
        if given is not None and not (isinstance(given, np.ndarray) and not given.any()):
            raise operator.refuse(f"{what} is not zero, which is not supported")


def _direction(
    operator: Operator, x: Value, i: int, backwards: bool, whole: bool, last: bool
) -> tuple[Value, Value]:
    """Add the node of one direction and return all its outputs and the one after all frames.

    Args:
        operator: The operator.
        x: (T, d).
        i: Which of the directions.
        backwards: Whether it starts at the last frame.
        whole: Whether somebody reads all outputs.
        last: Whether somebody reads the last.
    """
    kind, fields = _fields(operator, x.shape[-1], i)
    name, fields["kernel"] = straightened(operator.builder, x.name, fields["kernel"], operator.name)
    x = dataclasses.replace(x, name=name)
    y = operator.add(kind, x, return_sequences=whole, backwards=backwards, **fields)
    if not (whole and last):
        return y, y
    frames, units = y.shape
    frame = 0 if backwards else frames - 1
    begin, end = (frame, 0), (frame + 1, units)
    h = operator.add(Slice, y, begin=begin, end=end, step=(1, 1))
    h = operator.reshaped(dataclasses.replace(h, axes=(None, 1)), (units,))
    return y, operator.arranged(h, (0,))


def _fields(operator: Operator, inputs: int, i: int) -> tuple[type[Node], dict[str, Any]]:
    """Return a direction's kind of node, weights and functions."""
    gates = _KINDS[operator.kind].gates
    recurrent = operator.weights(2, "weights R")[i]
    units = recurrent.shape[1]
    kernel = operator.weights(1, "weights W")[i]
    expected = (len(gates) * units, inputs), (len(gates) * units, units)
    if (kernel.shape, recurrent.shape) != expected:
        raise operator.refuse(
            f"its weights have the shapes {kernel.shape} and {recurrent.shape}, not {expected[0]}"
            f" and {expected[1]}; export the network again"
        )
    if operator.take("hidden_size", units) != units:
        raise operator.refuse(
            "attribute hidden_size does not fit its weights; export the network again"
        )
    bias = np.zeros((2, len(gates) * units), np.float32)
    if operator.given(3) is not None:
        given = operator.weights(3, "bias B")[i]
        if given.shape != (bias.size,):
            raise operator.refuse(
                f"its bias has the shape {given.shape}, not ({bias.size},); export the network"
                " again"
            )
        bias = given.reshape(bias.shape)
    functions = _activations(operator, i)
    fields: dict[str, Any] = {
        "kernel": _ordered(kernel, gates).T.copy(),
        "recurrent_kernel": _ordered(recurrent, gates).T.copy(),
        "activation": functions[-1],
    }
    if operator.kind == "RNN":
        return SimpleRNN, {**fields, "bias": bias.sum(0)}
    fields["recurrent_activation"] = functions[0]
    if operator.kind == "LSTM":
        if functions[1] != functions[2]:
            raise operator.refuse(
                f"its activations {functions[1]} and {functions[2]} differ, which is not supported"
            )
        return LSTM, {**fields, "bias": _ordered(bias.sum(0), gates)}
    return GRU, {**fields, "bias": bias, "reset_after": _reset_after(operator)}


def _ordered(weights: Reals, gates: tuple[int, ...]) -> Reals:
    """Return (gates · n, …) with the gates in the node's order."""
    parts = np.split(weights, len(gates))
    return np.concatenate([parts[gate] for gate in gates])


def _reset_after(operator: Operator) -> bool:
    """Return whether the reset gate works behind the product, and note what looks wrong."""
    after = bool(operator.take("linear_before_reset", 0))
    note = _BEFORE_RESET.format(operator.name)
    if operator.builder.producer == "pytorch" and not after and note not in operator.builder.notes:
        operator.builder.notes.append(note)
    return after


def _activations(operator: Operator, i: int) -> list[Function]:
    """Return a direction's functions, each with its parameters; lists have both directions'."""
    usual = _KINDS[operator.kind].activations
    directions = len(_DIRECTIONS[operator.take("direction", "forward")])
    names = operator.take("activations", list(usual) * directions)
    alphas, betas = (iter(operator.take(f"activation_{key}", [])) for key in ("alpha", "beta"))
    functions = [_function(operator, name, alphas, betas) for name in names]
    return functions[i * len(usual) : (i + 1) * len(usual)]


def _function(operator: Operator, name: str, alphas: Any, betas: Any) -> Function:
    if name in _FUNCTIONS:
        return Function(_FUNCTIONS[name])
    if name not in PARAMETERS:
        raise operator.refuse(f"activation {name} is not supported")
    ours, keys = PARAMETERS[name]
    lists = {"alpha": alphas, "beta": betas}
    return Function(ours, tuple(float(next(lists[key], default)) for key, default in keys))


OPERATORS: dict[str, Callable[[Operator], Any]] = dict.fromkeys(_KINDS, _recurrent)
"""By name."""

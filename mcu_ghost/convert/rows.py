# SPDX-License-Identifier: Apache-2.0
"""What became of a network, layer by layer: the rows of the table that people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcu_ghost.convert.graph import FloatGraph, Layer
from mcu_ghost.convert.lower.lowering import Lowered
from mcu_ghost.convert.nodes import Shape
from mcu_ghost.network.graph import Graph
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.ops.reshape import Reshape
from mcu_ghost.network.schedule import Step


@dataclass(frozen=True)
class Row:
    """A layer.

    Attributes:
        layer: The user's name of it.
        kind: Its class.
        became: Its operators, or where its work went, in words.
        shape: Of its output, without the batch; None if that is not known.
        macs: Multiply-accumulates for each frame of a stream, on average, or for a window.
        bytes: Of constants in the `.tflite`.
        refused: Why it cannot be converted, in a sentence that names it.
    """

    layer: str
    kind: str
    became: str
    shape: Shape | None = None
    macs: int = 0
    bytes: int = 0
    refused: str = ""


def of_file(model: Model) -> tuple[Row, ...]:
    """Return a row for each operator of a `.tflite`, by the name of the tensor that it writes."""
    tensors = model.graph.tensors
    layers = [
        (Layer(tensors[op.output].name, "", tensors[op.output].shape), [i])
        for i, op in enumerate(model.graph.operators)
    ]
    return of_operators(model.graph, model, layers)


def of_operators(
    graph: Graph, model: Model | None, layers: Iterable[tuple[Layer, list[int]]]
) -> tuple[Row, ...]:
    """Return a row for each layer with the places of its operators.

    Args:
        graph: Where they are.
        model: Its plan; None if there is none, and then no MACs are counted.
        layers: In order.
    """
    macs = {} if model is None else _macs(model)
    return tuple(
        Row(
            layer.name,
            layer.kind,
            _called([graph.operators[i] for i in places]),
            layer.shape,
            sum(macs.get(i, 0) for i in places),
            sum(graph.operators[i].constant_bytes for i in places),
        )
        for layer, places in layers
    )


def _called(operators: list[Operator]) -> str:
    """Return the names of a layer's operators, without changes of shape beside others."""
    moving = [op for op in operators if not isinstance(op, Reshape)]
    return ", ".join(op.called for op in moving or operators) or "dropped"


def of_layers(
    graph: FloatGraph, smaller: FloatGraph, made: Lowered, model: Model | None
) -> tuple[Row, ...]:
    """Return a row for each layer of the user's.

    Args:
        graph: As it was read.
        smaller: The same without what was dropped and folded.
        made: What became of that.
        model: Its plan; None if there is none.
    """
    owned = ((layer, made.operators.get(layer.name, [])) for layer in graph.listed)
    rows = of_operators(made.graph, model, owned)
    into = {**{layer: (other,) for layer, other in made.fused.items()}, **smaller.folded}
    still = {node.name for node in smaller.nodes}
    return tuple(_told(row, into, still, made) for row in rows)


def _told(row: Row, into: Mapping[str, tuple[str, ...]], still: set[str], made: Lowered) -> Row:
    """Return a row that says where the work of a layer without operators went."""
    became, refused = row.became, made.refused.get(row.layer, "")
    others = dict.fromkeys(into.get(row.layer, ()))
    if refused:
        became = "refused"
    elif row.layer not in made.operators and others:
        became = f"folded into {', '.join(others)}"
    elif row.layer not in made.operators and row.layer in still:
        became = "a constant of what reads it"
    elif row.shape is None:
        became = "behind what is refused"
    return Row(row.layer, row.kind, became, row.shape, row.macs, row.bytes, refused)


def _macs(model: Model) -> dict[int, int]:
    """Return the multiply-accumulates of each operator, by its place, a frame or a window."""
    found: dict[int, int] = {}
    for step in model.steps:
        if step.origin is not None:
            found[step.origin] = round(step.macs * _runs(model, step))
    return found


def _runs(model: Model, step: Step) -> float:
    """Return how often a step runs in a window, or on average for a frame."""
    clock = model.schedule.clocks[step.clock]
    if model.window is None:
        return 1 / clock.period
    if step in model.head:
        return 1
    return (model.window - clock.first - 1) // clock.period + 1

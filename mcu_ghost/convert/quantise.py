# SPDX-License-Identifier: Apache-2.0
"""From a float graph and calibration data to the int8 network that a `.tflite` holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcu_ghost.convert import channels, fidelity, passes, ranges, rows
from mcu_ghost.convert.fidelity import Fidelity
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.lower import lower
from mcu_ghost.convert.lower.lowering import Lowered, Range
from mcu_ghost.convert.nodes import (
    Affine,
    Constant,
    Conv,
    Dense,
    DepthwiseConv,
    Merge,
    Node,
    Reals,
    Recurrent,
    Softmax,
)
from mcu_ghost.convert.ranges import Ranges
from mcu_ghost.convert.rows import Row
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about, planner, reference
from mcu_ghost.network.calibration import Clipped
from mcu_ghost.network.model import Model
from mcu_ghost.network.names import identifier
from mcu_ghost.network.tflite import read, write

Tell = Callable[[str], None]
"""Called with what is being done, in words."""


@dataclass(frozen=True, eq=False)
class Conversion:
    """A network, and what is known of how good it is.

    Attributes:
        network: The int8 network.
        clipped: The calibration data's values that its ranges do not hold.
        fidelity: Int8 against float on the calibration data; None without any.
        rows: What became of each layer.
        notes: What the user should know of how the network was read.
    """

    network: Model
    clipped: tuple[Clipped, ...]
    fidelity: Fidelity | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What training with rounding has fixed.

    Attributes:
        ranges: Returns those of a graph's values, which has been made smaller.
        values: Returns values of the graph, by name, for (samples, *shape) data for each input, as
            they are rounded in training.
    """

    ranges: Callable[[FloatGraph], Ranges]
    values: Callable[[Mapping[str, Reals]], Mapping[str, Reals]]


def quantise(
    graph: FloatGraph,
    name: str,
    data: Mapping[str, Reals] | None,
    input_range: Range | None = None,
    metadata: dict[str, Any] | None = None,
    tell: Tell = lambda what: None,
    trained: Trained | None = None,
) -> Conversion:
    """Make the int8 network.

    Args:
        graph: The network in float.
        name: Where the metadata has none.
        data: (samples, *shape) calibration data for each input, by name.
        input_range: Of the inputs; taken from the data if left out.
        metadata: JSON entries for the file.
        tell: Called with what is being done.
        trained: What training with rounding has fixed; needs no data.

    Raises:
        GhostError: A layer fits no int8 operator, or data are missing or do not fit.
    """
    if data is None and trained is None:
        train_on = f", or {fidelity.TRAIN_ON}" if _trains(graph) else ""
        raise GhostError(
            f"Model '{graph.name}' is a float model without quantisers: give calibration data"
            f" (representative inputs){train_on}."
        )
    given = None if data is None else ranges.validate(graph, data)
    whole, said, beyond = graph, metadata or {}, list[Clipped]()
    if trained is None:
        assert given is not None
        spreads, beyond = ({}, []) if input_range else channels.needed(graph, given)
        given = channels.alike(given, spreads)
        said = _with_scales(said, spreads, len(graph.inputs) == 1)
        graph = passes.simplified(channels.undone(graph, spreads))
        tell(f"taking ranges from {text.count(len(next(iter(given.values()))), 'sample')}")
        found = ranges.take(graph, given, input_range, set(spreads))
    else:
        graph = passes.simplified(graph)
        found = trained.ranges(graph)
    tell("making int8 operators")
    made = lower(graph, found.values, found.largest)
    network = model(graph, made, name, said)
    table = rows.of_layers(whole, graph, made, network)
    network = read.parse(write.serialize(network), name, name)
    beyond += found.clipped
    if given is None:
        return Conversion(network, tuple(beyond), None, table, whole.notes)
    tell("comparing int8 with float")
    compared = _fidelity(graph, made, given, trained, _trains(whole))
    return Conversion(network, tuple(beyond), compared, table, whole.notes)


def _with_scales(
    metadata: dict[str, Any], spreads: Mapping[str, channels.Spread], alone: bool
) -> dict[str, Any]:
    """Return the metadata with scales and offsets of the inputs' channels."""
    if not spreads:
        return metadata
    said = dict(metadata.get("inputs", {}))
    for name, spread in spreads.items():
        if alone:
            said |= spread.metadata
        else:
            said[name] = said.get(name, {}) | spread.metadata
    return metadata | {"inputs": said}


def _trains(graph: FloatGraph) -> bool:
    """Return whether `mcu_ghost.layers.quantize_model` takes the network."""
    makers = {node.output: node for node in graph.nodes}
    return graph.of_tf_keras and all(_node_trains(node, makers) for node in graph.nodes)


def _node_trains(node: Node, makers: Mapping[str, Node]) -> bool:
    match node:
        case Affine():  # a BatchNormalization goes into the weights before it
            return isinstance(makers.get(node.inputs[0]), (Dense, Conv, DepthwiseConv))
        case Merge():
            return node.function != "average" and len(node.inputs) == 2
        case Recurrent():
            return node.mask is None
        case _:
            return not isinstance(node, Constant)


def model(graph: FloatGraph, lowered: Lowered, name: str, given: dict[str, Any]) -> Model:
    """Return the network with its metadata and plan.

    Args:
        graph: The network in float.
        lowered: What became of it.
        name: Where the metadata has none.
        given: Metadata.

    Raises:
        GhostError: The metadata do not fit it, or it cannot be driven as they say.
    """
    made = lowered.graph
    entries = [made.tensors[i] for i in made.inputs]
    timed = any(isinstance(node, Recurrent) for node in graph.nodes) or all(
        len(entry.shape) > 1 for entry in entries
    )
    said: dict[str, Any] = {"version": about.VERSION, "name": name}
    if len(entries) == 1 and timed:
        said["frame"] = {"shape": list(entries[0].shape[1:]) or [1]}
    try:
        said |= given
        about.validate(said)
        plan = about.plan(said)
        planned = planner.make(
            made,
            timed or plan is not None,
            plan,
            never_reset=about.endless(said),
            names=_called(graph, lowered),
        )
        if timed and not made.layers and planned.frames > 1:
            said.setdefault("plan", "stream" if planned.head_per_frame else "window")
        network = Model(identifier(said["name"]), made, said)
        network.validate_metadata()
    except ValueError as error:
        raise GhostError(f"The metadata {error}.") from error
    except GhostError as error:
        raise GhostError(f"Model '{graph.name}': {error}.") from error
    labels = about.labels(said)
    if labels and len(network.outputs) > 1:
        raise GhostError(
            "The metadata names labels, but the model has several outputs: name the values of each,"
            f' "outputs": {{"{network.output.name}": {{"names": […]}}}}.'
        )
    if labels and not about.fits(len(labels), network.output.tensor.shape):
        raise GhostError(
            f"The metadata names {text.count(len(labels), 'label')}, but the model has"
            f" {text.count(network.output_size, 'output')}."
        )
    return network


def _called(graph: FloatGraph, lowered: Lowered) -> list[str]:
    """Return the layer that each operator comes from, in words."""
    kinds = {layer.name: layer.kind for layer in graph.listed}
    owners = {i: name for name, places in lowered.operators.items() for i in places}
    return [f"layer '{name}' ({kinds[name]})" for _, name in sorted(owners.items())]


def _fidelity(
    graph: FloatGraph,
    lowered: Lowered,
    data: Mapping[str, Reals],
    trained: Trained | None,
    trains: bool,
) -> Fidelity:
    """Run both networks on the same samples; one that was trained with rounding runs with it."""
    made, places = lowered.graph, lowered.places
    frames = max(max(entry.shape, default=1) for entry in graph.inputs)
    few = {name: fidelity.some(values, frames) for name, values in data.items()}
    integers = reference.whole(
        made, [made.tensors[places[e.name]].quantize(few[e.name]) for e in graph.inputs]
    )

    def rough(value: str) -> Reals:
        found = integers[places[value]]
        assert found is not None
        return made.tensors[places[value]].dequantize(found)

    results = [("the input", few[e.name], rough(e.name)) for e in graph.inputs]
    last: dict[str, tuple[str, Reals, Reals]] = {}
    exact = None if trained is None else trained.values(few)
    for node, _, result in ranges.walk(graph, few):
        if exact is not None:
            result = exact.get(node.output, result)
        if node.output in places:
            row = f"layer '{node.name}' ({node.kind})", result, rough(node.output)
            if node.output in graph.outputs:
                last[node.output] = row
            else:
                results.append(row)
    results += [last[name] for name in graph.outputs if name in last]
    final = next((n for n in graph.nodes if n.output == graph.outputs[-1]), None)
    samples = len(next(iter(few.values())))
    return fidelity.compare(samples, results, isinstance(final, Softmax), trains)

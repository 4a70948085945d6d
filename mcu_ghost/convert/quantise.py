# SPDX-License-Identifier: Apache-2.0
"""From a float graph and calibration data to the int8 network that a `.tflite` holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcu_ghost.convert import fidelity, passes, ranges
from mcu_ghost.convert.fidelity import Fidelity
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.lower import lower
from mcu_ghost.convert.lower.lowering import Range
from mcu_ghost.convert.nodes import Reals, Recurrent, Softmax
from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import about, planner, reference
from mcu_ghost.network.calibration import Clipped
from mcu_ghost.network.graph import Graph
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
    """

    network: Model
    clipped: tuple[Clipped, ...]
    fidelity: Fidelity | None


def quantise(
    graph: FloatGraph,
    name: str,
    data: Mapping[str, Reals] | None,
    input_range: Range | None = None,
    metadata: dict[str, Any] | None = None,
    tell: Tell = lambda what: None,
) -> Conversion:
    """Make the int8 network.

    Args:
        graph: The network in float.
        name: Where the metadata has none.
        data: (samples, *shape) calibration data for each input, by name.
        input_range: Of the inputs; taken from the data if left out.
        metadata: JSON entries for the file.
        tell: Called with what is being done.

    Raises:
        GhostError: A layer fits no int8 operator, or data are missing or do not fit.
    """
    if data is None:
        raise GhostError(
            f"Model '{graph.name}' is a float model without quantisers: give calibration data "
            "(representative inputs), or train on after mcu_ghost.layers.quantize_model."
        )
    given = ranges.validate(graph, data)
    graph = passes.simplified(graph)
    tell(f"taking ranges from {text.count(len(next(iter(given.values()))), 'sample')}")
    found = ranges.take(graph, given, input_range)
    tell("making int8 operators")
    made, places = lower(graph, found.values, found.largest)
    network = _model(graph, made, name, metadata or {})
    network = read.parse(write.serialize(network), name, name)
    tell("comparing int8 with float")
    return Conversion(network, found.clipped, _fidelity(graph, made, places, given))


def _model(graph: FloatGraph, made: Graph, name: str, given: dict[str, Any]) -> Model:
    entries = [made.tensors[i] for i in made.inputs]
    timed = any(isinstance(node, Recurrent) for node in graph.nodes) or all(
        len(entry.shape) > 1 for entry in entries
    )
    said: dict[str, Any] = {"version": about.VERSION, "name": name}
    if len(entries) == 1 and timed:
        said["frame"] = {"shape": list(entries[0].shape[1:]) or [1]}
    if timed and not made.layers and entries[0].shape[0] > 1:
        said["plan"] = "stream" if planner.make(made, timed).head_per_frame else "window"
    said |= given
    try:
        about.validate(said)
        model = Model(identifier(said["name"]), made, said)
        model.validate_metadata()
    except ValueError as error:
        raise GhostError(f"The metadata {error}.") from error
    labels = about.labels(said)
    if labels and len(model.outputs) > 1:
        raise GhostError(
            "The metadata names labels, but the model has several outputs: name the values of each,"
            f' "outputs": {{"{model.output.name}": {{"names": […]}}}}.'
        )
    if labels and not about.fits(len(labels), model.output.tensor.shape):
        raise GhostError(
            f"The metadata names {text.count(len(labels), 'label')}, but the model has"
            f" {text.count(model.output_size, 'output')}."
        )
    return model


def _fidelity(
    graph: FloatGraph, made: Graph, places: Mapping[str, int], data: Mapping[str, Reals]
) -> Fidelity:
    """Run both networks on the same samples."""
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
    for node, _, result in ranges.walk(graph, few):
        if node.output in places:
            row = f"layer '{node.name}' ({node.kind})", result, rough(node.output)
            if node.output in graph.outputs:
                last[node.output] = row
            else:
                results.append(row)
    results += [last[name] for name in graph.outputs if name in last]
    final = next((n for n in graph.nodes if n.output == graph.outputs[-1]), None)
    samples = len(next(iter(few.values())))
    return fidelity.compare(samples, results, isinstance(final, Softmax))

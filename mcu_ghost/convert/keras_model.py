# SPDX-License-Identifier: Apache-2.0
"""Assembles the int8 network of a Keras model and writes it."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_ghost.convert import keras_fidelity, keras_object, ordinary, quantise
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.lower.lowering import quantisation
from mcu_ghost.convert.nodes import LSTM
from mcu_ghost.convert.quantise import Conversion, Tell, Trained
from mcu_ghost.convert.ranges import Ranges
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count
from mcu_ghost.layers import FixedRangeQuantizer, networks, ranges, saving
from mcu_ghost.layers import chain as chains
from mcu_ghost.layers.chain import Chain, Stage
from mcu_ghost.network import about
from mcu_ghost.network.calibration import Clipped, by_name, clipped_inputs, validate
from mcu_ghost.network.model import Model
from mcu_ghost.network.names import identifier
from mcu_ghost.network.ops.gates import STATE_SCALE
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Operator, Recurrent
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read, write


def convert(
    model: Any,
    path: str | Path,
    *,
    calibration: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
    input_range: tuple[float, float] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Model:
    """Convert a Keras model to an int8 `.tflite` with fused GhostGRU operators.

    A `UserWarning` names calibration values that were clipped, and the layer to blame where the
    int8 network is far from the Keras model on the calibration data.

    Args:
        model: From `mcu_ghost.layers.quantize_model` after training, or a float one of Keras 3 or
            `tf_keras`, Sequential or functional.
        path: The `.tflite` to write, whole or not at all.
        calibration: (samples, frames, inputs) representative float inputs, of several inputs a dict
            of arrays by name: required for a float model, whose ranges they set. A quantised one
            keeps the ranges it was trained with. The model itself is left as it is.
        input_range: The real values that int8 -128 and 127 stand for at a float model's input;
            taken from the calibration data if left out.
        metadata: JSON entries for the file (labels, front end, thresholds and so on), merged over
            version, name and frame.

    Returns:
        The network as written.

    Raises:
        GhostError: The model holds what no operator can express, calibration data are missing or do
            not fit, or the file cannot be written.
    """
    path = Path(path)
    network = to_model(model, path.stem, calibration=calibration, input_range=input_range,
                       metadata=metadata)  # fmt: skip
    write.write(network, path)
    return network


def to_model(
    model: Any,
    name: str,
    *,
    calibration: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
    input_range: tuple[float, float] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Model:
    """Convert a Keras model to the int8 network that a `.tflite` of it holds.

    Args:
        model: As `convert` takes it, and the others too.
        name: Where the metadata has none.
        calibration: For the ranges.
        input_range: Of a float model.
        metadata: JSON entries.

    Raises:
        GhostError: The model holds what no operator can express, or calibration data are missing or
            do not fit.
    """
    made = conversion(model, name, calibration, input_range, metadata)
    for clipped in made.clipped:
        warnings.warn(str(clipped), stacklevel=3)
    if made.fidelity is not None and made.fidelity.bad:
        warnings.warn(made.fidelity.warning, stacklevel=3)
    return made.network


def conversion(
    model: Any,
    name: str,
    calibration: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
    input_range: tuple[float, float] | None = None,
    metadata: dict[str, Any] | None = None,
    tell: Tell = lambda what: None,
) -> Conversion:
    """Do what `to_model` does, and return what would be warned of.

    Args:
        model: As `convert` takes it, and the others too.
        name: Where the metadata has none.
        calibration: For the ranges and the comparison.
        input_range: Of a float model.
        metadata: JSON entries.
        tell: Called with what is being done.

    Raises:
        GhostError: As `to_model`.
    """
    tell("reading the layers")
    if not chains.is_quantized(model):
        graph = keras_object.read(model)
        return quantise.quantise(graph, name, _by_input(graph, calibration), input_range, metadata,
                                 tell)  # fmt: skip
    if input_range is not None:
        raise GhostError(
            f"Model '{model.name}' is quantised and keeps the input range it was trained with."
        )
    if networks.is_quantized(model):
        float_model, fixed = networks.unquantized(model)
        graph = keras_object.read(float_model)
        last = {node.name: node.output for node in graph.nodes}
        trained = Trained(
            lambda smaller: _ranges(smaller, fixed),
            lambda data: {
                last[layer]: values
                for layer, values in networks.outputs(model, data).items()
                if layer in last
            },
        )
        return quantise.quantise(graph, name, _by_input(graph, calibration), None, metadata, tell,
                                 trained)  # fmt: skip
    given = chain = chains.read(model)
    said = _metadata(name, chain, metadata or {})
    data = None
    if calibration is not None:
        entry = model.inputs[0]
        named = by_name(calibration, [entry.node.layer.name])
        data = validate(named.get(entry.node.layer.name, ()), tuple(entry.shape[1:]))
    beyond: tuple[Clipped, ...] = ()
    if data is not None:
        if any(map(chains.unset, chain.stages)):
            tell(f"taking ranges from {count(len(data), 'sample')}")
            model = saving.copy(model)
            beyond = ranges.settle(model, data)
            given = chain = chains.read(model)
        first = _input(chain)
        beyond = clipped_inputs(data.reshape(-1, chain.inputs), *first.range) + beyond
    chains.validate_ranges(chain)
    tell("making int8 operators")
    network = _network(chain, said, tell)
    network = read.parse(write.serialize(network), name, name)
    table = keras_fidelity.table(given, network)
    if data is None:
        return Conversion(network, beyond, None, table)
    tell("comparing int8 with float")
    batch = model.inputs[0].shape[0]
    found = keras_fidelity.measure(given, batch, network, data)
    return Conversion(network, beyond, found, table)


def _ranges(graph: FloatGraph, fixed: networks.Fixed) -> Ranges:
    """Return the ranges of a graph's values that a model was trained with."""
    values = {entry.name: fixed.ranges[entry.name] for entry in graph.inputs}
    largest: dict[str, float] = {}
    for node in graph.nodes:
        values[node.output] = fixed.ranges[node.name]
        if isinstance(node, LSTM):
            bits = fixed.cells[node.name]
            largest[node.output] = 0.75 * 2.0 ** bits[len(bits) > 1 and node.backwards]
    return Ranges(values, largest, ())


def _by_input(graph: FloatGraph, calibration: Any) -> dict[str, Any] | None:
    if calibration is None:
        return None
    return by_name(calibration, [entry.name for entry in graph.inputs])


def _metadata(name: str, chain: Chain, given: dict[str, Any]) -> dict[str, Any]:
    said = {"version": about.VERSION, "name": name,
            "frame": {"shape": [chain.inputs]}, **given}  # fmt: skip
    outputs = chain.stages[-1].layer.output_shape[-1]
    try:
        about.validate(said)
        about.validate_sizes(said, {"input": (chain.inputs,)}, {"output": (outputs,)})
    except ValueError as error:
        raise GhostError(f"The metadata {error}.") from error
    labels = about.labels(said)
    if labels and len(labels) != outputs:
        raise GhostError(
            f"The metadata names {count(len(labels), 'label')}, but the model has"
            f" {count(outputs, 'output')}."
        )
    return said


def _network(chain: Chain, metadata: dict[str, Any], tell: Tell) -> Model:
    tensors = [_input(chain)]
    built: list[Operator] = []
    waiting: list[Stage] = []
    split = 0

    def flush() -> None:
        """Convert the ordinary layers met since the last recurrent one."""
        if not waiting:
            return
        tell(f"converting {', '.join(stage.inner.name for stage in waiting)}")
        offset = len(tensors) - 1
        new_tensors, new_operators = ordinary.operators(tensors[-1], waiting)
        names = {op.output: _name(op, op.output + offset) for op in new_operators}
        tensors.extend(
            dataclasses.replace(t, name=names[i]) for i, t in enumerate(new_tensors, start=1)
        )
        built.extend(
            dataclasses.replace(
                op, inputs=tuple(i + offset for i in op.inputs), output=op.output + offset
            )
            for op in new_operators
        )
        waiting.clear()

    for stage in chain.stages:
        if stage.kind == "recurrent":
            flush()
            built.append(_recurrent(stage, tensors))
            split = len(built)
        elif stage.kind == "layer":
            waiting.append(stage)
    flush()
    last = next(op for op in reversed(built) if isinstance(op, Recurrent))
    return Model.chain(
        identifier(metadata["name"]),
        chain.frames,
        tensors,
        built[:split],
        built[split:],
        head_per_frame=last.return_sequences,
        metadata=metadata,
    )


def _name(op: Operator, index: int) -> str:
    """Return a tensor's name, the same however often Keras counted up its own."""
    return f"{op.name}_{index}"


def _input(chain: Chain) -> Tensor:
    """Return the input tensor with the range of the model's QuantizeLayer."""
    layer = next((stage.layer for stage in chain.stages if stage.kind == "quantize"), None)
    if layer is None or chain.stages[0].kind != "quantize":
        raise GhostError(
            "The quantised model does not start with a quantiser for its input; make it with "
            "mcu_ghost.layers.quantize_model(model, input_range)."
        )
    if isinstance(layer.quantizer, FixedRangeQuantizer):
        low, high = layer.quantizer.minimum, layer.quantizer.maximum
    else:
        low = float(layer.quantizer_vars["min_var"].numpy())
        high = float(layer.quantizer_vars["max_var"].numpy())
    if not (math.isfinite(low) and math.isfinite(high) and low <= 0.0 < high):
        raise GhostError(f"The input's range ({low:g}, {high:g}) is not usable; it must hold 0.")
    return Tensor("input", (chain.inputs,), "int8", *quantisation(low, high))


def _recurrent(stage: Stage, tensors: list[Tensor]) -> GhostGRU:
    """Quantise a GhostGRU, or a GRU as one of ratio 1; append its output tensor."""
    layer = stage.inner
    weights = {
        w.name.split("/")[-1].split(":")[0]: w.numpy().astype(np.float64)
        for w in stage.layer.weights
    }
    n = layer.units
    m = weights["kernel"].shape[1] // 3
    source = len(tensors) - 1
    # By its place: the layer's own name may count the layers that this process made before.
    tensors.append(Tensor(f"ghost_gru_{source + 1}", (n,), "int8", STATE_SCALE, 0))
    try:
        return GhostGRU.quantized(
            tensors[source],
            weights["kernel"],
            weights["recurrent_kernel"],
            weights.get("bias", np.zeros((2, 3 * m))),
            weights.get("ghost_kernel", np.zeros((m, n - m))),
            weights.get("ghost_bias", np.zeros(n - m)),
            inputs=(source,),
            output=source + 1,
            ratio=getattr(layer, "ratio", 1),
            return_sequences=bool(layer.return_sequences),
            stateful=bool(layer.stateful),
        )
    except GhostError as error:
        raise GhostError(f"Layer '{layer.name}' ({type(layer).__name__}): {error}") from error

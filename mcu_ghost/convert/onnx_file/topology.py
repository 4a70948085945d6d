# SPDX-License-Identifier: Apache-2.0
"""Goes through a file's nodes and has each add its own to the graph."""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mcu_ghost.convert.graph import MALFORMED, FloatGraph, Input, Layer
from mcu_ghost.convert.nodes import Activation, Node, Permute, Recurrent, Reshape, Shape, Window
from mcu_ghost.convert.onnx_file import file
from mcu_ghost.convert.onnx_file.attributes import attribute, check_known
from mcu_ghost.convert.onnx_file.builder import Builder
from mcu_ghost.convert.onnx_file.constants import COMPUTED, computed
from mcu_ghost.convert.onnx_file.fused import Fused, fused
from mcu_ghost.convert.onnx_file.inputs import sample
from mcu_ghost.convert.onnx_file.operator import Known, Operator
from mcu_ghost.convert.onnx_file.operators import IMPORTERS
from mcu_ghost.convert.onnx_file.value import Array, Stack, Value, leads_to_last
from mcu_ghost.host.errors import GhostError

_OWN = ("", "ai.onnx")
_FLOW = ("If", "Loop", "Scan", "SequenceMap")
_QUANTISED = (
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul",
    "ConvInteger", "MatMulInteger",
)  # fmt: skip


class Network:
    """A file's network, which becomes a graph.

    Args:
        model: What `file.load` returned.
        go_on: Whether nodes that cannot be read are only noted.
    """

    def __init__(self, model: Any, go_on: bool = False) -> None:
        self._go_on = go_on
        self._opset = file.opset(model)
        self._graph, self._producer = model.graph, model.producer_name
        self._constants = file.initialisers(model.graph)
        self._fused = fused(model.graph, self._constants, self._opset)
        self._nodes = _needed(model.graph, self._fused)
        self._reads = Counter(name for node in self._nodes for name in _inputs(node, self._fused))
        self._reads.update(output.name for output in model.graph.output)

    def graph(self, name: str) -> FloatGraph:
        """Return the graph, called by this name if it has none of its own.

        An input that the file has with its channels first has them last, if layers over time have
        less to move then: its frames can come one by one.
        """
        best, turned = self._read(name, frozenset()), frozenset[str]()
        for entry in best.inputs:
            if len(entry.shape) > 1 and _moves(best) and _over_time(best.nodes):
                try:
                    other = self._read(name, turned | {entry.name})
                except GhostError:
                    continue
                if _moves(other) < _moves(best):
                    best, turned = other, turned | {entry.name}
        return best

    def _read(self, name: str, turned: frozenset[str]) -> FloatGraph:
        """Read the file with the channels of some inputs last."""
        self._builder = Builder(self._producer)
        self._known: dict[str, Known] = dict(self._constants)
        self._layers: list[Layer] = []
        self._holes: set[str] = set()  # what refused nodes should make
        self._turned: set[str] = set()  # outputs with channels last, which the file has first
        inputs = tuple(
            self._input(entry, entry.name in turned)
            for entry in self._graph.input
            if entry.name not in self._known
        )
        for node in self._nodes:
            self._list(node)
        outputs = tuple(
            self._output(e.name) for e in self._graph.output if e.name not in self._holes
        )
        if self._holes:
            read = {key for node in self._builder.makers.values() for key in node.inputs}
            outputs += tuple(key for key in self._builder.makers if key not in {*read, *outputs})
        return FloatGraph(
            self._graph.name or name,
            inputs,
            _used(self._builder.makers, outputs),
            outputs,
            tuple(self._builder.notes),
            () if self._holes else tuple(entry.name for entry in self._graph.output),
            tuple(self._layers),
            channels_first=frozenset(self._turned),
        )

    def _input(self, entry: Any, turned: bool) -> Input:
        readers = {node.op_type for node in self._nodes if entry.name in node.input}
        value = sample(entry, readers, turned)
        self._known[entry.name] = value
        self._builder.shapes[value.name] = value.shape
        if turned:
            self._note(f"Input '{entry.name}' is taken frame by frame, as", value.shape)
        return Input(value.name, value.shape, turned)

    def _note(self, what: str, shape: Shape) -> None:
        """Say that channels are last, which the file has first."""
        axes = "frames, channels" if len(shape) == 2 else "height, width, channels"
        before = (shape[-1], *shape[:-1])
        self._builder.notes.append(
            f"{what} ({axes}) = {shape}; in the file it is {before}: turn your data likewise."
        )

    def _list(self, proto: Any) -> None:
        """Run a node, and list it if it is no constant."""
        name, kind = _name(proto), proto.op_type
        try:
            if self._holes.isdisjoint(_inputs(proto, self._fused)):
                self._run(proto)
            else:
                self._holes.update(proto.output)
                if kind not in COMPUTED:
                    self._check(Operator(name, kind, {}, (), (), self._builder), proto.domain)
        except GhostError as error:
            if not self._go_on:
                raise
            self._holes.update(proto.output)
            self._layers.append(Layer(name, kind, refused=str(error)))
            return
        made = self._known.get(proto.output[0])
        if isinstance(made, Value) or proto.output[0] in self._holes:
            shape = made.shape if isinstance(made, Value) else None
            self._layers.append(Layer(name, kind, shape))

    def _run(self, proto: Any) -> None:
        """Compute a node's outputs if they are constants, or add what it is to the graph."""
        name = _name(proto)
        keys = _inputs(proto, self._fused)
        inputs = [self._look_up(name, proto.op_type, key) if key else None for key in keys]
        arrays = [_measured(proto.op_type, given) for given in inputs]
        constant = all(a is not None or not key for a, key in zip(arrays, keys, strict=True))
        if constant and proto.domain in _OWN and proto.op_type in COMPUTED:
            return self._compute(proto, arrays)
        outputs = tuple(key if self._reads[key] else "" for key in proto.output)
        attributes = {a.name: attribute(a) for a in proto.attribute}
        operator = Operator(name, proto.op_type, attributes, tuple(inputs), outputs, self._builder)
        if whole := self._fused.get(proto.output[0]):
            self._known[proto.output[0]] = operator.add(
                Activation, operator.x, function=whole.function
            )
            return
        self._check(operator, proto.domain)
        check_known(operator, self._opset)
        try:
            result = IMPORTERS[proto.op_type](operator)
        except MALFORMED as error:
            raise operator.refuse(
                f"has inputs or attributes that ONNX does not allow ({type(error).__name__}:"
                f" {error}); export the network again"
            ) from error
        values = result if isinstance(result, list) else [result]
        self._known |= {key: v for key, v in zip(outputs, values, strict=False) if key}
        missing = [key for key in outputs if key and key not in self._known]
        if missing:
            raise operator.refuse(f"its output '{missing[0]}' is read, which is not supported")

    @staticmethod
    def _check(operator: Operator, domain: str) -> None:
        if domain not in _OWN or operator.kind not in IMPORTERS:
            raise _unknown(operator, domain)

    def _compute(self, proto: Any, inputs: list[Array | None]) -> None:
        """Compute a node's outputs, which are constants."""
        results = computed(proto, inputs, self._opset)
        self._known |= zip(filter(None, proto.output), results, strict=True)

    def _look_up(self, name: str, kind: str, key: str) -> Known:
        if key not in self._known:
            raise GhostError(
                f"Node '{name}' ({kind}): its input '{key}' is no initialiser, input or other"
                " node's output; export the network again."
            )
        return self._known[key]

    def _output(self, name: str) -> str:
        """Return the name of the graph's value which is one of the file's outputs."""
        value = self._known.get(name)
        if isinstance(value, Stack):
            value = self._builder.joined(value, name)
        if not isinstance(value, Value):
            raise GhostError(
                f"Output '{name}': does not depend on the network's inputs; export without it."
            )
        if not leads_to_last(value) or not _over_time(self._builder.makers.values()):
            return self._builder.in_order(value, name).name
        self._note(f"Output '{name}' comes as", value.shape)
        self._turned.add(name)
        return value.name


def _name(proto: Any) -> str:
    return str(proto.name or next(filter(None, proto.output), "?"))


def _measured(kind: str, given: Known | None) -> Array | None:
    """Return an input as a constant; for Shape and Size all that counts is an input's shape."""
    if not isinstance(given, (Value, Stack)):
        return given
    if kind in ("Shape", "Size"):
        return np.broadcast_to(np.float32(0), given.full)
    return None


def _inputs(proto: Any, functions: Mapping[str, Fused]) -> list[str]:
    """Return the names that a node reads; of a function in several nodes, what that reads."""
    whole = functions.get(proto.output[0]) if proto.output else None
    return list(proto.input) if whole is None else [whole.source]


def _needed(graph: Any, functions: Mapping[str, Fused]) -> list[Any]:
    """Return the nodes that the outputs depend on, each behind those that it reads."""
    maker = {key: i for i, node in enumerate(graph.node) for key in node.output if key}
    needed: dict[int, list[int]] = {}
    waiting = [maker[entry.name] for entry in graph.output if entry.name in maker]
    while waiting:
        i = waiting.pop()
        if i not in needed:
            needed[i] = [maker[key] for key in _inputs(graph.node[i], functions) if key in maker]
            waiting += needed[i]
    try:
        order = graphlib.TopologicalSorter(dict(sorted(needed.items()))).static_order()
        return [graph.node[i] for i in order]
    except graphlib.CycleError as error:
        node = graph.node[error.args[1][0]]
        raise GhostError(
            f"Node '{node.name or node.output[0]}' ({node.op_type}): reads, by way of others, its"
            " own output; export the network again."
        ) from error


def _moves(graph: FloatGraph) -> int:
    """Return how many nodes only bring values into another order or shape."""
    return sum(isinstance(node, (Permute, Reshape)) for node in graph.nodes)


def _over_time(nodes: Iterable[Node]) -> bool:
    """Return whether there are layers that take frames in order."""
    return any(isinstance(node, (Recurrent, Window)) for node in nodes)


def _used(makers: dict[str, Node], outputs: tuple[str, ...]) -> tuple[Node, ...]:
    """Return the nodes whose outputs somebody reads."""
    read = set(outputs)
    for name, node in reversed(makers.items()):
        if name in read:
            read.update(node.inputs)
    return tuple(node for name, node in makers.items() if name in read)


def _unknown(operator: Operator, domain: str) -> GhostError:
    if domain not in _OWN:
        return operator.refuse(
            f"is an operator of '{domain}', not of ONNX itself; export the network without it"
        )
    if operator.kind in _FLOW:
        return operator.refuse(
            "branches and loops are not supported; export the network for an example of fixed"
            " shape, and a loop over frames as a GRU or LSTM"
        )
    if operator.kind in _QUANTISED:
        return operator.refuse(
            "the network is quantised already; export it in float32, it is quantised here"
        )
    return operator.refuse("this operator is not supported; build the network without it")

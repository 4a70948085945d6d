# SPDX-License-Identifier: Apache-2.0
"""Goes through a model's layers and has each add its nodes; models inside it are opened up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mcu_ghost.convert import graph
from mcu_ghost.convert.keras_config import arguments, unknown
from mcu_ghost.convert.keras_config.calls import Call, Reference, calls, references
from mcu_ghost.convert.keras_config.layer import Builder, Layer, Value, checked_class, values_in
from mcu_ghost.convert.keras_config.layers import IMPORTERS, operations
from mcu_ghost.convert.keras_config.weights import LARGEST, Config, Weights, class_name
from mcu_ghost.convert.nodes import Shape
from mcu_ghost.host.errors import GhostError

MODELS = ("Sequential", "Functional", "Model")
_STATE_ARGUMENTS = ("initial_state", "constants")


class Model:
    """A model, or one inside another.

    Args:
        config: The serialised model.
        weights: Its layers' weights.
        builder: The graph that it adds to.
        prefix: What its layers' names start with.
    """

    def __init__(
        self, config: Config, weights: Weights, builder: Builder, prefix: str = ""
    ) -> None:
        inside = config["config"]
        self.config: Config = {"layers": inside} if isinstance(inside, list) else inside
        self.sequential = class_name(config) == "Sequential"
        self.layers: list[Config] = self.config["layers"]
        for layer in self.layers:
            layer["config"].setdefault("name", layer.get("name", class_name(layer).lower()))
        self.names = [str(layer.get("name") or layer["config"]["name"]) for layer in self.layers]
        self._arrays = dict(zip(self.names, weights.layers(self.layers), strict=True))
        self._models = dict(zip(self.names, weights.models(self.layers), strict=True))
        self._builder, self._prefix = builder, prefix

    def run(self, inputs: Sequence[Value]) -> list[Value]:
        """Add all nodes and return the model's outputs."""
        return self._sequential(inputs) if self.sequential else self._functional(inputs)

    @property
    def inputs(self) -> list[tuple[str, Any]]:
        """Name and shape, with the batch, of each input."""
        by_name = dict(zip(self.names, self.layers, strict=True))
        if self.sequential:
            first = self.layers[0]
            shape = _input_shape(first) or self.config.get("build_input_shape")
            name = self.names[0] if class_name(first) == "InputLayer" else "input"
            return [(name, shape)]
        given = references(self.config["input_layers"], set(self.names))
        return [(r.layer, _input_shape(by_name[r.layer])) for r in given]

    def _sequential(self, inputs: Sequence[Value]) -> list[Value]:
        values = list(inputs)
        for config, name in zip(self.layers, self.names, strict=True):
            if class_name(config) != "InputLayer":
                values = self._layer(config, name, tuple(values), {})
        return values

    def _functional(self, inputs: Sequence[Value]) -> list[Value]:
        known = set(self.names)
        done = {
            (r.layer, 0): [value]
            for r, value in zip(references(self.config["input_layers"], known), inputs, strict=True)
        }
        waiting = [
            (config, name, number, call)
            for config, name in zip(self.layers, self.names, strict=True)
            for number, call in enumerate(calls(config, known))
        ]
        while waiting:
            left = []
            for entry in waiting:
                config, name, number, call = entry
                if all(self._place(r) in done for r in call.references):
                    args, kwargs = _resolved(call, lambda r: self._value(r, done))
                    self._check_calls(config, name, number)
                    done[name, number] = self._layer(config, name, args, kwargs)
                else:
                    left.append(entry)
            if len(left) == len(waiting):
                raise self._stuck(left[0][1])
            waiting = left
        outputs = references(self.config["output_layers"], known)
        return [self._value(r, done, outside=True) for r in outputs]

    def _place(self, reference: Reference, outside: bool = False) -> tuple[str, int]:
        """Return which call of which layer a reference means.

        Keras 2 counts the call that made a model; Keras 3 only where it lists the outputs, and not
        for a Sequential.
        """
        config = self.layers[self.names.index(reference.layer)]
        counted = class_name(config) in (MODELS if self._builder.keras == 2 else MODELS[1:])
        less = counted and (self._builder.keras == 2 or outside)
        return reference.layer, reference.call - less

    def _value(
        self, reference: Reference, done: dict[tuple[str, int], list[Value]], outside: bool = False
    ) -> Value:
        values = done.get(self._place(reference, outside))
        if values is None:
            raise self._stuck(reference.layer)
        if reference.output >= len(values):
            raise GhostError(
                f"Layer '{self._prefix}{reference.layer}': the network reads its output"
                f" {reference.output}, such as a state, and only the first is supported; use its"
                " sequence of outputs."
            )
        return values[reference.output]

    def _stuck(self, name: str) -> GhostError:
        return GhostError(
            f"Layer '{self._prefix}{name}': its inputs are in a circle or come from nowhere; save"
            " the model again."
        )

    def _check_calls(self, config: Config, name: str, number: int) -> None:
        if number and config["config"].get("stateful"):
            raise GhostError(
                f"Layer '{self._prefix}{name}' ({class_name(config)}): is stateful and called"
                " more than once, which would share its state; use two layers."
            )

    def _layer(
        self, config: Config, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Value]:
        """Add the nodes of one call and return its outputs."""
        full = self._prefix + name
        builder, kind = self._builder, class_name(config)
        if kind in MODELS:
            inner = Model(config, self._models[name], builder, f"{full}/")
            return inner.run(list(values_in(args)))
        refused = ""
        if builder.go_on:
            args, kwargs = unknown.given(config, full, builder, (args, kwargs))
        try:
            values = self._nodes(config, name, args, kwargs)
        except GhostError as error:
            if not builder.go_on:
                raise
            refused = str(error)
            values = [Value(builder.name(full), (), unknown=True)]
        shape = None if values[0].unknown else values[0].shape
        builder.layers.append(graph.Layer(full, kind, shape, refused))
        return values

    def _nodes(
        self, config: Config, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Value]:
        full = self._prefix + name
        kind = checked_class(config, full)
        weights = iter(self._arrays[name])
        layer = Layer(full, kind, config["config"], weights, self._builder, args, kwargs)
        if kind not in IMPORTERS:
            raise _unknown(layer)
        if kind not in operations.LAYERS:
            arguments.check_known(layer)
        _check_arguments(layer)
        if any(value.unknown for value in layer.xs):
            return [Value(self._builder.name(full), (), unknown=True)]
        try:
            result = IMPORTERS[kind](layer)
        except graph.MALFORMED as error:
            raise layer.refuse(
                f"has arguments or weights that Keras does not save ({type(error).__name__}:"
                f" {error}); save the model again with model.save"
            ) from error
        if next(weights, None) is not None:
            raise layer.refuse(
                "the file has more weights for it than it takes; save the whole model again, before"
                " it is quantised"
            )
        return result if isinstance(result, list) else [result]


def _unknown(layer: Layer) -> GhostError:
    if layer.kind == "Lambda":
        return layer.refuse(
            "holds code, which is never run; write it with layers, or with operators such as"
            " x[:, -1] and x * 2"
        )
    return layer.refuse("this kind of layer is not supported; build the network without it")


def _check_arguments(layer: Layer) -> None:
    """Refuse what changes how a layer runs, and take the rest of that out of its arguments."""
    for key in _STATE_ARGUMENTS:
        if layer.kwargs.get(key) is not None:
            raise layer.refuse(
                f"argument {key} is not supported; let it start from zeros, or make it stateful"
            )
    if layer.kwargs.pop("training", None):
        raise layer.refuse("is called with training=True; call it without")
    if layer.kwargs.pop("mask", None) is not None:
        raise layer.refuse("is given a mask; only a Masking layer in front of it is supported")


def _resolved(call: Call, value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return a call's arguments with values in the places of references."""

    def put(given: Any) -> Any:
        if isinstance(given, Reference):
            return value(given)
        return [put(part) for part in given] if isinstance(given, list) else given

    return tuple(map(put, call.args)), {key: put(arg) for key, arg in call.kwargs.items()}


def _input_shape(layer: Config) -> Any:
    """Return the shape that a layer says its input has, with the batch; None if it does not."""
    config = layer["config"]
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key) is not None:
            return config[key]
    if class_name(layer) in MODELS:
        inside = config["layers"] if isinstance(config, dict) else config
        return _input_shape(inside[0]) if inside else None
    return (layer.get("build_config") or {}).get("input_shape")


def checked_shape(name: str, shape: Any) -> Shape:
    """Return a shape without the batch, refusing what is not known.

    Raises:
        GhostError: It is missing, or has None in it.
    """
    if not shape:
        raise GhostError(
            f"Input '{name}': its shape is not in the file; start with an Input layer."
        )
    known = [n for n in shape[1:] if n is not None]
    if not all(isinstance(n, int) and n > 0 for n in known) or math.prod(known) > LARGEST:
        raise GhostError(
            f"Input '{name}': its shape {tuple(shape)} is none that a microcontroller could take;"
            " give Input(shape=(frames, inputs)) in numbers."
        )
    if None in shape[1:]:
        given = tuple(shape)
        raise GhostError(
            f"Input '{name}': its shape {given} has a dynamic number of frames or inputs; give"
            " Input(shape=(frames, inputs)) in numbers. Firmware runs any number of frames."
        )
    return tuple(shape[1:])

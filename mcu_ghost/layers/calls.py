# SPDX-License-Identifier: Apache-2.0
"""A functional Keras model as the calls of its layers, to be made again with other layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import tensorflow as tf
import tf_keras as keras

from mcu_ghost.host.errors import GhostError

Thing = TypeVar("Thing")

POST_TRAINING = (
    "train it in float, and convert it with calibration data: post-training quantisation takes it"
)


@dataclass(frozen=True)
class Call:
    """One call of a layer; values are known by numbers.

    Attributes:
        layer: It.
        sources: What it reads.
        result: What it makes.
    """

    layer: Any
    sources: tuple[int, ...]
    result: int


@dataclass(frozen=True)
class Calls:
    """A whole model.

    Attributes:
        inputs: Its input tensors by their numbers.
        order: Its calls, each behind those that make what it reads.
        outputs: Numbers of the values that it answers with.
    """

    inputs: dict[int, Any]
    order: tuple[Call, ...]
    outputs: tuple[int, ...]

    def sole_reader(self, value: int) -> Any:
        """Return the layer that alone reads a value, without Dropout between; None if none does."""
        readers = [call for call in self.order if value in call.sources]
        if len(readers) != 1 or value in self.outputs:
            return None
        if isinstance(readers[0].layer, keras.layers.Dropout):
            return self.sole_reader(readers[0].result)
        return readers[0].layer

    def run(self, things: dict[int, Thing], step: Callable[[Call, list[Thing]], Thing]) -> None:
        """Add what `step` makes of each call and of the things that stand for what it reads.

        Args:
            things: By the numbers of the values; those of the inputs are there.
            step: Makes one.
        """
        for call in self.order:
            things[call.result] = step(call, [things[source] for source in call.sources])


def refuse(layer: Any, why: str) -> GhostError:
    """Return the error that names a layer that cannot be trained with rounding."""
    return GhostError(
        f"Layer '{layer.name}' ({type(layer).__name__}) cannot be trained with int8 rounding:"
        f" {why}; {POST_TRAINING}."
    )


def read(model: Any) -> Calls:
    """Return the calls of a Sequential or functional model.

    Raises:
        GhostError: A layer is called more than once, with further arguments, or answers with
            several values.
    """
    order: list[Call] = []
    seen: set[int] = set()
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input:
                continue
            layer = node.layer
            for key, value in node.call_kwargs.items():
                if value is not None:
                    raise refuse(layer, f"it is called with the argument {key}")
            if id(layer) in seen:
                raise refuse(layer, "it is called more than once")
            results = tf.nest.flatten(node.outputs)
            if len(results) != 1:
                raise refuse(layer, "it answers with several values")
            seen.add(id(layer))
            sources = tuple(id(x) for x in node.keras_inputs)
            order.append(Call(layer, sources, id(results[0])))
    inputs = {id(x): x for x in model.inputs}
    return Calls(inputs, tuple(order), tuple(id(y) for y in model.outputs))


def entry(x: Any) -> Any:
    """Return an Input like one of a model's."""
    return keras.layers.Input(
        x.shape[1:], batch_size=x.shape[0], dtype=x.dtype, name=x.node.layer.name
    )


def apply(layer: Any, xs: list[Any]) -> Any:
    """Call a layer with one value, or with a list of several."""
    return layer(xs[0] if len(xs) == 1 else xs)

# SPDX-License-Identifier: Apache-2.0
"""Reads a Keras model as a chain of layers and refuses, by name, what no operator can express."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import (
    QuantizeLayer,
)
from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
    QuantizeWrapper,
)

from mcu_ghost.host import text
from mcu_ghost.host.errors import GhostError
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.network.tflite.tables import MAX_SIZE

SUPPORTED = (
    "Supported are one Input of shape (frames, inputs); GhostGRU and GRU with tanh, sigmoid and "
    "reset_after=True; Dense; Activation and Dense activations linear, relu, sigmoid, tanh and "
    "softmax; ReLU; Softmax; Reshape and Flatten within a frame; Dropout."
)
_ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softmax")
_REFUSED_FLAGS = ("go_backwards", "return_state", "time_major")

Kind = Literal["recurrent", "layer", "quantize", "nothing"]


@dataclass(frozen=True)
class Stage:
    """One layer of the chain.

    Attributes:
        kind: A recurrent layer, an ordinary one, the input's quantiser, or nothing to compute.
        layer: The layer as it stands in the model.
        inner: The same without tfmot's wrapper.
    """

    kind: Kind
    layer: Any
    inner: Any


@dataclass(frozen=True)
class Chain:
    """A whole model.

    Attributes:
        stages: In order, without the InputLayer.
        frames: Frames of one sequence.
        inputs: Values of one input frame.
    """

    stages: tuple[Stage, ...]
    frames: int
    inputs: int


def is_quantized(model: Any) -> bool:
    """Return whether tfmot quantises a layer of a model."""
    kinds = (QuantizeWrapper, QuantizeLayer)
    return any(isinstance(layer, kinds) for layer in getattr(model, "layers", ()))


def refuse(layer: Any, what: str) -> GhostError:
    """Return the error that names a layer, what is wrong with it, and what is supported."""
    return GhostError(f"Layer '{layer.name}' ({type(layer).__name__}): {what}. {SUPPORTED}")


def read(model: Any) -> Chain:
    """Check a `tf_keras` model and return its layers in order.

    Raises:
        GhostError: The model is not a chain, or a layer or an argument cannot be expressed.
    """
    validate_model(model)
    for what, tensors in (("input", model.inputs), ("output", model.outputs)):
        if len(tensors) != 1:
            raise GhostError(
                f"Model '{model.name}' has {len(tensors)} {what}s, only one is supported. "
                "An initial_state counts as an input. " + SUPPORTED
            )
    stages = []
    for layer in _ordered(model):
        inner = layer.layer if isinstance(layer, QuantizeWrapper) else layer
        stages.append(Stage(_kind(inner, layer), layer, inner))
    shape = tuple(model.inputs[0].shape)
    first = next((stage for stage in stages if stage.kind == "recurrent"), None)
    if first is None:
        raise GhostError(f"Model '{model.name}' has no GhostGRU or GRU layer. {SUPPORTED}")
    frames, inputs = first.layer.input_shape[1], math.prod(shape[1:])
    _validate_frames(stages, frames)
    for what, count in (("frames", frames), ("inputs a frame", inputs // frames)):
        if count > MAX_SIZE:
            raise GhostError(
                f"Model '{model.name}' has {count} {what}, at most {MAX_SIZE} are supported."
            )
    return Chain(tuple(stages), frames, inputs // frames)


def validate_model(model: Any) -> None:
    """Refuse what is no `tf_keras` model of layers with fixed shapes.

    Raises:
        GhostError: It is none.
    """
    if not isinstance(model, keras.Model):
        raise GhostError(
            f"Only tf_keras models can be converted, got {type(model).__module__}."
            f"{type(model).__name__}; build the model with `import tf_keras`, not with Keras 3."
        )
    if not getattr(model, "_is_graph_network", False):
        raise GhostError(
            f"Model '{model.name}' must be a Sequential or functional model that starts with "
            "Input(shape=(frames, inputs))."
        )
    for tensor in model.inputs:
        shape = tuple(tensor.shape)
        if None in shape[1:]:
            raise GhostError(
                f"Model '{model.name}': input shape {shape} has a dynamic number of frames or"
                " inputs; give Input(shape=(frames, inputs)) in numbers. Firmware runs any number"
                " of frames."
            )


def find(model: Any) -> Chain | None:
    """Return a model's layers in order, or None if it is no such chain."""
    try:
        return read(model)
    except GhostError:
        return None


def validate_ranges(chain: Chain) -> None:
    """Refuse a quantised model whose ordinary layers still have tfmot's first ranges."""
    for stage in chain.stages:
        if unset(stage):
            raise GhostError(
                f"Layer '{stage.inner.name}' ({type(stage.inner).__name__}): its ranges were never "
                "set. Train the quantised model, or give calibration data."
            )


def unset(stage: Stage) -> bool:
    """Return whether a layer's weights still have tfmot's first range, which nothing moved yet."""
    found = {w.name.split("/")[-1].split(":")[0]: w.numpy() for w in stage.layer.weights}
    return (found.get("kernel_min"), found.get("kernel_max")) == (-6.0, 6.0)


def _ordered(model: Any) -> list[Any]:
    """Return the layers in order, checking that each feeds the next one and nothing else."""
    layers = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
    previous = model.inputs[0].node.layer
    for layer in layers:
        nodes = [
            node
            for i, node in enumerate(layer._inbound_nodes)
            if f"{layer.name}_ib-{i}" in model._network_nodes
        ]
        sources = [] if len(nodes) != 1 else tf.nest.flatten(nodes[0].inbound_layers)
        if len(nodes) == 1:
            arguments = nodes[0].call_kwargs
            for key in ("initial_state", "mask"):
                if arguments.get(key) is not None:
                    raise refuse(layer, f"argument {key} is not supported")
        if isinstance(layer, keras.layers.RNN) and len(sources) > 1:
            raise refuse(layer, "argument initial_state is not supported")
        if len(sources) != 1 or sources[0] is not previous:
            raise refuse(layer, "only a chain is supported, in which each layer feeds the next")
        previous = layer
    if model.outputs[0].node.layer is not previous:
        raise refuse(previous, "the model's output must come from its last layer")
    return layers


def _kind(inner: Any, layer: Any) -> Kind:
    kinds = keras.layers
    if isinstance(inner, QuantizeLayer):
        return "quantize"
    if isinstance(inner, kinds.Masking):
        raise refuse(inner, "masks are not supported; feed only the frames there are")
    if isinstance(inner, GhostGRU) or type(inner) is kinds.GRU:
        _validate_recurrent(inner)
        return "recurrent"
    if isinstance(inner, (kinds.Dropout, kinds.Reshape, kinds.Flatten)):
        return "nothing"
    if type(inner) in (kinds.Dense, kinds.Activation):
        name = activation_name(inner.activation)
        # While it trains, tfmot has its own object there, or nothing where it fused a ReLU.
        if name not in (*_ACTIVATIONS, "NoOpActivation"):
            raise refuse(inner, f"activation={name!r} is not supported")
    elif type(inner) is kinds.ReLU:
        if float(inner.negative_slope or 0) or float(inner.threshold or 0):
            raise refuse(inner, "only negative_slope=0 and threshold=0 are supported")
        if inner.max_value is not None and float(inner.max_value) != 6:
            raise refuse(inner, "max_value must be None or 6")
    elif type(inner) is kinds.Softmax:
        if inner.axis not in (-1, len(layer.input_shape) - 1):
            raise refuse(inner, "only axis=-1 is supported")
    elif isinstance(inner, kinds.TimeDistributed):
        raise refuse(
            inner, "not supported; use the layer itself, a Dense runs on every frame anyway"
        )
    else:
        raise refuse(inner, "this kind of layer is not supported")
    return "layer"


def activation_name(activation: Any) -> str:
    """Return the name of a Keras activation, looking through tfmot's wrapper."""
    inner = getattr(activation, "activation", activation)
    return getattr(inner, "__name__", type(inner).__name__)


def _validate_recurrent(layer: Any) -> None:
    cell = layer.cell
    if not cell.reset_after:
        raise refuse(layer, "argument reset_after=False is not supported")
    for key in _REFUSED_FLAGS:
        if getattr(layer, key):
            raise refuse(layer, f"argument {key}=True is not supported")
    wanted = {"activation": "tanh", "recurrent_activation": "sigmoid", "ghost_activation": "tanh"}
    for key, value in wanted.items():
        if not hasattr(cell, key):  # a plain GRU has no ghosts
            continue
        name = activation_name(getattr(cell, key))
        if name != value:
            raise refuse(layer, f"argument {key}={name!r} is not supported, only {value!r}")


def _validate_frames(stages: list[Stage], frames: int) -> None:
    """Refuse layers that look across frames."""
    recurrent = [stage for stage in stages if stage.kind == "recurrent"]
    for stage in recurrent[:-1]:
        if not stage.inner.return_sequences:
            raise refuse(stage.inner, "return_sequences=False before another recurrent layer")
    last = stages.index(recurrent[-1])
    for i, stage in enumerate(stages):
        per_frame = i < last or recurrent[-1].inner.return_sequences
        shape = stage.layer.output_shape
        if None in shape[1:]:
            raise refuse(stage.inner, f"output shape {shape} is dynamic")
        size = math.prod(shape[1:]) // (frames if per_frame else 1)
        if size > MAX_SIZE:
            raise refuse(
                stage.inner,
                f"{text.count(size, 'output')} a frame are too many, at most {MAX_SIZE}",
            )
        if stage.kind == "nothing" and i > last and per_frame and frames > 1:
            if math.prod(shape[2:]) > size or len(shape) == 2:
                raise refuse(
                    stage.inner,
                    "joins frames, which only a whole sequence in memory could give; "
                    "use return_sequences=False in the last recurrent layer",
                )
        axis_matters = stage.kind == "recurrent" or isinstance(
            stage.inner, (keras.layers.Dense, keras.layers.Softmax)
        )
        if isinstance(stage.inner, keras.layers.Activation):
            axis_matters = activation_name(stage.inner.activation) == "softmax"
        if axis_matters and shape[-1] != size:
            raise refuse(stage.inner, f"output shape {shape} is not one vector for each frame")
    for stage in recurrent:
        if stage.layer.input_shape[1] != frames:
            raise refuse(stage.inner, "all recurrent layers must see the same frames")

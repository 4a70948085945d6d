# SPDX-License-Identifier: Apache-2.0
"""Makes of a float model one whose layers compute one thing each, as the integer operators do.

A BatchNormalization goes into the weights right before it, as it does in the integer network: what
is trained then are the weights that become int8, and the statistics stay as they were. An
activation inside a layer becomes one behind it, and a separable convolution becomes two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras as keras

from mcu_ghost.layers import calls
from mcu_ghost.layers.calls import Call, Calls, refuse
from mcu_ghost.layers.chain import activation_name

Part = tuple[Any, list[npt.NDArray[np.float32]]]
"""A new layer and its weights."""

_kinds = keras.layers
DEPTHWISE = (_kinds.DepthwiseConv1D, _kinds.DepthwiseConv2D)
PRODUCTS = (_kinds.Dense, _kinds.Conv1D, _kinds.Conv2D, *DEPTHWISE)
_SEPARABLE = {
    _kinds.SeparableConv1D: (_kinds.DepthwiseConv1D, _kinds.Conv1D),
    _kinds.SeparableConv2D: (_kinds.DepthwiseConv2D, _kinds.Conv2D),
}


def plain(model: Any) -> Any:
    """Return a model that answers the same.

    Raises:
        GhostError: A BatchNormalization cannot be folded.
    """
    read = calls.read(model)
    entries = {number: calls.entry(x) for number, x in read.inputs.items()}
    values = dict(entries)

    def step(call: Call, xs: list[Any]) -> Any:
        for layer, weights in _parts(call, read):
            xs = [calls.apply(layer, xs)]
            layer.set_weights(weights)
        return xs[0]

    read.run(values, step)
    outputs = [values[number] for number in read.outputs]
    return keras.Model(list(entries.values()), outputs, name=model.name)


def copied(layer: Any, **changes: Any) -> Any:
    """Return a layer of the same arguments, but for some."""
    return type(layer).from_config(layer.get_config() | changes)


def _parts(call: Call, read: Calls) -> list[Part]:
    layer = call.layer
    if type(layer) is _kinds.BatchNormalization:
        maker = next((c for c in read.order if c.result == call.sources[0]), None)
        if maker is None or _folds(maker, read) is not layer:
            raise refuse(
                layer,
                "it must stand right behind a Dense or convolution without an activation, into"
                " whose weights it goes",
            )
        return []
    if type(layer) not in (*PRODUCTS, *_SEPARABLE):
        return [(copied(layer), layer.get_weights())]
    *kernels, bias = layer.get_weights() if layer.use_bias else [*layer.get_weights(), None]
    norm = _folds(call, read)
    if norm is not None:
        scale, offset = _affine(norm)
        outputs = kernels[-1].shape[2:] if type(layer) in DEPTHWISE else scale.shape
        kernels[-1] = (kernels[-1] * scale.reshape(outputs)).astype(np.float32)
        bias = np.asarray((0.0 if bias is None else bias) * scale + offset, np.float32)
    biases = [] if bias is None else [bias]
    name = activation_name(layer.activation)
    changes = {"activation": "linear", "use_bias": bias is not None}
    if type(layer) in _SEPARABLE:
        parts = _separated(layer, kernels, biases)
    else:
        parts = [(copied(layer, **changes), kernels + biases)]
    if name != "linear":
        parts.append((_kinds.Activation(layer.activation, name=f"{layer.name}_{name}"), []))
    return parts


def _separated(layer: Any, kernels: list[Any], biases: list[Any]) -> list[Part]:
    """Return a depthwise convolution and one of single places."""
    if layer.padding == "causal":
        raise refuse(layer, "padding='causal' of a separable convolution is not supported")
    first, second = _SEPARABLE[type(layer)]
    arguments = {key: getattr(layer, key) for key in
                 ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier",
                  "depthwise_regularizer", "depthwise_constraint", "trainable")}  # fmt: skip
    depthwise = first(use_bias=False, name=f"{layer.name}_depthwise", **arguments)
    pointwise = second(
        layer.filters,
        1,
        use_bias=bool(biases),
        kernel_regularizer=layer.pointwise_regularizer,
        kernel_constraint=layer.pointwise_constraint,
        trainable=layer.trainable,
        name=layer.name,
    )
    return [(depthwise, kernels[:1]), (pointwise, [*kernels[1:], *biases])]


def _folds(call: Call, read: Calls) -> Any:
    """Return the BatchNormalization that goes into a layer's weights; None if none does."""
    layer = call.layer
    if type(layer) not in (*PRODUCTS, *_SEPARABLE):
        return None
    norm = read.sole_reader(call.result)
    last = type(norm) is _kinds.BatchNormalization and list(norm.axis) == [
        len(norm.input_shape) - 1
    ]
    return norm if last and activation_name(layer.activation) == "linear" else None


def _affine(norm: Any) -> tuple[Any, Any]:
    """Return what a BatchNormalization multiplies each channel by and adds to it."""
    mean, variance = (w.numpy().astype(np.float64) for w in
                      (norm.moving_mean, norm.moving_variance))  # fmt: skip
    scale = 1.0 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        scale = scale * norm.gamma.numpy()
    offset = -mean * scale
    return scale, offset + (norm.beta.numpy() if norm.center else 0.0)

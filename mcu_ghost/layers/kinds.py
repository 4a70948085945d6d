# SPDX-License-Identifier: Apache-2.0
"""Which layers can be trained with rounding, and where each kind rounds."""

from __future__ import annotations

from typing import Any, Literal

import tf_keras as keras

from mcu_ghost.host import text
from mcu_ghost.layers import rounded
from mcu_ghost.layers.calls import refuse
from mcu_ghost.layers.chain import activation_name
from mcu_ghost.layers.ghost_gru import GhostGRU
from mcu_ghost.layers.plain import DEPTHWISE, PRODUCTS
from mcu_ghost.network.ops.embedding import MOST_ROWS
from mcu_ghost.network.tflite.tables import MAX_SIZE

Role = Literal["ranged", "like", "nothing"]

STATE = (-1.0, 127 / 128)  # of int8 at scale 1/128
_UNSIGNED = (0.0, 255 / 256)
_kinds = keras.layers
_PAIRS = (_kinds.Add, _kinds.Subtract, _kinds.Multiply, _kinds.Maximum, _kinds.Minimum)
_RANGED = (
    *PRODUCTS,
    *_PAIRS,
    _kinds.Activation,
    _kinds.Concatenate,
    _kinds.ELU,
    _kinds.Embedding,
    _kinds.GlobalAveragePooling1D,
    _kinds.GlobalAveragePooling2D,
    _kinds.LayerNormalization,
    _kinds.LeakyReLU,
    _kinds.PReLU,
    _kinds.ReLU,
    _kinds.Softmax,
)
_LIKE = (_kinds.AveragePooling1D, _kinds.AveragePooling2D)  # round, and keep the input's scale
_NOTHING = (
    _kinds.Cropping1D,
    _kinds.Cropping2D,
    _kinds.Dropout,
    _kinds.Flatten,
    _kinds.GlobalMaxPooling1D,
    _kinds.GlobalMaxPooling2D,
    _kinds.MaxPooling1D,
    _kinds.MaxPooling2D,
    _kinds.Permute,
    _kinds.RepeatVector,
    _kinds.Reshape,
    _kinds.SpatialDropout1D,
    _kinds.SpatialDropout2D,
    _kinds.UpSampling1D,
    _kinds.UpSampling2D,
    _kinds.ZeroPadding1D,
    _kinds.ZeroPadding2D,
)
_MADE_OTHERWISE = (_kinds.BatchNormalization, _kinds.SeparableConv1D, _kinds.SeparableConv2D)
_ARGUMENTS = {
    "data_format": "channels_last",
    "interpolation": "nearest",
    "mask_zero": False,
    "merge_mode": "concat",
    "return_state": False,
    "time_major": False,
    "zero_output_for_mask": False,
}
"""What an argument must be, of each layer that has it."""
_FUNCTIONS = ("linear", "relu", "relu6", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh",
              "softplus", "softsign", "swish", "silu", "mish", "gelu", "exponential",
              "softmax")  # fmt: skip


def validate(layer: Any) -> None:
    """Refuse a layer that cannot be trained with rounding.

    Raises:
        GhostError: It names the layer, and why it cannot.
    """
    if type(layer) not in (*_RANGED, *_LIKE, *_NOTHING, *_MADE_OTHERWISE, *rounded.RECURRENT):
        raise refuse(layer, "this kind of layer is not supported there")
    for one in (layer, layer.layer) if type(layer) is _kinds.Bidirectional else (layer,):
        for key, wanted in _ARGUMENTS.items():
            given = getattr(one, key, wanted)
            # Bidirectional itself sets this one of the layer inside.
            ignored = key == "zero_output_for_mask" and one is not layer
            if given != wanted and not ignored:
                raise refuse(layer, f"argument {key}={given!r} is not supported, only {wanted!r}")
    size = layer.output_shape[-1]
    if None in layer.output_shape[1:]:
        raise refuse(layer, f"output shape {layer.output_shape} is dynamic")
    if size > MAX_SIZE:
        raise refuse(layer, f"{text.count(size, 'output')} are too many, at most {MAX_SIZE}")
    if isinstance(layer, _PAIRS) and len(layer.input) != 2:
        inputs = text.count(len(layer.input), "input")
        raise refuse(layer, f"it has {inputs}; take two at a time")
    if isinstance(layer, _kinds.Embedding) and layer.input_dim > MOST_ROWS:
        raise refuse(layer, f"it has {layer.input_dim} rows, at most {MOST_ROWS} are supported")
    last = len(layer.output_shape) - 1
    axis = getattr(layer, "axis", -1)
    if type(layer) in (_kinds.Softmax, _kinds.LayerNormalization) and axis not in (
        -1,
        last,
        [last],
    ):
        raise refuse(layer, "only axis=-1 is supported")
    if type(layer) in rounded.RECURRENT:
        _validate_recurrent(layer)
    elif hasattr(layer, "activation") and activation_name(layer.activation) not in _FUNCTIONS:
        raise refuse(layer, f"activation {activation_name(layer.activation)!r} is not supported")


def _validate_recurrent(layer: Any) -> None:
    if isinstance(layer.input, list):
        raise refuse(layer, "an initial state is not supported")
    inner = layer
    if type(layer) is _kinds.Bidirectional:
        inner = layer.layer
        if hasattr(layer, "_backward_layer_config"):
            raise refuse(layer, "a backward layer of its own is not supported")
        if type(inner) not in rounded.RECURRENT or type(inner) is _kinds.Bidirectional:
            raise refuse(layer, f"{type(inner).__name__} inside is not supported")
        if inner.go_backwards:
            raise refuse(layer, "argument go_backwards=True of the layer inside is not supported")
    cell = inner.cell
    wanted = {"activation": ("tanh",), "recurrent_activation": ("sigmoid", "hard_sigmoid"),
              "ghost_activation": ("tanh",)}  # fmt: skip
    for key, known in wanted.items():
        name = activation_name(getattr(cell, key)) if hasattr(cell, key) else known[0]
        if name not in known:
            raise refuse(layer, f"argument {key}={name!r} is not supported, only {known[0]!r}")
    if isinstance(inner, GhostGRU) and activation_name(cell.recurrent_activation) != "sigmoid":
        raise refuse(layer, "ghosts go with sigmoid gates only")
    if inner.stateful and (inner is not layer or inner.go_backwards):
        raise refuse(layer, "stateful and backwards do not go together")


def role(layer: Any) -> Role:
    """Return whether a layer's output has a range of its own, its input's, or is not rounded."""
    if isinstance(layer, _LIKE):
        return "like"
    return "nothing" if isinstance(layer, _NOTHING) else "ranged"


def fixed(layer: Any) -> tuple[float, float] | None:
    """Return the range that an activation has whatever it reads; None if there is none."""
    name = activation_name(layer.activation) if type(layer) is _kinds.Activation else ""
    if name == "tanh":
        return STATE
    return _UNSIGNED if name in ("sigmoid", "softmax") or type(layer) is _kinds.Softmax else None


def concatenates(layer: Any) -> bool:
    """Return whether a layer keeps the range that all its inputs have."""
    return type(layer) is _kinds.Concatenate


def fuses(layer: Any) -> bool:
    """Return whether a layer's operator computes a ReLU behind it too."""
    return type(layer) in (*PRODUCTS, _kinds.Add, _kinds.Subtract, _kinds.Multiply)


def rectifies(layer: Any) -> bool:
    """Return whether a layer is a ReLU that operators compute."""
    if type(layer) is _kinds.Activation:
        return activation_name(layer.activation) in ("relu", "relu6")
    if type(layer) is not _kinds.ReLU or layer.negative_slope or layer.threshold:
        return False
    return layer.max_value is None or float(layer.max_value) == 6


def weight(layer: Any) -> tuple[str, int]:
    """Return the attribute with the weights that become int8, and their axes with scales."""
    if isinstance(layer, DEPTHWISE):
        return "depthwise_kernel", 2
    if isinstance(layer, PRODUCTS):
        return "kernel", 0 if type(layer) is _kinds.Dense else 1
    return ("alpha", 0) if type(layer) is _kinds.PReLU else ("", 0)

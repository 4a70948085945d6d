# SPDX-License-Identifier: Apache-2.0
"""Ordinary layers (Dense, activations) to int8 operators, by TensorFlow Lite's own converter."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from mcu_ghost.layers import backend  # noqa: F401  (before what it imports)

# isort: split
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import (
    QuantizeLayer,
)

from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.quiet import quiet
from mcu_ghost.layers import FixedRangeQuantizer
from mcu_ghost.layers.chain import Stage
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.tensor import Tensor
from mcu_ghost.network.tflite import read


def operators(
    x: Tensor, stages: Sequence[Stage]
) -> tuple[tuple[Tensor, ...], tuple[Operator, ...]]:
    """Convert a run of quantisation-aware ordinary layers.

    The layers are copied behind a fixed quantiser for one frame of `x`; the recurrent layers never
    meet the converter.

    Returns:
        The tensors after `x`, and the operators; `x` is tensor 0 and the others follow.

    Raises:
        GhostError: The converter made an operator that has no int8 kernel here.
    """
    low, high = (-128 - x.zero_point) * x.scale, (127 - x.zero_point) * x.scale
    frame = keras.layers.Input((x.size,), batch_size=1)
    y = QuantizeLayer(FixedRangeQuantizer(low, high))(frame)
    with tfmot.quantization.keras.quantize_scope():
        for stage in stages:
            copy = type(stage.layer).from_config(stage.layer.get_config())
            y = copy(y)
            copy.set_weights(stage.layer.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(frame, y))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    names = ", ".join(f"'{stage.inner.name}'" for stage in stages)
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it misses statistics that fake quant gives
        data = converter.convert()
    graph = read.parse(data, f"layers {names}").graph
    tensors, built = graph.tensors, graph.operators
    entry = tensors[0]
    if abs(entry.scale - x.scale) > 1e-6 * x.scale or entry.zero_point != x.zero_point:
        raise GhostError(
            f"layers {names}: TensorFlow Lite quantised their input with scale {entry.scale:g} and "
            f"zero point {entry.zero_point} instead of {x.scale:g} and {x.zero_point}."
        )
    return tensors[1:], built

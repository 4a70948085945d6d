# SPDX-License-Identifier: Apache-2.0
"""Files that TensorFlow's own converter makes of streaming networks and of Keras' LSTM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tflite import read

pytestmark = pytest.mark.train

SHAPE = (1, 3, 12)


def streaming(tf: Any) -> Any:
    """Return a network of three new frames that remembers some of every layer."""
    rng = np.random.default_rng(0)
    weights = [
        tf.constant(rng.normal(0, 0.3, shape), tf.float32)
        for shape in ((5, 12, 8), (4, 1, 8, 1), (24, 1))
    ]
    first = tf.Variable(tf.zeros((1, 2, 12)), name="first")
    second = tf.Variable(tf.zeros((1, 3, 1, 8)), name="second")
    third = tf.Variable(tf.zeros((1, 2, 8)), name="third")

    def remember(variable: Any, x: Any) -> Any:
        both = tf.concat([variable, x], 1)
        variable.assign(both[:, -variable.shape[1] :])
        return both

    class Network(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.kept = (first, second, third)

        @tf.function(input_signature=[tf.TensorSpec(SHAPE, tf.float32)])  # type: ignore[misc]
        def answer(self, x: Any) -> Any:
            y = tf.nn.relu(tf.nn.conv1d(remember(first, x), weights[0], 3, "VALID"))
            y = remember(second, y[:, :, None])
            y = tf.nn.depthwise_conv2d(y, weights[1], [1, 1, 1, 1], "VALID")[:, :, 0]
            return tf.sigmoid(tf.reshape(remember(third, y), (1, -1)) @ weights[2])

    network = Network()
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [network.answer.get_concrete_function()], network
    )


def lstm(tf: Any) -> Any:
    """Return Keras' LSTM behind which a dense layer sees the last frame."""
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    x = tf_keras.Input(SHAPE[1:], batch_size=1)
    y = tf_keras.layers.Dense(2)(tf_keras.layers.LSTM(9)(x))
    return tf.lite.TFLiteConverter.from_keras_model(tf_keras.Model(x, y))


def converted(make: Callable[[Any], Any], output: str) -> bytes:
    """Return a network in int8, as its makers do it."""
    import tensorflow as tf

    rng = np.random.default_rng(1)
    converter = make(tf)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.experimental_enable_resource_variables = True
    converter._experimental_variable_quantization = True
    converter.representative_dataset = lambda: (
        [rng.normal(0, 1, SHAPE).astype(np.float32)] for _ in range(30)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = getattr(tf, output)
    made: bytes = converter.convert()
    return made


def stock(data: bytes, model: Model, x: np.ndarray, reset: bool) -> np.ndarray:
    """Return what stock TFLite Micro answers, invocation by invocation."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 18)
    answers = []
    for one in x:
        if reset:
            interpreter.reset()
        interpreter.set_input(one.reshape(SHAPE), 0)
        interpreter.invoke()
        answers.append(np.ravel(interpreter.get_output(0)).copy())
    return np.array(answers)


def interpreted(data: bytes, x: np.ndarray) -> np.ndarray:
    """Return what TensorFlow Lite's interpreter answers."""
    import tensorflow as tf

    kind = tf.lite.experimental.OpResolverType.BUILTIN_REF
    interpreter = tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for one in x:
        interpreter.set_tensor(given["index"], one.reshape(SHAPE))
        interpreter.invoke()
        answers.append(np.ravel(interpreter.get_tensor(answer["index"])).copy())
    return np.array(answers)


def test_a_streaming_network_answers_as_stock_interpreters_do() -> None:
    data = converted(streaming, "uint8")
    model = read.parse(data, "stream")
    assert (len(model.graph.variables), model.window) == (3, None)
    assert (model.output.tensor.zero_point, model.output.tensor.scale) == (-128, 1 / 256)
    x = random_inputs(0, model, 1, 40)[0]
    wanted = stock(data, model, x, reset=False)
    assert wanted.dtype == np.uint8 and len(np.unique(wanted)) > 9
    found = reference.run(model, x).astype(np.int64) + 128
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(found, interpreted(data, x))


def test_an_lstm_answers_as_stock_tflite_micro_does() -> None:
    data = converted(lstm, "int8")
    model = read.parse(data, "lstm")
    assert [op.kind for op in model.graph.operators] == ["sequence_lstm", "fully_connected"]
    assert (model.window, model.layers[0].return_sequences) == (3, False)
    x = random_inputs(0, model, 60, 3)
    wanted = stock(data, model, x, reset=True)
    np.testing.assert_array_equal(reference.run(model, x), wanted)
    assert len(np.unique(wanted)) > 30

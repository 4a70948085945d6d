# SPDX-License-Identifier: Apache-2.0
"""What the conversion tests share: data, and the integer reference beside a Keras model."""

import zlib
from pathlib import Path

import numpy as np

from mcu_ghost.convert import convert
from mcu_ghost.network import reference
from mcu_ghost.network.tflite import read

rng = np.random.default_rng(11)
FRAMES, INPUTS = 12, 5
X = rng.normal(0, 1, (256, FRAMES, INPUTS)).astype(np.float32)
RANGE = (-4.0, 4.0)


def randomise(model, gain=0.6):
    """Give a model random weights, biases too: the same for the same name."""
    own = np.random.default_rng(zlib.crc32(model.name.encode()))
    shapes = [w.shape for w in model.get_weights()]
    model.set_weights([own.normal(0, gain, shape).astype(np.float32) for shape in shapes])
    return model


def to_int8(x, tensor):
    return np.clip(np.floor(x / tensor.scale + tensor.zero_point + 0.5), -128, 127).astype(np.int8)


def run_integers(path: Path, x=X):
    """Return the network of a file and its outputs as real numbers."""
    network = read.load(path)
    y = reference.run(network, to_int8(x, network.tensors[network.inputs[0]]))
    out = network.tensors[network.outputs[0]]
    return network, (y.astype(np.float64) - out.zero_point) * out.scale


def compare(model, path: Path, **kwargs):
    """Convert; return the network and the differences to the Keras model in output steps."""
    convert(model, path, **kwargs)
    network, y = run_integers(path)
    expected = model.predict(X, verbose=0)
    assert y.shape == expected.shape
    step = network.tensors[network.outputs[0]].scale
    steps = np.abs(y - expected) / step
    agree = (y.argmax(-1) == expected.argmax(-1)).mean()
    print(
        f"\n{path.name}: max {steps.max():.2f} steps, mean {steps.mean():.3f}, argmax {agree:.4f}, "
        + " ".join(getattr(op, "function", type(op).__name__) for op in network.graph.operators)
    )
    return network, steps, agree

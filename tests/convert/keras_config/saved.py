# SPDX-License-Identifier: Apache-2.0
"""Saves a network with random weights, and what its framework answers to random inputs."""

from __future__ import annotations

import numpy as np

from mcu_ghost.convert.keras_config import read


def randomize(model, rng):
    """Give every weight other numbers; those that are variances or counts stay above zero."""
    new = []
    for weight in model.get_weights():
        values = rng.normal(0, 0.5, weight.shape)
        new.append(np.asarray(np.abs(values) + 0.1 if weight.ndim < 2 else values, weight.dtype))
    model.set_weights(new)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # a Normalization's values, from its new weights
            layer.finalize_state()


def answers(model, inputs):
    """Return the framework's own outputs as a list of arrays."""
    outputs = model([*map(np.asarray, inputs)] if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(y) for y in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def check(model, folder, kinds=("keras", "h5"), scale=1.0):
    """Save a model both ways and compare the float graph's outputs with the framework's."""
    rng = np.random.default_rng(0)
    randomize(model, rng)
    inputs = [
        np.float32(rng.normal(0, scale, (x.shape[0] or 3, *x.shape[1:]))) for x in model.inputs
    ]
    wanted = answers(model, inputs)
    graphs = []
    for kind in kinds:
        path = folder / f"network.{kind}"
        model.save(path)
        graph = read(path)
        values = graph.run({x.name: v for x, v in zip(graph.inputs, inputs, strict=True)})
        got = [values[name] for name in graph.outputs]
        assert [y.shape for y in got] == [y.shape for y in wanted]
        for ours, theirs in zip(got, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)
        assert all(values[name].shape[1:] == shape for name, shape in graph.shapes.items())
        graphs.append(graph)
    return graphs

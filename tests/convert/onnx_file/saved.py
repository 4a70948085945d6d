# SPDX-License-Identifier: Apache-2.0
"""Writes networks as `.onnx` and compares what is read with onnx' own evaluator."""

from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.convert.onnx_file import read

SAMPLES = 2


def array(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> Any:
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape).astype(np.float32)


def ints(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


class Op:
    """A node: inputs are names, arrays, `None` where left out, or "_" for the node before.

    `out` are the names of its outputs; by default one, read by the next as "_".
    """

    def __init__(self, kind: str, *inputs: Any, out: tuple[str, ...] = (), **attributes: Any):
        self.kind, self.inputs, self.out, self.attributes = kind, inputs, out, attributes


def network(
    ops: list[Op], inputs: Any = (1, 8, 4), *, opset: int = 20, outputs: tuple[str, ...] = (),
    producer: str = "", kind: int = 1, domain: str = "",
) -> Any:  # fmt: skip
    """Return a model; `inputs` is the shape of "x", or shapes by name."""
    from onnx import helper, numpy_helper

    nodes, constants, before = [], [], "x"
    for i, op in enumerate(ops):
        names = []
        for j, given in enumerate(op.inputs or ("_",)):
            if given is None or isinstance(given, str):
                names.append(before if given == "_" else given or "")
            else:
                names.append(f"c{i}_{j}")
                constants.append(numpy_helper.from_array(np.asarray(given), names[-1]))
        out = op.out or (f"v{i}",)
        before = out[0] or out[-1]
        nodes.append(helper.make_node(op.kind, names, out, f"n{i}", domain=domain, **op.attributes))
    shapes = inputs if isinstance(inputs, dict) else {"x": inputs}
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info(n, kind, shape) for n, shape in shapes.items()],
        [helper.make_tensor_value_info(n, 1, None) for n in outputs or (before,)], constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name=producer)


def saved(model: Any, folder: Path) -> Path:
    import onnx

    path = folder / "net.onnx"
    onnx.save(model, str(path))
    return path


def check(model: Any, folder: Path, *, whole: bool = False) -> FloatGraph:
    """Return the graph that is read, after comparing its outputs with the evaluator's."""
    graph = read(saved(model, folder))
    feeds = []
    for i in range(SAMPLES):
        shapes = {
            entry.name: [d.dim_value or 1 for d in entry.type.tensor_type.shape.dim]
            for entry in model.graph.input
        }
        made = {n: array(*shape, seed=i + 1, low=-2, high=2) for n, shape in shapes.items()}
        feeds.append({n: np.abs(a * 3).astype(np.int64) if whole else a for n, a in made.items()})
    values = graph.run(
        {e.name: np.stack([e.of_file(f[e.name]) for f in feeds]) for e in graph.inputs}
    )
    run = _evaluator(model)
    for i, feed in enumerate(feeds):
        for value, name, wanted in zip(graph.outputs, graph.output_names, run(feed), strict=True):
            found = np.broadcast_to(values[value], (SAMPLES, *values[value].shape[1:]))[i]
            found = graph.as_in_file(name, found)
            np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)
    return graph


def _evaluator(model: Any) -> Any:
    """Return what runs a model: onnxruntime if it is there, else onnx' own."""
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        reference = ReferenceEvaluator(model)
        return lambda feed: reference.run(None, feed)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return lambda feed: session.run(None, feed)


def kinds(graph: FloatGraph) -> list[str]:
    return [type(node).__name__ for node in graph.nodes]

# SPDX-License-Identifier: Apache-2.0
"""From a PyTorch module to a float graph, by PyTorch's own ONNX exporter.

Everything but this file reads the `.onnx` alone, without PyTorch.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mcu_ghost.convert import onnx_file
from mcu_ghost.convert.graph import FloatGraph
from mcu_ghost.host.errors import GhostError

TOLERANCE = 1e-4
"""How far the graph's outputs may be from the module's, relative to the largest of them."""


def from_torch(module: Any, example: Any) -> FloatGraph:
    """Return the network of a module.

    Args:
        module: A `torch.nn.Module`; it is exported for inference.
        example: What it is called with: a tensor for one sample, or a tuple of several.

    Raises:
        GhostError: It cannot be exported or read, or computes something else than the module.

    Example:
        >>> graph = from_torch(net, torch.randn(1, 50, 6))  # doctest: +SKIP
    """
    import torch

    examples = tuple(example) if isinstance(example, (tuple, list)) else (example,)
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            expected = _arrays(module(*examples))
            graph = _exported(module, examples)
    finally:
        module.train(training)
    given = {
        entry.name: entry.of_file(array)[None]
        for entry, array in zip(graph.inputs, _arrays(examples), strict=True)
    }
    values = graph.run(given)
    for value, name, wanted in zip(graph.outputs, graph.output_names, expected, strict=True):
        found = graph.as_in_file(name, values[value][0])
        _compare(type(module).__name__, name, found, wanted)
    return graph


def _exported(module: Any, examples: tuple[Any, ...]) -> FloatGraph:
    """Export and read; first by the older exporter, which never unrolls a recurrent layer."""
    import torch

    name = type(module).__name__
    problems = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for newer in (False, True):
            path = Path(folder) / f"{name}.onnx"
            try:
                torch.onnx.export(module, examples, str(path), dynamo=newer, verbose=False)
            except Exception as error:  # whatever the exporter stumbles over
                problems.append(f"{type(error).__name__}: {error}".splitlines()[0])
                continue
            return onnx_file.read(path)
    raise GhostError(
        f"Module {name}: PyTorch cannot export it to ONNX ({'; '.join(problems)}); build it of"
        " layers that torch.onnx.export takes."
    )


def _arrays(outputs: Any) -> list[Any]:
    """Return all tensors in a module's outputs as arrays."""
    if isinstance(outputs, (tuple, list)):
        return [array for output in outputs for array in _arrays(output)]
    return [outputs.detach().cpu().numpy()]


def _compare(module: str, output: str, value: Any, wanted: Any) -> None:
    """Refuse an output that differs from the module's own."""
    error = np.abs(value.reshape(wanted.shape) - wanted).max() / max(np.abs(wanted).max(), 1e-6)
    if error > TOLERANCE:
        raise GhostError(
            f"Module {module}: output '{output}' of the exported network is {error:.2g} away from"
            " the module's own, relative to its largest value; a known fault of PyTorch's ONNX"
            " exporters writes linear_before_reset=0 for a GRU, so export with another version of"
            " PyTorch."
        )

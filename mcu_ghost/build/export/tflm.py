# SPDX-License-Identifier: Apache-2.0
"""The network for TensorFlow Lite Micro: its `.tflite` as an array, and the operator's source.

    ghost_gru/           the operator, one for any number of networks
    model/NAME_model.c   the `.tflite`
    examples/check/      a program that registers the operator and runs golden cases

The operator reads the weights as the `.tflite` has them, so it runs the plain kernels, on any core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcu_ghost.build import golden_c
from mcu_ghost.build.pack import Array
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.templates import render
from mcu_ghost.host.version import __version__
from mcu_ghost.network import golden
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.ghost_gru import CUSTOM_CODE
from mcu_ghost.network.tflite import write
from mcu_ghost.sound import enhancement

_OPERATOR = (
    "tflm/ghost_gru_tflm.h",
    "tflm/ghost_gru_tflm.cc",
    "tflm/ghost_gru_operator.h",
    "tflm/ghost_gru_operator.c",
    "kernels/ghost_nn.h",
    "kernels/ghost_copies.h",
    "kernels/ghost_pairs.h",
    "kernels/ghost_windows.h",
    "kernels/ghost_requantizer.h",
    "kernels/ghost_arithmetic.h",
    "kernels/ghost_gates.h",
    "kernels/plain/ghost_sigmoid_table.c",
    "kernels/plain/ghost_gru_params.h",
    "kernels/plain/ghost_gru_step_s8.c",
)
_CASE_FRAMES = 8  # at least, of a case for a network that goes on
_TEMPLATES = {
    "README.md": "README.md",
    "model/{name}_model.h": "model.h",
    "model/{name}_model.c": "model.c",
    "examples/check/main.cc": "main.cc",
}


@dataclass(frozen=True, eq=False)
class Network:
    """What the templates show.

    Attributes:
        version: Of mcu-ghost.
        name: The library's and the model's.
        model: The same, as it was read.
        file: The `.tflite`.
        adds: Functions of the resolver that add the built-in operators.
        frames: Of one invocation.
        input_bytes: Of one frame.
        output_bytes: After the last frame.
        arena_bytes: Working memory that is enough.
    """

    version: str
    name: str
    model: Model
    file: Array
    adds: tuple[str, ...]
    frames: int
    input_bytes: int
    output_bytes: int
    arena_bytes: int


def network(model: Model) -> Network:
    """Lay a network out for the templates."""
    adds = {op.resolver for op in model.graph.operators if op.resolver}
    data = write.serialize(model)
    activations = sum(t.size for t in model.graph.tensors)
    # Twice what tensors take, and 1 KiB for the interpreter and for each operator.
    arena = 1024 * (1 + len(model.graph.operators)) + 2 * (activations + model.state_bytes)
    return Network(
        version=__version__,
        name=model.name,
        model=model,
        file=Array(f"{model.name}_model", np.frombuffer(data, np.uint8)),
        adds=tuple(sorted(adds)),
        frames=model.frames,
        input_bytes=model.input_size,
        output_bytes=model.output_size,
        arena_bytes=-(-arena // 1024) * 1024,
    )


def texts(model: Model) -> dict[str, str]:
    """Return the files of an export by path.

    Raises:
        GhostError: It cleans speech, or has an operator that is neither TensorFlow Lite Micro's
            nor in the export.
    """
    if enhancement.task_of(model) is not None:
        raise GhostError(
            "TensorFlow Lite Micro runs a network alone, and this one takes bands of a spectrum and"
            " gives gains: export with --as cmake, zephyr, arduino or platformio for a library that"
            " takes noisy sound and gives clean sound."
        )
    if any(layer.mask is not None for layer in model.layers):
        raise GhostError(
            "The operator for TensorFlow Lite Micro has no mask: export with --as cmake, zephyr,"
            " arduino or platformio."
        )
    for op in model.graph.operators:
        if not op.resolver and CUSTOM_CODE not in op.codes:
            code = next(iter(op.codes), op.called)
            raise GhostError(
                f"The operator {code} runs without TensorFlow Lite Micro only:"
                " export with --as cmake, zephyr, arduino or platformio."
            )
    made = network(model)
    firmware = resources.folder("firmware")
    found = {f"ghost_gru/{(firmware / path).name}": firmware / path for path in _OPERATOR}
    result = {path: file.read_text(encoding="utf-8") for path, file in found.items()}
    for path, template in _TEMPLATES.items():
        result[path.format(name=made.name)] = render(f"export/tflm/{template}.jinja", made)
    goes_on = all(op.stateful for op in model.layers)
    invocations = -(-_CASE_FRAMES // model.frames) if goes_on else 1
    cases = golden_c.context(golden.make(model, frames=invocations * model.frames))
    for name in ("golden.h", "golden.c"):
        result[f"examples/check/{name}"] = render(f"model/{name}.jinja", cases)
    return result

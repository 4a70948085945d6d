# SPDX-License-Identifier: Apache-2.0
"""Networks that corner a kernel: every size, nothing but extremes, layers on top of each other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost import boards
from mcu_ghost.build import build
from mcu_ghost.build.kernels import Choice
from mcu_ghost.host import templates
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.gates import STATE_SCALE
from mcu_ghost.network.ops.ghost_gru import GhostGRU
from mcu_ghost.network.ops.operator import Operator
from mcu_ghost.network.random_model import random_inputs
from mcu_ghost.network.tensor import Int8s, Int32s, Tensor
from mcu_ghost.proof import on_emulator, verify
from tests.conftest import need

Floats = np.ndarray
# name of the array, shape -> values
Draw = Callable[[str, tuple[int, ...]], Floats]

# (units, ratio): every number of rows and columns around groups of 4, 6, 7 and vectors of 16.
LADDERS = {ratio: [(n, ratio) for n in range(ratio, 35)] for ratio in range(1, 5)}
EDGES = [(n, r) for n in (15, 16, 17, 31, 32, 33, 47, 48, 49) for r in (1, 2, 3)]
LARGE = [(154, 2), (300, 3), (31, 7), (30, 30), (127, 2), (64, 1), (9, 5), (256, 4)]


def stack(draw: Draw, shapes: list[tuple[int, int]], inputs: int) -> Model:
    """Return layers of the given (units, ratio) on top of each other, the last state the output."""
    tensors = [Tensor("input", (inputs,), "int8", float(np.float32(0.03)), -7)]
    body: list[Operator] = []
    for i, (n, ratio) in enumerate(shapes):
        m, d = n // ratio, tensors[i].size
        tensors.append(Tensor(f"layer_{i}", (n,), "int8", STATE_SCALE, 0))
        layer = GhostGRU.quantized(
            tensors[i],
            draw("kernel", (d, 3 * m)),
            draw("recurrent_kernel", (n, 3 * m)),
            draw("bias", (2, 3 * m)),
            draw("ghost_kernel", (m, n - m)),
            draw("ghost_bias", (n - m,)),
            inputs=(i,),
            output=i + 1,
            ratio=ratio,
            return_sequences=i < len(shapes) - 1,
        )
        body.append(layer)
    return Model.chain("random", 49, tensors, body)


def normal(seed: int, gain: float) -> Draw:
    """Return weights as training leaves them; large gains saturate the gates."""
    rng = np.random.default_rng(seed)
    return lambda name, shape: rng.normal(0, gain / np.sqrt(shape[0] or 1), shape)


def signs(seed: int, gain: float) -> Draw:
    """Return weights that all become 127 or -127."""
    rng = np.random.default_rng(seed)
    return lambda name, shape: gain * rng.choice([-1.0, 1.0], shape)


def one_way(sign: int) -> Draw:
    """Return weights of 127, biases that win: z is 0, r is 1, all states become 127 or -128."""

    def draw(name: str, shape: tuple[int, ...]) -> Floats:
        if name == "ghost_bias":
            return np.zeros(shape)
        if name != "bias":
            return np.ones(shape)
        z, r, c = np.split(np.full(shape, 2000.0), 3, axis=1)
        return np.concatenate([-z, r, sign * c], axis=1)

    return draw


def loud(
    rng: np.random.Generator, shape: tuple[int, ...], outputs: int
) -> tuple[Int8s, Int32s, tuple[float, ...]]:
    """Return weights, many at the extremes, biases and a scale for each output."""
    some = rng.integers(-127, 128, shape)
    weights = np.where(rng.random(shape) < 0.3, 127 * np.sign(some), some).astype(np.int8)
    bias = rng.integers(-9000, 9000, outputs).astype(np.int32)
    return weights, bias, tuple(rng.uniform(0.002, 0.02, outputs))


def extreme_inputs(model: Model, frames: int = 7) -> np.ndarray:
    """Return two sequences; one begins with frames of nothing but -128 and 127."""
    x = random_inputs(1, model, 2, frames)
    x[0, 0], x[0, 1] = -128, 127
    return x


# Looked at by the next call, which is the same frame's head or the next frame.
GUARDED = """
  if (scratch->marked == 0x5AA5U) {
    for (unsigned i = 0; i < sizeof scratch->guard; i++) {
      if (scratch->guard[i] != 0x5AU) __builtin_trap();
    }
  }
  memset(scratch->guard, 0x5A, sizeof scratch->guard);
  scratch->marked = 0x5AA5U;
"""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Build images that end when something was written behind the scratch memory."""
    rendered = templates.render

    def render(name: str, context: Any) -> str:
        text = rendered(name, context)
        if name == "model/model.h.jinja":
            end = f"}} {context.name}_scratch_t;"
            assert text.count(end) == 1
            text = text.replace(end, f"  uint8_t guard[64];\n  uint32_t marked;\n{end}")
        if name == "model/model.c.jinja":
            assert text.count("  (void)scratch;\n") >= 2
            text = text.replace("  (void)scratch;\n", GUARDED)
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "render", render)
        yield


def check(model: Model, board: str, kernels: str, kind: str, folder: Path, engine: str) -> None:
    """Build for a board, run on an emulator, and compare outputs and states with the reference."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    target = boards.load(board)
    choice: Choice = "plain" if kernels == "plain" else "auto"
    with guarded():
        built = build.build(model, target, "stream", folder, kind, kernels=choice)
    assert built.kernels == kernels
    frames = 7 if any(step.variables for step in model.steps) else 3  # no frame knows another
    work = [verify.Sequence(f"case {i}", x) for i, x in enumerate(extreme_inputs(model, frames))]
    report = on_emulator.run(built, work, engine).comparison
    assert report.mismatches == 0, report.first

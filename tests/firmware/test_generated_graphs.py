# SPDX-License-Identifier: Apache-2.0
"""Random graphs: the generated C, compiled for this machine, equals the reference in every byte.

All models of a test are one translation unit, since compilers take longest to begin.
"""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcu_ghost.build import kernels, model_c
from mcu_ghost.build.kernels import dsp, plain
from mcu_ghost.host import templates
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from tests import graphs
from tests.conftest import compile_host, kernel_sources
from tests.grower import Wish

pytestmark = pytest.mark.toolchain

GRAPHS = 72  # of each variant; each with one plan
PLANS: tuple[dict[str, Any], ...] = ({}, {"plan": "stream"}, {"plan": "window"})


def models(first: int, count: int) -> list[tuple[int, Model]]:
    """Return random networks with their seeds, each with a plan that is possible."""
    made = []
    for seed in range(first, first + count):
        graph = graphs.graph(seed, Wish(breaks=(0.0, 0.1, 0.3)[seed % 3]))
        model = Model(f"g{seed}", graph, {"version": 1, **PLANS[seed // 3 % 3]})
        try:
            model.schedule  # noqa: B018
        except GhostError:
            model = replace(model, metadata={"version": 1, "plan": "window"})
        made.append((seed, model))
    return made


def compiled(every: list[Model], folder: Path, variant: kernels.Variant) -> ctypes.CDLL:
    """Render networks, and compile them as one library."""
    includes = []
    for model in every:
        context = model_c.model_context(model, variant)
        (folder / model.name).mkdir(parents=True)
        for name in ("model.h", "model.c", "model_data.h", "model_data.c"):
            text = templates.render(f"model/{name}.jinja", context)
            (folder / model.name / name).write_text(text)
        includes += [f'#include "{model.name}/{name}"' for name in ("model.c", "model_data.c")]
    source = folder / "all.c"
    source.write_text("\n".join(includes))
    sources = [source, *kernel_sources(variant)]
    return ctypes.CDLL(str(compile_host(folder / "all.so", sources, "-O0", variant=variant)))


def differs(library: ctypes.CDLL, model: Model, x: np.ndarray) -> str:
    """Return where a sequence's outputs or state differ from the reference."""
    guard = 64
    size = model.output_size
    state, scratch = (np.full(n, 99, np.int8) for n in (model.state_bytes + guard, 1 << 16))
    out = np.full(size + guard, 99, np.int8)
    call = {name: library[f"{model.name}_{name}"] for name in ("reset", "step")}
    head = library[f"{model.name}_{'head_now' if model.window else 'head'}"]
    call["step"].restype = ctypes.c_bool
    p_state, p_scratch, p_out = (a.ctypes.data_as(ctypes.c_void_p) for a in (state, scratch, out))
    call["reset"](p_state)
    runner, clock = reference.Runner(model), model.schedule.answers
    for number, frame in enumerate(np.ascontiguousarray(x)):
        new = call["step"](p_state, p_scratch, frame.ctypes.data_as(ctypes.c_void_p), p_out)
        runner.step(frame)
        due = number >= clock.first and (number - clock.first) % clock.period == 0
        if model.ticks and new != due:
            return f"frame {number}: new is {new}"
        scratch[:] = 77  # nothing may live there
        if not model.head_per_frame and number % 3 == 0:
            head(p_state, p_scratch, p_out)
        if model.head_per_frame or number % 3 == 0:
            wanted = runner.answer()
            if (out[:size] != wanted).any():
                return f"frame {number}: {out[:size]} is not {wanted}"
        kept = runner.state_bytes()
        if (state[: len(kept)] != kept).any():
            return f"frame {number}: state {np.flatnonzero(state[: len(kept)] != kept)}"
    head(p_state, p_scratch, p_out)
    if (out[:size] != runner.answer()).any():
        return "the last answer"
    beyond = (out[size:] != 99).any() or (state[model.state_bytes :] != 99).any()
    return "written beyond the end" if beyond else ""


def check(first: int, count: int, folder: Path, variant: kernels.Variant) -> None:
    """Compare so many networks."""
    made = models(first, count)
    library = compiled([model for _, model in made], folder, variant)
    for seed, model in made:
        found = differs(library, model, graphs.frames(model, graphs.values(seed, model.graph)))
        assert not found, f"graph {seed} {model.metadata}: {found}"


def test_plain_c(tmp_path: Path) -> None:
    check(0, GRAPHS, tmp_path, "plain")


def test_dsp_kernels_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the whole steps in assembly; its products are those of dsp_assembly.c."""
    monkeypatch.setattr(dsp, "_short", lambda op: False)
    monkeypatch.setitem(dsp.KERNELS, "lstm", plain.KERNELS["lstm"])
    check(5000, GRAPHS, tmp_path, "dsp")


def test_the_long_ways_of_dsp_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is packed where sums could be large."""
    monkeypatch.setattr(dsp, "EXACT", 0)
    check(6000, GRAPHS // 2, tmp_path, "dsp")


def test_lanes_on_this_machine(tmp_path: Path) -> None:
    """The kernels of cores without DSP instructions."""
    check(7000, GRAPHS // 2, tmp_path, "lanes")

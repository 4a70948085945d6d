# SPDX-License-Identifier: Apache-2.0
"""The generated C, compiled for this machine, equals the reference for every byte."""

from __future__ import annotations

import ctypes
import dataclasses
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build import model_c
from mcu_ghost.host import templates
from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_inputs, random_model
from tests import two_ends
from tests.conftest import compile_model, compile_program, kernel_sources

pytestmark = pytest.mark.toolchain
GUARD = bytes(range(101, 165))


def run_c(library: ctypes.CDLL, model: Model, x: np.ndarray) -> np.ndarray:
    """Run one sequence (frames, inputs) through the compiled model; it must keep to its memory."""
    sizes = list((ctypes.c_uint * 2).in_dll(library, "sizes"))
    buffers = [ctypes.create_string_buffer(size + len(GUARD)) for size in sizes]
    for buffer, size in zip(buffers, sizes, strict=True):
        buffer[size:] = GUARD
    state, scratch = buffers
    out = np.zeros(model.output_size, np.int8)
    pointer = out.ctypes.data_as(ctypes.c_void_p)
    getattr(library, f"{model.name}_reset")(state)
    every = []
    for frame in np.ascontiguousarray(x):
        source = frame.ctypes.data_as(ctypes.c_void_p)
        getattr(library, f"{model.name}_step")(state, scratch, source, pointer)
        every.append(out.copy())
    if not model.head_per_frame:
        head = "head_now" if model.window else "head"
        getattr(library, f"{model.name}_{head}")(state, scratch, pointer)
    for buffer, size in zip(buffers, sizes, strict=True):
        assert buffer[size:] == GUARD, "written beyond the end"
    return np.stack(every) if model.head_per_frame else out


@pytest.mark.parametrize(
    "shape",
    [
        dict(units=154, ratio=2, inputs=10),
        dict(units=13, ratio=1, inputs=3, head_per_frame=True),
        dict(units=9, ratio=4, inputs=65, layers=3),
        dict(units=31, ratio=3, inputs=1, layers=2, classes=0),
        dict(units=8, ratio=2, inputs=4, layers=2, classes=0, head_per_frame=True),
        dict(units=17, ratio=2, inputs=40, gain=40.0),
    ],
    ids=lambda shape: "-".join(f"{k}{v}" for k, v in shape.items()),
)
def test_generated_c_equals_reference(shape: dict[str, int], tmp_path: Path) -> None:
    model = random_model(7, **shape)
    library = compile_model(model, tmp_path)
    for x in random_inputs(7, model, cases=4, frames=30):
        np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


@pytest.mark.parametrize("window", [True, False])
def test_two_inputs_and_outputs(window: bool, tmp_path: Path) -> None:
    made = two_ends.network(window=window)
    twice = dataclasses.replace(made.graph, outputs=(*made.graph.outputs, made.graph.outputs[0]))
    for name, model in (("two", made), ("thrice", dataclasses.replace(made, graph=twice))):
        library = compile_model(model, tmp_path / name)
        for x in random_inputs(7, model, cases=3, frames=model.window or 9):
            np.testing.assert_array_equal(run_c(library, model, x), reference.run(model, x))


@pytest.mark.parametrize(
    "odd", [("int", "int"), ("9 a", "linux"), ("a", "a_fixed"), ("ä", "*/ x"), ("é", "")]
)
def test_names_of_ends_are_identifiers(odd: tuple[str, str], tmp_path: Path) -> None:
    """Whatever a file calls its inputs, a compiler takes them, and tells them apart."""
    graph = two_ends.network(window=False).graph
    tensors = list(graph.tensors)
    for i, name in zip(graph.inputs + graph.outputs, odd + odd, strict=True):
        tensors[i] = dataclasses.replace(tensors[i], name=name)
    model = Model("two", dataclasses.replace(graph, tensors=tuple(tensors)))
    context = model_c.model_context(model)
    (tmp_path / "model.h").write_text(templates.render("model/model.h.jinja", context))
    (tmp_path / "main.c").write_text('#include "model.h"\nint main(void) { return 0; }\n')
    compile_program(tmp_path / "main", [tmp_path / "main.c"], f"-I{tmp_path}")


def test_every_end_has_functions_of_its_own(tmp_path: Path) -> None:
    model = two_ends.network(window=True)
    compile_model(model, tmp_path)
    calls = [f'printf("%d ", two_quantize_{e.part}(1.0f));' for e in model.input_ends]
    calls += [f'printf("%d ", two_quantize_{e.part}_fixed(3, 1));' for e in model.input_ends]
    calls += [f'printf("%g ", (double)two_dequantize_{e.part}(7));' for e in model.output_ends]
    body = "\n".join(calls)
    (tmp_path / "main.c").write_text(
        f'#include <stdio.h>\n#include "model.h"\nint main(void) {{\n{body}\nreturn 0; }}\n'
    )
    program = compile_program(tmp_path / "main", [tmp_path / "main.c"], f"-I{tmp_path}")
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
    wanted = [end.tensor.quantize(value) for value in (1.0, 1.5) for end in model.input_ends]
    assert [int(word) for word in said[:4]] == wanted
    real = [float(end.tensor.dequantize(7)) for end in model.output_ends]
    assert [float(word) for word in said[4:]] == pytest.approx(real, rel=1e-5)


def test_channels_have_functions_by_number(tmp_path: Path) -> None:
    """In fixed point too; all values come from the channels' own scales and offsets."""
    said = {"scales": [0.0625, 0.25, 0.5], "offsets": [12.5, 1013.25, -0.75]}
    model = two_ends.network(window=True, said={"inputs": {"accel": said}})
    compile_model(model, tmp_path)
    values = np.array([[i + v / 4 for i in said["offsets"]] for v in range(-40, 40)])
    given = ", ".join(map(str, (values.ravel() * 4).astype(int)))
    (tmp_path / "main.c").write_text(f"""
#include <stdio.h>
#include "model.h"
static const int32_t x[] = {{{given}}};
int main(void) {{
  for (int32_t i = 0; i < {values.size}; i++)
    printf("%d %d ", two_quantize_accel_fixed(x[i], 2, i % 3),
           two_quantize_accel((float)x[i] / 4.0f, i % 3));
  return 0;
}}
""")
    sources = [*(tmp_path / f"{name}.c" for name in ("main", "model", "model_data")),
               *kernel_sources("plain")]  # fmt: skip
    program = compile_program(tmp_path / "main", sources, f"-I{tmp_path}")
    out = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
    found = np.array(out, int).reshape(*values.shape, 2)
    wanted = model.input_ends[0].quantize(values)
    assert len(np.unique(wanted)) > 60
    np.testing.assert_array_equal(found[..., 0], wanted)
    np.testing.assert_array_equal(found[..., 1], wanted)


def test_a_window_is_answered_when_it_is_full(tmp_path: Path) -> None:
    """Neither before nor after; what is asked too early or too late is left as it was."""
    model = random_model(5, units=9, ratio=2, inputs=4, layers=2, frames=6, windows=True)
    library = compile_model(model, tmp_path)
    library.random_head.restype = ctypes.c_bool
    state, scratch = (ctypes.create_string_buffer(1 << 12) for _ in range(2))
    untouched = np.full(12, 99, np.int8)
    for x in random_inputs(5, model, cases=3, frames=6):
        window, out = np.ascontiguousarray(x), untouched.copy()
        pointer = out.ctypes.data_as(ctypes.c_void_p)
        frames = [frame.ctypes.data_as(ctypes.c_void_p) for frame in [*window, window[0]]]
        runner = reference.Runner(model)
        library.random_reset(state)
        for count, frame in enumerate([*frames, frames[0]]):
            full = library.random_head(state, scratch, pointer)
            assert full == (count == 6)
            np.testing.assert_array_equal(out, reference.run(model, x) if full else untouched)
            out[:] = untouched
            library.random_step(state, scratch, frame, None)
            runner.step([*window, window[0], window[0]][count])
            assert state.raw[: model.state_bytes] == runner.state_bytes().tobytes()
        assert runner.frames == 7 and not library.random_head(state, scratch, pointer)
        source = window.ctypes.data_as(ctypes.c_void_p)
        library.random_run(state, scratch, source, pointer)  # whatever was before
        np.testing.assert_array_equal(out, reference.run(model, x))

# SPDX-License-Identifier: Apache-2.0
"""The exported loop on data: every window and every frame is answered as the reference does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.network import reference
from mcu_ghost.network.model import Model
from tests import two_ends
from tests.build.export import libraries
from tests.build.export.libraries import MODELS
from tests.build.export.test_arduino import objects
from tests.conftest import need

pytestmark = pytest.mark.toolchain
WINDOWS = 12


def signals(model: Model, frames: int) -> np.ndarray:
    """Return (frames, inputs) numbers of a sensor, some of them out of range."""
    rng, size = np.random.default_rng(4), model.tensors[model.inputs[0]].size
    pace = rng.uniform(0, 0.5, (1, size)) * np.arange(frames)[:, None]
    louder = 1 + np.arange(frames)[:, None] // 50 % 3
    return (louder * np.sin(pace) + rng.normal(0, 0.3, (frames, size))).astype(np.float32)


def program(model: Model, folder: Path, kind: str) -> Path:
    """Compile the example of a library."""
    cc = need("gcc", "gcc")
    if kind == "arduino":
        need("g++", "g++")
        sketch = folder / "examples" / "loop" / "loop.ino"
        sources = objects(folder, sketch, [cc, "-O1"], folder.parent / "out")
    else:
        sources = [*folder.glob("src/net/*.c"), folder / "examples" / "loop" / "main.c"]
    flags = [*libraries.STRICT, f"-I{folder / 'src'}"]
    libraries.run([cc, *flags, *sources, "-o", folder.parent / "loop"])
    return folder.parent / "loop"


def answers(loop: Path, x: np.ndarray, tmp_path: Path) -> list[dict[str, float]]:
    """Return what the example says of frames: the outputs by name, of each answer."""
    (tmp_path / "frames.txt").write_text("\n".join(" ".join(map(str, row)) for row in x) + "\n")
    with (tmp_path / "frames.txt").open() as frames:
        said = libraries.run([loop], stdin=frames)
    lines = [[part.rsplit(" ", 1) for part in line.split(", ")] for line in said.splitlines()]
    return [{name: float(value) for name, value in line} for line in lines]


def expected(model: Model, x: np.ndarray) -> np.ndarray:
    """Return the int8 outputs of each answer."""
    frames = model.tensors[model.inputs[0]].quantize(x)
    if model.window:
        return reference.run(model, frames.reshape(-1, model.window, frames.shape[-1]))
    runner, every = reference.Runner(model), []
    for frame in frames:
        runner.step(frame)
        every.append(runner.head()[0])
    return np.array(every)


def test_every_window_is_answered_as_the_reference_does_and_right(tmp_path: Path) -> None:
    model, rng = MODELS["windows"](), np.random.default_rng(4)
    labels = rng.integers(0, 4, 80)
    x = rng.normal(0, 0.3, (80, 50, 3)).astype(np.float32)
    x += np.vstack([np.zeros(3), np.eye(3)])[labels][:, None]
    frames = model.input.tensor.quantize(x)
    want = reference.run(model, frames)
    folder = libraries.make(model, "cmake", tmp_path / "net")
    loop = program(model, folder, "cmake")
    found = answers(loop, np.vstack([*x, x[0, :49]]), tmp_path)  # of 49 frames there is no answer
    assert list(found[0]) == model.labels
    steps = model.output.tensor.quantize([list(answer.values()) for answer in found])
    np.testing.assert_array_equal(steps, want)
    assert (steps.argmax(-1) == labels).mean() >= 0.99
    runner, never_reset = reference.Runner(model), []
    for window in frames:
        for frame in window:
            runner.step(frame)
        never_reset.append(runner.head()[0].argmax())
    assert (np.array(never_reset) == labels).mean() < 0.7


@pytest.mark.parametrize(
    ("which", "kind"),
    [
        ("windows", "arduino"),
        ("last_only", "cmake"),
        ("every_frame", "cmake"),
        ("every_frame", "arduino"),
    ],
)
def test_the_loop_answers_as_the_reference(which: str, kind: str, tmp_path: Path) -> None:
    model = MODELS[which]()
    folder = libraries.make(model, kind, tmp_path / "net")  # type: ignore[arg-type]
    x = signals(model, 50 * WINDOWS)
    found = answers(program(model, folder, kind), x, tmp_path)
    want = expected(model, x)
    assert list(found[0]) == model.output.values and len(set(map(bytes, want))) > WINDOWS // 2
    steps = model.output.tensor.quantize([list(answer.values()) for answer in found])
    np.testing.assert_array_equal(steps, want)


@pytest.mark.parametrize(("window", "kind"), [(True, "cmake"), (False, "arduino")])
def test_a_loop_of_several_inputs_and_outputs(window: bool, kind: str, tmp_path: Path) -> None:
    said = {"outputs": {"class": {"names": ["a", "b", "c"]}, "gains": {"units": "dB"}}}
    model = two_ends.network(window=window, said=said)
    folder = libraries.make(model, kind, tmp_path / "net")  # type: ignore[arg-type]
    x = np.random.default_rng(3).normal(0, 1, (15, 5)).astype(np.float32)
    found = answers(program(model, folder, kind), x, tmp_path)
    integers = np.hstack([end.tensor.quantize(part) for end, part in
                          zip(model.input_ends, (x[:, :3], x[:, 3:]), strict=True)])  # fmt: skip
    want = reference.run(model, integers.reshape(3, 5, 5) if window else integers)
    gains, scores = model.output_ends
    assert list(found[0]) == [*gains.every, *scores.every]
    assert {"gains 1 (dB)", "y_class b"} < set(found[0])
    given = np.array([list(answer.values()) for answer in found])
    steps = [gains.tensor.quantize(given[:, : gains.tensor.size]),
             scores.tensor.quantize(given[:, gains.tensor.size :])]  # fmt: skip
    np.testing.assert_array_equal(np.hstack(steps), want)
    readme = (folder / "README.md").read_text()
    member = "window[i].air_pressure[j]" if window else "in.air_pressure[j]"
    assert f"{member} = net_quantize_air_pressure(air_pressure[j]);" in readme
    assert "| y_class, output | a, b, c | 0.00390625 | -128 |" in readme


def test_an_answer_that_nobody_looks_at_is_a_warning(tmp_path: Path) -> None:
    """So is a window that may not be full."""
    folder = libraries.make(MODELS["windows"](), "cmake", tmp_path / "net")
    (tmp_path / "main.c").write_text(
        '#include "net.h"\nstatic net_state_t state;\nstatic net_scratch_t scratch;\n'
        "int main(void) { net_out_t out; net_head(&state, &scratch, &out); return out.y[0]; }\n"
    )
    command = [need("gcc", "gcc"), "-Werror", f"-I{folder / 'src'}", "-c", tmp_path / "main.c"]
    with pytest.raises(AssertionError, match="warn_unused_result|unused-result"):
        libraries.run([*command, "-o", tmp_path / "main.o"])


def test_the_readme_and_the_header_say_how_it_is_driven(tmp_path: Path) -> None:
    for which, loop in (
        ("windows", "net_run(&state, &scratch, window, &out);"),
        ("every_frame", "net_reset(&state); /* once: a stream */"),
    ):
        model = MODELS[which]()
        folder = libraries.make(model, "cmake", tmp_path / which)
        readme, header = ((folder / f).read_text() for f in ("README.md", "src/net/model.h"))
        assert loop in readme and "value[j]" in readme
        assert f"#define NET_WINDOW_FRAMES {model.window or 0}\n" in header
        assert ("net_run(" in header) == (model.window is not None)
        scale = model.tensors[0].scale
        assert f"| {scale:.6g} g |" in readme or which == "every_frame"
        assert f"#define NET_INPUT_SCALE {model.input.scale}\n" in header


def test_channels_with_scales_of_their_own(tmp_path: Path) -> None:
    """Degrees, hectopascals and per cent, which no scale would serve together."""
    bare = MODELS["every_frame"]()
    said = {"scales": [0.0625, 0.3, 0.00390625], "offsets": [12.5, 1013.0, -0.25]}
    model = dataclasses.replace(bare, metadata=bare.metadata | {"inputs": said})
    x = signals(model, 120) * [4, 40, 0.3] + said["offsets"]
    integers = model.input.quantize(x)
    assert len(np.unique(integers)) > 100
    runner = reference.Runner(model)
    want = []
    for frame in integers:
        runner.step(frame)
        want.append(runner.answer())
    folder = libraries.make(model, "cmake", tmp_path / "net")
    assert "_quantize(value, i)` takes real numbers" in (folder / "README.md").read_text()
    found = answers(program(model, folder, "cmake"), x, tmp_path)
    steps = model.output.tensor.quantize([list(answer.values()) for answer in found])
    np.testing.assert_array_equal(steps, want)

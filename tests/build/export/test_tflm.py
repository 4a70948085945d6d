# SPDX-License-Identifier: Apache-2.0
"""The export for TensorFlow Lite Micro.

What is written is compiled and run in the stock tflite-micro wheel, on the glue that the wheel
needs. The shim in C++ needs TFLM's headers: where TFLM_ROOT names a tree with its third_party
folder, it is compiled; where TFLM_LIBRARY names that tree's static library for this machine, the
example runs.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from mcu_ghost.build import export
from mcu_ghost.build.export.tflm import texts
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network import golden, reference
from mcu_ghost.network.model import Model
from mcu_ghost.network.ops.lookup import Lookup
from mcu_ghost.network.ops.lstm import LSTM
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read
from tests.build.export import libraries
from tests.conftest import ROOT, WARNINGS, need
from tests.image_networks import Growing
from tests.networks import network
from tests.recurrent import X, alone

GLUE = ROOT / "tests" / "firmware" / "tflm" / "glue.c"
MODELS = {
    "bundled": lambda: read.load(resources.default_model()),
    "sequence": lambda: random_model(3, units=21, ratio=2, inputs=5, classes=3, frames=6),
    "pairs": lambda: random_model(
        5, units=9, ratio=1, inputs=3, layers=2, classes=2, frames=2, stateful=True,
        head_per_frame=True,
    ),
    "heads": lambda: network(68, frames=4),
    "other_heads": lambda: network(103, frames=4),
}  # fmt: skip


def frames_of_a_case(model: Model) -> int:
    """Return how many frames the example's cases have."""
    return model.frames * (-(-8 // model.frames) if model.layers[0].stateful else 1)


def wanted(model: Model) -> np.ndarray:
    """Return what the reference computes for the example's input."""
    x = golden.make(model, frames=frames_of_a_case(model)).inputs
    y = np.stack([reference.run(model, case) for case in x])
    return y[:, -1] if model.head_per_frame else y


def flags(folder: Path) -> list[str]:
    """Return where the export's headers are."""
    return [f"-I{folder / name}" for name in ("ghost_gru", "model", "examples/check")]


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", MODELS)
def test_what_is_written_in_the_stock_wheel(kind: str, tmp_path: Path) -> None:
    """In a process of its own: the wheel finds the operator by name among all that is loaded."""
    model = MODELS[kind]()
    folder = libraries.make(model, "tflm", tmp_path / "net")
    sources = [*folder.glob("ghost_gru/*.c"), folder / "model/net_model.c"]
    library = tmp_path / "net.so"
    command = [need("gcc", "gcc"), *libraries.STRICT, "-Wno-conversion", "-fPIC", "-shared"]
    libraries.run([*command, *flags(folder), *sources, folder / "examples/check/golden.c", GLUE,
                   "-o", library])  # fmt: skip
    header = (folder / "model/net_model.h").read_text()
    sizes = re.findall(r"net_model\[(\d+)\]|NET_ARENA_BYTES (\d+)", header)
    size, arena = ("".join(match) for match in sizes)
    x = golden.make(model, frames=frames_of_a_case(model)).inputs
    np.save(tmp_path / "x.npy", x.reshape(len(x), -1, model.frames, x.shape[-1]))
    command = [sys.executable, "-m", "tests.build.export.test_tflm", library, size, arena]
    command += [tmp_path / "x.npy", tmp_path / "y.npy"]
    said = libraries.run(command, cwd=ROOT)
    assert said == "golden cases are the same\n"
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), wanted(model))


def in_the_wheel(library: str, size: str, arena: str, x_file: str, y_file: str) -> None:
    """Run cases in the wheel, in the arena that is told to be enough; write the last outputs."""
    from tests.firmware.tflm import wheel

    loaded = ctypes.CDLL(library, ctypes.RTLD_GLOBAL)
    data = bytes((ctypes.c_uint8 * int(size)).in_dll(loaded, "net_model"))
    start, x, rows = wheel.micro(loaded, int(arena)), np.load(x_file), []
    inputs = np.array((ctypes.c_int8 * x.size).in_dll(loaded, "golden_inputs"), np.int8)
    np.testing.assert_array_equal(inputs, x.ravel())
    for case in x:
        interpreter = start(data)
        for frames in case:
            interpreter.set_input(frames[None], 0)
            interpreter.invoke()
        rows.append(interpreter.get_output(0).reshape(-1, interpreter.get_output(0).shape[-1])[-1])
    outputs = np.array(rows, np.int8)
    answers = np.array((ctypes.c_int8 * outputs.size).in_dll(loaded, "golden_outputs"), np.int8)
    np.testing.assert_array_equal(answers, outputs.ravel())
    np.save(y_file, outputs)
    print("golden cases are the same")


@pytest.mark.toolchain
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m55"])
def test_the_c_compiles_for_every_core(core: str, tmp_path: Path) -> None:
    gcc = need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    folder = libraries.make(MODELS["sequence"](), "tflm", tmp_path / "net")
    for source in [*folder.glob("ghost_gru/*.c"), *folder.glob("*/*_model.c")]:
        command = [gcc, *libraries.arm_flags(core), *libraries.STRICT, *flags(folder)]
        libraries.run([*command, "-c", source, "-o", tmp_path / "out.o"])


def tflm() -> list[str]:
    """Return what compiles against TFLM's tree; skip where there is none."""
    root = os.environ.get("TFLM_ROOT")
    if root is None:
        pytest.skip("needs TFLM_ROOT: a tree of TensorFlow Lite Micro with its third_party folder")
    third = Path(root) / "third_party"
    folders = [third / "flatbuffers" / "include", third / "gemmlowp", third / "ruy"]
    include = [f"-I{root}", *(f"-isystem{folder}" for folder in folders)]
    strict = ["-Wall", "-Wextra", "-Wno-unused-parameter"]  # TFLM's headers have some
    options = ["-std=c++17", "-O1", "-fno-exceptions", "-fno-rtti", "-DTF_LITE_STATIC_MEMORY"]
    return [need("g++", "g++"), *options, *strict, *include]


@pytest.mark.toolchain
@pytest.mark.parametrize("kind", MODELS)
def test_the_example_in_a_tflm_tree(kind: str, tmp_path: Path) -> None:
    compiler = tflm()
    model = MODELS[kind]()
    folder = libraries.make(model, "tflm", tmp_path / "net")
    made = []
    for source in sorted(folder.rglob("*.c*")):
        made.append(tmp_path / f"{source.stem}.o")
        command = compiler if source.suffix == ".cc" else [need("gcc", "gcc"), *WARNINGS]
        libraries.run([*command, *flags(folder), "-c", source, "-o", made[-1]])
    library = os.environ.get("TFLM_LIBRARY")
    if library is None:
        return
    libraries.run([compiler[0], *made, library, "-o", tmp_path / "check"])
    said = libraries.run([tmp_path / "check"])
    np.testing.assert_array_equal(libraries.outputs(said), wanted(model))
    assert said.endswith("PASS\n")


def test_there_is_no_core_to_choose(tmp_path: Path) -> None:
    for given in ({"core_name": "cortex-m4"}, {"board": "nrf52840"}):
        with pytest.raises(GhostError, match="leave out --core and --board"):
            libraries.export(MODELS["sequence"](), "tflm", tmp_path / "net", **given)
    assert not (tmp_path / "net").exists()


if __name__ == "__main__":
    in_the_wheel(*sys.argv[1:])


def test_operators_that_the_export_does_not_bring_are_refused(tmp_path: Path) -> None:
    model = alone(LSTM.random(np.random.default_rng(0), X, 0))
    with pytest.raises(GhostError, match="GhostLSTM runs without TensorFlow Lite Micro only"):
        export.export(model, "tflm", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_of_ours_is_refused() -> None:
    """TensorFlow Lite Micro would not know it."""
    graph = Growing(0, (6,))
    graph.add(Lookup)
    with pytest.raises(GhostError, match="GhostLookup runs without TensorFlow Lite Micro only"):
        texts(graph.model({}))

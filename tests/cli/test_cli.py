# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it: help, errors of one sentence, JSON alone on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcu_ghost import tflite_write
from mcu_ghost.cli import VERBS
from mcu_ghost.random_model import random_model


def ghost(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "mcu_ghost", *words]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


def refusal(*words: str, cwd: Path | None = None) -> str:
    """Run a command that must fail with one clear error and nothing on stdout."""
    result = ghost(*words, cwd=cwd)
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and "Traceback" not in result.stderr
    return result.stderr.removeprefix("error: ").strip()


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    tflite_write.write(random_model(3, units=12, ratio=2, inputs=5), path)
    return path


def test_help_lists_every_verb() -> None:
    result = ghost("--help")
    assert result.returncode == 0
    assert all(f"  {verb} " in result.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = ghost(verb, "--help")
    assert result.returncode == 0 and "Example" in result.stdout


def test_no_verb_imports_tensorflow_to_say_what_it_does() -> None:
    code = (
        "import sys, importlib\n"
        "from mcu_ghost.cli import VERBS\n"
        "for v in VERBS: importlib.import_module(f'mcu_ghost.cli.{v}')\n"
        "import mcu_ghost.build, mcu_ghost.emulated, mcu_ghost.verify, mcu_ghost.tflite_file\n"
        "import mcu_ghost.emulate.qemu, mcu_ghost.emulate.renode, mcu_ghost.emulate.unicorn\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'tf_keras', 'keras')]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_verb_and_board_say_what_was_meant() -> None:
    assert "Did you mean 'build'?" in refusal("biuld")
    assert "Did you mean 'nrf52840'?" in refusal("build", "--board", "nrf52480")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.tflite"
    assert refusal("build", "-b", "nrf52840", "-m", str(path)).startswith(f"{path}: cannot be read")


def test_garbage_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "garbage.tflite"
    path.write_bytes(os.urandom(5000))
    assert "not a TensorFlow Lite file" in refusal("build", "-b", "nrf52840", "-m", str(path))


def test_a_file_where_a_folder_should_be(tmp_path: Path, model_file: Path) -> None:
    words = ("build", "-b", "nrf52840", "-m", str(model_file), "--toolchain", "zig")
    assert str(model_file) in refusal(*words, "-o", str(model_file))
    assert str(model_file) in refusal(*words, "-o", str(model_file / "deeper"))


def test_boards_as_json() -> None:
    result = ghost("boards", "--json")
    names = [b["name"] for b in json.loads(result.stdout)]
    assert {"nrf52840", "mps2-an385", "mps3-an547", "microbit"} <= set(names)
    assert json.loads(ghost("boards", "nrf52840", "--json").stdout)["cpu"]["core"] == "cortex-m4"


@pytest.mark.toolchain
def test_build_as_json(tmp_path: Path, model_file: Path) -> None:
    words = ("build", "-b", "nrf52840", "-m", str(model_file), "-o", str(tmp_path / "b"), "--json")
    result = ghost(*words, "--toolchain", "zig")
    data = json.loads(result.stdout)
    wanted = "board model app toolchain elf hex bin flash_bytes flash_size ram_bytes ram_size"
    assert {*wanted.split(), "weights_bytes"} <= set(data)
    assert Path(data["elf"]).is_file() and data["toolchain"] == "zig"

# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it: help, errors of one sentence, JSON alone on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mcu_ghost import boards
from mcu_ghost.boards.flash import payload
from mcu_ghost.cli import VERBS
from mcu_ghost.host import resources
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from tests.cli.in_process import clear_error
from tests.conftest import ROOT

pytestmark = pytest.mark.slow  # each starts programs of its own


def ghost(
    *words: str, cwd: Path | None = None, columns: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, whatever terminal the tests run in."""
    command = [sys.executable, "-m", "mcu_ghost", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("COLUMNS", None)  # some libraries set it
    environment |= {"COLUMNS": str(columns)} if columns else {}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


def refusal(*words: str, cwd: Path | None = None) -> str:
    """Run a command that must fail with one clear error, and nothing on stdout but its JSON."""
    return clear_error(ghost(*words, cwd=cwd))


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    write.write(random_model(3, units=12, ratio=2, inputs=5), path)
    return path


def test_help_lists_every_verb() -> None:
    result = ghost("--help")
    assert result.returncode == 0
    assert all(f"  {verb} " in result.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = ghost(verb, "--help")
    assert result.returncode == 0 and "Example" in result.stdout
    assert VERBS[verb] in " ".join(result.stdout.split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from mcu_ghost.cli import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "bad = {m.split('.')[0] for m in sys.modules} & {'numpy', 'jinja2', 'msgspec', 'rich'}\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_verb_imports_tensorflow_to_say_what_it_does() -> None:
    code = (
        "import sys, importlib\n"
        "from mcu_ghost.cli import VERBS\n"
        "for v in VERBS: importlib.import_module(f'mcu_ghost.cli.{v}')\n"
        "import mcu_ghost.build.build, mcu_ghost.proof.on_emulator, mcu_ghost.network.tflite.read\n"
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
    assert refusal("build", "-b", "nrf52840", "-m", str(path)).startswith(
        f"{path}: there is no such file"
    )


def test_garbage_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "garbage.tflite"
    path.write_bytes(os.urandom(5000))
    assert "not a TensorFlow Lite file" in refusal("build", "-b", "nrf52840", "-m", str(path))


@pytest.mark.slow
def test_a_file_where_a_folder_should_be(tmp_path: Path, model_file: Path) -> None:
    words = ("build", "-b", "nrf52840", "-m", str(model_file), "--toolchain", "zig")
    assert str(model_file) in refusal(*words, "-o", str(model_file))
    assert str(model_file) in refusal(*words, "-o", str(model_file / "deeper"))
    # Nobody, not even root, makes folders here.
    assert "/proc/none" in refusal(*words, "-o", "/proc/none/build")


def test_boards_as_json() -> None:
    result = ghost("boards", "--json")
    names = [b["name"] for b in json.loads(result.stdout)]
    assert {"nrf52840", "mps2-an385", "mps3-an547", "microbit"} <= set(names)
    assert json.loads(ghost("boards", "nrf52840", "--json").stdout)["cpu"]["core"] == "cortex-m4"


def test_boards_say_what_they_were_tested_on() -> None:
    rows = {line.split()[0]: line for line in ghost("boards").stdout.splitlines()}
    for board, engine in {"nrf52840": "Renode", "mps2-an386": "QEMU", "pico": "our model"}.items():
        assert engine in rows[board]


def test_a_board_shows_every_key() -> None:
    data = json.loads(ghost("boards", "nano33ble", "--json").stdout)
    rows = dict(line.split(maxsplit=1) for line in ghost("boards", "nano33ble").stdout.splitlines())

    def keys(table: dict[str, Any], prefix: str = "") -> list[str]:
        found = []
        for key, value in table.items():
            inner = value and isinstance(value, dict)
            found += keys(value, f"{prefix}{key}.") if inner else [prefix + key]
        return found

    assert set(keys(data)) <= set(rows)
    assert rows["cpu.clock_hz"].strip() == "64 MHz"
    assert rows["flash.reserved"].strip() == "64.0 KiB (0x10000)"
    assert rows["console.base"].strip() == "0x40002000"
    assert rows["console.baud"].strip() == "1 000 000 baud"
    assert rows["emulators.qemu"].strip() == "–"


def test_a_board_without_a_microphone_says_where_one_is_wired() -> None:
    rows = {line.split()[0]: line for line in ghost("boards").stdout.splitlines()}
    assert "wire a PDM one" in rows["nrf52840"] and "wire" not in rows["nano33ble"]
    assert "PDM" not in rows["microbit"]
    told = "wire a PDM one, clock to P1.01, data to P1.02, select to GND"
    assert told in " ".join(ghost("boards", "nrf52840").stderr.split())
    assert "wire a" not in ghost("boards", "nano33ble").stderr


@pytest.mark.toolchain
def test_an_image_that_listens_says_what_to_wire(tmp_path: Path) -> None:
    for app, wires in (("kws", True), ("stream", False)):
        words = ("build", "-b", "nrf52840", "--app", app, "--toolchain", "zig")
        result = ghost(*words, cwd=tmp_path)
        assert result.returncode == 0
        assert ("wire a PDM one, clock to P1.01" in result.stderr) == wires
        image = tmp_path / "build" / f"nrf52840-{app}" / "firmware.elf"
        assert payload.read(image, boards.load("nrf52840")).hears == wires


@pytest.mark.toolchain
def test_build_as_json(tmp_path: Path, model_file: Path) -> None:
    words = ("build", "-b", "nrf52840", "-m", str(model_file), "-o", str(tmp_path / "b"), "--json")
    result = ghost(*words, "--toolchain", "zig")
    data = json.loads(result.stdout)
    wanted = "board model app toolchain elf hex bin flash_bytes flash_size ram_bytes ram_size"
    assert {*wanted.split(), "weights_bytes"} <= set(data)
    assert Path(data["elf"]).is_file() and data["toolchain"] == "zig"


def recording(path: Path, samples: np.ndarray) -> str:
    """Write a WAV file of int16 samples at 16 kHz."""
    soundfile.write(path, samples, 16000, subtype="PCM_16")
    return str(path)


@pytest.mark.slow
def test_recordings_that_cannot_be_used(tmp_path: Path) -> None:
    """They are refused before anything is built, each by its name."""
    silent = recording(tmp_path / "silent.wav", np.zeros(16000, np.int16))
    text = tmp_path / "text.wav"
    text.write_text("not a recording")
    for path, words in ((silent, "silent"), (str(text), "not a readable")):
        told = refusal("test", "-b", "nrf52840", "--audio", path, cwd=tmp_path)
        assert told.startswith(path) and words in told
    told = refusal("test", "-b", "nrf52840", "--audio", str(tmp_path / "none.wav"), cwd=tmp_path)
    assert "no such file" in told
    assert not (tmp_path / "build").exists()


def test_a_model_without_a_front_end_plays_no_recordings(tmp_path: Path, model_file: Path) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 16000).astype(np.int16)
    words = ("test", "-b", "nrf52840", "-m", str(model_file), "--audio")
    told = refusal(*words, recording(tmp_path / "noise.wav", noise))
    assert "does not say how to turn audio into its input" in told


@pytest.mark.emulator
def test_test_as_json(tmp_path: Path) -> None:
    """The bundled model hears a bundled clip on the emulated nRF52840."""
    clip = next(c for c in resources.demo_clips() if c.name.startswith("alexa_"))
    words = ("test", "-b", "nrf52840", "--cases", "1", "--audio", str(clip), "--json")
    result = ghost(*words, cwd=tmp_path)
    data = json.loads(result.stdout)
    assert data["board"] == "nrf52840" and data["emulator"] == "unicorn"
    assert data["cases"] == 2 and data["mismatches"] == 0 and data["instructions_per_frame"] > 1000
    assert data["audio"][0]["file"] == str(clip) and data["audio"][0]["label"] == "alexa"
    assert 0.5 < data["audio"][0]["score"] <= 1


@pytest.mark.emulator
def test_bench_as_json() -> None:
    shape = ("--units", "20", "--ratio", "3", "--inputs", "7", "--layers", "2", "--classes", "3")
    result = ghost("bench", "-b", "microbit", *shape, "--toolchain", "zig", "--json")
    data = json.loads(result.stdout)
    wanted = "board toolchain units ratio inputs macs_per_frame instructions_per_frame flash_bytes"
    assert {*wanted.split(), "ram_bytes", "mismatches"} <= set(data)
    assert data["mismatches"] == 0 and data["toolchain"] == "zig"
    m, n = 6, 20
    assert data["macs_per_frame"] == sum(3 * m * (d + n) + (n - m) * m for d in (7, n))


@pytest.mark.emulator
def test_bench_of_another_layer() -> None:
    words = ("bench", "-b", "nrf52840", "--layer", "conv_2d", "--inputs", "3", "--units", "4")
    result = ghost(*words, "--image", "5x2", "--kernel", "3x1", "--toolchain", "zig")
    assert result.returncode == 0
    assert result.stdout.startswith(
        "conv_2d, image 5x2, kernel 3x1, strides 1x1, 3 inputs, 4 units"
    )
    assert "360 MACs (computed)" in result.stdout and "equal bit for bit" in result.stdout


def test_bench_refuses_impossible_shapes() -> None:
    words = ("bench", "-b", "nrf52840", "--inputs", "3")
    assert "ghost_gru needs --units" in refusal(*words)
    for more, told in (
        (("--layer", "lstn"), "'lstn' is none of ghost_gru, dense, lstm"),
        (("--kernel", "3y"), "'3y' is no size like 3x3"),
        (("--kernel", "0x1"), "'0x1' is no size like 3x3"),
    ):
        result = ghost(*words, *more)
        assert result.returncode == 2 and told in result.stderr
    told = refusal("bench", "-b", "nrf52840", "--units", "4", "--ratio", "5", "--inputs", "3")
    assert "leaves no intrinsic state of 4 units" in told


@pytest.mark.emulator
def test_being_terminated_ends_the_emulator(tmp_path: Path, model_file: Path) -> None:
    words = ["test", "-b", "mps2-an386", "--emulator", "qemu", "-m", str(model_file)]
    words += ["--cases", "10000", "--frames", "500", "-o", str(tmp_path / "b")]
    running = subprocess.Popen(
        [sys.executable, "-m", "mcu_ghost", *words],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    image = str(tmp_path / "b" / "firmware.elf")

    def emulators() -> list[Path]:
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                content = line.read_bytes()
                if b"qemu-system-arm" in content and image.encode() in content:
                    found.append(line)
        return found

    end = time.monotonic() + 60
    while not emulators() and time.monotonic() < end:
        time.sleep(0.1)
    assert emulators()
    running.terminate()
    assert running.wait(30) == 143
    assert not emulators()


@pytest.mark.slow
def test_a_boards_title_is_no_markup(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    good = (Path(boards.__file__).parent / "microbit.toml").read_text(encoding="utf-8")
    wild = good.replace('title = "', 'title = "[/] [bold]* */ [link=x]', 1)
    (tmp_path / "boards" / "shed.toml").write_text(wild, encoding="utf-8")
    for words in (("boards",), ("boards", "shed")):
        result = ghost(*words, cwd=tmp_path)
        assert result.returncode == 0 and "[/] [bold]* */ [link=x]BBC" in result.stdout
    wild = good.replace("[cpu]", '"\\u001b[31m" = 1\n[cpu]', 1)
    (tmp_path / "boards" / "shed.toml").write_text(wild, encoding="utf-8")
    result = ghost("boards", "shed", cwd=tmp_path)
    assert result.returncode == 1 and r"unknown key '\x1b[31m" in result.stderr

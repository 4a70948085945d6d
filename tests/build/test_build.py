# SPDX-License-Identifier: Apache-2.0
"""Images: complete, reproducible, accounted for, and never half written."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import numpy as np
import pytest
from intelhex import IntelHex

from mcu_ghost import boards
from mcu_ghost.build import build, toolchain
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import read, write
from mcu_ghost.sound import keywords
from tests.conftest import need
from tests.listeners import listener

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def model() -> Model:
    return random_model(3, units=24, ratio=2, inputs=5)


def compiler(kind: str) -> str:
    """Return a toolchain's name once it is known to be installed."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    return kind


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("board", boards.names())
def test_every_board_builds_with_both_compilers(
    board: str, kind: str, model: Model, tmp_path: Path
) -> None:
    built = build.build(model, boards.load(board), "stream", tmp_path / "b", compiler(kind))
    assert built.flash_bytes == sum(p.bytes for p in built.flash) == built.bin.stat().st_size
    assert built.ram_bytes == sum(p.bytes for p in built.ram)
    assert 0 < built.weights_bytes < built.flash_bytes < built.flash_size
    assert all(part.bytes > 0 for part in (*built.flash, *built.ram))


def test_hex_and_bin_hold_the_same_bytes(model: Model, tmp_path: Path) -> None:
    board = boards.load("mps2-an505")
    built = build.build(model, board, "selftest", tmp_path / "b", "zig")
    content = IntelHex(str(built.hex))
    assert content.minaddr() == board.flash.start
    assert bytes(content.tobinarray()) == built.bin.read_bytes()


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("name", ["nrf52840", "mps3-an547"])
def test_same_input_same_bytes_wherever_it_is_built(
    name: str, kind: str, model: Model, tmp_path: Path
) -> None:
    board = boards.load(name)
    first = build.build(model, board, "selftest", tmp_path / "one", compiler(kind))
    second = build.build(model, board, "selftest", tmp_path / "a" / "longer name", compiler(kind))
    for suffix in ("elf", "hex", "bin", "map"):
        assert getattr(first, suffix).read_bytes() == getattr(second, suffix).read_bytes(), suffix


def test_the_project_builds_by_itself(model: Model, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    folder = tmp_path / "project"
    built = build.build(model, boards.load("nrf52840"), "stream", folder, "gcc")
    cmake, ninja = str(toolchain.cmake()), str(toolchain.ninja())
    by_hand = tmp_path / "by-hand"
    make = f"-DCMAKE_MAKE_PROGRAM={ninja}"
    subprocess.run([cmake, "-G", "Ninja", make, "-S", folder, "-B", by_hand], check=True)
    subprocess.run([cmake, "--build", by_hand], check=True)
    assert (by_hand / "stream.bin").read_bytes() == built.bin.read_bytes()


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("board", ["nrf52840", "microbit", "mps3-an547"])
def test_a_debug_build_links(board: str, kind: str, model: Model, tmp_path: Path) -> None:
    """One of each kernel variant: assembly must not want a register that debugging takes."""
    folder = tmp_path / "b"
    build.build(model, boards.load(board), "stream", folder, compiler(kind))
    assert toolchain.build(folder, "stream", toolchain.find(kind), "Debug").is_file()


def test_a_model_too_large_is_refused_before_compiling(tmp_path: Path) -> None:
    large = random_model(0, units=900, ratio=1, inputs=40)
    with pytest.raises(GhostError) as refused:
        build.build(large, boards.load("nrf52840"), "stream", tmp_path / "b")
    words = str(refused.value)
    assert "at least 2.46 MiB" in words and "nrf52840 has 1.00 MiB" in words and " B) over" in words
    assert "Smallest board that fits: pico2" in words
    assert not (tmp_path / "b").exists()


def test_a_failed_build_leaves_the_good_image(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, folder = boards.load("nrf52840"), tmp_path / "b"
    good = build.build(model, board, "stream", folder, "zig").elf.read_bytes()
    other = random_model(4, units=20, ratio=2, inputs=5)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(toolchain, "ninja", lambda: Path("/bin/false"))
    with pytest.raises(GhostError, match="build failed"):
        build.build(other, board, "stream", folder, "zig")
    assert (folder / "firmware.elf").read_bytes() == good


def test_a_folder_with_other_files_is_refused(model: Model, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(GhostError, match="choose another folder with -o"):
        build.build(model, boards.load("nrf52840"), "stream", tmp_path, "zig")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_missing_compiler_says_how_to_get_one(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = tmp_path / "bin" / "apt"
    apt.parent.mkdir()
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(apt.parent))
    with pytest.raises(GhostError, match="apt install gcc-arm-none-eabi"):
        build.build(model, boards.load("nrf52840"), "stream", tmp_path / "b", "gcc")


def test_a_selftest_comes_with_what_renode_needs(model: Model, tmp_path: Path) -> None:
    board = boards.load("nrf52840")
    build.build(model, board, "selftest", tmp_path / "b", "zig")
    robot = (tmp_path / "b" / "renode" / "board.robot").read_text()
    assert "${CURDIR}/../firmware.elf" in robot and "Selftest Should Pass" in robot
    assert {p.name for p in (tmp_path / "b" / "renode").iterdir()} == {
        "board.repl", "board.resc", "board.resource", "board.robot"}  # fmt: skip


def test_a_listener_comes_with_sound_for_renode(tmp_path: Path) -> None:
    build.build(listener(), boards.load("nrf52840"), "kws", tmp_path / "b", "zig")
    sound = np.fromfile(tmp_path / "b" / "renode" / "sound.raw", "<i2")
    assert len(sound) == 160_000
    crc = keywords.expected(listener(), sound).crcs[10_000]
    robot = (tmp_path / "b" / "renode" / "board.robot").read_text()
    assert f"Heard Outputs Should Equal The Reference  10000  {crc:08x}\n" in robot
    script = (tmp_path / "b" / "renode" / "board.resc").read_text()
    assert script.endswith("\nsysbus.pdm SetInputFile $ORIGIN/sound.raw\n")


@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_an_i2s_microphone_without_a_light(kind: str, tmp_path: Path) -> None:
    """And with its interrupt below the console's."""
    board = boards.load("nrf52840")
    settings = boards.Microphone("nrf_i2s", 0x4002_5000, 1, "P1.01", "P1.02", word_pin="P1.03")
    board = dataclasses.replace(board, microphone=settings, led=None)
    built = build.build(listener(), board, "kws", tmp_path / "b", compiler(kind))
    vectors = np.fromfile(built.bin, "<u4")[:64]
    handlers = {number: vectors[16 + number] for number in range(48)}
    fault = handlers.pop(0)
    assert {n for n, handler in handlers.items() if handler != fault} == {1, 2}
    assert not (tmp_path / "b" / "drivers" / "nrf_led.c").exists()


@pytest.mark.parametrize("name", ["ghost", "put", "int"])
def test_a_file_of_any_name_is_a_network(name: str, tmp_path: Path) -> None:
    """The firmware has functions `ghost_reset` and `put_head` of its own."""
    path = tmp_path / f"{name}.tflite"
    bare = random_model(1, units=5, ratio=2, inputs=3, classes=2, frames=4)
    write.write(dataclasses.replace(bare, name=name, metadata={"version": 1, "name": name}), path)
    board, kind = boards.load("nrf52840"), compiler("gcc")
    built = build.build(read.load(path), board, "stream", tmp_path / "out", kind)
    assert built.model.name == f"{name}_net" and built.elf.is_file()

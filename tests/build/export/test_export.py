# SPDX-License-Identifier: Apache-2.0
"""Exports as a user meets them: names, cores, and folders that are replaced or left alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import kernels, toolchain
from mcu_ghost.build.export import core, export, folder
from mcu_ghost.build.export.names import validate
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from tests.build.export.libraries import MACHINES, MODELS, make
from tests.cli.in_process import ghost, refusal


def files(out: Path) -> dict[str, bytes]:
    """Return the bytes of a folder's files by path."""
    found = (file for file in out.rglob("*") if file.is_file())
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in found}


@pytest.mark.parametrize("name", ["lamp", "a", "wake_words_2", "a" * 40])
def test_good_names(name: str) -> None:
    validate(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "begins with a letter"),
        ("2words", "begins with a letter"),
        ("_lamp", "begins with a letter"),
        ("lamp_", "single underscores"),
        ("my__lamp", "single underscores"),
        ("Lamp", "small letters"),
        ("my lamp", "small letters"),
        ("größe", "small letters"),
        ("a" * 41, "at most 40"),
        ("../lamp", "small letters"),
        ("float", "already"),
        ("string", "already"),
        ("arduino_lamp", "already"),
    ],
)
def test_bad_names(name: str, why: str) -> None:
    with pytest.raises(GhostError, match=why) as refused:
        validate(name)
    assert f"'{name}'" in str(refused.value) and "--name" in str(refused.value)


def test_a_model_with_a_bad_name_needs_another(tmp_path: Path) -> None:
    model = dataclasses.replace(MODELS["last_only"](), name="int")
    with pytest.raises(GhostError, match="--name"):
        export(model, "cmake", tmp_path / "net", core_name="any")
    assert not (tmp_path / "net").exists()
    export(model, "cmake", tmp_path / "net", core_name="any", name="lamp")
    assert (tmp_path / "net" / "src" / "lamp.h").is_file()


def test_names_of_the_firmware_become_the_librarys(tmp_path: Path) -> None:
    """Also where the network is called like it; file names and strings stay."""
    out = make(MODELS["listener"](), "cmake", tmp_path / "net", name="ghost_net")
    model = (out / "src" / "ghost_net" / "model.c").read_text()
    assert '#include "model_data.h"' in model
    assert "void ghost_net_reset(" in model and "  ghost_net_ghost_gru_step_s8(&" in model
    assert "state->ghost_gru_0" in model
    kernel = (out / "src" / "ghost_net" / "ghost_gru_step_s8.c").read_text()
    assert '#include "ghost_gates.h"' in kernel and "ghost_net_ghost_tanh(" in kernel
    words = (out / "src" / "ghost_net" / "listener.c").read_text()
    assert r'"gr\303\266\303\237e",' in words and r'"the \"door\" \\",' in words


@pytest.mark.parametrize("machine", MACHINES.values())
def test_a_board_stands_for_its_core(machine: str) -> None:
    board = boards.load(machine)
    cpu = board.cpu
    target = core.target(board=board)
    by_name = core.target(cpu.core)
    assert target == dataclasses.replace(by_name, flags=toolchain.gcc_flags(cpu))
    assert target.variant == kernels.choose(cpu)


def test_the_core_must_be_clear() -> None:
    for given in ({}, {"core": "any", "board": boards.load("nrf52840")}):
        with pytest.raises(GhostError, match="say --board NAME, or --core"):
            core.target(**given)
    with pytest.raises(GhostError, match="Did you mean 'cortex-m4'"):
        core.target("cortex-m4f")


def test_an_earlier_export_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = make(MODELS["listener"](), "cmake", tmp_path / "net", "cortex-m4", "one")
    make(MODELS["last_only"](), "cmake", out, "any", "two")
    again = make(MODELS["last_only"](), "cmake", tmp_path / "other", "any", "two")
    assert files(out) == files(again)
    assert {path.name for path in tmp_path.iterdir()} == {"net", "other"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "net" / "empty").mkdir(parents=True)
    make(MODELS["last_only"](), "cmake", tmp_path / "net")
    assert not (tmp_path / "net" / "empty").exists()


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "net"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(GhostError, match="other files than an mcu-ghost export"):
        make(MODELS["last_only"](), "cmake", out)
    assert files(out) == {"thesis.txt": b"years of work"}
    (out / folder.MARK).write_text("[]")
    with pytest.raises(GhostError, match="other files than an mcu-ghost export"):
        make(MODELS["last_only"](), "cmake", out)
    with pytest.raises(GhostError, match="not a folder"):
        make(MODELS["last_only"](), "cmake", out / "thesis.txt")


def test_a_file_added_to_an_export_is_named(tmp_path: Path) -> None:
    out = make(MODELS["last_only"](), "cmake", tmp_path / "net")
    (out / "src" / "mine.c").write_text("int mine;")
    before = files(out)
    with pytest.raises(GhostError, match=r"holds src/mine\.c, which no export wrote"):
        make(MODELS["last_only"](), "cmake", out)
    assert files(out) == before


def test_what_build_tools_left_goes(tmp_path: Path) -> None:
    out = make(MODELS["last_only"](), "cmake", tmp_path / "net")
    before = files(out)
    for left in ("build/CMakeCache.txt", "examples/check/.pio/build/project.checksum"):
        (out / left).parent.mkdir(parents=True)
        (out / left).write_text("")
    make(MODELS["last_only"](), "cmake", out)
    assert files(out) == before


def test_a_failed_export_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = make(MODELS["last_only"](), "cmake", tmp_path / "net")
    before = files(out)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(GhostError, match="No space left on device"):
        make(MODELS["listener"](), "cmake", out)
    assert files(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_the_licence_and_the_mark(tmp_path: Path) -> None:
    out = make(MODELS["last_only"](), "cmake", tmp_path / "net", "cortex-m0")
    assert (out / "LICENSE").read_text() == resources.licence()
    mark = json.loads((out / folder.MARK).read_text())
    assert (mark["as"], mark["name"], mark["core"]) == ("cmake", "net", "cortex-m0")
    assert set(mark["files"]) == set(files(out))


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    out = str(tmp_path / "lib")
    result = ghost("export", "--as", "zephyr", "-b", "nrf52840", "-o", out, "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["folder"], told["name"], told["core"]) == (out, "wake_words", "cortex-m4")
    assert (tmp_path / "lib" / "zephyr" / "module.yml").is_file()
    words = ("export", "--as", "cmake", "-o", out)
    assert "say --board NAME, or --core" in refusal(*words)
    assert "cannot be called 'int'" in refusal(*words, "--core", "any", "--name", "int")
    assert "/proc/none" in refusal(*words[:-1], "/proc/none/lib", "--core", "any")

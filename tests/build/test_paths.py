# SPDX-License-Identifier: Apache-2.0
"""A build works wherever its folder lies, or says at once why not; and builds do not mix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.build import build, lock, toolchain
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.random_model import random_model
from mcu_ghost.network.tflite import write
from tests.conftest import need

MODEL = random_model(1, units=8, ratio=2, inputs=3)
BOARD = boards.load("microbit")
GOOD = [",", "'", "$HOME$$", " ", "é日", "#", "%s=&(1)[1]~@X@*{}!^`+-"]
BAD = {";": "';'", '"': "'\"'", "\n": r"the character '\n'", "\\": r"'\'", "|": "'|'", "<": "'<'",
       ">": "'>'", "[": "'['", "]": "']'", "\t": r"the character '\t'",
       "${": "'${'", "$ENV{": "'$ENV{'",
       "\x7f": r"the character '\x7f'", "\udcff": r"the character '\udcff'"}  # fmt: skip


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes that any folder must give."""
    folder = tmp_path_factory.mktemp("usual")
    kinds = ("gcc", "zig")
    return {
        kind: build.build(MODEL, BOARD, "stream", folder / kind, kind).bin.read_bytes()
        for kind in kinds
    }


@pytest.mark.toolchain
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("text", GOOD)
def test_paths_that_work(
    text: str,
    kind: str,
    usual: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The folder's and this process's own."""
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    place = tmp_path / f"a{text}b"
    place.mkdir()
    monkeypatch.chdir(place)
    built = build.build(MODEL, BOARD, "stream", Path("out"), kind)
    assert built.bin.read_bytes() == usual[kind]


@pytest.mark.toolchain
@pytest.mark.slow
@pytest.mark.parametrize("name", ["h,'$X #é", 'h;"\n'])
def test_a_home_that_works(
    name: str, usual: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or does not: that is where zig keeps its cache."""
    home = tmp_path / name
    home.mkdir()
    for variable in ("ZIG_GLOBAL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    built = build.build(MODEL, BOARD, "stream", tmp_path / "out", "zig")
    assert built.bin.read_bytes() == usual["zig"]
    assert any(home.iterdir()) == ("\n" not in name)


@pytest.mark.parametrize("text", BAD)
def test_paths_that_do_not(text: str, tmp_path: Path) -> None:
    folder = tmp_path / f"a{text}b" / "out"
    with pytest.raises(GhostError) as refused:
        build.build(MODEL, BOARD, "stream", folder)
    words = str(refused.value)
    assert f"cannot build in a folder with {BAD[text]} in its path; choose another" in words
    assert words.isprintable() and not folder.parent.exists()


@pytest.mark.parametrize("text", ['"', ";"])
def test_a_compiler_in_a_place_that_cmake_cannot_name(text: str, tmp_path: Path) -> None:
    compiler = toolchain.Toolchain("gcc", tmp_path / f"a{text}b" / "arm-none-eabi-gcc")
    with pytest.raises(GhostError, match=f"'{text}' in its path; install it elsewhere"):
        toolchain.build(tmp_path, "stream", compiler)
    assert not list(tmp_path.iterdir())


@pytest.mark.toolchain
@pytest.mark.slow
def test_builds_at_once_in_one_folder(tmp_path: Path) -> None:
    """Each has its own model's image for as long as it holds the folder."""

    def work(seed: int) -> None:
        model = random_model(seed, units=8 + seed, ratio=1, inputs=3)
        alone = build.build(model, BOARD, "stream", tmp_path / str(seed), "zig").bin.read_bytes()
        with lock.hold(tmp_path / "shared", told.append):
            built = build.build(model, BOARD, "stream", tmp_path / "shared", "zig")
            assert built.bin.read_bytes() == alone

    told: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))


@pytest.mark.emulator
@pytest.mark.slow
def test_tests_at_once_in_one_folder(tmp_path: Path) -> None:
    """Each verb emulates the image that it has built, not the other's."""
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    names = []
    for seed in range(2):
        names.append(f"model{seed}.tflite")
        write.write(random_model(seed, units=10, ratio=2, inputs=4), tmp_path / names[-1])
    command = [
        sys.executable,
        "-m",
        "mcu_ghost",
        "test",
        "-b",
        "microbit",
        "--json",
        "--cases",
        "1",
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(
            [*command, "-m", name],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in names
    ]
    said = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0] * 2, said
    assert all(json.loads(out)["mismatches"] == 0 for out, _ in said)
    assert any(b"another build in this folder is under way" in err for _, err in said)

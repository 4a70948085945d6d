# SPDX-License-Identifier: Apache-2.0
"""Renode: what is written for it, how it is found and started; and the real one where it is."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.emulate import renode
from mcu_ghost.errors import GhostError
from tests.emulate.images import board_of, build
from tests.emulate.test_unicorn import ECHO

# Stands in for Renode: opens the socket that it was asked for, greets, and echoes.
STAND_IN = f"""#!{sys.executable}
import re, socket, sys
commands = sys.argv[sys.argv.index("-e") + 1]
port = int(re.search("CreateServerSocketTerminal ([0-9]+)", commands)[1])
script = re.search("include @([^;]+);", commands)[1]
assert "LoadELF $elf" in open(script).read()
if "{{mode}}" == "fails":
    print("There was an error executing command")
    sys.exit(0)
with socket.create_server(("127.0.0.1", port)) as server:
    line, _ = server.accept()
    line.sendall(b"ready\\n")
    while data := line.recv(100):
        line.sendall(data)
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> Path:
    program = folder / "renode"
    program.write_text(STAND_IN.replace("{mode}", mode))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("RENODE_PATH", str(folder))
    (folder / "image.elf").write_bytes(b"ELF")
    return program


def test_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("RENODE_PATH", raising=False)
    monkeypatch.delenv("RENODE_ROOT", raising=False)
    assert "RENODE_PATH" in (renode.missing() or "")
    program = stand_in(tmp_path, monkeypatch, "works")
    assert renode.program() == program
    monkeypatch.setenv("RENODE_PATH", str(program))
    assert renode.program() == program
    monkeypatch.delenv("RENODE_PATH")
    monkeypatch.setenv("RENODE_ROOT", str(tmp_path))
    assert renode.program() == program
    monkeypatch.delenv("RENODE_ROOT")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert renode.program() == program and renode.missing() is None


def test_files_for_a_board(tmp_path: Path) -> None:
    renode.write(board_of("nrf52840"), "firmware.elf", tmp_path)
    overlay = (tmp_path / "board.repl").read_text()
    assert 'using "platforms/cpus/nrf52840.repl"' in overlay
    assert "nvic:\n    systickFrequency: 64000000\n" in overlay
    assert "dwt: Miscellaneous.DWT @ sysbus 0xE0001000\n    frequency: 64000000\n" in overlay
    assert "sysbus:\n    init:\n        Tag <0x10000000, 0x10000FFF>" in overlay
    assert "ApplySVD" not in overlay
    script = (tmp_path / "board.resc").read_text()
    assert "$elf?=@firmware.elf\n" in script
    assert "machine LoadPlatformDescription $ORIGIN/board.repl\n" in script
    assert "cpu PerformanceInMips 64\n" in script
    assert script.index("LoadELF") < script.index("VectorTableOffset 0x0\n")
    robot = (tmp_path / "board.robot").read_text()
    assert "include @${CURDIR}/board.resc" in robot
    assert "Create Terminal Tester  sysbus.uart0" in robot


def test_every_board_that_names_renode_can_be_written(tmp_path: Path) -> None:
    found = [b for b in map(boards.load, boards.names()) if b.emulators.renode is not None]
    assert found
    for board in found:
        renode.write(board, "firmware.elf", tmp_path / board.name)


def test_boards_that_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="no platform for microbit"):
        renode.write(board_of("microbit"), "firmware.elf", tmp_path)


def test_a_conversation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "works")
    machine = emulate.start(board_of("nrf52840"), tmp_path / "image.elf", "renode")
    try:
        assert machine.read(20.0) == b"ready\n"
        machine.write(b"hello")
        assert machine.read(20.0) == b"hello"
        assert machine.read(0.01) == b""
        assert machine.counts() is None
    finally:
        machine.close()


def test_a_script_that_fails_shows_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "fails")
    with pytest.raises(GhostError, match="Renode ended before the board started.*\nThere was an"):
        emulate.start(board_of("nrf52840"), tmp_path / "image.elf", "renode")


@pytest.mark.renode
@pytest.mark.emulator
@pytest.mark.toolchain
def test_the_real_one(tmp_path: Path) -> None:
    hint = renode.missing()
    if hint is not None:
        if os.environ.get("MCU_GHOST_RENODE"):
            pytest.fail(hint)
        pytest.skip(hint)
    board = board_of("nrf52840")
    machine = emulate.start(board, build(tmp_path, board, ECHO), "renode")
    try:
        text = b""
        while not text.endswith(b"\n"):
            data = machine.read(30.0)
            assert data, text
            text += data
        assert text == b"ready\n"
        machine.write(b"hello")
        text = b""
        while len(text) < 5:
            data = machine.read(30.0)
            assert data, text
            text += data
        assert text == b"hello"
    finally:
        machine.close()

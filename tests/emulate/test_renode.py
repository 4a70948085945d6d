# SPDX-License-Identifier: Apache-2.0
"""Renode: what is written for it, how it is found and started."""

from __future__ import annotations

import dataclasses
import re
import stat
import sys
from pathlib import Path

import pytest

from mcu_ghost import boards, emulate
from mcu_ghost.boards import Board
from mcu_ghost.boards import renode as renode_files
from mcu_ghost.boards.emulators import Renode as RenodeSettings
from mcu_ghost.emulate import renode
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from tests.emulate import repl
from tests.emulate.images import board_of

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


# The peripherals that an overlay may change or must not describe again, and the consoles with
# their addresses, as Renode 1.16.1's platform files have them.
PLATFORMS = {
    "platforms/cpus/nrf52840.repl": (
        {"sysbus", "cpu", "nvic", "flash", "ram", "clock", "pdm", "i2s", "gpio0", "gpio1"},
        {"uart0": 0x4000_2000, "uart1": 0x4002_8000},
    ),
    "platforms/cpus/stm32f4.repl": (
        {"sysbus", "cpu", "nvic", "flash", "sram", "rcc", "pwr", "flash_controller"},
        {"usart1": 0x4001_1000, "usart2": 0x4000_4400, "usart3": 0x4000_4800},
    ),
    "platforms/cpus/stm32f746.repl": (
        {"sysbus", "cpu", "nvic", "flash", "sram", "rcc", "pwrCr1", "pwrCsr1", "flash_regs"},
        {"usart1": 0x4001_1000, "usart2": 0x4000_4400, "usart6": 0x4001_1400},
    ),
    "platforms/cpus/stm32h753.repl": (
        {"sysbus", "cpu", "nvic", "flashBank1", "flashBank2", "dtcm", "rcc", "flashController"},
        {"usart1": 0x4001_1000, "usart3": 0x4000_4800, "lpuart1": 0x5800_0C00},
    ),
}
# What Robot Framework and Renode's own server bring.
KEYWORDS = {
    "Create Terminal Tester",
    "Execute Command",
    "RETURN",
    "Should Be True",
    "Should Contain",
    "Should Not Start With",
    "Should Start With",
    "Start Emulation",
    "Wait For Line On Uart",
}


def on_platform(platform: str) -> Board:
    """A Cortex-M4 with DWT that is said to be on one of Renode's platforms."""
    board = board_of("nrf52840")
    settings = dataclasses.replace(
        board.emulators, renode=RenodeSettings(platform, next(iter(PLATFORMS[platform][1])))
    )
    return dataclasses.replace(board, emulators=settings)


def test_files_for_a_board(tmp_path: Path) -> None:
    renode_files.write(board_of("nrf52840"), "firmware.elf", tmp_path)
    overlay = (tmp_path / "board.repl").read_text()
    assert "ApplySVD" not in overlay
    uses, entries = repl.read(overlay)
    assert uses == ["platforms/cpus/nrf52840.repl"]
    assert entries["nvic"].attributes == {"systickFrequency": "64000000"}
    assert entries["dwt"] == repl.Entry(
        "Miscellaneous.DWT", "sysbus 0xE0001000", {"frequency": "64000000"}
    )
    assert entries["sysbus"].statements[0] == 'Tag <0x10000000, 0x10000FFF> "FICR"'
    script = (tmp_path / "board.resc").read_text()
    assert "$elf?=$ORIGIN/firmware.elf\n" in script
    assert "machine LoadPlatformDescription $ORIGIN/board.repl\n" in script
    assert "cpu PerformanceInMips 64\n" in script
    assert script.index("LoadELF") < script.index("VectorTableOffset 0x0\n")
    resource = (tmp_path / "board.resource").read_text()
    assert "include @${CURDIR}/board.resc" in resource
    assert "Create Terminal Tester  sysbus.uart0" in resource
    assert "Boot  ${CURDIR}/firmware.elf" in (tmp_path / "board.robot").read_text()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_overlay_fits_the_platform(platform: str, tmp_path: Path) -> None:
    """It changes only what is there, describes only what is not, and lets nothing be downloaded."""
    renode_files.write(on_platform(platform), "firmware.elf", tmp_path)
    uses, entries = repl.read((tmp_path / "board.repl").read_text())
    peripherals, consoles = PLATFORMS[platform]
    assert uses == [platform]
    for name, entry in entries.items():
        assert (name in peripherals | consoles.keys()) == (not entry.type), name
        assert entry.place or not entry.type, name
        assert entry.attributes or entry.statements or entry.place == "none", name


def test_overlays_are_of_platforms() -> None:
    folder = resources.folder("templates") / "renode"
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("platforms/*/*")}
    assert found == PLATFORMS.keys()


def test_a_description_is_checked() -> None:
    for wrong in (
        "nvic:\n  systickFrequency: 1",  # half an indent
        "nvic\n    systickFrequency: 1",
        "nvic:\n    systickFrequency 1",
        "dwt: Miscellaneous.DWT at sysbus 0x1",
        "sysbus:\n    init:\n        Tag 0x1, 0x2",
        'sysbus:\n        Tag <0x1, 0x2> "X"',
        "nvic:\n    a: 1\n    a: 2",
        "nvic:\n    a: 1\nnvic:\n    b: 2",
        '    using "x.repl"',
    ):
        with pytest.raises(ValueError, match="line [1-4]: "):
            repl.read(wrong)


def test_every_board_is_on_its_platforms_console(tmp_path: Path) -> None:
    found = [b for b in map(boards.load, boards.names()) if b.emulators.renode is not None]
    assert {"nrf52840", "microbit-v2", "stm32f4discovery"} <= {board.name for board in found}
    for board in found:
        settings = board.emulators.renode
        assert settings is not None
        assert PLATFORMS[settings.platform][1][settings.uart] == board.console.base, board.name
        renode_files.write(board, "firmware.elf", tmp_path / board.name)


@pytest.mark.parametrize("expected", [None, (10_000, "0123abcd")])
def test_keywords_are_there(expected: tuple[int, str] | None, tmp_path: Path) -> None:
    renode_files.write(board_of("nrf52840"), "firmware.elf", tmp_path, expected)
    resource = (tmp_path / "board.resource").read_text().split("*** Keywords ***\n")[1]
    defined = set(re.findall(r"^(\w[\w ]+)$", resource, re.MULTILINE))
    assert len(defined) == 5
    test = (tmp_path / "board.robot").read_text().split("*** Test Cases ***\n")[1]
    for line in re.findall(r"^    (?:\$\{\w+\}= +)?(.+)$", resource + test, re.MULTILINE):
        keyword = line.split("  ")[0]
        assert keyword in defined | KEYWORDS or keyword.startswith("["), line


def test_boards_that_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(GhostError, match="no platform for microbit"):
        renode_files.write(board_of("microbit"), "firmware.elf", tmp_path)


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


@pytest.mark.parametrize(
    "name", ["my image.elf", 'a"; python "1".elf', "$x[`id`];quit.elf", "ä\n.elf"]
)
def test_an_image_of_any_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor is never told of it."""
    stand_in(tmp_path, monkeypatch, "works")
    (tmp_path / name).write_bytes(b"ELF")
    machine = emulate.start(board_of("nrf52840"), tmp_path / name, "renode")
    try:
        assert machine.read(20.0) == b"ready\n"
    finally:
        machine.close()


def test_a_folder_that_the_monitor_cannot_be_told_of(tmp_path: Path) -> None:
    board = board_of("nrf52840")
    words = renode.command(Path("renode"), Path("/tmp/a b"), board, 1)[-1].split("; ")
    assert words[:2] == [r"$elf=@/tmp/a\ b/firmware.elf", r"include @/tmp/a\ b/board.resc"]
    for folder in ("/tmp/a;b", '/tmp/"', "/tmp/a\nb", "/tmp/$x", "/tmp/[x]", "/tmp/`x`"):
        with pytest.raises(GhostError, match="set TMPDIR"):
            renode.command(Path("renode"), Path(folder), board, 1)

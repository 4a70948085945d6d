# SPDX-License-Identifier: Apache-2.0
"""QEMU as a machine: console, ends, and a missing program."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcu_ghost import emulate
from mcu_ghost.emulate import qemu
from mcu_ghost.emulate.process import ProcessMachine
from mcu_ghost.host.errors import GhostError
from tests.conftest import need
from tests.emulate.images import board_of, build

PINGS = """
int main(void) {
    console();
    UART(0x08) = 0xB;
    REG(0xE000E100 + 4 * (IRQ / 32)) = 1u << (IRQ % 32);
    __asm volatile("cpsid i");
    send("ready\\n");
    for (;;) {
        while ((UART(0x04) & 2) == 0) __asm volatile("wfi");
        UART(0x0C) = 2;
        REG(0xE000E280 + 4 * (IRQ / 32)) = 1u << (IRQ % 32);
        char text[2] = {(char)(UART(0x00) + 1), 0};
        send(text);
    }
}"""


@pytest.mark.emulator
@pytest.mark.toolchain
@pytest.mark.parametrize("name", ["mps2-an385", "mps2-an500", "mps3-an547"])
def test_bytes_go_both_ways(tmp_path: Path, name: str) -> None:
    need("qemu-system-arm", "qemu-system-arm")
    board = board_of(name)
    running = emulate.start(
        board, build(tmp_path, board, PINGS, f"-DIRQ={board.console.irq}"), "qemu"
    )
    try:
        text = b""
        while not text.endswith(b"\n"):
            data = running.read(20.0)
            assert data
            text += data
        assert text == b"ready\n"
        running.write(b"HAL")
        text = b""
        while len(text) < 3:
            data = running.read(20.0)
            assert data, text
            text += data
        assert text == b"IBM"
        assert running.read(0.05) == b""
        assert running.counts() is None
    finally:
        running.close()
    running.close()
    assert isinstance(running, ProcessMachine)
    assert running.read(1.0) == b""
    with pytest.raises(GhostError, match="QEMU has ended"):
        running.write(b"x")


def test_a_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert (qemu.missing() or "").startswith("qemu-system-arm is not installed: ")
    with pytest.raises(GhostError, match="qemu-system-arm is not installed: "):
        emulate.choose(board_of("mps3-an547"))


@pytest.mark.emulator
def test_an_image_that_is_none(tmp_path: Path) -> None:
    need("qemu-system-arm", "qemu-system-arm")
    board = board_of("mps3-an547")
    with pytest.raises(GhostError, match="no such image"):
        emulate.start(board, tmp_path / "none.elf", "qemu")


def test_a_program_that_fails_says_why() -> None:
    machine = ProcessMachine("Emulator", ["sh", "-c", "echo broken >&2; exit 3"])
    with pytest.raises(GhostError, match="Emulator ended while the board was running.*\nbroken"):
        machine.read(10.0)
    machine.close()


@pytest.mark.slow
def test_a_program_that_does_not_want_to_end() -> None:
    machine = ProcessMachine("Emulator", ["sh", "-c", "trap '' TERM; echo up; sleep 60"])
    assert machine.read(10.0) == b"up\n"
    start = time.monotonic()
    machine.close()
    assert time.monotonic() - start < 10


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(GhostError, match="Emulator does not start"):
        ProcessMachine("Emulator", ["/nowhere/emulator"])

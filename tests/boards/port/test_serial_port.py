# SPDX-License-Identifier: Apache-2.0
"""What a person reads when a port cannot be used."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from mcu_ghost import boards
from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.host.errors import GhostError
from tests.boards.port.test_usb import plug

BOARD = boards.load("nrf52840")


@pytest.fixture
def device() -> Iterator[str]:
    board, host = os.openpty()
    yield os.ttyname(host)
    os.close(board)
    os.close(host)


def refusal(device: str) -> str:
    with pytest.raises(GhostError) as caught:
        SerialPort(device, BOARD)
    return str(caught.value)


def test_no_such_port(tmp_path: Path) -> None:
    assert "There is no port" in refusal(str(tmp_path / "ttyACM0"))


def test_not_a_port(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    assert "cannot be used as a serial port" in refusal(str(path))


def test_in_use(device: str) -> None:
    """The program that has it is named."""
    code = f"import serial,sys; s = serial.Serial({device!r}, exclusive=True); print(1, flush=True)"
    words = [sys.executable, "-c", code + "; sys.stdin.read()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline() == b"1\n"
        told = refusal(device)
        assert f"{device} is in use by" in told and f"(process {other.pid})" in told


def test_not_allowed(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group of the port and the rule for this board are in the message."""

    def refuse(self: serial.Serial) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {device}")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    told = refusal(device)
    assert f"You may not use {device}" in told and "sudo usermod -aG " in told
    assert 'ATTRS{idVendor}=="1366", ATTRS{idProduct}=="1015"' in told


def test_a_baud_rate_that_it_cannot_do(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: serial.Serial) -> None:
        raise ValueError("Failed to set custom baud rate (1000000)")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    assert "cannot do 1000000 baud" in refusal(device)


def test_a_reader_that_reads_nothing(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcu_ghost.boards.port.serial_port._WRITE_TIMEOUT", 0.2)
    with contextlib.closing(SerialPort(device, BOARD)) as port:
        with pytest.raises(GhostError, match="takes no bytes"):
            port.write(bytes(1_000_000))


def test_reset_asks_politely(device: str) -> None:
    """A pseudo-terminal has neither a break nor DTR, and that is no error."""
    with contextlib.closing(SerialPort(device, BOARD)) as port:
        port.reset()
        assert port.read(0.01) == b""


def test_the_same_device_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugged into another socket it is known by its serial number, of two ports the same one."""
    ends = [os.openpty() for _ in range(3)]
    first, other, moved = (os.ttyname(host) for _, host in ends)
    one, two = (0x1366, 0x1051, "7", "1-1:1.0"), (0x1366, 0x1051, "7", "1-1:1.2")
    plug(monkeypatch, (first, *one), (other, *two))
    told: list[str] = []
    with contextlib.closing(SerialPort(first, BOARD, 10.0, told.append)) as port:
        assert port.status() == f"The port is {first} at 1000000 baud; its device has {other} too."
        for end in ends[0]:
            os.close(end)
        stranger = (other, 0x1366, 0x1051, "8", "1-1:1.0")
        plug(monkeypatch, stranger, (moved, 0x1366, 0x1051, "7", "1-3:1.0"))
        before = port.clock()
        assert port.read(0.01) == b"" and port.device == moved
        assert port.clock() - before < 0.1  # the time without it does not count
        os.write(ends[2][0], b"hello")
        assert port.read(1.0)[:1] == b"h"
    assert told == [
        f"{first} is gone: was the cable pulled? Waiting for it to come back.",
        f"{moved} is back.",
    ]

# SPDX-License-Identifier: Apache-2.0
"""Which of the serial ports of a machine belong to a board."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from mcu_ghost import boards
from mcu_ghost.boards.port import usb
from mcu_ghost.host.errors import GhostError


def plug(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int, int, str, str]) -> None:
    """Let the machine have these ports: device, vendor, product, serial number, location."""
    ports = [
        SimpleNamespace(device=d, vid=v, pid=p, serial_number=s, location=where, product="board")
        for d, v, p, s, where in found
    ]
    ports.append(
        SimpleNamespace(
            device="/dev/ttyS0", vid=None, pid=None, serial_number=None, location=None, product=None
        )
    )
    monkeypatch.setattr(list_ports, "comports", lambda: ports)


def devices(board: str) -> list[str]:
    return [port.device for port in usb.plugged(boards.load(board))]


def test_only_the_boards_own_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(
        monkeypatch,
        ("A", 0x1366, 0x1015, "1", "1-1:1.0"),
        ("B", 0x0D28, 0x0204, "99012", "1-2:1.1"),
    )
    assert devices("nrf52840") == ["A"]
    assert devices("microbit") == ["B"]
    assert devices("microbit-v2") == []  # the same id, other serial numbers
    assert devices("mps2-an386") == []


def test_two_ports_of_one_debugger_are_one_board(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ("B", 0x1366, 0x1051, "7", "1-1:1.2"), ("A", 0x1366, 0x1051, "7", "1-1:1.0"))
    assert devices("nrf52840") == ["A"]
    plug(monkeypatch, ("B", 0x1366, 0x1051, "", "1-1:1.2"), ("A", 0x1366, 0x1051, "", "1-1:1.0"))
    assert devices("nrf52840") == ["A"]


def test_two_boards_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, ("B", 0x1366, 0x1015, "8", "1-2:1.0"), ("A", 0x1366, 0x1015, "7", "1-1:1.0"))
    assert devices("nrf52840") == ["A", "B"]
    plug(monkeypatch, ("B", 0x1366, 0x1015, "", "1-2:1.0"), ("A", 0x1366, 0x1015, "", "1-1:1.0"))
    assert devices("nrf52840") == ["A", "B"]


def test_the_udev_rule_names_every_id() -> None:
    rule = usb.udev_rule(boards.load("nano33ble"))
    assert rule.count("\n") == 2
    assert 'ATTRS{idVendor}=="2341", ATTRS{idProduct}=="805a"' in rule
    assert usb.udev_rule(boards.load("mps2-an386")) == ""


def test_without_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(GhostError, match=r"pip install 'mcu-ghost\[flash\]'"):
        usb.ports()

# SPDX-License-Identifier: Apache-2.0
"""Which board and which way: one that is sure, or a message that names what there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash import devices
from mcu_ghost.boards.flash.choose import Choice, Wanted, choose
from mcu_ghost.boards.flash.methods import METHODS
from mcu_ghost.boards.port import usb
from mcu_ghost.host.errors import GhostError
from tests.boards.flash.conftest import Desk


def chosen(board: str, dry_run: bool = False, **wanted: object) -> Choice:
    return choose(boards.load(board), Wanted(**wanted), dry_run)  # type: ignore[arg-type]


def refusal(board: str, **wanted: object) -> str:
    with pytest.raises(GhostError) as refused:
        chosen(board, **wanted)
    return str(refused.value)


def install_all(desk: Desk) -> None:
    for tool in METHODS.values():
        if tool.program:
            desk.install(tool.program)


def test_the_boards_order_decides(desk: Desk) -> None:
    desk.plug("1366:1015", "1", "J-Link")
    methods = list(boards.load("nrf52840").flashing.methods)
    assert methods == ["nrfutil", "jlink", "pyocd", "openocd", "probe-rs", "nrfjprog", "copy"]
    desk.drive("JLINK")
    for method in reversed(methods):
        if METHODS[method].program:
            desk.install(METHODS[method].program)
        assert chosen("nrf52840").method == method


def test_nothing_plugged_in(desk: Desk) -> None:
    install_all(desk)
    told = refusal("nrf52840")
    assert told.startswith("nRF52840 DK (PCA10056) cannot be flashed:\n  nrfutil: no debug probe")
    assert "  copy: no drive JLINK is there\n" in told
    assert told.endswith("No board and no debug probe is plugged in.")


def test_nothing_installed(desk: Desk) -> None:
    desk.plug("0d28:0204", "99000000", "BBC micro:bit CMSIS-DAP")
    told = refusal("microbit")
    assert "  pyocd: pyocd is not installed: pipx install pyocd\n" in told
    assert "micro:bit CMSIS-DAP (0d28:0204, serial number 99000000): microbit\n" in told


def test_the_wrong_board(desk: Desk) -> None:
    install_all(desk)
    desk.plug("1366:1015", "000683000001", "J-Link")
    told = refusal("microbit")
    assert "  pyocd: no debug probe of it is plugged in\n" in told
    assert "J-Link (1366:1015, serial number 000683000001): nrf52832dk or nrf52840\n" in told
    assert told.endswith("--probe SERIAL takes one all the same.")
    choice = chosen("microbit", probe="683000001")
    assert choice.method == "pyocd" and choice.device is not None
    assert choice.device.serial == "000683000001"


def test_two_boards(desk: Desk) -> None:
    install_all(desk)
    desk.plug("1366:1015", "000683000001", "J-Link")
    desk.plug("1366:1051", "000683000002", "J-Link")
    told = refusal("nrf52840")
    assert told == (
        "2 devices could be nrf52840:\n  J-Link (1366:1015, serial number 000683000001)\n"
        "  J-Link (1366:1051, serial number 000683000002)\nChoose one with --probe SERIAL."
    )
    for number in ("683000002", "000683000002"):
        device = chosen("nrf52840", probe=number).device
        assert device is not None and device.id == "1366:1051"
    told = refusal("nrf52840", probe="5")
    assert "none has the serial number 5; there are:\n  J-Link (1366:1015" in told


def test_a_board_without_a_debugger_takes_a_loose_probe(desk: Desk) -> None:
    """But none that is part of another board, which could have the same chip."""
    install_all(desk)
    desk.plug("1366:1015", "1", "J-Link")
    assert "jlink: no debug probe of it is plugged in" in refusal("nano33ble")
    desk.plug("1366:0101", "2", "J-Link")
    choice = chosen("nano33ble")
    assert choice.method == "jlink" and choice.device is not None and choice.device.serial == "2"


@pytest.mark.parametrize(
    ("usb_id", "product", "interface", "kind"),
    [
        ("1366:0101", "J-Link", "", "jlink"),
        ("0483:374b", "STM32 STLink", "", "stlink"),
        ("0483:df11", "STM32  BOOTLOADER", "", None),
        ("2e8a:000c", "Debug Probe (CMSIS-DAP)", "", "cmsis-dap"),
        ("c251:f001", "Probe", "LPC-LINK2 CMSIS-DAP V5", "cmsis-dap"),
        ("1234:5678", "Mouse", "", None),
        ("0d28:0204", "", "", "cmsis-dap"),
    ],
)
def test_probes_by_what_they_call_themselves(
    usb_id: str, product: str, interface: str, kind: str | None, desk: Desk
) -> None:
    desk.plug(usb_id, "1", product, interface)
    (device,) = devices.seen()
    assert device.probe == kind and device.id == usb_id


def test_a_hub_is_no_device_and_interfaces_are_none(desk: Desk) -> None:
    (desk.folder / "sys" / "usb1").mkdir()
    desk.plug("1366:1015", "1", "J-Link", "BULK interface")
    assert [str(d) for d in devices.seen()] == ["J-Link (1366:1015, serial number 1)"]


def test_no_permission(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    install_all(desk)
    node = desk.plug("1366:0101", "1", "J-Link")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != node)
    told = refusal("nrf52840", method="jlink", probe="1")
    rule = 'SUBSYSTEMS=="usb", ATTRS{idVendor}=="1366", ATTRS{idProduct}=="0101"'
    assert f"you may not open it ({node})" in told and rule in told
    assert "/etc/udev/rules.d/60-mcu-ghost.rules" in told and "udevadm control --reload" in told
    desk.plug("1366:1015", "2", "J-Link")  # this one is allowed
    assert chosen("nrf52840", method="jlink").method == "jlink"


def test_drives(desk: Desk) -> None:
    assert "no drive MICROBIT is there" in refusal("microbit", method="copy")
    block = desk.folder / "root" / "dev" / "disk" / "by-label" / "MICROBIT"
    block.parent.mkdir(parents=True)
    block.write_text("")
    told = refusal("microbit", method="copy")
    assert f"the drive MICROBIT is not mounted: udisksctl mount -b {block}" in told
    desk.drive("MICROBIT-BACKUP")
    first = desk.drive("MICROBIT")
    assert chosen("microbit").method == "copy" and chosen("microbit").volume == first
    second = desk.drive("MICROBIT1", "run/media/me")
    told = refusal("microbit")
    assert told.startswith("2 drives could be microbit:\n") and "--volume PATH" in told
    assert chosen("microbit", volume=second).volume == second
    assert "is no mounted drive" in refusal("microbit", volume=second / "none")


def test_boards_that_share_an_id(desk: Desk) -> None:
    """Both micro:bits have the same USB id and drive, and different chips."""
    install_all(desk)
    desk.plug("0d28:0204", "9904360", "BBC micro:bit CMSIS-DAP")
    device = chosen("microbit-v2").device
    assert device is not None and device.serial == "9904360"
    assert "serial number 9904360): microbit-v2\n" in refusal("microbit")
    drive = desk.drive("MICROBIT")
    (drive / "DETAILS.TXT").write_text("# DAPLink\nUnique ID: 9904360\nHIC ID: 6D1395736\n")
    assert chosen("microbit-v2").volume == drive
    assert "copy: no drive MICROBIT is there" in refusal("microbit")


def test_the_nano_runs_its_bootloader_on_two_presses(desk: Desk) -> None:
    desk.install("bossac")
    desk.port("/dev/ttyACM0", "2341:805a")  # a sketch
    told = refusal("nano33ble", method="bossac")
    assert "its bootloader (2341:005a) is not running: press its reset button twice" in told
    desk.port("/dev/ttyACM1", "2341:005a", "A")
    assert chosen("nano33ble").port == "/dev/ttyACM1"
    desk.port("/dev/ttyACM2", "2341:005a", "B")
    assert "2 devices could be nano33ble" in refusal("nano33ble")
    assert chosen("nano33ble", port="/dev/ttyACM2").port == "/dev/ttyACM2"


def test_no_permission_for_a_port(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.install("bossac")
    node = desk.folder / "ttyACM1"
    node.write_text("")
    desk.port(str(node), "2341:005a")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != node)
    told = refusal("nano33ble", method="bossac")
    assert f"you may not open it ({node})" in told and 'ATTRS{idProduct}=="005a"' in told


def test_bootloaders_on_usb(desk: Desk) -> None:
    install_all(desk)
    desk.plug("2e8a:0003", "1", "RP2 Boot")  # the other chip's
    told = refusal("pico2", method="picotool")
    assert "its bootloader (2e8a:000f) is not running: hold BOOTSEL" in told
    desk.plug("2e8a:000f", "1", "RP2350 Boot")
    device = chosen("pico2").device
    assert device is not None and device.id == "2e8a:000f"


def test_options_that_do_not_fit() -> None:
    assert "Did you mean 'jlink'?" in refusal("nrf52840", method="jlnk")
    assert "jlink takes --probe, none of the other" in refusal(
        "nrf52840", method="jlink", port="/dev/ttyACM0"
    )
    assert "No method of microbit" in refusal("microbit", port="/dev/ttyACM0")
    for method in ("", "pyocd", "copy"):
        assert "is emulated, not flashed" in refusal("mps2-an386", method=method)


@pytest.mark.parametrize("method", ["bossac", "dfu-util", "picotool", "uf2"])
def test_a_bootloader_that_a_board_does_not_have(method: str) -> None:
    assert f"nrf52840 has nothing that {method} could talk to" in refusal("nrf52840", method=method)


def test_a_debugger_may_be_forced(desk: Desk) -> None:
    desk.install("JLinkExe")
    desk.plug("1366:0101", "1", "J-Link")
    assert chosen("microbit", method="jlink", probe="1").method == "jlink"


def test_a_dry_run_needs_neither_board_nor_program(desk: Desk) -> None:
    choice = chosen("nrf52840", dry_run=True)
    assert (choice.method, choice.program, choice.device) == ("nrfutil", "nrfutil", None)
    assert choice.missing == "no debug probe of it is plugged in"
    desk.plug("1366:1015", "7", "J-Link")
    choice = chosen("nrf52840", dry_run=True)
    assert choice.device is not None and choice.device.serial == "7"
    assert choice.missing.startswith("nrfutil is not installed: ")
    assert chosen("nrf52840", dry_run=True, method="pyocd").program == "pyocd"


def test_a_system_without_sysfs_lists_serial_ports(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_all(desk)
    monkeypatch.setattr(devices, "_SYSFS", desk.folder / "none")
    desk.port("COM3", "1366:1015", "1")
    desk.port("COM4", "1366:1015", "1")
    device = chosen("nrf52840").device
    assert device is not None and (device.id, device.serial) == ("1366:1015", "1")
    # A probe without a serial port is not seen, but may be named.
    device = chosen("nrf52840", probe="99").device
    assert device is not None and device.serial == "99"

    def absent() -> list[usb.UsbPort]:
        raise GhostError("Serial ports need pyserial")

    monkeypatch.setattr(usb, "ports", absent)
    assert "Serial ports need pyserial" in refusal("nrf52840")

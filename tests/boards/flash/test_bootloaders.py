# SPDX-License-Identifier: Apache-2.0
"""Methods that speak to a bootloader: the exact command lines, and what counts as success."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.boards.flash.conftest import Desk
from tests.boards.flash.procedures import Image, flash, own_board, plan, refusal, stm32


def test_dfu_util(desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    board = stm32(monkeypatch)
    data = image(board, 3000)
    desk.plug("0483:df11", "357A", "STM32  BOOTLOADER")
    desk.install("dfu-util", back=data)
    flash(board, "dfu-util")
    common = ["dfu-util", "-d", "0483:df11", "-a", "0", "-S", "357A"]
    file, back = f"build/{board}-stream/firmware.bin", f"build/flash/{board}-read.bin"
    assert desk.calls == [
        [*common, "-s", "0x08000000", "-D", file],
        [*common, "-s", "0x08000000:3000:leave", "-U", back],
    ]
    desk.install("dfu-util", back=data[:-1] + b"x")
    assert refusal(board, "dfu-util").startswith("verifying failed: the board does not hold")
    desk.install("dfu-util")
    assert refusal(board, "dfu-util").startswith("verifying failed: the board does not hold")


def test_an_st_links_drive_takes_a_flat_binary(
    desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = own_board(monkeypatch, "shed", "0x0800_0000", '["copy"]', "stm32l4r5zi", '["0483:374b"]')
    image(name)
    drive = desk.drive("JLINK")
    assert [str(step) for step in plan(name, "copy").procedure.steps] == [
        f"cp build/{name}-stream/firmware.bin {drive}"
    ]


@pytest.mark.parametrize(("name", "usb_id"), [("pico", "2e8a:0003"), ("pico2", "2e8a:000f")])
def test_picotool(name: str, usb_id: str, desk: Desk, image: Image) -> None:
    image(name)
    desk.plug("1d6b:0002")
    desk.plug(usb_id, "E0C9125B0D9B", "RP2 Boot")
    desk.install("picotool")
    flash(name, "picotool")
    file = f"build/flash/{name}.uf2"
    assert desk.calls == [["picotool", "load", "-v", "-x", file, "--bus", "1", "--address", "2"]]
    assert Path(file).stat().st_size == 512 * 20


def test_bossac(desk: Desk, image: Image) -> None:
    image("nano33ble")
    desk.port("/dev/ttyACM1", "2341:005a")
    desk.install("bossac", (0, "Verify successful\n"))
    flash("nano33ble", "bossac")
    file = "build/nano33ble-stream/firmware.bin"
    # No --offset: the bootloader adds 64 KiB by itself.
    assert desk.calls == [
        ["bossac", "--port=ttyACM1", "-U", "-i", "-e", "-w", "-v", file, "-R"],
    ]
    desk.install("bossac", (0, "Verify failed\n"))
    assert "Verify failed" in refusal("nano33ble", "bossac")

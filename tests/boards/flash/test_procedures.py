# SPDX-License-Identifier: Apache-2.0
"""Methods that go through a debug probe: command lines, what counts as success, a locked chip."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash import chips
from mcu_ghost.boards.flash import flash as flashing
from mcu_ghost.boards.flash.choose import Wanted
from mcu_ghost.host.errors import GhostError
from tests.boards.flash.conftest import Desk
from tests.boards.flash.procedures import Image, flash, own_board, plan, refusal

HEX, BIN = "build/nrf52840-stream/firmware.hex", "build/nrf52840-stream/firmware.bin"
UNLOCKED = "Read AP register 3 = 0x00000000\nRead AP register 3 = 0x00000001\n"
LOCKED = "Read AP register 3 = 0x00000001\nRead AP register 3 = 0x00000000\n"


@pytest.fixture
def dk(desk: Desk, image: Image) -> Desk:
    """An nRF52840 DK, and its last build."""
    image("nrf52840")
    desk.plug("1366:1015", "000683123456", "J-Link")
    return desk


def test_jlink(dk: Desk) -> None:
    dk.install("JLinkExe", (0, UNLOCKED), (0, "Verify successful.\n"))
    flash("nrf52840", "jlink")
    common = ["JLinkExe", "-NoGui", "1", "-ExitOnError", "1", "-SelectEmuBySN", "683123456"]
    connect = ["-Device", "nRF52840_xxAA", "-If", "SWD", "-Speed", "4000", "-AutoConnect", "1"]
    lock, write = "build/flash/nrf52840-lock.jlink", "build/flash/nrf52840-write.jlink"
    assert dk.calls == [
        [*common, "-CommandFile", lock],
        [*common, *connect, "-CommandFile", write],
    ]
    assert Path(lock).read_text().splitlines() == [
        "si 1",
        "speed 1000",
        "SWDSelect",
        "SWDWriteDP 1 0x50000000",
        "SWDWriteDP 2 0x01000000",
        "SWDReadAP 3",
        "SWDReadAP 3",
        "exit",
    ]
    assert Path(write).read_text().splitlines() == [
        "r",
        "h",
        f'loadfile "{HEX}"',
        f'verifybin "{BIN}", 0x0',
        "r",
        "g",
        "exit",
    ]


def test_jlink_never_connects_to_a_locked_chip(dk: Desk) -> None:
    """Connecting is what would erase it."""
    dk.install("JLinkExe", (0, LOCKED))
    told = refusal("nrf52840", "jlink")
    assert "The chip of nrf52840 is locked (APPROTECT)" in told
    assert "Nothing has been erased yet." in told and "UICR" in told
    assert "mcu-ghost flash --board nrf52840 --method jlink --unlock" in told
    assert "JLinkExe -NoGui 1 -ExitOnError 1 -SelectEmuBySN 683123456 -CommandFile" in told
    assert len(dk.calls) == 1 and dk.calls[0][-1].endswith("lock.jlink")


def test_jlink_that_does_not_tell_the_lock_goes_no_further(dk: Desk) -> None:
    dk.install("JLinkExe", (0, "J-Link Commander\n"))
    assert refusal("nrf52840", "jlink").startswith("reading the lock failed: ")
    assert len(dk.calls) == 1


def test_jlink_unlocks_when_asked(dk: Desk) -> None:
    dk.install("JLinkExe", (0, LOCKED), (0, ""), (0, UNLOCKED), (0, "Verify successful."))
    flash("nrf52840", "jlink", unlock=True)
    kinds = [call[-1].rpartition("-")[2] for call in dk.calls]
    assert kinds == ["lock.jlink", "unlock.jlink", "lock.jlink", "write.jlink"]
    unlock = Path("build/flash/nrf52840-unlock.jlink").read_text().splitlines()
    assert unlock[4:6] == ["SWDWriteDP 2 0x01000000", "SWDWriteAP 1 1"]


def test_unlock_erases_nothing_that_is_not_locked(dk: Desk) -> None:
    dk.install("JLinkExe", (0, UNLOCKED), (0, "Verify successful."))
    flash("nrf52840", "jlink", unlock=True)
    assert [call[-1].rpartition("-")[2] for call in dk.calls] == ["lock.jlink", "write.jlink"]


def test_jlink_must_verify(dk: Desk) -> None:
    dk.install("JLinkExe", (0, UNLOCKED), (0, "Verify failed @ address 0x00000000.\n"))
    told = refusal("nrf52840", "jlink")
    assert told.startswith("writing and verifying failed: ") and "Verify failed @ address" in told


def test_pyocd(dk: Desk) -> None:
    dk.install("pyocd", (0, ""), (0, "Comparing\nAll 5000 bytes match.\n"))
    flash("nrf52840", "pyocd")
    common = ["--no-config", "--no-wait", "-t", "nrf52840", "-u", "683123456"]
    keep = ["-O", "auto_unlock=false"]
    assert dk.calls == [
        ["pyocd", "load", *common, *keep, "-e", "sector", "--format", "hex", "--no-reset", HEX],
        ["pyocd", "commander", *common, *keep, "-c", f'compare 0x0 "{BIN}"', "-c", "reset"],
    ]


def test_pyocd_must_read_back_what_was_written(dk: Desk) -> None:
    dk.install("pyocd", (0, ""), (0, "Mismatched byte at 0x00000010 (offset 0x10)\n"))
    assert "Mismatched byte at 0x00000010" in refusal("nrf52840", "pyocd")


def test_pyocd_locked(dk: Desk) -> None:
    says = "W NRF52840 APPROTECT enabled: not automatically unlocking [target_nRF52]\n"
    dk.install("pyocd", (1, says), (0, ""), (0, ""), (0, "All 5000 bytes match."))
    told = refusal("nrf52840", "pyocd")
    assert "is locked" in told and "-O auto_unlock=true" in told
    assert len(dk.calls) == 1
    (dk.folder / "calls" / "calls.json").unlink()
    flash("nrf52840", "pyocd", unlock=True)
    options = [call[call.index("-O") + 1] for call in dk.calls]
    assert options == [f"auto_unlock={word}" for word in ("false", "true", "false", "false")]


@pytest.mark.parametrize(
    ("usb_id", "serial", "product", "interface", "transport", "number"),
    [
        ("1366:1015", "000683123456", "J-Link", "jlink", True, "683123456"),
        ("0483:374b", "066DFF5", "STM32 STLink", "stlink", False, "066DFF5"),
        ("2e8a:000c", "E66", "Debug Probe (CMSIS-DAP)", "cmsis-dap", True, "E66"),
    ],
)
def test_openocd(
    usb_id: str,
    serial: str,
    product: str,
    interface: str,
    transport: bool,
    number: str,
    desk: Desk,
    image: Image,
) -> None:
    image("nrf52840")
    desk.plug(usb_id, serial, product)
    desk.install("openocd", (0, "** Verified OK **\n"))
    target = boards.load("nrf52840")
    chosen = flashing.prepare(target, Path(HEX), Wanted("openocd", probe=serial))
    flashing.carry_out(chosen, lambda line: None)
    swd = ["-c", "transport select swd"] if transport else []
    assert desk.calls == [
        ["openocd", "-f", f"interface/{interface}.cfg", "-c", f"adapter serial {number}", *swd,
         "-f", "target/nrf52.cfg", "-c", f"program {{{HEX}}} verify reset exit"],
    ]  # fmt: skip


def test_openocd_locked(dk: Desk) -> None:
    says = "nRF52 device has AP lock engaged (see UICR APPROTECT register).\n"
    dk.install("openocd", (1, says), (0, ""), (0, "** Verified OK **"))
    assert "is locked" in refusal("nrf52840", "openocd") and len(dk.calls) == 1
    (dk.folder / "calls" / "calls.json").unlink()
    flash("nrf52840", "openocd", unlock=True)
    assert dk.calls[1][-6:] == ["-c", "init", "-c", "nrf52_recover", "-c", "shutdown"]
    assert len(dk.calls) == 3


def test_openocd_must_verify(dk: Desk) -> None:
    dk.install("openocd", (0, "** Programming Finished **\n"))
    assert "writing and verifying failed" in refusal("nrf52840", "openocd")


def test_probe_rs(dk: Desk) -> None:
    dk.install("probe-rs")
    flash("nrf52840", "probe-rs")
    common = ["--non-interactive", "--chip", "nRF52840_xxAA", "--protocol", "swd",
              "--probe", "1366:1015:000683123456"]  # fmt: skip
    assert dk.calls == [
        ["probe-rs", "download", *common, "--binary-format", "hex", "--verify", HEX],
        ["probe-rs", "reset", *common],
    ]


def test_probe_rs_locked(dk: Desk) -> None:
    says = (
        "An operation could not be performed because it lacked the permission to do so: erase_all"
    )
    dk.install("probe-rs", (1, says), (0, ""))
    assert "is locked" in refusal("nrf52840", "probe-rs") and len(dk.calls) == 1
    assert "--allow-erase-all" not in dk.calls[0]
    (dk.folder / "calls" / "calls.json").unlink()
    flash("nrf52840", "probe-rs", unlock=True)
    assert ["--allow-erase-all" in call for call in dk.calls] == [False, True, False, False]


def test_nrfutil(dk: Desk) -> None:
    dk.install("nrfutil")
    flash("nrf52840", "nrfutil")
    options = (
        "chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ,reset=RESET_SYSTEM"
    )
    assert dk.calls == [
        ["nrfutil", "device", "program", "--firmware", HEX, "--options", options,
         "--serial-number", "683123456"],
    ]  # fmt: skip


def test_nrfjprog(dk: Desk) -> None:
    dk.install("nrfjprog")
    flash("nrf52840", "nrfjprog")
    assert dk.calls == [
        ["nrfjprog", "--family", "NRF52", "--snr", "683123456", "--program", HEX, "--sectorerase",
         "--verify", "--reset"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "says", "recover"),
    [
        ("nrfutil", "access port is protected, code: NotAvailableBecauseProtection",
         ["nrfutil", "device", "recover", "--serial-number", "683123456"]),
        ("nrfjprog", "ERROR: unavailable due to readback protection in your device.",
         ["nrfjprog", "--family", "NRF52", "--snr", "683123456", "--recover"]),
    ],
)  # fmt: skip
def test_nordics_own_locked(method: str, says: str, recover: list[str], dk: Desk) -> None:
    dk.install(method, (16, says), (0, ""))
    assert "is locked" in refusal("nrf52840", method) and len(dk.calls) == 1
    (dk.folder / "calls" / "calls.json").unlink()
    flash("nrf52840", method, unlock=True)
    assert dk.calls[1] == recover and dk.calls[2] == dk.calls[0]


def test_a_chip_that_stays_locked_is_erased_once(dk: Desk) -> None:
    dk.install("nrfutil", (1, "readback protection"), (0, ""), (1, "readback protection"))
    assert "is locked" in refusal("nrf52840", "nrfutil", unlock=True)
    assert [call[2] for call in dk.calls] == ["program", "recover", "program"]


@pytest.mark.parametrize("method", ["pyocd", "openocd", "probe-rs", "nrfutil", "nrfjprog"])
def test_a_program_that_fails_is_quoted(method: str, dk: Desk) -> None:
    dk.install(method, (3, "first line\rhalf way\nError: the cable fell out\n"))
    told = refusal("nrf52840", method)
    assert "failed with exit code 3: " in told and f"bin/{method} " in told
    assert told.endswith("It said:\nfirst line\nhalf way\nError: the cable fell out")
    assert len(dk.calls) == 1


def test_progress_is_what_the_program_says(dk: Desk) -> None:
    dk.install("nrfutil", (0, "10 %\r20 %\r\n[bold]done\n"))
    assert flash("nrf52840", "nrfutil")[0] == "writing and verifying"
    assert flash("nrf52840", "nrfutil")[-1] == "writing and verifying: [bold]done"


def test_nrf51_has_no_such_lock(desk: Desk, image: Image) -> None:
    image("microbit")
    desk.plug("0d28:0204", "9900", "BBC micro:bit CMSIS-DAP")
    desk.install("pyocd", (1, "some error"))
    assert plan("microbit", "pyocd").procedure.unlock == ()
    assert "some error" in refusal("microbit", "pyocd", unlock=True)


def test_the_nano_is_told_what_unlocking_costs(desk: Desk, image: Image) -> None:
    image("nano33ble")
    desk.plug("2e8a:000c", "E66", "Debug Probe (CMSIS-DAP)")
    desk.install("openocd", (1, "AP lock engaged"))
    told = refusal("nano33ble", "openocd")
    assert "The bootloader is erased too; the image needs it" in told


@pytest.mark.parametrize(
    ("target", "openocd", "jlink", "probe_rs", "pyocd"),
    [
        ("nrf51", "nrf51", "nRF51822_xxAA", "nRF51822_xxAA", "nrf51"),
        ("nrf52833", "nrf52", "nRF52833_xxAA", "nRF52833_xxAA", "nrf52833"),
        ("nrf5340", "nordic/nrf53", "nRF5340_xxAA_APP", "nRF5340_xxAA", "nrf5340_xxaa"),
        ("rp2040", "rp2040", "RP2040_M0_0", "rp2040", "rp2040"),
        ("rp2350", "rp2350", "RP2350_M33_0", "RP235x", "rp2350"),
        ("stm32f407vg", "stm32f4x", "STM32F407VG", "stm32f407vg", "stm32f407vg"),
        ("stm32u575zitxq", "stm32u5x", "STM32U575ZI", "stm32u575zitxq", "stm32u575zitxq"),
    ],
)
def test_what_the_programs_call_a_chip(
    target: str, openocd: str, jlink: str, probe_rs: str, pyocd: str
) -> None:
    board = boards.load("nrf52840")
    flashing_ = dataclasses.replace(board.flashing, target=target)
    board = dataclasses.replace(board, flashing=flashing_)
    assert chips.openocd(board) == f"target/{openocd}.cfg"
    assert (chips.jlink(board), chips.probe_rs(board)) == (jlink, probe_rs)
    assert chips.pyocd(board) == pyocd


def test_openocd_without_a_file_for_the_chip(dk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    dk.install("openocd")
    name = own_board(monkeypatch, "shed", "0", '["openocd"]', "gd32vf103", '["1366:1015"]')
    target = boards.load(name)
    with pytest.raises(GhostError, match="no OpenOCD file for the chip 'gd32vf103' of shed"):
        flashing.prepare(target, Path(HEX), Wanted())


def test_nrf53_unlocks_the_network_core_first(
    desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    image("nrf5340dk")
    desk.plug("1366:1055", "1050000001", "J-Link")
    for tool in ("nrfutil", "nrfjprog", "JLinkExe", "openocd"):
        desk.install(tool)
    unlock = {m: plan("nrf5340dk", m).procedure.unlock for m in ("nrfutil", "nrfjprog", "openocd")}
    assert [step.command[4] for step in unlock["nrfutil"]] == ["Network", "Application"]
    cores = [step.command[step.command.index("--coprocessor") + 1] for step in unlock["nrfjprog"]]
    assert cores == ["CP_NETWORK", "CP_APPLICATION"]
    assert unlock["openocd"][0].command[-7:-2:2] == (
        "init",
        "nrf53_recover",
        "nrf53_cpuapp_recover",
    )
    plan("nrf5340dk", "jlink")
    lines = Path("build/flash/nrf5340dk-unlock.jlink").read_text().splitlines()
    selected = [line for line in lines if line.startswith("SWDWriteDP 2")]
    assert selected == ["SWDWriteDP 2 0x03000000", "SWDWriteDP 2 0x02000000"]
    lock = Path("build/flash/nrf5340dk-lock.jlink").read_text()
    assert "SWDWriteDP 2 0x02000000" in lock and "0x03000000" not in lock

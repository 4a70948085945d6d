# SPDX-License-Identifier: Apache-2.0
"""Drives that boards show, programs that hang or are not there, and the verb itself."""

from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcu_ghost.boards import uf2
from mcu_ghost.boards.flash import run
from mcu_ghost.boards.flash.steps import Copy, Procedure, Step
from mcu_ghost.cli import cli
from mcu_ghost.host.errors import GhostError
from tests.boards.flash.conftest import Desk

Image = Callable[..., bytes]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_DRIVE_PATIENCE", 2.0)


class Board(threading.Thread):
    """What a board does with a file on its drive: takes it, then lets the drive vanish."""

    def __init__(self, drive: Path, file: str, fail: str = "", returns: bool = False) -> None:
        super().__init__(daemon=True)
        self.drive, self.file, self.fail, self.returns = drive, drive / file, fail, returns
        self.took = b""
        self.start()

    def run(self) -> None:
        """Wait for the whole file, keep it, and unmount."""
        while not self.file.exists() or self.file.stat().st_size == 0:
            time.sleep(0.01)
        time.sleep(0.05)
        self.took = self.file.read_bytes()
        for file in self.drive.iterdir():
            file.unlink()
        self.drive.rmdir()
        if self.returns:
            time.sleep(0.1)
            made = self.drive.with_name("made")
            made.mkdir()
            if self.fail:
                (made / "FAIL.TXT").write_text(self.fail)
            made.rename(self.drive)


def ghost(*words: str) -> Result:
    return CliRunner().invoke(cli, ["flash", *words])


def refusal(*words: str) -> str:
    result = ghost(*words)
    assert isinstance(result.exception, GhostError), result
    return str(result.exception)


def test_uf2_onto_a_bootloaders_drive(
    desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "pico"
    data = image(name)
    drive = desk.drive("RPI-RP2")
    words = ("-b", name, "--method", "uf2", "--volume", str(drive))
    assert "no INFO_UF2.TXT is there" in refusal(*words)
    assert list(drive.iterdir()) == []
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    board = Board(drive, f"{name}.uf2")
    result = ghost(*words, "--json")
    assert result.exit_code == 0, result
    told = json.loads(result.stdout)
    assert told["method"] == "uf2" and told["verifies"] is False
    assert told["device"] == str(drive) and told["bytes"] == len(data)
    board.join()
    assert b"".join(p for _, p in uf2.decode(board.took, 0xE48B_FF56))[: len(data)] == data


@pytest.mark.slow
def test_a_bootloader_that_ignores_the_file(
    desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "pico"
    image(name)
    drive = desk.drive("RPI-RP2")
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    told = refusal("-b", name, "--method", "uf2", "--volume", str(drive))
    assert told == f"{drive}: the board did not take the image in 2 s."


def test_a_drive_that_vanishes_while_it_is_written(
    desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "pico"
    image(name)
    drive = desk.drive("RPI-RP2")
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    board = Board(drive, f"{name}.uf2")

    def pulled(handle: int) -> None:
        board.join()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(run.os, "fsync", pulled)
    result = ghost("-b", name, "--method", "uf2", "--volume", str(drive))
    assert result.exit_code == 0, result
    assert len(board.took) == 512 * 20


def test_copy_onto_a_debuggers_drive(desk: Desk, image: Image) -> None:
    image("microbit")
    drive = desk.drive("MICROBIT")
    (drive / "FAIL.TXT").write_text("from the last time")
    board = Board(drive, "firmware.hex", returns=True)
    result = ghost("-b", "microbit")
    assert result.exit_code == 0, result
    assert "by copy, taken by the board" in result.stdout
    board.join()
    assert board.took == Path("build/microbit-stream/firmware.hex").read_bytes()


def test_a_debugger_that_refuses(desk: Desk, image: Image) -> None:
    image("microbit")
    drive = desk.drive("MICROBIT")
    Board(drive, "firmware.hex", "error: The hex file cannot be decoded.", returns=True)
    told = refusal("-b", "microbit")
    assert "the board refused the image. FAIL.TXT says:\nerror: The hex file" in told


def test_a_drive_without_room(desk: Desk, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    image("microbit")
    drive = desk.drive("MICROBIT")
    usage = run.shutil.disk_usage(drive)
    monkeypatch.setattr(run.shutil, "disk_usage", lambda place: usage._replace(free=100))
    assert "has room for 100 bytes" in refusal("-b", "microbit")
    assert list(drive.iterdir()) == []


def test_a_bootloader_is_never_given_to_a_debuggers_drive(desk: Desk, image: Image) -> None:
    """Its drive may erase the whole chip."""
    image("nano33ble")
    told = refusal("-b", "nano33ble", "--method", "copy", "--volume", str(desk.drive("DAPLINK")))
    assert "has nothing that copy could talk to" in told


def test_a_program_that_hangs_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_PATIENCE", 0.5)
    program = desk.tools / "slow"
    program.write_text("#!/bin/sh\necho one\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    began = time.monotonic()
    with pytest.raises(run.Failed, match="(?s)waiting failed with exit code -9.*one"):
        run.run(Procedure((Step("waiting", (str(program),)),)), lambda line: None)
    assert time.monotonic() - began < 20


def test_a_program_that_vanished(desk: Desk) -> None:
    with pytest.raises(run.Failed, match="cannot be run: No such file"):
        run.run(Procedure((Step("going", (str(desk.tools / "gone"),)),)), lambda line: None)


def test_an_interrupt_ends_the_program(desk: Desk) -> None:
    program = desk.tools / "slow"
    program.write_text(f"#!/bin/sh\necho $$ > {desk.folder}/pid\necho on\nexec /bin/sleep 60\n")
    program.chmod(0o755)

    def interrupt(line: str) -> None:
        if line.endswith("on"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(Procedure((Step("going", (str(program),)),)), interrupt)
    pid = (desk.folder / "pid").read_text().strip()
    assert not Path("/proc", pid).exists()


def test_a_dry_run_runs_nothing(desk: Desk, image: Image) -> None:
    image("nrf52840")
    desk.plug("1366:1015", "000683000001", "J-Link")
    result = ghost("-b", "nrf52840", "--dry-run")
    assert result.exit_code == 0
    assert "not possible yet: nrfutil is not installed" in result.stderr
    assert result.stdout == (
        "nrfutil device program --firmware build/nrf52840-stream/firmware.hex --options"
        " chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ,reset=RESET_SYSTEM"
        " --serial-number 683000001\n"
    )
    program = desk.install("pyocd")
    words = ("-b", "nrf52840", "--dry-run")
    first, second = ghost(*words).stdout.splitlines()
    assert first.startswith(f"{program} load --no-config") and "'compare 0x0 " in second
    assert "auto_unlock=true" in ghost(*words, "--unlock").stdout
    told = json.loads(ghost(*words, "--json").stdout)
    assert told["commands"] == [first, second] and len(told["unlock"]) == 1
    assert (told["board"], told["address"], told["bytes"]) == ("nrf52840", 0, 5000)
    assert desk.calls == []


def test_a_dry_run_shows_files_of_commands(image: Image) -> None:
    image("nrf52840")
    words = ("-b", "nrf52840", "--dry-run", "--method", "jlink")
    lines = ghost(*words).stdout.splitlines()
    assert "# build/flash/nrf52840-lock.jlink:" in lines and "#   SWDReadAP 3" in lines
    assert "#   SWDWriteAP 1 1" not in lines
    assert "#   SWDWriteAP 1 1" in ghost(*words, "--unlock").stdout.splitlines()


def test_which_of_several_builds_is_asked(desk: Desk, image: Image) -> None:
    image("nrf52840")
    Path("build/nrf52840-stream").rename("build/nrf52840-kws")
    image("nrf52840")
    assert "say which, --app kws or --app stream" in refusal("-b", "nrf52840", "--dry-run")
    result = ghost("-b", "nrf52840", "--app", "kws", "--dry-run", "--json")
    assert json.loads(result.stdout)["image"] == "build/nrf52840-kws/firmware.elf"
    told = refusal("-b", "microbit")
    assert "No image for microbit is in build/: `mcu-ghost build --board microbit`" in told


def test_another_image(desk: Desk, image: Image) -> None:
    image("microbit")
    told = refusal("-b", "nrf52840", "--image", "build/microbit-stream/firmware.elf", "--dry-run")
    assert "was built for the board microbit, not for nrf52840" in told
    assert desk.calls == []


def test_a_failure_leaves_no_result_on_stdout(desk: Desk, image: Image) -> None:
    image("nrf52840")
    desk.plug("1366:1015", "1", "J-Link")
    desk.install("nrfutil", (1, "no such device\n"))
    result = ghost("-b", "nrf52840", "--json")
    assert isinstance(result.exception, GhostError) and result.stdout == ""
    assert "no such device" in str(result.exception)


def test_a_copy_onto_what_cannot_be_written(tmp_path: Path) -> None:
    source = tmp_path / "a.hex"
    source.write_text(":00000001FF\n")
    (tmp_path / "drive" / "a.hex").mkdir(parents=True)
    with pytest.raises(run.Failed, match="cannot be written"):
        run.run(Procedure((Copy("writing", source, tmp_path / "drive", False),)), lambda line: None)

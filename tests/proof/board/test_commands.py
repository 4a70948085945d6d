# SPDX-License-Identifier: Apache-2.0
"""`mcu-ghost verify` and `mcu-ghost monitor` as a user meets them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools import list_ports

from mcu_ghost import boards
from mcu_ghost.boards.port import usb
from mcu_ghost.build import build
from mcu_ghost.emulate import unicorn
from mcu_ghost.host import resources
from mcu_ghost.host.errors import GhostError
from mcu_ghost.network.model import Model
from mcu_ghost.network.tflite import read, write
from tests.cli.in_process import ghost, refusal
from tests.conftest import ROOT, need
from tests.proof.board.board import PtyBoard, compile_app


@pytest.fixture
def model_file(model: Model, tmp_path: Path) -> str:
    write.write(model, tmp_path / "model.tflite")
    return str(tmp_path / "model.tflite")


class Running:
    """A command that runs until it is stopped; what it prints is collected."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "mcu_ghost", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        self.out, self.err = bytearray(), bytearray()
        self.readers = [
            threading.Thread(target=self._read, args=pair)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream: object, into: bytearray) -> None:
        while data := os.read(stream.fileno(), 4096):  # type: ignore[attr-defined]
            into += data

    def until(self, pattern: str, timeout: float = 60.0) -> None:
        """Wait until it has printed something."""
        end = time.monotonic() + timeout
        while not re.search(pattern, (self.out + self.err).decode(errors="replace")):
            assert time.monotonic() < end, (pattern, self.out, self.err)
            assert self.process.poll() is None, (self.out, self.err)
            time.sleep(0.05)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        for reader in self.readers:
            reader.join()
        return code


@contextlib.contextmanager
def running(*words: str) -> Iterator[Running]:
    command = Running(*words)
    try:
        yield command
    finally:
        command.process.kill()
        command.stop()


@pytest.mark.toolchain
def test_verify(board: PtyBoard, model_file: str) -> None:
    words = ("verify", "-b", "nrf52840", "-m", model_file, "--port", str(board.device))
    result = ghost(*words, "--cases", "2", "--frames", "11", "--json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert (data["mismatches"], data["cases"], data["frames"]) == (0, 2, 22)
    assert data["measured"]["per_frame"] == {"mean": 500.0, "min": 500, "max": 500}
    assert data["measured"]["unit"] == "cycles" and data["port"] == str(board.device)
    result = ghost(*words, "--cases", "1")
    assert result.returncode == 0 and "error" not in result.stderr
    assert "equal bit for bit" in result.stdout
    assert "500 cycles per frame" in result.stdout and "(measured by the board)" in result.stdout


@pytest.mark.toolchain
def test_verify_of_a_wrong_image(model: Model, model_file: str, tmp_path: Path) -> None:
    """Exit code 1, and what differs; of firmware of another version it is said."""
    changes = (
        ("model_data.c", "  -127,", "  -100,"),
        ("app_model.h", 'FIRMWARE_VERSION "', 'FIRMWARE_VERSION "9.'),
    )
    program = compile_app(model, tmp_path / "app", *changes)
    with contextlib.closing(PtyBoard(program, tmp_path / "tty")) as board:
        words = ("--port", str(board.device), "--cases", "1")
        result = ghost("verify", "-b", "nrf52840", "-m", model_file, *words)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "bytes differ" in result.stdout and "case 0, result" in result.stdout
    assert re.search(r"built by mcu-ghost 9\.\S+, this is", result.stdout)


@pytest.mark.slow
def test_nothing_to_verify(tmp_path: Path) -> None:
    told = refusal("verify", "-b", "nrf52840", "--port", "/dev/none", "--cases", "0")
    assert "nothing to verify" in told
    told = refusal("verify", "-b", "nrf52840", "--port", "/dev/none")
    assert told.startswith("There is no port /dev/none.")
    told = refusal("verify", "-b", "nrf52840", "--recordings", str(tmp_path))
    assert "holds no WAV or FLAC files" in told


def test_raw_and_json_exclude_each_other() -> None:
    assert "exclude" in refusal("monitor", "-b", "nrf52840", "--raw", "--json")


@pytest.mark.toolchain
def test_monitor_shows_text_and_waits_for_a_pulled_cable(board: PtyBoard) -> None:
    with running("monitor", "-b", "nrf52840", "--port", str(board.device), "--reset") as monitor:
        monitor.until("Ctrl-C ends")
        time.sleep(1.0)  # until it has opened the port and asked for a reset
        board.reset()
        monitor.until("mcu-ghost .* stream random")
        board.send(b"[bold]not markup[/] :warning:\n\xff\xfe\x80\n\xff\xfe\x80\n\xff\xfe\x80\n")
        monitor.until(r"\[bold\]not markup\[/\] :warning:")
        monitor.until("is the baud rate right")
        board.pull()
        monitor.until("is gone")
        board.plug()
        monitor.until("is back")
        board.send(b"FAULT bus error pc=0x00000000\n")
        monitor.until("FAULT bus error")
        assert monitor.stop() == 0
        assert b"FAULT bus error" in monitor.out and b"Traceback" not in monitor.err


@pytest.mark.toolchain
def test_monitor_passes_bytes_on(board: PtyBoard) -> None:
    with running("monitor", "-b", "nrf52840", "--port", str(board.device), "--raw") as monitor:
        monitor.until("Ctrl-C ends")
        time.sleep(0.5)
        board.send(b"\x1b[31m\xff\0over\n")
        monitor.until("over")
        assert monitor.stop() == 0
        assert monitor.out.endswith(b"\x1b[31m\xff\0over\n")


@pytest.mark.toolchain
def test_monitor_prints_events_as_json(board: PtyBoard) -> None:
    with running("monitor", "-b", "nrf52840", "--port", str(board.device), "--json") as monitor:
        monitor.until("Ctrl-C ends")
        time.sleep(0.5)
        board.send(b'hello\n{"event":"word","word":"go","ms":40,"score":0.9,"sum":9}\nbye\n')
        monitor.until("bye")
        assert monitor.stop() == 0
        events = [json.loads(line) for line in monitor.out.decode().splitlines()][-3:]
        assert [event["event"] for event in events] == ["text", "word", "text"]
        assert events[0]["text"] == "hello" and events[1]["word"] == "go"


@pytest.mark.toolchain
def test_a_damaged_event_is_shown_as_it_is(board: PtyBoard) -> None:
    with running("monitor", "-b", "nrf52840", "--port", str(board.device)) as monitor:
        monitor.until("Ctrl-C ends")
        time.sleep(0.5)
        board.send(b'{"event":"status","mS":1}\n{"event":"word","word":7}\n{"event":"new"}\n')
        monitor.until('"mS":1(.|\n)*"word":7(.|\n)*"new"')
        assert monitor.stop() == 0


@pytest.mark.emulator
def test_verify_an_unmodified_image_on_qemu(tmp_path: Path) -> None:
    """The bundled model and a recording through QEMU's pseudo-terminal."""
    program = need("qemu-system-arm", "qemu-system-arm")
    board = boards.load("mps2-an386")
    assert board.emulators.qemu is not None
    model = read.load(resources.default_model())
    built = build.build(model, board, "stream", tmp_path / "b")
    clip = next(c for c in resources.demo_clips() if c.name.startswith("alexa_"))
    command = [program, "-machine", board.emulators.qemu.machine, "-display", "none", "-monitor",
               "none", "-serial", "pty", "-nodefaults", "-kernel", str(built.elf)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as machine:
        try:
            assert machine.stdout is not None
            told = machine.stdout.readline().decode()
            found = re.search(r"/dev/\S+", told)
            assert found, told
            words = ("--port", found[0], "--cases", "1", "--recordings", str(clip), "--json")
            result = ghost("verify", "-b", "mps2-an386", *words)
        finally:
            machine.kill()
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert data["mismatches"] == 0 and data["cases"] == 2
    assert data["measured"]["unit"] == "SysTick ticks" and data["measured"]["hz"] == 25_000_000
    assert data["audio"][0]["label"] == "alexa"


@pytest.mark.emulator
def test_verify_an_unmodified_image_that_is_reset(
    model: Model, model_file: str, tmp_path: Path
) -> None:
    """The emulated nRF52840 loses its power in mid-session, and is back at once."""
    board = boards.load("nrf52840")
    built = build.build(model, board, "stream", tmp_path / "b")
    chip, host = os.openpty()
    tty.setraw(host)
    words = ("verify", "-b", "nrf52840", "-m", model_file, "--port", os.ttyname(host), "--json")
    machine, answered = unicorn.start(board, built.elf), 0
    with running(*words) as command:
        while command.process.poll() is None:
            if select.select([chip], [], [], 0.01)[0]:
                machine.write(os.read(chip, 4096))
            answer = machine.read(0.01)
            os.write(chip, answer)
            answered += bool(answer)
            if answered == 20:
                machine.close()
                machine = unicorn.start(board, built.elf)
        assert command.stop() == 0, command.err
        data = json.loads(command.out)
    machine.close()
    os.close(chip)
    os.close(host)
    assert data["mismatches"] == 0 and data["frames"] == 3 * 49 and data["replays"] == 1
    assert data["measured"]["unit"] == "cycles" and data["measured"]["per_frame"]["min"] > 1000


def test_what_excludes_raw(tmp_path: Path) -> None:
    for option in (["--json"], ["--save", "a.wav"], ["--save-clips", str(tmp_path / "c")]):
        told = refusal("monitor", "-b", "nrf52840", "--port", "/dev/none", "--raw", *option)
        assert told.startswith(f"--raw and {option[0]} exclude each other.")
    assert not (tmp_path / "c").exists()


def test_finding_the_one_board(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.boards.port.test_usb import plug

    nrf = boards.load("nrf52840")
    monkeypatch.setattr(list_ports, "comports", lambda: [])
    with pytest.raises(GhostError, match="No nrf52840 .*1366:1015.* There are no serial ports"):
        usb.find(nrf)
    plug(monkeypatch, ("B", 0x0D28, 0x0204, "2", "1-2:1.1"))
    with pytest.raises(
        GhostError, match=r"No nrf52840 (.|\n)*B \(board, 0d28:0204, serial number 2"
    ):
        usb.find(nrf)
    with pytest.raises(GhostError, match="lists no USB ids"):
        usb.find(boards.load("mps2-an386"))
    with pytest.raises(GhostError, match="on its pins P1.03 and P1.10"):
        usb.find(boards.load("nano33ble"))
    with pytest.raises(GhostError, match="on its pins, not on its USB socket"):
        usb.find(boards.load("pico"))
    plug(monkeypatch, ("A", 0x1366, 0x1015, "7", "1-1:1.0"), ("B", 0x1366, 0x1015, "8", "1-2:1.0"))
    with pytest.raises(GhostError, match=r"Which nrf52840\? Choose one with --port:\n  A .*\n  B "):
        usb.find(nrf)
    plug(monkeypatch, ("A", 0x1366, 0x1015, "7", "1-1:1.0"))
    assert usb.find(nrf).device == "A"

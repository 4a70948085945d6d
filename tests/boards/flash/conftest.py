# SPDX-License-Identifier: Apache-2.0
"""A desk with nothing on it but what a test puts there: no test here can reach real hardware."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from mcu_ghost import boards
from mcu_ghost.boards.flash import devices, run
from mcu_ghost.boards.port import usb
from mcu_ghost.build import manifest
from tests.boards.flash.images import elf, program

# A program that writes down its arguments and the files it was given, then says what it is told.
_FAKE = """#!{python} -IS
import json, os, sys
folder = {folder!r} + '/'
files = {{a: open(a).read() for a in sys.argv[1:] if a.endswith('.jlink')}}
calls = folder + 'calls.json'
done = json.load(open(calls)) if os.path.exists(calls) else []
done.append([sys.argv[0].rpartition('/')[2], *sys.argv[1:]])
with open(calls, 'w') as file:
    json.dump(done, file)
answers = json.load(open(folder + {name!r}))
code, text, back = answers[min(sum(d[0] == done[-1][0] for d in done), len(answers)) - 1]
if back and '-U' in sys.argv:
    open(sys.argv[sys.argv.index('-U') + 1], 'wb').write(bytes.fromhex(back))
assert 'PROBE_RS_ALLOW_ERASE_ALL' not in os.environ
sys.stdout.write(text)
sys.exit(code)
"""


class Desk:
    """What is plugged in and installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools = folder / "bin"
        for name in ("bin", "sys", "dev", "root", "calls", "empty"):
            (folder / name).mkdir()
        self.ports: list[usb.UsbPort] = []

    def plug(self, usb_id: str, serial: str = "", product: str = "", interface: str = "") -> Path:
        """Put a device on USB; return its node."""
        number = len(list((self.folder / "sys").iterdir())) + 1
        device = self.folder / "sys" / f"1-{number}"
        device.mkdir()
        vendor, _, product_id = usb_id.partition(":")
        facts = {"idVendor": vendor, "idProduct": product_id, "serial": serial, "product": product,
                 "busnum": "1", "devnum": str(number)}  # fmt: skip
        for name, value in facts.items():
            if value:
                (device / name).write_text(f"{value}\n")
        if interface:
            (device / f"1-{number}:1.0").mkdir()
            (device / f"1-{number}:1.0" / "interface").write_text(f"{interface}\n")
        node = self.folder / "dev" / "001" / f"{number:03d}"
        node.parent.mkdir(exist_ok=True)
        node.write_text("")
        return node

    def port(self, device: str, usb_id: str, serial: str = "") -> None:
        """Put a serial port on USB."""
        self.ports.append(usb.UsbPort(device, usb_id, serial, "1-1:1.0", "board"))

    def drive(self, label: str, mounts: str = "media/me") -> Path:
        """Mount a drive."""
        place = self.folder / "root" / mounts / label
        place.mkdir(parents=True)
        return place

    def install(self, name: str, *answers: tuple[int, str], back: bytes = b"") -> Path:
        """Install a program that gives these answers, exit code and output, one for each call."""
        told = [(code, text, back.hex()) for code, text in answers or ((0, ""),)]
        (self.folder / "calls" / name).write_text(json.dumps(told))
        program = self.tools / name
        program.write_text(
            _FAKE.format(python=sys.executable, folder=str(self.folder / "calls"), name=name)
        )
        program.chmod(0o755)
        return program

    @property
    def calls(self) -> list[list[str]]:
        """Every call of a program so far, its name first."""
        file = self.folder / "calls" / "calls.json"
        return json.loads(file.read_text()) if file.exists() else []


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    desk = Desk(folder)
    monkeypatch.setenv("PATH", str(desk.tools))
    monkeypatch.setenv("PROBE_RS_ALLOW_ERASE_ALL", "true")
    get_path = sysconfig.get_path
    monkeypatch.setattr(
        sysconfig,
        "get_path",
        lambda n, *a, **k: str(folder / "empty") if n == "scripts" else get_path(n, *a, **k),
    )
    monkeypatch.setattr(devices, "_SYSFS", folder / "sys")
    monkeypatch.setattr(devices, "_NODES", folder / "dev")
    monkeypatch.setattr(devices, "_ROOT", folder / "root")
    monkeypatch.setattr(usb, "ports", lambda: desk.ports)
    popen = subprocess.Popen

    def only_fakes(command: tuple[str, ...], **options: Any) -> Any:
        assert Path(command[0]).parent == desk.tools, f"{command[0]} is a real program"
        return popen(command, **options)

    monkeypatch.setattr(run.subprocess, "Popen", only_fakes)
    return desk


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes the last build of a board, with its .hex and .bin."""
    monkeypatch.chdir(tmp_path)

    def make(name: str, size: int = 5000) -> bytes:
        from mcu_ghost.boards.image import Segment, as_hex

        board = boards.load(name)
        made = tmp_path / "made" / name
        made.mkdir(parents=True, exist_ok=True)
        data = program(board, size)
        elf(made / "firmware.elf", board, data, name)
        (made / "firmware.hex").write_bytes(as_hex([Segment(board.flash.start, data)]))
        (made / "firmware.bin").write_bytes(data)
        manifest.replace_image(made, tmp_path / "build" / f"{name}-stream")
        return data

    return make

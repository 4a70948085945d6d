# SPDX-License-Identifier: Apache-2.0
"""A board to plug in: an app that answers, compiled for this machine, behind a pseudo-terminal."""

from __future__ import annotations

import dataclasses
import os
import random
import select
import subprocess
import tty
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.boards.port.serial_port import SerialPort
from mcu_ghost.build import folder as build_folder
from mcu_ghost.build import model_c
from mcu_ghost.build.apps import APPS
from mcu_ghost.host import resources, templates
from mcu_ghost.network.model import Model
from tests.conftest import compile_program, kernel_sources

_CHIP = boards.load("nrf52840")
# This machine is quicker.
BOARD = dataclasses.replace(_CHIP, cpu=dataclasses.replace(_CHIP.cpu, clock_hz=4_000_000_000))
KINDS = ("corrupt", "drop", "duplicate", "insert")
_MODEL_FILES = ("app_model.h", "model.h", "model.c", "model_data.h", "model_data.c")


def compile_app(
    model: Model, folder: Path, *changes: tuple[str, str, str], app: str = "stream"
) -> Path:
    """Compile the app with a model and return the program.

    Args:
        model: The network.
        folder: Where to.
        changes: A generated file, what to replace in it once, and by what.
        app: An app that answers a host.
    """
    program = APPS[app]
    folder.mkdir(parents=True, exist_ok=True)
    context = model_c.model_context(model, "plain")
    for name in _MODEL_FILES:
        (folder / name).write_text(templates.render(f"model/{name}.jinja", context))
    made = program.generate(model, BOARD).texts
    for name, text in made.items():
        (folder / name).write_text(text)
    for name, old, new in changes:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
    own = build_folder.context(BOARD, program, ("model.c",), ())
    (folder / "board.h").write_text(templates.render("build/board.h.jinja", own))
    firmware = resources.folder("firmware")
    names = [f"apps/{app}.c", "runtime/link.c", "runtime/text.c", *program.hot]
    sources = [firmware / name for name in (*names, *program.cold(BOARD))]
    sources += [folder / name for name in ("model.c", "model_data.c", *made) if name.endswith(".c")]
    sources += [Path(__file__).with_name("host.c"), *kernel_sources()]
    flags = [f"-I{folder}", f"-I{firmware}", *(f"-D{macro}" for macro in program.definitions)]
    return compile_program(folder / app, sources, *flags)


class PtyBoard:
    """A board on a cable.

    Attributes:
        device: Its serial port: a link that stays the same, wherever it is plugged in.
    """

    def __init__(self, program: Path, device: Path) -> None:
        self._program = program
        self.device = device
        self._process: subprocess.Popen[bytes] | None = None
        self.plug()
        assert select.select([self._host], [], [], 30)[0], "it prints nothing"

    def plug(self) -> None:
        """Plug the cable in; the board starts."""
        self._board, self._host = os.openpty()
        tty.setraw(self._host)
        self.device.unlink(missing_ok=True)
        self.device.symlink_to(os.ttyname(self._host))
        self.reset()

    def reset(self) -> None:
        """Let the board start anew, with nothing in its memory."""
        self._stop()
        self._process = subprocess.Popen([self._program], stdin=self._board, stdout=self._board)

    def pull(self) -> None:
        """Pull the cable: the port is gone, and the board has no power."""
        self._stop()
        self.device.unlink()
        os.close(self._board)
        os.close(self._host)

    def close(self) -> None:
        """Put it away."""
        if self.device.is_symlink():
            self.pull()

    def send(self, data: bytes) -> None:
        """Send something in the board's place."""
        os.write(self._board, data)

    def freeze(self) -> None:
        """Let the board hang for good."""
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class BadCable:
    """A serial port on a line that spoils bytes.

    Args:
        port: The port.
        seed: For its luck.
        rate: Part of all bytes, both ways, that something happens to.
        kinds: What may happen.
    """

    def __init__(
        self,
        port: SerialPort,
        seed: int,
        rate: float,
        kinds: tuple[str, ...] = KINDS,
    ) -> None:
        self._port = port
        self._random = random.Random(seed)
        self._rate = rate
        self._kinds = kinds
        self.spoilt = 0
        self.clock = port.clock
        self.status = port.status

    def write(self, data: bytes) -> None:
        self._port.write(self._spoil(data))

    def read(self, timeout: float) -> bytes:
        data = self._port.read(timeout)
        return self._spoil(data) or (b"" if not data else b"\0")

    def _spoil(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            other = self._random.randrange(256)
            if self._random.random() >= self._rate:
                out.append(byte)
                continue
            self.spoilt += 1
            kind = self._random.choice(self._kinds)
            if kind == "corrupt":
                out.append(byte ^ self._random.randrange(1, 256))
            elif kind == "duplicate":
                out += bytes([byte, byte])
            elif kind == "insert":
                out += bytes([byte, other])
        return bytes(out)

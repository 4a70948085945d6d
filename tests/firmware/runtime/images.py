# SPDX-License-Identifier: Apache-2.0
"""Builds the dummy model for a board, and runs images on QEMU with their console on a pipe."""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import time
from pathlib import Path

from mcu_ghost import boards
from mcu_ghost.build import folder, toolchain
from mcu_ghost.build.apps import APPS
from tests.conftest import need
from tests.firmware.runtime import wire

DUMMY = Path(__file__).parent / "dummy"
QEMU_BOARDS = [name for name in boards.names() if boards.load(name).emulators.qemu]


def build(
    board: str | boards.Board,
    app: str,
    kind: str,
    out: Path,
    *,
    head_per_frame: bool = False,
) -> Path:
    if kind == "gcc":
        need("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    target = boards.load(board) if isinstance(board, str) else board
    sources = ("model.c", "golden.c") if app == "selftest" else ("model.c",)
    folder.write(folder.context(target, APPS[app], sources, ()), out)
    for file in DUMMY.iterdir():
        shutil.copy(file, out / file.name)
    if head_per_frame:
        text = (out / "model.h").read_text()
        (out / "model.h").write_text(text.replace("HEAD_PER_FRAME 0", "HEAD_PER_FRAME 1"))
    return toolchain.build(out, app, toolchain.find(kind))


class Qemu:
    """One running machine; what it sends is split into text and packets."""

    def __init__(self, board: str, elf: Path) -> None:
        program = need("qemu-system-arm", "qemu-system-arm")
        settings = boards.load(board).emulators.qemu
        assert settings
        words = [program, "-M", settings.machine, "-nographic", "-monitor", "none"]
        words += ["-serial", "stdio", "-icount", "shift=6", "-kernel", str(elf)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.process.stdout
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.text = b""
        self.pending = b""

    def __enter__(self) -> Qemu:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def receive(self, deadline: float) -> bool:
        """Take in what has come; False when nothing did in time."""
        assert self.process.stdout
        if not self.selector.select(max(0.0, deadline - time.monotonic())):
            return False
        got = os.read(self.process.stdout.fileno(), 65536)
        self.pending += got
        return bool(got)

    def until(self, word: str, timeout: float = 20.0) -> str:
        """Return all text up to the end of the line that holds a word."""
        deadline = time.monotonic() + timeout
        while word not in self.pending.decode(errors="replace").rpartition("\n")[0]:
            if not self.receive(deadline):
                raise AssertionError(f"no {word!r} in {self.pending!r}")
        return self.pending.decode(errors="replace")

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def reply(self, timeout: float = 20.0) -> tuple[int, int, bytes]:
        """Return the next packet."""
        deadline = time.monotonic() + timeout
        while True:
            while b"\0" in self.pending:
                chunk, _, self.pending = self.pending.partition(b"\0")
                if packet := wire.parse(chunk):
                    return packet
                self.text += chunk
            if not self.receive(deadline):
                raise AssertionError(f"no reply; pending {self.pending!r}, text {self.text!r}")

    def ask(self, kind: int, sequence: int, payload: bytes = b"") -> tuple[int, int, bytes]:
        self.write(wire.packet(kind, sequence, payload))
        return self.reply()

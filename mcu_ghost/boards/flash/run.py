# SPDX-License-Identifier: Apache-2.0
"""Carries a procedure out: runs programs, shows what they say, and stops at the first failure."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mcu_ghost.boards.flash.steps import Copy, Procedure, Step
from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError
from mcu_ghost.host.text import count

_PATIENCE = 600.0  # seconds for a program
_DRIVE_PATIENCE = 30.0  # for a drive to vanish
# A variable here could allow what was not asked for, such as PROBE_RS_ALLOW_ERASE_ALL.
_MEDDLESOME = ("PROBE_RS_", "PYOCD_")
_FAIL = ("FAIL.TXT", "ASSERT.TXT")
# A board that restarts at once takes its drive away while the system still closes the file.
_VANISHED = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT)

Say = Callable[[str], None]


class Locked(GhostError):
    """The chip's debug port is shut; nothing has been erased."""


class Failed(GhostError):
    """A program failed; the message holds what it said."""


def run(procedure: Procedure, say: Say, unlock: bool = False) -> None:
    """Write and verify; a locked chip is erased and unlocked only if `unlock` says so.

    Args:
        procedure: What to do.
        say: Takes a line that describes what is happening.
        unlock: Whether a locked chip may be erased.

    Raises:
        Locked: The chip is locked, and was left alone.
        Failed: A step failed.
    """
    try:
        _steps(procedure, procedure.steps, say)
    except Locked:
        if not unlock or not procedure.unlock:
            raise
        _steps(procedure, procedure.unlock, say)
        _steps(procedure, procedure.steps, say)


def _steps(procedure: Procedure, steps: tuple[Step | Copy, ...], say: Say) -> None:
    for step in steps:
        say(step.what)
        if isinstance(step, Copy):
            _copy(step)
        else:
            _step(step, procedure.locked if steps is procedure.steps else "", say)


def _step(step: Step, locked: str, say: Say) -> None:
    if step.same is not None:
        step.same[0].parent.mkdir(parents=True, exist_ok=True)
        step.same[0].unlink(missing_ok=True)
    code, output = _program(step, say)
    failed = code != 0 or not re.search(step.expects, output)
    if failed and locked and re.search(locked, output):
        raise Locked(output)
    if not failed and step.same is not None:
        back, wanted = step.same
        if not back.is_file() or back.read_bytes() != wanted:
            raise Failed(f"{step.what} failed: the board does not hold what was written.")
    if failed:
        lines = [line for line in re.split(r"[\r\n]+", output) if line.strip()][-40:]
        said = "\n".join(lines) or "(nothing)"
        code_said = f" with exit code {code}" if code else ""
        raise Failed(f"{step.what} failed{code_said}: {step}\nIt said:\n{said}")


def _program(step: Step, say: Say) -> tuple[int, str]:
    """Run a program; return its exit code and what it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_MEDDLESOME)}
    try:
        process = processes.start(
            step.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    except GhostError as error:
        raise Failed(str(error)) from error
    timer = threading.Timer(_PATIENCE, processes.kill, [process])
    timer.start()
    output, line = bytearray(), b""
    try:
        assert isinstance(process.stdout, io.BufferedReader)
        while piece := process.stdout.read1(4096):
            output += piece
            *ended, line = re.split(rb"[\r\n]+", line + piece)
            shown = [text for text in (*ended, line) if text.strip()]
            if shown:
                say(f"{step.what}: {shown[-1].decode('utf-8', 'replace').strip()[:100]}")
        code = process.wait()
    finally:
        timer.cancel()
        processes.end(process)
    return code, output.decode("utf-8", "replace")


def _copy(step: Copy) -> None:
    """Copy onto a drive and wait for what its board makes of it."""
    if step.leaves and not (step.volume / "INFO_UF2.TXT").is_file():
        raise Failed(
            f"{step.volume} is not the drive of a UF2 bootloader: no INFO_UF2.TXT is there."
        )
    try:
        room = shutil.disk_usage(step.volume).free
        if room < step.source.stat().st_size:
            raise Failed(
                f"{step.volume} has room for {count(room, 'byte')}, {step.source} is larger."
            )
        for name in _FAIL:
            (step.volume / name).unlink(missing_ok=True)
        with (step.volume / step.source.name).open("wb") as file:
            file.write(step.source.read_bytes())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _VANISHED:
            raise Failed(f"{step.volume}: cannot be written ({error.strerror}).") from error
    end = time.monotonic() + _DRIVE_PATIENCE
    gone = False
    while time.monotonic() < end:
        gone = gone or not _there(step.volume / step.source.name)
        for name in _FAIL:
            with contextlib.suppress(OSError):
                said = (step.volume / name).read_text(encoding="utf-8", errors="replace").strip()
                raise Failed(f"{step.volume}: the board refused the image. {name} says:\n{said}")
        if gone and (step.leaves or _there(step.volume)):
            return
        time.sleep(0.1)
    if not gone:
        raise Failed(f"{step.volume}: the board did not take the image in {_DRIVE_PATIENCE:.0f} s.")


def _there(path: Path) -> bool:
    """Whether a path is there; a drive that was pulled out gives errors of all kinds."""
    try:
        path.stat()
    except OSError:
        return False
    return True

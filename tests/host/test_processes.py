# SPDX-License-Identifier: Apache-2.0
"""Other programs: they end in time, and with us, however that is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mcu_ghost.host import processes
from mcu_ghost.host.errors import GhostError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="groups of processes are POSIX's")

# A program with one of its own; both say who they are.
FAMILY = "echo $$ > pids; sh -c 'echo $$ >> pids; exec sleep 600' & wait"
# What is killed amid a start is not seen, so a test waits until the watcher knows of it.
TOLD = """
tell = processes._tell_watcher
def told(line):
    tell(line)
    with open("told", "a") as file:
        file.write(line + chr(10))
processes._tell_watcher = told
"""
PARENT = """
import subprocess
from mcu_ghost.host import processes
import mcu_ghost.cli
how = "{how}"
{told}
if how == "verb":
    import click
    @click.command("wait")
    def wait():
        processes.run(["sh", "-c", {family!r}], 600)
    mcu_ghost.cli.cli = wait
    import sys
    sys.argv = ["mcu-ghost"]
    mcu_ghost.cli.main()
elif how == "thread":
    import click
    from concurrent.futures import ThreadPoolExecutor
    @click.command("wait")
    def wait():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(processes.run, ["sh", "-c", {family!r}], 600).result()
    mcu_ghost.cli.cli = wait
    import sys
    sys.argv = ["mcu-ghost"]
    mcu_ghost.cli.main()
else:
    processes.run(["true"], 600)
    processes.run(["sh", "-c", {family!r}], 600)
"""


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return not Path("/proc/self/stat").exists()
    return stat.rpartition(")")[2].split()[0] != "Z"


def family(folder: Path) -> list[int]:
    """Return both process ids once they are known."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        text = (folder / "pids").read_text() if (folder / "pids").exists() else ""
        if text.count("\n") == 2:
            return [int(word) for word in text.split()]
        time.sleep(0.05)
    raise AssertionError("the programs did not start")


def watched(folder: Path, pid: int) -> None:
    """Wait until the watcher knows of a program."""
    end = time.monotonic() + 30
    told = folder / "told"
    while not told.exists() or f"begin {pid}\n" not in told.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)


def ended(pids: list[int]) -> bool:
    """Return whether programs end soon."""
    end = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("run", signal.SIGKILL),
        ("run", signal.SIGTERM),
        ("verb", signal.SIGTERM),
        ("verb", signal.SIGINT),
        ("thread", signal.SIGTERM),
        ("thread", signal.SIGINT),
        ("thread", signal.SIGKILL),
    ],
)
def test_no_program_outlives_us(how: str, number: signal.Signals, tmp_path: Path) -> None:
    script = PARENT.format(how=how, family=FAMILY, told=TOLD)
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path) as parent:
        pids = family(tmp_path)
        assert all(alive(pid) for pid in pids)
        if how == "run" or number == signal.SIGKILL:
            watched(tmp_path, pids[0])
        parent.send_signal(number)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                parent.wait(3)
            if how == "thread" and parent.poll() is None:
                parent.send_signal(number)  # CPython loses one as its thread goes to wait
            assert parent.wait(10) != 0
        finally:
            parent.kill()
    assert ended(pids)


@pytest.mark.parametrize("thread", [False, True])
def test_a_signal_amid_a_start_comes_when_that_is_through(
    thread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[int] = []

    def handler(number: int, frame: object) -> None:
        if not processes.later(signal.Signals(number)):
            came.append(number)

    class Starting(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            if words[0] == ["true"]:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
                while not processes._late:
                    time.sleep(0.01)
                assert not came

    monkeypatch.setattr(subprocess, "Popen", Starting)
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        if thread:
            with ThreadPoolExecutor(1) as pool:
                future = pool.submit(processes.run, ["true"], 30)
                while not future.done():
                    time.sleep(0.01)
                assert future.result().code == 0
        else:
            processes.run(["true"], 30)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert came == [signal.SIGUSR1] and not processes._late


def test_what_is_unbroken_is_asked_to_end() -> None:
    came: list[str] = []

    def handler(number: int, frame: object) -> None:
        if not processes.later(signal.Signals(number)):
            came.append("handled")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with processes.unbroken(lambda: came.append("asked")):
            signal.raise_signal(signal.SIGUSR1)
            assert came == ["asked"]
        assert came == ["asked", "handled"]
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert came == ["asked", "handled", "handled"]


def test_what_a_program_says() -> None:
    said = processes.run(["sh", "-c", "printf 'a\\200'; echo b >&2; exit 3"], 30)
    assert (said.code, said.out, said.text, said.err) == (3, b"a\x80", "a�", "b\n")
    assert processes.run(["sh", "-c", "cat; echo $A"], 30, {"A": "x"}).text == "x\n"


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(GhostError, match="/nonexistent cannot be run: No such file"):
        processes.run(["/nonexistent"], 30)
    with pytest.raises(GhostError, match="true cannot be run: embedded null byte"):
        processes.run(["true", "a\0b"], 30)


@pytest.mark.parametrize("ending", ["wait", "exit"])
def test_a_program_that_does_not_end(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or one whose own program keeps its output open."""
    monkeypatch.chdir(tmp_path)
    script = FAMILY.replace("wait", "sleep 0.2; " + ending)
    with pytest.raises(GhostError, match="sh did not end in 1 s, and was ended"):
        processes.run(["sh", "-c", script], 1)
    assert ended(family(tmp_path))


def test_a_watcher_that_was_killed_is_replaced(tmp_path: Path) -> None:
    script = f"""
from mcu_ghost.host import processes
{TOLD}
processes.run(["true"], 30)
watcher = processes._watcher[1]
watcher.kill()
watcher.wait()
processes.run(["sh", "-c", {FAMILY!r}], 600)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path) as parent:
        pids = family(tmp_path)
        watched(tmp_path, pids[0])
        parent.kill()
    assert ended(pids)
